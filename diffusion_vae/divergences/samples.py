"""Distances between two sets of samples (Gretton et al. 2012; Székely and Rizzo 2013)."""

from collections.abc import Callable
from typing import TypeAlias

import keras
from keras import ops

from diffusion_vae.checks import require_choice, require_finite, require_positive
from diffusion_vae.manifolds.arguments import require_real
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Tensor

STATISTICS = ("v", "u")

Kernel: TypeAlias = Callable[[Tensor], Tensor]
"""A kernel as a function of squared distances."""


@serializable
def mmd(
    p: Tensor, q: Tensor, bandwidth: float | Tensor | None = None, statistic: str = "v"
) -> Tensor:
    """Squared maximum mean discrepancy with the kernel exp(-|x - y|^2 / bandwidth).

    E k(p, p') + E k(q, q') - 2 E k(p, q); a Gaussian kernel of variance `bandwidth` / 2
    (InfoVAE, Zhao et al. 2019, arXiv 1706.02262).

    Args:
        p: Samples, `[n, d]`.
        q: Samples, `[m, d]`.
        bandwidth: Scale of squared distances; by default `d`.
        statistic: `"v"` counts each sample's kernel with itself: never negative, biased by
            about (1 - E k) (1/n + 1/m). `"u"` leaves it out: unbiased, may be negative.

    Returns:
        A scalar, the square of the discrepancy.

    Raises:
        ValueError: If the shapes do not fit, `bandwidth` is not positive, or the statistic
            is unknown.

    Example:
        >>> import numpy as np
        >>> p, q = np.array([[0.0], [1.0]]), np.array([[0.0], [1.0]])
        >>> float(mmd(p, q)), round(float(mmd(p, q + 3.0)), 3)
        (0.0, 1.359)
    """
    p, q = checked_samples(p, q, statistic)
    bandwidth = p.shape[-1] if bandwidth is None else bandwidth
    if not ops.is_tensor(bandwidth):
        bandwidth = require_positive("bandwidth", bandwidth)
    return discrepancy(p, q, gaussian_kernel(bandwidth), statistic)


@serializable
def energy_distance(p: Tensor, q: Tensor, statistic: str = "v") -> Tensor:
    """Energy distance 2 E|p - q| - E|p - p'| - E|q - q'| with Euclidean norms.

    It is an MMD with the kernel -|x - y|; on the line, twice the integral of the squared
    difference of the distribution functions.

    Args:
        p: Samples, `[n, d]`.
        q: Samples, `[m, d]`.
        statistic: `"v"` or `"u"`, as in `mmd`.

    Returns:
        A scalar.

    Raises:
        ValueError: If the shapes do not fit, or the statistic is unknown.

    Example:
        >>> import numpy as np
        >>> float(energy_distance(np.array([[0.0]]), np.array([[3.0]])))
        6.0
    """
    p, q = checked_samples(p, q, statistic)
    return discrepancy(p, q, negative_distance, statistic)


def discrepancy(p: Tensor, q: Tensor, kernel: Kernel, statistic: str) -> Tensor:
    """E k(p, p') + E k(q, q') - 2 E k(p, q), a scalar."""
    within = mean_within(p, kernel, statistic) + mean_within(q, kernel, statistic)
    return within - 2.0 * ops.mean(kernel(squared_distances(p, q)))


def mean_within(z: Tensor, kernel: Kernel, statistic: str) -> Tensor:
    """Mean of the kernel over pairs of samples `[n, d]`, with or without equal ones."""
    values = kernel(squared_distances(z, z))  # [n, n]
    if statistic == "v":
        return ops.mean(values)
    count = ops.cast(ops.shape(z)[0], values.dtype)
    pairs = ops.maximum(count * (count - 1.0), 1.0)  # a batch of one has no pairs
    return (ops.sum(values) - ops.sum(ops.diagonal(values))) / pairs


def squared_distances(x: Tensor, y: Tensor) -> Tensor:
    """Squared distances between the rows of `[n, d]` and `[m, d]`, `[n, m]`."""
    return ops.sum(ops.square(ops.expand_dims(x, 1) - ops.expand_dims(y, 0)), axis=-1)


def gaussian_kernel(bandwidth: float | Tensor) -> Kernel:
    """The kernel exp(-r^2 / bandwidth) as a function of r^2."""
    return lambda squares: ops.exp(-squares / bandwidth)


def negative_distance(squares: Tensor) -> Tensor:
    """The kernel -r as a function of r^2, with a finite slope (zero) at r = 0."""
    positive = squares > 0
    return -ops.where(positive, ops.sqrt(ops.where(positive, squares, 1.0)), 0.0)


def checked_samples(p: Tensor, q: Tensor, statistic: str) -> tuple[Tensor, Tensor]:
    """The two sets of samples as tensors.

    Raises:
        ValueError: If they are not of the same width, or too few for the statistic.
    """
    check_statistic(statistic)
    for name, samples in (("p", p), ("q", q)):
        require_real(name, samples)
        require_finite(f"`{name}`", samples)
    p, q = ops.convert_to_tensor(p), ops.convert_to_tensor(q)
    common = keras.backend.result_type(p.dtype, q.dtype, float)
    p, q = ops.cast(p, common), ops.cast(q, common)
    least = 2 if statistic == "u" else 1
    if (
        len(p.shape) != 2
        or len(q.shape) != 2
        or p.shape[1] != q.shape[1]
        or any(n is not None and n < least for n in (p.shape[0], q.shape[0]))
    ):
        raise ValueError(
            f"Expected samples [n, d] and [m, d] of one d, at least {least} each for the "
            f"{statistic.upper()}-statistic. Received shapes: {tuple(p.shape)} and "
            f"{tuple(q.shape)}."
        )
    return p, q


def check_statistic(statistic: str) -> None:
    """Raises `ValueError` if the statistic is unknown."""
    require_choice("statistic", statistic, STATISTICS)
