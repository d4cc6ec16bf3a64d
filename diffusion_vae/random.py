"""Reproducible noise: seeds per replica, seed states saved with a model."""

import contextlib
from collections.abc import Iterator, Sequence
from typing import Any

import keras
import numpy as np

from diffusion_vae.checks import require_seed
from diffusion_vae.typing import Tensor

# Replicas draw from seeds this far apart (a prime, so that sums do not meet).
REPLICA_STRIDE = 1_000_003


class SeedGenerator(keras.random.SeedGenerator):
    """Keras's seed generator, with the replica's index folded into each seed.

    Under a `tf.distribute` strategy every replica holds the same state and would
    draw the same noise.

    Args:
        seed: Integer seed of at least 0, or `None`.

    Raises:
        TypeError: If the seed is not an integer.
        ValueError: If it is negative.

    Example:
        >>> import keras
        >>> from diffusion_vae.random import SeedGenerator
        >>> draws = [float(keras.random.normal((), seed=SeedGenerator(0))) for _ in range(2)]
        >>> draws[0] == draws[1]
        True
    """

    def __init__(self, seed: int | None = None, **kwargs: Any) -> None:
        super().__init__(require_seed(seed), **kwargs)

    def next(self, ordered: bool = True) -> Tensor:
        return _fold_replica(super().next(ordered))


def _fold_replica(seed: Tensor) -> Tensor:
    if keras.backend.backend() != "tensorflow":
        return seed
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return seed
    replica = tf.cast(context.replica_id_in_sync_group, seed.dtype)
    return seed + tf.stack([REPLICA_STRIDE * replica, tf.zeros_like(replica)])


def seed_generators(layer: keras.layers.Layer) -> list[keras.random.SeedGenerator]:
    """All seed generators at and below a Keras layer, in a fixed order, each once."""
    found: list[keras.random.SeedGenerator] = []
    for sublayer in layer._flatten_layers(include_self=True):
        for generator in sublayer._seed_generators:
            if all(generator is not other for other in found):
                found.append(generator)
    return found


def seed_states(layer: keras.layers.Layer) -> list[np.ndarray]:
    """States of `seed_generators(layer)`, a list of integer arrays of shape [2]."""
    return [keras.ops.convert_to_numpy(generator.state) for generator in seed_generators(layer)]


def set_seed_states(layer: keras.layers.Layer, states: Sequence[Any]) -> None:
    """Restores the states that `seed_states` returned.

    Raises:
        ValueError: If the number of generators does not match.
    """
    generators = seed_generators(layer)
    if len(generators) != len(states):
        raise ValueError(
            f"Expected {len(generators)} seed states for {layer.name!r}. "
            f"Received: {len(states)}. The file was written by another model."
        )
    for generator, state in zip(generators, states, strict=True):
        generator.state.assign(state)


@contextlib.contextmanager
def seeded(layer: keras.layers.Layer, seed: int | None) -> Iterator[None]:
    """Scope in which all generators at and below a layer start from one seed.

    They go on from where they were afterwards. With `None` they are left alone.

    Args:
        layer: A built layer or model.
        seed: Integer of at least 0, or `None`.

    Raises:
        TypeError: If the seed is not an integer.
        ValueError: If it is negative.
    """
    if require_seed(seed) is None:
        yield
        return
    states = [generator.state for generator in seed_generators(layer)]
    before = [keras.ops.convert_to_numpy(state) for state in states]
    for state, start in zip(states, layer_seeds(seed, len(states)), strict=True):
        state.assign([start, 0])
    try:
        yield
    finally:
        for state, value in zip(states, before, strict=True):
            state.assign(value)


def layer_seeds(seed: int | None, count: int) -> list[Any]:
    """`count` integer seeds derived from one; `count` times `None` from `None`."""
    if require_seed(seed) is None:
        return [None] * count
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) % (2**31 - 1)]
