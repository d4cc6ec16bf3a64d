"""Spherical laws of TensorFlow Probability, instead of Brownian motion (TensorFlow only).

The posteriors of the hyperspherical VAE (Davidson et al. 2018, arXiv 1804.00891) and of De Cao
and Aziz (2020, arXiv 2006.04437), as baselines: only the law of the posterior differs. The
concentration is tied to the time so that all three laws agree at short times.
"""

import math
from typing import Any

import keras
from keras import ops

from diffusion_vae.heat_kernels import Law
from diffusion_vae.heat_kernels.base import with_time_axes
from diffusion_vae.heat_kernels.isotropic import INITIAL_SPREAD, LOG_TIME_RANGE
from diffusion_vae.manifolds import Manifold, Sphere
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


class SphericalLaw(Law):
    """A rotationally symmetric law on the sphere, with a time for its concentration.

    Densities are in nats against the area of the unit sphere.

    Args:
        manifold: A `Sphere`.

    Raises:
        ImportError: On another backend than TensorFlow.
        TypeError: If the manifold is not a sphere.
    """

    spaces = (Sphere,)

    def __init__(self, manifold: Manifold) -> None:
        if keras.backend.backend() != "tensorflow":
            raise ImportError(
                f"Expected the TensorFlow backend for {type(self).__name__}, a law of TensorFlow "
                f"Probability. Received: {keras.backend.backend()!r}. Use posterior='brownian'."
            )
        super().__init__(manifold)

    def distribution(self, location: Tensor, time: Tensor) -> Any:
        """The law as a distribution of TensorFlow Probability.

        Args:
            location: Mean directions, `[..., ambient_dim]`.
            time: Times, `[..., 1]`.

        Returns:
            A `tfp.distributions.Distribution`.
        """
        raise NotImplementedError

    def log_density(self, y: Tensor, location: Tensor, time: Tensor) -> Tensor:
        density = self._precise(location, time).log_prob(ops.cast(y, "float64"))
        return ops.cast(density, keras.backend.standardize_dtype(y.dtype))

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        from diffusion_vae.distributions.seeds import stateless_seed

        draws = self._precise(location, time).sample(seed=stateless_seed(seed))
        return ops.cast(draws, keras.backend.standardize_dtype(location.dtype))

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        from tensorflow_probability import distributions as tfd

        uniform = tfd.SphericalUniform(self.manifold.ambient_dim, dtype="float64")
        divergence = tfd.kl_divergence(self._precise(location, time), uniform)
        return ops.cast(ops.maximum(divergence, 0.0), keras.backend.standardize_dtype(time.dtype))

    def _precise(self, location: Tensor, time: Tensor) -> Any:
        """The law in float64."""
        # In float32 a draw of a concentrated law can fall on the location itself, where the
        # gradient of the distance is NaN, and the KL is a difference of large logarithms.
        return self.distribution(ops.cast(location, "float64"), ops.cast(time, "float64"))

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        return [LOG_TIME_RANGE]

    def default_initial_log_time(self) -> list[float]:
        """The same as of Brownian motion."""
        return [math.log(INITIAL_SPREAD / self.manifold.dim)]


@serializable
class PowerSpherical(SphericalLaw):
    """Power spherical law, density proportional to (1 + y.z)^(2/t), on any sphere.

    Args:
        manifold: A `Sphere`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.latents.tfp_spherical import PowerSpherical
        >>> from diffusion_vae.manifolds import Sphere
        >>> law = PowerSpherical(Sphere(3))
        >>> north = np.eye(4)[3]
        >>> round(float(law.kl_to_prior(north, [0.1])), 2)
        2.43
    """

    def distribution(self, location: Tensor, time: Tensor) -> Any:
        from tensorflow_probability import distributions as tfd

        return tfd.PowerSpherical(with_time_axes(location, time), 2.0 / time[..., 0])


@serializable
class VonMisesFisher(SphericalLaw):
    """Von Mises-Fisher law, density proportional to exp(y.z / t), on S^2.

    On other spheres TensorFlow Probability draws by rejection, without a gradient.

    Args:
        manifold: `Sphere(2)`.

    Raises:
        ValueError: If the sphere has another dimension.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.latents.tfp_spherical import VonMisesFisher
        >>> from diffusion_vae.manifolds import Sphere
        >>> law = VonMisesFisher(Sphere(2))
        >>> north = np.eye(3)[2]
        >>> round(float(law.kl_to_prior(north, [0.1])), 3)  # log(20) - 1
        1.996
    """

    def __init__(self, manifold: Manifold) -> None:
        super().__init__(manifold)
        if manifold.dim != 2:
            raise ValueError(
                "Expected Sphere(2) for posterior='von_mises_fisher', whose draws have a gradient "
                f"there only. Received: {manifold!r}. Use posterior='power_spherical'."
            )

    def distribution(self, location: Tensor, time: Tensor) -> Any:
        from tensorflow_probability import distributions as tfd

        return tfd.VonMisesFisher(with_time_axes(location, time), 1.0 / time[..., 0])


LAWS: dict[str, type[SphericalLaw]] = {
    "power_spherical": PowerSpherical,
    "von_mises_fisher": VonMisesFisher,
}
