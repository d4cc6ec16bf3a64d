"""Noise that is reproducible: seeds per replica, seed states saved with a model."""

import keras
import numpy as np

from diffusion_vae.checks import require_seed

# Replicas draw from seeds this far apart (a prime, so that sums do not meet).
REPLICA_STRIDE = 1_000_003


class SeedGenerator(keras.random.SeedGenerator):
    """Keras's seed generator, with the replica's index folded into each seed.

    Under a `tf.distribute` strategy every replica holds the same state and would
    draw the same noise.
    """

    def __init__(self, seed=None, **kwargs):
        super().__init__(require_seed(seed), **kwargs)

    def next(self, ordered=True):
        return _fold_replica(super().next(ordered))


def _fold_replica(seed):
    if keras.backend.backend() != "tensorflow":
        return seed
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return seed
    replica = tf.cast(context.replica_id_in_sync_group, seed.dtype)
    return seed + tf.stack([REPLICA_STRIDE * replica, tf.zeros_like(replica)])


def seed_generators(layer):
    """All seed generators at and below a Keras layer, in a fixed order, each once."""
    found = []
    for sublayer in layer._flatten_layers(include_self=True):
        for generator in sublayer._seed_generators:
            if all(generator is not other for other in found):
                found.append(generator)
    return found


def seed_states(layer):
    """States of `seed_generators(layer)`, a list of integer arrays of shape [2]."""
    return [np.asarray(generator.state) for generator in seed_generators(layer)]


def set_seed_states(layer, states):
    """Puts back what `seed_states` returned.

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


def layer_seeds(seed, count):
    """`count` integer seeds derived from one, or as many `None` from `None`."""
    if require_seed(seed) is None:
        return [None] * count
    return [int(s) for s in np.random.SeedSequence(seed).generate_state(count) % (2**31 - 1)]
