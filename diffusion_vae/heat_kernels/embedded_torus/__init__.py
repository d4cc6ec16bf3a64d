"""The heat kernel of a torus of revolution, tabulated from its spectrum."""

from diffusion_vae.heat_kernels.embedded_torus.kernel import EmbeddedTorusKernel

__all__ = ["EmbeddedTorusKernel"]
