"""Pages of HTML in one file: their common look, and figures for a light and a dark ground."""

import datetime
from typing import Any

import jinja2
from matplotlib.figure import Figure

from diffusion_vae.plots.saving import to_array
from diffusion_vae.plots.sprites import data_uri
from diffusion_vae.plots.themes import use_dark_background

DPI = 130


def render_page(package: str, template: str, **values: Any) -> str:
    """The text of a page.

    Args:
        package: Name of the package with the folder `templates`.
        template: A file there, which extends `page.html.jinja`.
        **values: What the template shows; it is escaped.
    """
    environment = jinja2.Environment(
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
        loader=jinja2.ChoiceLoader(
            [jinja2.PackageLoader(package), jinja2.PackageLoader("diffusion_vae.plots")]
        ),
    )
    return environment.get_template(template).render(values)


def both_grounds(figure: Figure) -> tuple[str, str]:
    """A figure as `data:` addresses, on white and on black; it is changed."""
    light = data_uri(to_array(figure, DPI))
    return light, data_uri(to_array(use_dark_background(figure), DPI))


def duration(seconds: float | None) -> str:
    """Hours, minutes and seconds; empty where they are not known."""
    return "" if seconds is None else str(datetime.timedelta(seconds=round(seconds)))
