"""All runs of a results folder as one table, for a spreadsheet or pandas."""

import csv
import json
from pathlib import Path
from typing import Any

from diffusion_vae.files import read_object, replacing
from diffusion_vae.runs.flat import flatten
from diffusion_vae.runs.loading import load_run, run_names

ABOUT = ("run", "started", "attempt_seed")


def runs_table(root: str | Path) -> list[dict[str, Any]]:
    """One row for each run: its name, options and held-out numbers.

    Args:
        root: Folder of all runs.

    Returns:
        A list of dictionaries of one set of keys: what the run is, its options, then its
        metrics (and the log-likelihood, where `evaluate_run` has been called). What a run
        lacks is `None`.
    """
    rows = []
    for name in run_names(root):
        run = load_run(root, name)
        about = {key: run.experiment.get(key) for key in ABOUT}
        options = {k: v for k, v in flatten(run.experiment).items() if k not in about}
        later = run.root / "parameters" / name / "evaluation.json"
        metrics = {**run.metrics, **(read_object(later) if later.exists() else {})}
        if "topology" in metrics:
            metrics["topology"] = "captured" if metrics["topology"]["captured"] else "not captured"
        rows.append((about, options, {k: v for k, v in metrics.items() if k not in options}))
    keys = list(dict.fromkeys(key for part in range(3) for row in rows for key in row[part]))
    return [{key: (row[0] | row[1] | row[2]).get(key) for key in keys} for row in rows]


def write_runs_table(root: str | Path, path: str | Path) -> str | Path:
    """Writes `runs_table(root)` as a CSV file; lists and dictionaries stand there as JSON.

    Args:
        root: Folder of all runs.
        path: Where to write.

    Returns:
        The path.

    Raises:
        FileNotFoundError: If there are no runs.
    """
    rows = runs_table(root)
    if not rows:
        raise FileNotFoundError(f"There are no runs in {root} to write a table of.")
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0])
        writer.writeheader()
        for row in rows:
            writer.writerow({key: _cell(value) for key, value in row.items()})
    return path


def _cell(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, (list, tuple, dict)) else value
