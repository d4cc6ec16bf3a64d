"""What one asks of a trained model with clusters: NumPy in, NumPy out, in batches."""

import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.models.inference import BATCH_SIZE


class ClusterMethods:
    """Methods of a model whose latent is a `ClusteredLatent`, beside `InferenceMethods`."""

    def cluster_probabilities(self, x, batch_size=BATCH_SIZE):
        """q(c | x) of each example, `[n, *event] -> [n, K]`."""
        return self._in_batches(
            lambda x: self.latent.probabilities(self._parameters(x)),
            self._examples(x),
            batch_size=batch_size,
        )

    def predict_cluster(self, x, batch_size=BATCH_SIZE):
        """The most probable cluster of each example, integers `[n]`."""
        return self.cluster_probabilities(x, batch_size).argmax(axis=-1)

    def sample_cluster(self, c, n=1, batch_size=BATCH_SIZE):
        """Decoded draws from one cluster's prior, `[n, *event]`."""
        self._require_built()
        clusters = np.full(require_integer("n", n, 1), self._checked_cluster(c))
        z = ops.convert_to_numpy(self.latent.prior_sample_of(clusters))
        return self.decode(z, batch_size)

    def interpolate_clusters(self, first, second, n=10, scale=None):
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
        first, second = self._checked_cluster(first), self._checked_cluster(second)
        return self.latent.path(first, second, n, scale)

    def _checked_cluster(self, c):
        c = require_integer("cluster", c, 0)
        if c >= self.latent.clusters:
            raise ValueError(f"Expected a cluster below {self.latent.clusters}. Received: {c}.")
        return c
