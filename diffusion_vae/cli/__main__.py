"""`python -m diffusion_vae.cli`."""

from diffusion_vae.cli import main

main()
