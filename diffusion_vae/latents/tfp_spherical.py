"""Spherical laws of TensorFlow Probability in the place of Brownian motion (TensorFlow only).

The posteriors of the hyperspherical VAE (Davidson et al. 2018, arXiv 1804.00891) and of De Cao
and Aziz (2020, arXiv 2006.04437), as a baseline: everything but the law of the posterior stays
as it is. The concentration is tied to the time so that all three laws agree at short times.
"""

import math

import keras
from keras import ops

from diffusion_vae.heat_kernels import Law
from diffusion_vae.heat_kernels.base import with_time_axes
from diffusion_vae.heat_kernels.isotropic import INITIAL_SPREAD, LOG_TIME_RANGE
from diffusion_vae.manifolds import Sphere
from diffusion_vae.serialization import serializable


class SphericalLaw(Law):
    """A rotationally symmetric law on the sphere, with a time for its concentration.

    Densities are in nats against the area of the unit sphere.

    Args:
        manifold: A `Sphere`.

    Raises:
        ImportError: On another backend than TensorFlow.
        ValueError: If the law cannot be drawn from differentiably on this manifold.
    """

    def __init__(self, manifold):
        if keras.backend.backend() != "tensorflow":
            raise ImportError(
                f"Expected the TensorFlow backend for {type(self).__name__}, a law of TensorFlow "
                f"Probability. Received: {keras.backend.backend()!r}. Use posterior='brownian'."
            )
        super().__init__(manifold)
        if manifold != Sphere(manifold.dim):
            raise ValueError(
                f"Expected a Sphere for {type(self).__name__}. Received: {manifold!r}."
            )

    def distribution(self, location, time):
        """The law as a `tfp.distributions.Distribution`.

        Args:
            location: Mean directions, `[..., ambient_dim]`.
            time: Times, `[..., 1]`.
        """
        raise NotImplementedError

    def log_density(self, y, location, time):
        density = self._precise(location, time).log_prob(ops.cast(y, "float64"))
        return ops.cast(density, keras.backend.standardize_dtype(y.dtype))

    def sample(self, location, time, seed=None):
        from diffusion_vae.distributions.seeds import stateless_seed

        draws = self._precise(location, time).sample(seed=stateless_seed(seed))
        return ops.cast(draws, keras.backend.standardize_dtype(location.dtype))

    def kl_to_prior(self, location, time, seed=None):
        from tensorflow_probability import distributions as tfd

        uniform = tfd.SphericalUniform(self.manifold.ambient_dim, dtype="float64")
        divergence = tfd.kl_divergence(self._precise(location, time), uniform)
        return ops.cast(ops.maximum(divergence, 0.0), keras.backend.standardize_dtype(time.dtype))

    def _precise(self, location, time):
        """The law in float64."""
        # Concentrated laws need it: in float32 a draw can fall on the location itself, where the
        # gradient of its distance is NaN, and the KL is a difference of large logarithms.
        return self.distribution(ops.cast(location, "float64"), ops.cast(time, "float64"))

    def default_log_time_range(self):
        return [LOG_TIME_RANGE]

    def default_initial_log_time(self):
        """As Brownian motion starts."""
        return [math.log(INITIAL_SPREAD / self.manifold.dim)]


@serializable
class PowerSpherical(SphericalLaw):
    """Power spherical law, density proportional to (1 + y.z)^(2/t), on any sphere.

    Args:
        manifold: A `Sphere`.
    """

    def distribution(self, location, time):
        from tensorflow_probability import distributions as tfd

        return tfd.PowerSpherical(with_time_axes(location, time), 2.0 / time[..., 0])


@serializable
class VonMisesFisher(SphericalLaw):
    """Von Mises-Fisher law, density proportional to exp(y.z / t), on S^2.

    On other spheres TensorFlow Probability draws by rejection, without a gradient.

    Args:
        manifold: `Sphere(2)`.
    """

    def __init__(self, manifold):
        super().__init__(manifold)
        if manifold.dim != 2:
            raise ValueError(
                "Expected Sphere(2) for posterior='von_mises_fisher', whose draws have a gradient "
                f"there only. Received: {manifold!r}. Use posterior='power_spherical'."
            )

    def distribution(self, location, time):
        from tensorflow_probability import distributions as tfd

        return tfd.VonMisesFisher(with_time_axes(location, time), 1.0 / time[..., 0])


LAWS = {"power_spherical": PowerSpherical, "von_mises_fisher": VonMisesFisher}
