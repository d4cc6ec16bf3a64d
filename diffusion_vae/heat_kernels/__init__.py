"""Laws on a manifold, Brownian motion first: log density, samples, KL to the prior."""

from diffusion_vae.heat_kernels.base import Law
from diffusion_vae.heat_kernels.bias import WalkBias, walk_bias
from diffusion_vae.heat_kernels.checks import check_law
from diffusion_vae.heat_kernels.embedded_torus import EmbeddedTorusKernel
from diffusion_vae.heat_kernels.exact import get, has_heat_kernel, heat_kernel
from diffusion_vae.heat_kernels.gaussian import GaussianKernel
from diffusion_vae.heat_kernels.hyperbolic import HyperbolicKernel
from diffusion_vae.heat_kernels.isotropic import IsotropicKernel
from diffusion_vae.heat_kernels.product import ProductKernel
from diffusion_vae.heat_kernels.random_walk import RandomWalk
from diffusion_vae.heat_kernels.wrapped_normal import WrappedNormalKernel

__all__ = [
    "EmbeddedTorusKernel",
    "GaussianKernel",
    "HyperbolicKernel",
    "IsotropicKernel",
    "Law",
    "ProductKernel",
    "RandomWalk",
    "WalkBias",
    "WrappedNormalKernel",
    "check_law",
    "get",
    "has_heat_kernel",
    "heat_kernel",
    "walk_bias",
]
