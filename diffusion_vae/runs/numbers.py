"""Held-out numbers of a run as rows, beside the paper's: for the screen and for pages."""

from typing import Any

from diffusion_vae import manifolds
from diffusion_vae.runs.published import (
    CORRECTED,
    CORRECTED_KL,
    CORRECTED_PERIODIC,
    published_row,
)

# What is shown of every run: heading, name among the metrics, unit, form.
ROWS = (
    ("ELBO", "elbo", "nats", "{:.2f}"),
    ("KL", "kl_loss", "nats", "{:.2f}"),
    ("MSE", "mse", "per value", "{:.5f}"),
    ("mean log time", "log_time", "", "{:.2f}"),
)
LOG_LIKELIHOOD = ("log-likelihood", "log_likelihood", "nats", "{:.2f}")


# What each entry of the topology record says.
TOPOLOGY: dict[str, str] = {
    "degree": "how often the latent space is covered, with orientation; ±1 is onto",
    "degree_value": "the same before rounding",
    "winding": "turns of each latent angle (rows) as each factor (columns) goes round once",
    "lift": "−1 if a loop that cannot be contracted stays one",
    "largest_jump": "between codes of neighbouring examples, in radians; at most 0.2",
    "coverage": "share of the latent space near a code; at least 95 %",
    "coverage_radius": "what counts as near, in radians",
    "distance_correlation": "between latent and true distances",
    "alignment_error": "of the codes against the factors after the best isometry, relative",
    "equivariance_error": "of the action of the symmetry group, relative",
}


def number_rows(
    metrics: dict[str, Any], dataset: Any, manifold: Any
) -> tuple[list[tuple[str, str, str, str]], bool]:
    """Rows of the table of held-out numbers, and whether published ones stand in it.

    Args:
        metrics: Numbers by name.
        dataset: The run's `Dataset`.
        manifold: Its latent space, or `None`.

    Returns:
        A list of tuples (name, unit, this run, paper), all texts, and a boolean.
    """
    paper = published_row(dataset, manifold) or {}
    corrected = _corrected(dataset, manifold) if paper else {}
    rows = []
    for label, name, unit, form in (*ROWS, LOG_LIKELIHOOD):
        if name in metrics or name in paper:
            ours = form.format(metrics[name]) if name in metrics else "not computed"
            theirs = form.format(paper[name]) if name in paper else ""
            if name in corrected:
                theirs += f" (with the right constants {form.format(corrected[name])})"
            rows.append((label, unit, ours, theirs))
    known = {name for _, name, _, _ in (*ROWS, LOG_LIKELIHOOD)}
    for name, value in metrics.items():
        if name not in known and not isinstance(value, (dict, list)):
            rows.append((name.replace("_", " "), "", in_words(value), ""))
    return rows, bool(paper)


def topology_rows(record: dict[str, Any]) -> list[tuple[str, str, str]]:
    """Rows (name, value, meaning) of a run's record of its topology."""
    return [
        (name.replace("_", " "), in_words(value), TOPOLOGY.get(name, ""))
        for name, value in record.items()
        if name != "captured" and value is not None
    ]


def parameter_rows(settings: dict[str, Any]) -> list[tuple[str, str]]:
    """Rows (name, value) of settings by name."""
    return [(name.replace("_", " "), in_words(value)) for name, value in settings.items()]


def in_words(value: Any) -> str:
    """A number, list or option as it is written for readers."""
    if value is None or value in ({}, [], ()):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.5g}"
    if isinstance(value, dict):
        return ", ".join(f"{key} = {in_words(item)}" for key, item in value.items())
    if isinstance(value, (list, tuple)):
        nested = any(isinstance(item, (list, tuple)) for item in value)
        return " ".join(f"[{in_words(v)}]" if nested else in_words(v) for v in value)
    return str(value)


def _corrected(dataset: Any, manifold: Any) -> dict[str, float]:
    table = CORRECTED if dataset.name == "mnist" else CORRECTED_PERIODIC
    text = next((text for text in table if manifolds.get(text) == manifold), "")
    kl = CORRECTED_KL.get((dataset.name, text))
    return {**table.get(text, {}), **({} if kl is None else {"kl_loss": kl})}
