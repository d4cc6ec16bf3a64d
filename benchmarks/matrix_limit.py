"""How fast this machine multiplies the matrices of a network: the limit of its training step."""

import itertools
import statistics
import time

import numpy as np


def matrix_seconds(widths, batch, rounds=20):
    """Seconds that the matrix products of one training step take by themselves.

    Three products a dense layer: forward, gradient of the weights, gradient of the inputs;
    the last is not needed for the first layer.

    Args:
        widths: Number of values before and after each dense layer, `[784, 512, ...]`, as a
            list of networks whose inputs need a gradient or not: `[(widths, bool), ...]`.
        batch: Examples.
        rounds: Repetitions, of which the median counts.

    Returns:
        Seconds, by NumPy's BLAS on all cores.
    """
    products = []
    for sizes, inputs_need_gradient in widths:
        for layer, (n, m) in enumerate(itertools.pairwise(sizes)):
            x, w = (np.random.default_rng(0).random(s, np.float32) for s in ((batch, n), (n, m)))
            g = np.ones((batch, m), np.float32)
            products += [(x, w), (x.T, g)]
            if layer or inputs_need_gradient:
                products.append((g, w.T))
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        for a, b in products:
            a @ b
        times.append(time.perf_counter() - start)
    return statistics.median(times)


def paper_mlp_seconds(batch, dim=3, heads=4):
    """The same for the paper's MLP on MNIST, `dim` latent coordinates and `heads` outputs."""
    encoder = [784, 512, 512, 512, heads]
    decoder = [dim, 512, 512, 784]
    return matrix_seconds([(encoder, False), (decoder, True)], batch)
