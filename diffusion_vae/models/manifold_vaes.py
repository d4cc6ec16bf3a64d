"""A diffusion VAE for each latent space of the library, with the name of the space."""

from collections.abc import Sequence
from typing import Any, Literal, Unpack

import keras

from diffusion_vae import manifolds
from diffusion_vae.checks import require_choice
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models.diffusion_vae import DiffusionOptions, DiffusionVAE
from diffusion_vae.priors import HeatKernelPrior
from diffusion_vae.serialization import serializable
from diffusion_vae.signatures import with_full_signature


class _ManifoldVAE(DiffusionVAE):
    """A `DiffusionVAE` that takes the arguments of its manifold instead of a manifold."""

    fixed_arguments = ("manifold",)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["manifold"]
        return {**config, **self.manifold.get_config()}


@with_full_signature
@serializable
class SphereVAE(_ManifoldVAE):
    """Diffusion VAE on the unit sphere S^dim.

    Args:
        dim: Dimension of the sphere; its points have dim + 1 coordinates.
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import SphereVAE
        >>> vae = SphereVAE(dim=2, seed=0)
        >>> vae.compile("adam")
        >>> history = vae.fit(np.zeros((8, 4, 4, 1)), verbose=0)
        >>> location, time = vae.encode(np.zeros((5, 4, 4, 1)))
        >>> location.shape, time.shape
        ((5, 3), (5, 1))
    """

    def __init__(
        self,
        dim: int = 2,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        super().__init__(manifolds.Sphere(dim), encoder, decoder, **kwargs)


@with_full_signature
@serializable
class RealProjectiveVAE(_ManifoldVAE):
    """Diffusion VAE on RP^dim, the sphere with opposite points identified.

    The decoder gives z and -z the same picture, and the encoder can go round the space
    (`VeroneseProjection`). `location_head="ambient", even_decoder="average"` is the paper's way.

    Args:
        dim: Dimension of the space; its points have dim + 1 coordinates.
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> from diffusion_vae import RealProjectiveVAE
        >>> vae = RealProjectiveVAE(dim=2)
        >>> vae.manifold
        RealProjective(dim=2)
    """

    def __init__(
        self,
        dim: int = 2,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        super().__init__(manifolds.RealProjective(dim), encoder, decoder, **kwargs)


@with_full_signature
@serializable
class ComplexProjectiveVAE(_ManifoldVAE):
    """Diffusion VAE on CP^dim, the unit vectors of C^(dim + 1) up to a phase.

    The decoder gives z and exp(i a) z the same picture, and the encoder can go round the space
    (`VeroneseProjection`). Shapes of landmarks and pure quantum states are such points.

    Args:
        dim: Complex dimension of the space; its points have 2 dim + 2 coordinates.
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> from diffusion_vae import ComplexProjectiveVAE
        >>> vae = ComplexProjectiveVAE(dim=2)
        >>> vae.manifold, vae.manifold.ambient_dim
        (ComplexProjective(dim=2), 6)
    """

    def __init__(
        self,
        dim: int = 2,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        super().__init__(manifolds.ComplexProjective(dim), encoder, decoder, **kwargs)


@with_full_signature
@serializable
class FlatTorusVAE(_ManifoldVAE):
    """Diffusion VAE on a product of `dim` unit circles.

    Args:
        dim: Number of circles; a point has two coordinates on each.
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> from diffusion_vae import FlatTorusVAE
        >>> FlatTorusVAE(dim=2).manifold.ambient_dim
        4
    """

    def __init__(
        self,
        dim: int = 2,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        super().__init__(manifolds.FlatTorus(dim), encoder, decoder, **kwargs)


@with_full_signature
@serializable
class EmbeddedTorusVAE(_ManifoldVAE):
    """Diffusion VAE on the embedded torus, a torus of revolution in R^3.

    Args:
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        centre_radius: Distance of the tube's centre line from the axis.
        tube_radius: Radius of the tube, smaller than `centre_radius`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> from diffusion_vae import EmbeddedTorusVAE
        >>> EmbeddedTorusVAE(centre_radius=2.0, tube_radius=0.5).manifold
        EmbeddedTorus(centre_radius=2.0, tube_radius=0.5)
    """

    def __init__(
        self,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        *,
        centre_radius: float = 3.0,
        tube_radius: float = 0.6,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        manifold = manifolds.EmbeddedTorus(centre_radius, tube_radius)
        super().__init__(manifold, encoder, decoder, **kwargs)


@with_full_signature
@serializable
class SO3VAE(_ManifoldVAE):
    """Diffusion VAE on the rotations of R^3, as matrices with nine coordinates.

    Args:
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> from diffusion_vae import SO3VAE
        >>> SO3VAE().manifold.ambient_dim
        9
    """

    def __init__(
        self,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        super().__init__(manifolds.SO3(), encoder, decoder, **kwargs)


@with_full_signature
@serializable
class O3VAE(_ManifoldVAE):
    """Diffusion VAE on the orthogonal matrices of R^3: rotations and reflections.

    Args:
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> from diffusion_vae import O3VAE
        >>> O3VAE().manifold.ambient_dim
        9
    """

    def __init__(
        self,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        super().__init__(manifolds.O3(), encoder, decoder, **kwargs)


@with_full_signature
@serializable
class EuclideanVAE(_ManifoldVAE):
    """The ordinary Gaussian VAE on R^dim, with one variance for all coordinates.

    Args:
        dim: Dimension of the space.
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Example:
        >>> from diffusion_vae import EuclideanVAE
        >>> EuclideanVAE(dim=10).manifold
        Euclidean(dim=10)
    """

    def __init__(
        self,
        dim: int = 2,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        super().__init__(manifolds.Euclidean(dim), encoder, decoder, **kwargs)


@with_full_signature
@serializable
class HyperbolicVAE(_ManifoldVAE):
    """Diffusion VAE on hyperbolic space H^dim, whose prior is the heat kernel at the origin.

    It suits trees: the space has as much room as their branches.

    Args:
        dim: Dimension of the space; its points have dim + 1 coordinates.
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        curvature: Sectional curvature, negative; or `"learned"`, which is
            `prior="heat_kernel"`: `learned_curvature` then tells it.
        prior_time: Time of the prior.
        kwargs: As in `DiffusionVAE`.

    Raises:
        ValueError: If an argument is out of range, or a learned curvature stands beside another
            learned prior.

    Example:
        >>> from diffusion_vae import HyperbolicVAE
        >>> HyperbolicVAE(dim=2, curvature=-0.5).manifold
        Hyperbolic(dim=2, curvature=-0.5, prior_time=1.0)
    """

    manifold: manifolds.Hyperbolic

    def __init__(
        self,
        dim: int = 2,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        *,
        curvature: float | Literal["learned"] = -1.0,
        prior_time: float = 1.0,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        if isinstance(curvature, str):
            require_choice("curvature", curvature, ("learned",), ", or a negative number")
            curvature = -1.0
            prior = kwargs.setdefault("prior", "heat_kernel")
            if prior != "heat_kernel":
                raise ValueError(
                    'Expected no other `prior` beside curvature="learned", which is '
                    f'prior="heat_kernel". Received: prior={prior!r}.'
                )
        space = manifolds.Hyperbolic(dim, curvature, prior_time)
        super().__init__(space, encoder, decoder, **kwargs)

    def learned_curvature(self) -> float:
        """Curvature at which the prior, at its time `prior_time`, is the one that was learned.

        With another prior than `"heat_kernel"` it is the manifold's.
        """
        prior = self.latent.prior
        learned = isinstance(prior, HeatKernelPrior)
        return prior.curvature() if learned else self.manifold.curvature


@with_full_signature
@serializable
class ProductVAE(_ManifoldVAE):
    """Diffusion VAE on a product of manifolds, with one time for each factor's time.

    Args:
        factors: Manifolds, or their text forms.
        encoder: As in `DiffusionVAE`, like all further arguments.
        decoder: As in `DiffusionVAE`.
        kwargs: As in `DiffusionVAE`.

    Raises:
        TypeError: If `factors` is no list.

    Example:
        >>> from diffusion_vae import ProductVAE
        >>> ProductVAE(["sphere:2", "torus:1"]).manifold
        Product([Sphere(dim=2), FlatTorus(dim=1)])
    """

    def __init__(
        self,
        factors: Sequence[Manifold | str],
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        **kwargs: Unpack[DiffusionOptions],
    ) -> None:
        if not isinstance(factors, (list, tuple)):
            raise TypeError(
                f"Expected `factors` to be a list of manifolds. Received: {factors!r}."
            )
        product = manifolds.Product([manifolds.get(factor) for factor in factors])
        super().__init__(product, encoder, decoder, **kwargs)
