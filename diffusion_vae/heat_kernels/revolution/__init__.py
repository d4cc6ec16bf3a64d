"""The heat kernel of a torus of revolution, tabulated from its spectrum."""

from diffusion_vae.heat_kernels.revolution.kernel import RevolutionKernel

__all__ = ["RevolutionKernel"]
