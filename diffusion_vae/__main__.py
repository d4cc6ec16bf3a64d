"""`python -m diffusion_vae`, the same as `diffusion-vae`."""

from diffusion_vae.cli import main

main()
