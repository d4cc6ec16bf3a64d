"""Brownian motion on a manifold: log density, samples, KL to the prior."""

from diffusion_vae.heat_kernels.base import HeatKernel
from diffusion_vae.heat_kernels.gaussian import GaussianKernel
from diffusion_vae.heat_kernels.product import ProductKernel
from diffusion_vae.heat_kernels.random_walk import RandomWalk

__all__ = ["GaussianKernel", "HeatKernel", "ProductKernel", "RandomWalk"]
