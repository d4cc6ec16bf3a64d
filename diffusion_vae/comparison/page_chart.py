"""The chart of log-likelihoods: places along an axis, in percent, which the page draws.

Marks of a page follow the ground and the width of a screen, unlike those of a picture.
"""

from typing import Any

import numpy as np
from matplotlib.ticker import MaxNLocator

from diffusion_vae.comparison.comparison import Comparison
from diffusion_vae.comparison.verdict import SURE

FARTHEST = 5.0  # medians of the distances to the best: what is farther is only pointed at
EDGE = 3.0  # percent of the width that stay free at either end


def likelihood_chart(comparison: Comparison) -> dict[str, Any]:
    """Where the marks stand.

    Returns:
        `rows`, best first: `name`, `best` (whether it is named), `value`, `low` and `high` (two
        standard errors), `trainings`, `elbo` (each `None` if it lies left of the axis), `words`.
        `ticks`: place and text. `baseline`: text and place, or `None`. `elbo_leader`: who leads
        by the ELBO, if it is another.
    """
    rows = comparison.rows()
    values = np.array([row["log_likelihood"] for row in rows])
    errors = SURE * np.array([row["standard_error"] for row in rows])
    elbos = np.array([row["elbo"] for row in rows])
    baseline = None if comparison.baseline is None else float(comparison.baseline.mean())
    reach = FARTHEST * max(float(np.median(values[0] - values)), 1e-9)
    seen = values >= values[0] - reach
    low = min((values - errors)[seen].min(), elbos[seen].min())
    low = max(low, values[0] - 2 * reach) if len(rows) > 1 else low
    high = max((values + errors).max(), elbos.max())
    span = max(high - low, 1e-6)

    def place(value: float) -> float | None:
        if not low - 1e-9 <= value <= high + 1e-9:
            return None
        return round(EDGE + (100 - 2 * EDGE) * (value - low) / span, 2)

    drawn = [
        {
            "name": row["manifold"],
            "best": row["manifold"] == comparison.best,
            "value": place(value),
            "low": place(max(value - error, low)),
            "high": place(value + error),
            "trainings": [place(mean) for mean in comparison[row["manifold"]].scores.mean(axis=1)],
            "elbo": place(row["elbo"]),
            "words": f"{row['manifold']}: log-likelihood {value:.2f} ± {error:.2f} (two standard "
            f"errors), ELBO {row['elbo']:.2f}",
        }
        for row, value, error in zip(rows, values, errors, strict=True)
    ]
    ticks = MaxNLocator(5, min_n_ticks=2).tick_values(low, high)
    return {
        "rows": drawn,
        "ticks": [(at, f"{tick:g}") for tick in ticks if (at := place(tick)) is not None],
        "baseline": None if baseline is None else (f"{baseline:.2f}", place(baseline)),
        "elbo_leader": _other_leader(rows),
    }


def _other_leader(rows: list[dict[str, Any]]) -> str | None:
    """The candidate of the largest ELBO, if it is not the one of the largest log-likelihood."""
    leader = max(rows, key=lambda row: row["elbo"])["manifold"]
    return None if leader == rows[0]["manifold"] else leader
