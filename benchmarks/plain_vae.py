"""The Gaussian VAE one would write by hand in Keras: what our models are measured against."""

import keras
from keras import ops


class PlainVAE(keras.Model):
    """Gaussian VAE with the networks of the paper: one Dense for mean and log variance.

    It imports nothing of ours, so that its start and its memory are Keras's.

    Args:
        dim: Number of latent coordinates.
        values: Values of an example.
    """

    def __init__(self, dim=2, values=784):
        super().__init__()
        self.encoder = keras.Sequential([dense_relu() for _ in range(3)])
        self.decoder = keras.Sequential([dense_relu(), dense_relu(), keras.layers.Dense(values)])
        self.head = keras.layers.Dense(2 * dim)
        self.seed_generator = keras.random.SeedGenerator(0)
        self.reconstruction_tracker = keras.metrics.Mean("reconstruction_loss")
        self.kl_tracker = keras.metrics.Mean("kl_loss")

    def call(self, x):
        mean, log_variance = ops.split(self.head(self.encoder(x)), 2, axis=-1)
        noise = keras.random.normal(ops.shape(mean), seed=self.seed_generator)
        z = mean + ops.exp(0.5 * log_variance) * noise
        return mean, log_variance, self.decoder(z)

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
        mean, log_variance, output = y_pred
        reconstruction = 0.5 * ops.sum(ops.square(x - output), axis=-1)
        kl = 0.5 * ops.sum(ops.exp(log_variance) + ops.square(mean) - 1.0 - log_variance, axis=-1)
        self.reconstruction_tracker.update_state(reconstruction)
        self.kl_tracker.update_state(kl)
        return ops.mean(reconstruction + kl)


def dense_relu():
    """A hidden layer of the paper's networks."""
    return keras.layers.Dense(512, activation="relu")
