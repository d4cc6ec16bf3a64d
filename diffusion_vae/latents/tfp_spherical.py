"""Spherical laws of TensorFlow Probability, instead of Brownian motion (TensorFlow only).

The posteriors of the hyperspherical VAE (Davidson et al. 2018, arXiv 1804.00891) and of De Cao
and Aziz (2020, arXiv 2006.04437), as baselines: only the law of the posterior differs. The
concentration is tied to the time so that all three laws agree at short times.
"""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.heat_kernels import Law
from diffusion_vae.heat_kernels.base import with_time_axes
from diffusion_vae.heat_kernels.isotropic import INITIAL_SPREAD, limits_around
from diffusion_vae.manifolds import Manifold, Sphere
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


class SphericalLaw(Law):
    """A rotationally symmetric law on the sphere, with a time for its concentration.

    Densities are in nats against the area of the unit sphere. TensorFlow Probability gives
    densities and divergences, not draws: its reflection that takes (1, 0, ..., 0) to the
    location has no usable slope near (1, 0, ..., 0). A draw is cos(r) y + sin(r) v / |v| with v
    tangent Gaussian noise and r the radius that is exceeded as rarely as |v|, smooth in
    location and time as that of `IsotropicKernel`.

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
        # Of unit length in float64 too, or points near the antipode have density 0.
        y64, location = (self.manifold.project(ops.cast(z, "float64")) for z in (y, location))
        density = self._precise(location, time).log_prob(y64)
        return ops.cast(density, keras.backend.standardize_dtype(y.dtype))

    def sample(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        location = with_time_axes(location, time)
        noise = keras.random.normal(ops.shape(location), dtype=location.dtype, seed=seed)
        v = self.manifold.tangent_project(location, noise)
        half_square = 0.5 * ops.sum(ops.square(v), axis=-1)  # [...]
        cosine, stretch = self.turn(half_square, time[..., 0], seed)
        return ops.expand_dims(cosine, -1) * location + ops.expand_dims(stretch, -1) * v

    def turn(self, half_square: Tensor, t: Tensor, seed: Seed) -> tuple[Tensor, Tensor]:
        """The radius of a draw from the length of its noise.

        Args:
            half_square: |v|^2 / 2, `[...]`.
            t: Times, broadcast against it.
            seed: Seed of further noise.

        Returns:
            cos r and sin(r) / |v|, `[...]` each.
        """
        raise NotImplementedError

    def kl_to_prior(self, location: Tensor, time: Tensor, seed: Seed = None) -> Tensor:
        from tensorflow_probability import distributions as tfd

        uniform = tfd.SphericalUniform(self.manifold.ambient_dim, dtype="float64")
        divergence = tfd.kl_divergence(self._precise(location, time), uniform)
        return ops.cast(ops.maximum(divergence, 0.0), keras.backend.standardize_dtype(time.dtype))

    def _precise(self, location: Tensor, time: Tensor) -> Any:
        """The law in float64: its KL is a difference of large logarithms."""
        return self.distribution(ops.cast(location, "float64"), ops.cast(time, "float64"))

    def default_log_time_range(self) -> list[tuple[float, float] | None]:
        return [limits_around(start) for start in self.default_initial_log_time()]

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

    def turn(self, half_square: Tensor, t: Tensor, seed: Seed) -> tuple[Tensor, Tensor]:
        from tensorflow_probability import distributions as tfd

        from diffusion_vae.distributions.seeds import stateless_seed

        # sin^2(r / 2) is Beta(d / 2, d / 2 + 2 / t), the ratio of the first of two gamma
        # variables to their sum, and |v|^2 / 2 is the first.
        concentration = 0.5 * self.manifold.dim + 2.0 / t + ops.zeros_like(half_square)
        # In float32 TensorFlow's slope of a gamma variable is 8 % off at t = 1e-4.
        other = tfd.Gamma(ops.cast(concentration, "float64"), np.float64(1.0))
        drawn = ops.cast(other.sample(seed=stateless_seed(seed)), half_square.dtype)
        drawn = ops.maximum(drawn, 1e-30)
        whole = drawn + half_square
        return (drawn - half_square) / whole, ops.sqrt(2.0 * drawn) / whole


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

    def turn(self, half_square: Tensor, t: Tensor, seed: Seed) -> tuple[Tensor, Tensor]:
        # With q = |v|^2 / 2 the radius is exceeded with probability e^-q:
        # e^(-2 k s) = e^-q + (1 - e^-q) e^(-2 k), s = sin^2(r / 2), k = 1 / t.
        twice = 2.0 / t
        covered = -ops.expm1(-twice)
        # Two ways to write it, each right in the last digits where it is used.
        narrow = half_square - ops.log1p(ops.expm1(half_square) * ops.exp(-twice))
        wide = -ops.log1p(ops.expm1(-half_square) * -ops.expm1(-ops.minimum(twice, 2.0)))
        sine_square = ops.where(twice > 2.0, narrow, wide) / twice  # of r / 2, as below
        cosine_square = ops.softplus(twice - half_square + ops.log(covered)) / twice
        vanishes = half_square < 1e-20
        slope = sine_square / ops.where(vanishes, 1.0, half_square)
        slope = ops.where(vanishes, covered / twice, slope)
        stretch = ops.sqrt(2.0 * slope * ops.maximum(cosine_square, 1e-30))
        return cosine_square - sine_square, stretch


LAWS: dict[str, type[SphericalLaw]] = {
    "power_spherical": PowerSpherical,
    "von_mises_fisher": VonMisesFisher,
}
