"""Methods of a trained model with clusters: NumPy in, NumPy out, in batches."""

from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.models.data import BATCH_SIZE
from diffusion_vae.random import seeded


class ClusterMethods(keras.Model):
    """Methods of a model whose latent is a `ClusteredLatent`, beside `InferenceMethods`."""

    def cluster_probabilities(self, x: Any, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """q(c | x) of each example, `[n, *event] -> [n, K]`."""
        return self._in_batches(
            lambda x: self.latent.probabilities(self._posterior_of(x)),
            self._examples(x),
            batch_size=batch_size,
        )

    def predict_cluster(self, x: Any, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """The most probable cluster of each example, integers `[n]`."""
        return self.cluster_probabilities(x, batch_size).argmax(axis=-1)

    def sample_cluster(
        self, c: int, n: int = 1, batch_size: int = BATCH_SIZE, *, seed: int | None = None
    ) -> np.ndarray:
        """Decoded draws from one cluster's prior, `[n, *event]`.

        Args:
            c: The cluster.
            n: Number of draws.
            batch_size: Draws at a time.
            seed: An integer of at least 0 repeats the draws; `None` gives new ones.
        """
        self._require_built()
        clusters = np.full(require_integer("n", n, 1), self._require_cluster(c))
        with seeded(self, seed):
            z = ops.convert_to_numpy(self.latent.prior_sample_of(clusters))
        return self.decode(z, batch_size)

    def interpolate_clusters(
        self, first: int, second: int, n: int = 10, scale: float | None = None
    ) -> np.ndarray:
        """Latent points from one cluster's prior mean to another's, ends included.

        Args:
            first: Cluster at the start.
            second: Cluster at the end.
            n: Number of points, at least 2.
            scale: Factor of all points; by default the published 1.5, since the middle of
                the way is nearer to the origin than its ends are. None on a sphere.

        Returns:
            `[n, *point_shape]`, to be decoded.
        """
        n = require_integer("n", n, 2)  # both ends
        first, second = self._require_cluster(first), self._require_cluster(second)
        return self.latent.path(first, second, n, scale)

    def _require_cluster(self, c: Any) -> int:
        c = require_integer("cluster", c, 0)
        if c >= self.latent.clusters:
            raise ValueError(f"Expected a cluster below {self.latent.clusters}. Received: {c}.")
        return c
