"""What stands in the tables of the page about a comparison, as texts."""

import math
from typing import Any

from diffusion_vae import manifolds
from diffusion_vae.comparison.comparison import Comparison
from diffusion_vae.comparison.verdict import IMITATES, Margin
from diffusion_vae.manifolds import Manifold

# Heading and meaning of each column.
COLUMNS = (
    ("manifold", "the latent space"),
    ("dim", "its dimension"),
    (
        "log-likelihood",
        "mean of log p(x) over examples that were not trained on, in nats an example, ± its "
        "standard error over examples and trainings; more is better",
    ),
    (
        "behind by",
        "mean difference to the first row, example by example, ± its standard error; bold where "
        "it is over two of them",
    ),
    (
        "ELBO",
        "the bound that training raises; its gap to the log-likelihood differs from space to "
        "space, so that its order may mislead",
    ),
    ("KL", "what a code says about its example, in nats: mean KL of posterior and prior"),
    (
        "torn",
        "share of the examples with a neighbour in the data whose code is farther than half the "
        "distance of a random pair",
    ),
    (
        "trust",
        "trustworthiness: 1 if neighbours in the latent space are neighbours in the data; less "
        "where the map folds",
    ),
    (
        "cont.",
        "continuity: 1 if neighbours in the data are neighbours in the latent space; less where "
        "the map tears",
    ),
    ("finished", "whether the validation loss had stopped improving when training ended"),
)
NOT_KNOWN = "–"


def number_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """One dictionary a candidate, best first: texts of the columns, and what is marked."""
    rows: list[dict[str, Any]] = []
    for row in comparison.rows():
        behind = Margin(row["behind"], row["behind_error"])
        rows.append(
            {
                "manifold": row["manifold"],
                "best": row["manifold"] == comparison.best,
                "sure": behind.sure,
                "finished": row["finished"],
                "cells": [
                    str(row["dim"]),
                    f"{row['log_likelihood']:.2f} ± {row['standard_error']:.2f}",
                    str(behind) if rows else NOT_KNOWN,
                    f"{row['elbo']:.2f}",
                    f"{row['kl']:.2f}",
                    _number(row["torn"], "{:.1%}").replace("%", " %"),
                    _number(row["trustworthiness"], "{:.3f}"),
                    _number(row["continuity"], "{:.3f}"),
                ],
            }
        )
    return rows


def margin_rows(comparison: Comparison) -> list[tuple[str, list[dict[str, Any] | None]]]:
    """For each candidate, best first, its margins over all, in standard errors."""
    names = [row["manifold"] for row in comparison.rows()]
    rows: list[tuple[str, list[dict[str, Any] | None]]] = []
    for first in names:
        cells: list[dict[str, Any] | None] = []
        for second in names:
            margin = comparison.margin(first, second)
            words = f"{first} over {second}: {margin} nats an example"
            cell = {"ratio": _ratio(margin), "sure": margin.sure, "words": words}
            cells.append(None if first == second else cell)
        rows.append((first, cells))
    return rows


def hole_rows(comparison: Comparison) -> dict[str, Any]:
    """Holes of the data, and beside them those of each candidate.

    Returns:
        `primes`, the fields; `data_holes`, a text for each; and `holes`, rows
        (manifold, dimension, a text for each, `"yes"`, `"no"` or `"unclear"`).
    """
    cloud = comparison.cloud
    homology = {} if cloud is None else cloud.homology
    found = {prime: holes.betti_numbers for prime, holes in homology.items()}
    rows = []
    for row in comparison.rows():
        space = space_of(row["manifold"])
        known = {p: None if space is None else space.betti_numbers(p) for p in found}
        answers = [_agree(found[prime], known[prime]) for prime in found]
        answer = next((a for a in ("no", "unclear") if a in answers), "yes")
        texts = [_betti(known[prime]) for prime in found]
        rows.append((row["manifold"], row["dim"], texts, answer))
    return {
        "primes": list(found),
        "data_holes": [_betti(numbers) for numbers in found.values()],
        "holes": rows,
    }


def imitation_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Larger and smaller spaces: all pairs of candidates, and what is imitated beside them."""
    names = {each.manifold for each in comparison.candidates}
    return [
        {
            "larger": each.manifold,
            "smaller": smaller,
            "share": f"{100 * share:.1f} %",
            "imitates": share < IMITATES,
            "candidate": smaller in names,
        }
        for each in comparison.candidates
        for smaller, share in each.sees_beyond.items()
        if smaller in names or share < IMITATES
    ]


def space_of(name: str) -> Manifold | None:
    """The manifold of a name; `None` for one of the user, which has no text form."""
    try:
        return manifolds.get(name)
    except ValueError:
        return None


def _agree(found: tuple[int | None, ...], known: tuple[int, ...] | None) -> str:
    """Whether holes that were read are those of a space."""
    if known is None:
        return "unclear"
    beside = (*known, *[0] * len(found))
    pairs = list(zip(found, beside, strict=False))
    if any(number is not None and number != right for number, right in pairs):
        return "no"
    return "unclear" if None in found else "yes"


def _betti(numbers: tuple[int | None, ...] | None) -> str:
    if numbers is None:
        return NOT_KNOWN
    return ", ".join("?" if number is None else str(number) for number in numbers)


def _ratio(margin: Margin) -> str:
    if margin.difference == 0:
        return "0.0"
    if margin.standard_error == 0:
        return "∞" if margin.difference > 0 else "-∞"
    ratio = margin.difference / margin.standard_error
    return f"{ratio:.1f}" if math.fabs(ratio) < 100 else f"{ratio:.0f}"


def _number(value: float | None, form: str) -> str:
    return NOT_KNOWN if value is None else form.format(value)
