"""Products: the panels of each factor, side by side."""

import numpy as np

from diffusion_vae.manifolds import Product
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.charts.panel import Grid, Panel
from diffusion_vae.plots.charts.registry import chart, register_chart


class FactorPanel(Panel):
    """A panel of one factor; in its grid the other factors stay at a base point.

    Args:
        product: A `Product`.
        index: Which factor.
        panel: A panel of that factor.
    """

    def __init__(self, product: Product, index: int, panel: Panel) -> None:
        self.product = product
        self.panel = panel
        self.picture_dim = panel.picture_dim
        self.inside = panel.inside
        self.repeats = panel.repeats
        self.title = f"factor {index + 1}: {panel.title}"
        self.columns = _columns(product)[index]

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        return self.panel.coordinates(z[:, self.columns])

    def shows(self, z: np.ndarray) -> np.ndarray:
        return self.panel.shows(z[:, self.columns])

    def spread(self, positions: np.ndarray, levels: np.ndarray) -> np.ndarray:
        return self.panel.spread(positions, levels)

    def surface(self) -> np.ndarray | None:
        return self.panel.surface()

    def backing(self) -> np.ndarray | None:
        return self.panel.backing()

    def draw_frame(self, axes: AnyAxes) -> None:
        self.panel.spreads = self.spreads
        self.panel.draw_frame(axes)

    def grids(self, n: int) -> list[Grid]:
        base = evaluated(self.product.project, np.zeros((1, self.product.ambient_dim)))
        grids = []
        for grid in self.panel.grids(n):
            points = np.repeat(base, len(grid.points), axis=0)  # [k, ambient_dim]
            points[:, self.columns] = grid.points
            title = f"{self.title.split(':')[0]}: {grid.title}"
            grids.append(Grid(points, grid.positions, grid.cell, grid.draw_frame, title))
        return grids


def _columns(product: Product) -> list[slice]:
    """Coordinates of each factor among those of the product, a list of slices."""
    ends = np.cumsum([factor.ambient_dim for factor in product.factors])
    return [slice(end - f.ambient_dim, end) for f, end in zip(product.factors, ends, strict=True)]


@register_chart(Product)
def product_panels(product: Product, points: np.ndarray | None = None) -> list[Panel]:
    """All panels of all factors, in their order."""
    parts: list[np.ndarray | None] = [None] * len(product.factors)
    if points is not None:
        parts = [points[:, columns] for columns in _columns(product)]
    return [
        FactorPanel(product, index, panel)
        for index, (factor, part) in enumerate(zip(product.factors, parts, strict=True))
        for panel in chart(factor, part)
    ]
