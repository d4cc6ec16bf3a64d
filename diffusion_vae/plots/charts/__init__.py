"""Charts: one renderer for each type of manifold, found by `chart(manifold)`."""

from diffusion_vae.plots.charts import flat_torus, generic, sphere  # noqa: F401 (registration)
from diffusion_vae.plots.charts.panel import Grid, Panel
from diffusion_vae.plots.charts.registry import chart, draws

__all__ = ["Grid", "Panel", "chart", "draws"]
