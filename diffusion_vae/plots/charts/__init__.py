"""Charts: one renderer for each type of manifold, found by `chart(manifold)`."""

from diffusion_vae.plots.charts import (  # noqa: F401 (each file registers its charts)
    complex_projective,
    embedded_torus,
    euclidean,
    flat_torus,
    generic,
    hyperbolic,
    product,
    projective,
    rotations,
    sphere,
)
from diffusion_vae.plots.charts.panel import Grid, Panel
from diffusion_vae.plots.charts.registry import chart, register_chart

__all__ = ["Grid", "Panel", "chart", "register_chart"]
