"""One diffusion VAE for each latent space of the library, by the name one looks for."""

import keras

from diffusion_vae import manifolds
from diffusion_vae.models.diffusion_vae import DiffusionVAE
from diffusion_vae.serialization import serializable


class _ManifoldVAE(DiffusionVAE):
    """A `DiffusionVAE` that takes the arguments of its manifold instead of a manifold."""

    def get_config(self):
        config = super().get_config()
        del config["manifold"]
        return {**config, **self.manifold.get_config()}


@serializable
class SphereVAE(_ManifoldVAE):
    """Diffusion VAE on the unit sphere S^dim; other arguments as in `DiffusionVAE`."""

    def __init__(self, dim=2, encoder=None, decoder=None, **kwargs):
        super().__init__(manifolds.Sphere(dim), encoder, decoder, **kwargs)


@serializable
class RealProjectiveVAE(_ManifoldVAE):
    """Diffusion VAE on RP^dim, with an even decoder; other arguments as in `DiffusionVAE`."""

    def __init__(self, dim=2, encoder=None, decoder=None, **kwargs):
        super().__init__(manifolds.RealProjective(dim), encoder, decoder, **kwargs)


@serializable
class FlatTorusVAE(_ManifoldVAE):
    """Diffusion VAE on a product of `dim` circles; other arguments as in `DiffusionVAE`."""

    def __init__(self, dim=2, encoder=None, decoder=None, **kwargs):
        super().__init__(manifolds.FlatTorus(dim), encoder, decoder, **kwargs)


@serializable
class EmbeddedTorusVAE(_ManifoldVAE):
    """Diffusion VAE on the torus of revolution in R^3; other arguments as in `DiffusionVAE`."""

    def __init__(
        self, encoder=None, decoder=None, *, centre_radius=3.0, tube_radius=0.6, **kwargs
    ):
        manifold = manifolds.EmbeddedTorus(centre_radius, tube_radius)
        super().__init__(manifold, encoder, decoder, **kwargs)


@serializable
class SO3VAE(_ManifoldVAE):
    """Diffusion VAE on the rotations of R^3; other arguments as in `DiffusionVAE`."""

    def __init__(self, encoder=None, decoder=None, **kwargs):
        super().__init__(manifolds.SO3(), encoder, decoder, **kwargs)


@serializable
class O3VAE(_ManifoldVAE):
    """Diffusion VAE on the orthogonal matrices of R^3; other arguments as in `DiffusionVAE`."""

    def __init__(self, encoder=None, decoder=None, **kwargs):
        super().__init__(manifolds.O3(), encoder, decoder, **kwargs)


@serializable
class EuclideanVAE(_ManifoldVAE):
    """The ordinary Gaussian VAE on R^dim; other arguments as in `DiffusionVAE`."""

    def __init__(self, dim=2, encoder=None, decoder=None, **kwargs):
        super().__init__(manifolds.Euclidean(dim), encoder, decoder, **kwargs)


@serializable
class ProductVAE(_ManifoldVAE):
    """Diffusion VAE on a product of manifolds, one time per factor's time.

    Args:
        factors: Manifolds, or their text forms.
        encoder: As in `DiffusionVAE`, like all other arguments.
        decoder: As in `DiffusionVAE`.
    """

    def __init__(self, factors, encoder=None, decoder=None, **kwargs):
        if not isinstance(factors, (list, tuple)):
            raise TypeError(
                f"Expected `factors` to be a list of manifolds. Received: {factors!r}."
            )
        factors = [
            keras.saving.deserialize_keras_object(factor)
            if isinstance(factor, dict)
            else manifolds.get(factor)
            for factor in factors
        ]
        super().__init__(manifolds.Product(factors), encoder, decoder, **kwargs)
