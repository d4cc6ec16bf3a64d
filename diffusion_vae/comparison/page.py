"""One self-contained page about a comparison: verdict, numbers, pictures."""

from pathlib import Path
from typing import Any

from diffusion_vae import __version__
from diffusion_vae.comparison.comparison import Comparison
from diffusion_vae.comparison.page_chart import likelihood_chart
from diffusion_vae.comparison.page_tables import (
    COLUMNS,
    hole_rows,
    imitation_rows,
    margin_rows,
    number_rows,
)
from diffusion_vae.files import replacing
from diffusion_vae.runs.numbers import in_words


def write_page(comparison: Comparison, path: str | Path) -> Path:
    """Writes a comparison as one file of HTML, which needs no other file and no network.

    Args:
        comparison: What `compare_manifolds` returns.
        path: The file, whose name ends in `.html`; missing folders are made.

    Returns:
        The path.

    Raises:
        ValueError: If the name has another ending.
        OSError: If the file cannot be written.
    """
    path = Path(path)
    if path.suffix.lower() not in (".html", ".htm"):
        raise ValueError(
            f"Expected the name of a page, which ends in .html. Received: {str(path)!r}."
        )
    # Only now: Matplotlib is not needed to refuse.
    from diffusion_vae.comparison.page_pictures import code_pictures
    from diffusion_vae.plots.pages import duration, render_page

    main, *further = comparison.verdict.sentences
    page = render_page(
        "diffusion_vae.comparison",
        "comparison.html.jinja",
        data=comparison.data,
        best=comparison.best,
        decided=comparison.decided,
        main=main,
        further=further,
        chart=likelihood_chart(comparison),
        columns=COLUMNS,
        numbers=number_rows(comparison),
        examples=comparison.candidates[0].scores.shape[1],
        trainings=max(len(each.scores) for each in comparison.candidates),
        names=[row["manifold"] for row in comparison.rows()],
        margins=margin_rows(comparison),
        pictures=code_pictures(comparison),
        dimension=None if comparison.cloud is None else comparison.cloud.dimension,
        **hole_rows(comparison),
        imitations=imitation_rows(comparison),
        took=duration(comparison.seconds),
        steps=[(each.manifold, each.steps, each.draws, duration(each.seconds))
               for each in comparison.candidates],
        call=_call(comparison),
        settings=_settings(comparison.settings),
        versions=list(comparison.settings.get("versions", {}).items()),
        version=__version__,
    )  # fmt: skip
    with replacing(path) as temporary:
        temporary.write_text(page, encoding="utf-8")
    return path


def _settings(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Names and values of what the comparison was made with; those of parts with a dot."""
    rows: list[tuple[str, str]] = []
    for name, value in settings.items():
        if name == "versions":
            continue
        if isinstance(value, dict):
            rows += [(f"{name}.{key}", in_words(item)) for key, item in value.items()]
        else:
            rows.append((name, in_words(value)))
    return [(name.replace("_", " "), value) for name, value in rows]


def _call(comparison: Comparison) -> str | None:
    """The call that makes it again; `None` if its likelihood is more than a name."""
    settings = comparison.settings
    if not isinstance(settings.get("likelihood"), str):
        return None
    effort = ", ".join(f"{key}={_written(value)}" for key, value in settings["effort"].items())
    names = ", ".join(f'"{each.manifold}"' for each in comparison.candidates)
    return (
        "compare_manifolds(\n"
        f"    x,\n    [{names}],\n"
        f'    likelihood="{settings["likelihood"]}",\n'
        f"    standardize={bool(settings['log_scale'])},\n"
        f"    effort=Effort({effort}),\n"
        f"    seed={settings['seed']},\n)"
    )


def _written(value: Any) -> str:
    return repr(tuple(value) if isinstance(value, list) else value)
