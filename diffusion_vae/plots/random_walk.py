"""The random walk on a manifold: jumps into the ambient space, projections back (Fig. 2)."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch

from diffusion_vae.manifolds import Sphere
from diffusion_vae.plots.charts import frames
from diffusion_vae.plots.charts.evaluate import evaluated
from diffusion_vae.plots.charts.frames import AnyAxes
from diffusion_vae.plots.layout import heading, new_figure

JUMP = "#3f90da"
BACK = "#bd1f01"


def random_walk_picture(
    steps: int = 4, step_time: float = 0.3, seed: int = 1174, title: str | None = None
) -> Figure:
    """Draws a walk on the circle: each jump leaves it, each projection brings it back.

    Args:
        steps: Number of jumps.
        step_time: Time tau of one step; a jump is sqrt(tau) times a normal vector.
        seed: Integer seed of the jumps.
        title: Title of the figure.

    Returns:
        A Matplotlib `Figure`.
    """
    if steps < 1 or not step_time > 0:
        raise ValueError(
            "Expected `steps` of at least 1 and a positive `step_time`. "
            f"Received: steps={steps}, step_time={step_time}."
        )
    circle = Sphere(1)
    noise = np.sqrt(step_time) * np.random.default_rng(seed).normal(size=(steps, 2))
    points, landings = [np.array([1.0, 0.0])], []
    for jump in noise:
        landings.append(points[-1] + jump)
        points.append(evaluated(circle.project, landings[-1]))
    figure = new_figure(3.6, 3.6)
    axes = figure.add_subplot()
    frames.circle(axes)
    for start, landing, end in zip(points[:-1], landings, points[1:], strict=True):
        _arrow(axes, start, landing, color=JUMP)
        _arrow(axes, landing, end, color=BACK, linestyle=(0, (3, 2)))
    for i, point in enumerate(points):
        axes.plot(*point, "o", color="black", markersize=4, zorder=4)
        beside = np.linalg.norm(landings[max(i - 1, 0) : i + 1], axis=-1).mean()
        axes.annotate(
            f"$z_{{{i}}}$" if i else "$z$",
            tuple((0.86 if beside > 1.0 else 1.14) * point),  # away from the arrows
            fontsize=frames.TEXT + 1,
            ha="center",
            va="center",
        )
    reach = 1.1 * max(1.0, float(np.abs(landings).max()))
    frames.plain_axes(axes, (-reach, reach))
    handles = [axes.plot([], [], color=JUMP)[0], axes.plot([], [], color=BACK, ls="--")[0]]
    names = [r"jump $\sqrt{\tau}\,\epsilon$", "projection $P$"]
    figure.legend(
        handles, names, loc="outside lower center", ncols=2, frameon=False, fontsize=frames.TEXT
    )
    heading(figure, title)
    return figure


def _arrow(axes: AnyAxes, start: np.ndarray, end: np.ndarray, **style: Any) -> None:
    shape: dict[str, Any] = {"arrowstyle": "-|>", "mutation_scale": 9, "shrinkA": 2, "shrinkB": 2}
    axes.add_patch(FancyArrowPatch(tuple(start), tuple(end), lw=1.2, **shape, **style))
