"""The contract of a panel: places of latent points in a picture, and a grid of them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from diffusion_vae.plots.charts.frames import AnyAxes, Ends

BACKING = 0.97  # size of a surface behind points, of the surface that they lie on


@dataclass(frozen=True, eq=False)
class Grid:
    """Latent points, and the places of their decoded pictures in the plane.

    Example:
        >>> from diffusion_vae.manifolds import FlatTorus
        >>> from diffusion_vae.plots import chart
        >>> (panel,) = chart(FlatTorus(2))
        >>> (grid,) = panel.grids(15)
        >>> grid.points.shape, grid.positions.shape
        ((225, 4), (225, 2))

    Attributes:
        points: Latent points, `[k, ambient_dim]`.
        positions: Centres of the pictures, `[k, 2]`; the second axis points up.
        cell: Width and height of the room for one picture.
        draw_frame: Draws axes and outlines around the pictures.
        title: Title of the plane.
    """

    points: np.ndarray
    positions: np.ndarray
    cell: tuple[float, float]
    draw_frame: Callable
    title: str = ""


class Panel:
    """One picture of a manifold: coordinates, a frame, and grids of latent points.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.plots import Panel
        >>> class Height(Panel):
        ...     title = "height over longitude"
        ...     def coordinates(self, z):
        ...         return np.stack([np.arctan2(z[:, 1], z[:, 0]), z[:, 2]], axis=-1)
        ...     def draw_frame(self, axes):
        ...         axes.set(xlim=(-np.pi, np.pi), ylim=(-1, 1))
        >>> Height().coordinates(np.array([[1.0, 0.0, 0.0]]))
        array([[0., 0.]])

    Attributes:
        picture_dim: 2 for a plane picture, 3 for one in space.
        title: Title of the panel, or an empty string.
        spreads: Whether the frame leaves room for classes that `spread` moves apart.
        inside: Whether points lie within the surface, instead of on it.
        repeats: Whether it shows the points of the panel before it once more, in another view;
            pictures that are turned leave it out.
    """

    picture_dim: int = 2
    title: str = ""
    spreads: bool = True
    inside: bool = False
    repeats: bool = False

    def coordinates(self, z: np.ndarray) -> np.ndarray:
        """Places of latent points in the picture, `[n, ambient_dim] -> [n, picture_dim]`."""
        raise NotImplementedError

    def shows(self, z: np.ndarray) -> np.ndarray:
        """Whether each point belongs to this panel, `[n, ambient_dim] -> [n]`."""
        return np.ones(len(z), dtype=bool)

    def spread(self, positions: np.ndarray, levels: np.ndarray) -> np.ndarray:
        """Moves classes apart where a one-dimensional picture would hide them.

        Args:
            positions: Places in the picture, `[n, picture_dim]`.
            levels: A number in [0, 1] for the class of each point, `[n]`.

        Returns:
            Places in the picture, `[n, picture_dim]`.
        """
        return positions

    def surface(self) -> np.ndarray | None:
        """Places on a surface to draw translucent, `[rows, columns, 3]`, or `None`."""

    def backing(self) -> np.ndarray | None:
        """The surface a little inward, so that it cuts no mark of a point that lies on it."""
        mesh = self.surface()
        return None if mesh is None else BACKING * mesh

    def draw_frame(self, axes: AnyAxes) -> None:
        """Draws outlines, labels and limits of the scatter."""
        raise NotImplementedError

    def grids(self, n: int) -> list[Grid]:
        """Grids of about `n` pictures along the longer side, a list of `Grid`."""
        raise NotImplementedError


def lattice(
    columns: int, rows: int, horizontal: Ends, vertical: Ends
) -> tuple[np.ndarray, tuple[float, float]]:
    """Centres of the cells of a regular division of a rectangle.

    Args:
        columns: Number of cells from left to right.
        rows: Number of cells from bottom to top.
        horizontal: Left and right end.
        vertical: Lower and upper end.

    Returns:
        Positions `[rows * columns, 2]`, and the width and height of a cell.
    """
    width = (horizontal[1] - horizontal[0]) / columns
    height = (vertical[1] - vertical[0]) / rows
    x = horizontal[0] + width * (np.arange(columns) + 0.5)  # [columns]
    y = vertical[0] + height * (np.arange(rows) + 0.5)  # [rows]
    positions = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return positions, (width, height)


def disc_lattice(n: int, radius: float = 1.0) -> tuple[np.ndarray, tuple[float, float]]:
    """Cells of the square lattice of `n` columns over a disc whose centres lie in it."""
    positions, cell = lattice(n, n, (-radius, radius), (-radius, radius))
    inside = np.linalg.norm(positions, axis=-1) < (1.0 - 1e-6) * radius  # none on the rim itself
    return positions[inside], cell
