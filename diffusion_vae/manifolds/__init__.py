"""Spaces of latent points: projections, distances, volumes, uniform samples."""

from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.checks import check_manifold
from diffusion_vae.manifolds.complex_projective import ComplexProjective
from diffusion_vae.manifolds.cover import Cover
from diffusion_vae.manifolds.embedded_torus import EmbeddedTorus
from diffusion_vae.manifolds.euclidean import Euclidean
from diffusion_vae.manifolds.flat_torus import FlatTorus
from diffusion_vae.manifolds.hyperbolic import Hyperbolic
from diffusion_vae.manifolds.implicit import ImplicitManifold
from diffusion_vae.manifolds.orthogonal import O3, SO3
from diffusion_vae.manifolds.parsing import get
from diffusion_vae.manifolds.product import Product
from diffusion_vae.manifolds.real_projective import RealProjective
from diffusion_vae.manifolds.sphere import Sphere

__all__ = [
    "O3",
    "SO3",
    "ComplexProjective",
    "Cover",
    "EmbeddedTorus",
    "Euclidean",
    "FlatTorus",
    "Hyperbolic",
    "ImplicitManifold",
    "Manifold",
    "Product",
    "RealProjective",
    "Sphere",
    "check_manifold",
    "get",
]
