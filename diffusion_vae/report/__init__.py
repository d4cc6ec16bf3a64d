"""A run as one page: parameters, numbers, curves, pictures."""

from diffusion_vae.report.page import write_report

__all__ = ["write_report"]
