"""Seeds of TensorFlow Probability for code that draws through Keras."""

import keras
import numpy as np
import tensorflow as tf
from tensorflow_probability.python.internal import samplers


class StatelessSeeds(keras.random.SeedGenerator):
    """A seed generator without variables: its seeds follow from one stateless seed.

    An integer gives the same draws every time it is given, here as in Keras.

    Args:
        seed: What TensorFlow Probability takes: an integer, a stateless seed `[2]` or `None`.
    """

    def __init__(self, seed):
        # Not Keras's own initialiser, which makes a variable.
        self.name = "stateless_seeds"
        if isinstance(seed, (int, np.integer)):
            seed = tf.constant([seed % 2**31, seed // 2**31 % 2**31], tf.int32)
        self._seed = samplers.sanitize_seed(seed, salt="diffusion_vae")  # [2]
        self._drawn = 0

    def next(self, ordered=True):
        self._drawn += 1
        return tf.bitcast(samplers.fold_in(self._seed, self._drawn), tf.uint32)
