"""Pictures of latent spaces and of what a model decodes from them.

Every function returns a `matplotlib.figure.Figure` without global state: it need not be
closed, and no display is needed. `save` writes it to disk, and `write_pictures` writes all
pictures of a model. Only `explore` takes a figure that a window shows.
"""

from diffusion_vae.plots.animation import write_gif
from diffusion_vae.plots.charts import Grid, Panel, chart, register_chart
from diffusion_vae.plots.clusters import away_from_origin, cluster_interpolation, cluster_samples
from diffusion_vae.plots.colours import circle_colours, rotation_colours, torus_colours
from diffusion_vae.plots.curves import learning_curves
from diffusion_vae.plots.explorer import explore
from diffusion_vae.plots.galleries import (
    examples,
    geodesic_interpolation,
    picture_rows,
    posterior_samples,
    prior_samples,
    reconstruction_pairs,
)
from diffusion_vae.plots.images import as_images, grid_image, value_range
from diffusion_vae.plots.interactive import interactive_page
from diffusion_vae.plots.model_pictures import write_pictures
from diffusion_vae.plots.plane_data import plane_data_panels
from diffusion_vae.plots.random_walk import random_walk_picture
from diffusion_vae.plots.reconstruction import reconstruction_grid
from diffusion_vae.plots.saving import save, to_array
from diffusion_vae.plots.scatter import latent_scatter
from diffusion_vae.plots.sprites import data_uri
from diffusion_vae.plots.themes import use_dark_background
from diffusion_vae.plots.times import time_map
from diffusion_vae.plots.traversal import traversals
from diffusion_vae.plots.turning import SECONDS_PER_VIEW, is_drawn_in_space, turning_scatter

__all__ = [
    "SECONDS_PER_VIEW",
    "Grid",
    "Panel",
    "as_images",
    "away_from_origin",
    "chart",
    "circle_colours",
    "cluster_interpolation",
    "cluster_samples",
    "data_uri",
    "examples",
    "explore",
    "geodesic_interpolation",
    "grid_image",
    "interactive_page",
    "is_drawn_in_space",
    "latent_scatter",
    "learning_curves",
    "picture_rows",
    "plane_data_panels",
    "posterior_samples",
    "prior_samples",
    "random_walk_picture",
    "reconstruction_grid",
    "reconstruction_pairs",
    "register_chart",
    "rotation_colours",
    "save",
    "time_map",
    "to_array",
    "torus_colours",
    "traversals",
    "turning_scatter",
    "use_dark_background",
    "value_range",
    "write_gif",
    "write_pictures",
]
