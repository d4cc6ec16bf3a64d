"""The contract of a latent distribution: posterior and prior as one Keras layer."""

from diffusion_vae.layers.full_precision import FullPrecisionLayer


class LatentDistribution(FullPrecisionLayer):
    """Turns features into the parameters of a posterior, draws from it, and knows the prior.

    Calling the layer on features `[batch, n]` returns the dictionary of
    `parameters(features)` with a draw `z` from the posterior added. Parameters are
    named tensors whose first axis is the batch; a sample axis may come before it.

    Attributes:
        parameter_names: Names of the parameters, in order.
        point_shape: Shape of one latent point.
        diagnostic_names: Names of the numbers that `diagnostics` returns.
    """

    parameter_names: tuple = ()
    point_shape: tuple = ()
    diagnostic_names: tuple = ()

    def parameters(self, features):
        """Posterior parameters of features `[batch, n]`, a dictionary of tensors."""
        raise NotImplementedError

    def sample(self, params):
        """One draw from each posterior, `[..., *point_shape]`."""
        raise NotImplementedError

    def kl(self, params):
        """KL of each posterior to the prior in nats, `[...]`."""
        raise NotImplementedError

    def log_density(self, z, params):
        """Log density of the posteriors at `z` in nats, `[...]`."""
        raise NotImplementedError

    def prior_sample(self, n, seed=None):
        """Draws from the prior, `[n, *point_shape]`."""
        raise NotImplementedError

    def prior_log_density(self, z):
        """Log density of the prior at `z` in nats, `[...]`."""
        raise NotImplementedError

    def diagnostics(self, params):
        """Per-example numbers worth watching during training, a dictionary of `[batch]`."""
        return {}

    def call(self, features):
        params = self.parameters(features)
        return {**params, "z": self.sample(params)}
