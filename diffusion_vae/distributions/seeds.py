"""Seeds of TensorFlow Probability for code that draws through Keras."""

from typing import Any

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability.python.internal import samplers

from diffusion_vae.typing import Seed, Tensor

SALT = "diffusion_vae"  # as TensorFlow Probability's own laws have one each


def stateless_seed(seed: Seed) -> Tensor:
    """A stateless seed of TensorFlow Probability, `[2]`, from a seed of Keras.

    An integer gives the same draws every time, as in Keras.

    Args:
        seed: An integer, a `keras.random.SeedGenerator` or `None`.
    """
    if isinstance(seed, keras.random.SeedGenerator):
        return tf.cast(seed.next(), tf.int32)
    if isinstance(seed, (int, np.integer)):
        seed = tf.constant([seed % 2**31, seed // 2**31 % 2**31], tf.int32)
    return samplers.sanitize_seed(seed, salt=SALT)


class StatelessSeeds(keras.random.SeedGenerator):
    """A seed generator without variables: its seeds follow from one stateless seed.

    Args:
        seed: A seed of TensorFlow Probability. A stateless seed `[2]` gives the same draws
            every time. An integer is stateful, as TensorFlow's are: draws differ from call
            to call, and those of a program repeat after `tf.random.set_seed`. A joint
            distribution counts on it: it draws once under `tf.vectorized_map`.
    """

    def __init__(self, seed: Any) -> None:
        # Not Keras's own initialiser, which makes a variable.
        self.name = "stateless_seeds"
        self._seed = samplers.sanitize_seed(seed, salt=SALT)  # [2]
        self._drawn = 0

    def next(self, ordered: bool = True) -> Tensor:
        self._drawn += 1
        return tf.bitcast(samplers.fold_in(self._seed, self._drawn), tf.uint32)
