"""Pictures of latent spaces and of what a model decodes from them.

Every function returns a `matplotlib.figure.Figure` that no global state knows of:
nothing has to be closed, and no display is needed. `save` writes it to disk.
"""

from diffusion_vae.plots.charts import Grid, Panel, chart, draws
from diffusion_vae.plots.galleries import reconstruction_pairs
from diffusion_vae.plots.images import as_images, grid_image, value_range
from diffusion_vae.plots.reconstruction import reconstruction_grid
from diffusion_vae.plots.saving import replacing, save, to_array
from diffusion_vae.plots.scatter import latent_scatter

__all__ = [
    "Grid",
    "Panel",
    "as_images",
    "chart",
    "draws",
    "grid_image",
    "latent_scatter",
    "reconstruction_grid",
    "reconstruction_pairs",
    "replacing",
    "save",
    "to_array",
    "value_range",
]
