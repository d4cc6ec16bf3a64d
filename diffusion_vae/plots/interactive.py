"""A page on which the latent space turns and each point shows its decoded picture."""

import json
from importlib import resources
from typing import Any

import jinja2
import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.plots.charts import chart
from diffusion_vae.plots.colouring import ColouringChoice, colouring_of
from diffusion_vae.plots.images import as_images, value_range
from diffusion_vae.plots.sprites import data_uri, most_pictures, sprite_sheet
from diffusion_vae.plots.traces import layout, panel_traces

POINTS = 1500  # largest number of points, of the data and of the prior together
ROOM = 2_500_000  # bytes of the pictures of one sheet, before they are compressed
ELSEWHERE = 1 / 3  # share of the points that are draws from the prior


def interactive_page(
    model: Any,
    x: ArrayLike,
    labels: ArrayLike | None = None,
    *,
    factors: ArrayLike | None = None,
    colouring: ColouringChoice = None,
    title: str | None = None,
) -> str:
    """A page of HTML, one file that needs no network: the mouse turns the latent space.

    Pointing at a latent point shows its example, its decoded picture and its label. Pale points
    are draws from the prior: they show the space between the data. Making the page needs the
    extra `interactive` (plotly); the page contains plotly's program of 5 MB.

    Args:
        model: A model with `manifold`, `encode` and `decode`.
        x: Examples, `[n, *event]`; the page shows the first ones, up to its limit of bytes.
        labels: As in `latent_scatter`.
        factors: As in `latent_scatter`.
        colouring: As in `latent_scatter`.
        title: Title of the page.

    Returns:
        The text of the page.

    Raises:
        ImportError: If plotly is not installed.
        ValueError: If there is no example.
    """
    plotly = _plotly()
    x = np.asarray(x)
    if len(x) == 0:
        raise ValueError("Expected at least one example to show. Received: none.")
    most = min(POINTS, most_pictures(x[0], ROOM))
    among = max(1, most - int(ELSEWHERE * most))
    x = x[:among]
    labels, factors = (None if a is None else np.asarray(a)[:among] for a in (labels, factors))
    between = np.asarray(model.manifold.prior_sample((most - among,), seed=0))
    z = np.concatenate([np.asarray(model.encode(x)[0]), between])  # [k, ambient_dim]
    shown = np.isfinite(z).all(axis=-1)
    painted = colouring_of(len(x), labels, factors, colouring)
    panels = [panel for panel in chart(model.manifold, z[: len(x)]) if not panel.repeats]
    traces = [
        trace
        for i, panel in enumerate(panels)
        for trace in panel_traces(panel, z, shown, painted, labels, i)
    ]
    seen = set()
    for trace in traces:  # a class stands in the legend once
        if "legendgroup" in trace:
            trace["showlegend"] = trace["legendgroup"] not in seen
            seen.add(trace["legendgroup"])
    figure = plotly.graph_objects.Figure({"data": traces, "layout": layout(panels)})
    return _template().render(
        title=title or "Latent space",
        plotly=plotly.offline.get_plotlyjs(),
        figure=_script(figure.to_json()),
        pictures=_script(json.dumps(_pictures(model, x, z, labels))),
    )


def _plotly() -> Any:
    try:
        import plotly.graph_objects
        import plotly.offline
    except ImportError as error:
        raise ImportError(
            "Expected plotly, which draws interactive pages. Install it with "
            "`pip install diffusion-vae[interactive]`."
        ) from error
    return plotly


def _pictures(
    model: Any, x: np.ndarray, z: np.ndarray, labels: np.ndarray | None
) -> dict[str, Any]:
    """The pictures of each point, in one sheet each, and its label."""
    decoded = as_images(np.asarray(model.decode(np.nan_to_num(z))))
    data = as_images(x)
    limits = value_range(x)
    sheets = {"decoded": sprite_sheet(decoded, limits), "example": sprite_sheet(data, limits)}
    return {
        "height": data.shape[1],
        "width": data.shape[2],
        "count": len(z),
        "examples": len(x),
        "labels": None if labels is None else [str(label) for label in labels.ravel().tolist()],
        "sheets": {
            name: {"columns": columns, "source": data_uri(sheet)}
            for name, (sheet, columns) in sheets.items()
        },
    }


def _script(text: str) -> str:
    """JSON that is safe inside a script element."""
    return text.replace("</", "<\\/")


def _template() -> jinja2.Template:
    folder = resources.files("diffusion_vae.plots") / "templates"
    return jinja2.Environment(autoescape=True).from_string(
        (folder / "interactive.html.jinja").read_text(encoding="utf-8")
    )
