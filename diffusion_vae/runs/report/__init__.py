"""A run as one page: parameters, numbers, curves, pictures."""

from diffusion_vae.runs.report.page import write_report

__all__ = ["write_report"]
