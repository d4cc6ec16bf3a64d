"""The report of a table: our runs, row by row, beside the published numbers."""

import csv
import math
import numbers
import statistics
from pathlib import Path
from typing import Any

from diffusion_vae.files import read_object, replacing, write_json
from diffusion_vae.runs.flat import flatten
from diffusion_vae.runs.reproduce.plan import Table


def write_report(table: Table, out: str | Path) -> list[Path]:
    """Writes `OUT/table.{json,csv,md}` from the finished jobs in `OUT`.

    Args:
        table: A `Table`.
        out: Folder of the jobs' JSON files.

    Returns:
        The three paths.
    """
    out = Path(out)
    reports = [read_report(path) for path in sorted(out.glob("*-seed-*.json"))]
    rows = []
    for name in table.rows:
        own = [report for report in reports if report["row"] == name]
        rows += [_row(table, name, own)] if own else []
        best = chosen_starts(own, table.starts, table.start_metric) if table.starts > 1 else []
        rows += [_row(table, f"{name}, best of {table.starts} starts", best)] if best else []
    paths = [out / f"table.{ending}" for ending in ("json", "csv", "md")]
    write_json(paths[0], {"table": table.name, "title": table.title, "rows": rows})
    _write_csv(paths[1], rows)
    with replacing(paths[2]) as temporary:
        temporary.write_text(_markdown(table, rows, reports))
    return paths


def read_report(path: str | Path) -> dict[str, Any]:
    """What a finished job has written.

    Raises:
        ValueError: If the file is damaged or was edited so that it is no such report.
    """
    report = read_object(path)
    needed = {"row": str, "record": dict, "versions": dict, "machine": str, "elbo": numbers.Real}
    for name, kind in needed.items():
        if not isinstance(report.get(name), kind):
            raise ValueError(
                f"Expected {path} to be the report of a finished run, with {', '.join(needed)}. "
                f"Received: {name}={report.get(name)!r}. Remove the file to repeat the run."
            )
    return report


def chosen_starts(reports: list[dict[str, Any]], count: int, metric: str) -> list[dict[str, Any]]:
    """The run of the largest metric among every `count` seeds, where all of them have run."""
    starts: dict[int, list[dict[str, Any]]] = {}
    for report in reports:
        starts.setdefault(report["record"]["seed"] // count, []).append(report)
    whole = [group for group in starts.values() if len(group) == count]
    return [max(group, key=lambda report: report[metric]) for group in whole]


def compare(values: list[float], published: float, more_is_better: bool) -> str | None:
    """`"better"`, `"equal"` or `"worse"`, by two standard errors of the mean of `values`.

    With a single run there is no standard error, and so no verdict: `None`.
    """
    if len(values) < 2:
        return None
    error = statistics.stdev(values) / math.sqrt(len(values))
    gain = statistics.mean(values) - published
    gain = gain if more_is_better else -gain
    if abs(gain) <= 2.0 * error:
        return "equal"
    return "better" if gain > 0 else "worse"


def _row(table: Table, name: str, reports: list[dict[str, Any]]) -> dict[str, Any]:
    published = table.published.get(name, {})
    corrected = {**published, **table.corrected.get(name, {})}
    records = [report["record"] for report in reports]
    row = {"row": name, "runs": len(reports), "seeds": [record["seed"] for record in records]}
    row["epochs"] = [record["fit"]["epochs"] for record in records]
    for metric, (_, _, more_is_better) in table.metrics.items():
        values = [report[metric] for report in reports if metric in report]
        if not values:  # a latent space on which this cannot be measured
            row[metric] = row[f"{metric}_std"] = None
            continue
        row[metric] = statistics.mean(values)
        row[f"{metric}_std"] = statistics.stdev(values) if len(values) > 1 else None
        row[f"{metric}_published"] = published.get(metric)
        row[f"{metric}_corrected"] = corrected.get(metric)
        if metric in corrected and more_is_better is not None:
            row[f"{metric}_verdict"] = compare(values, corrected[metric], more_is_better)
    return row


def _write_csv(path: Path, rows: list[dict[str, Any]]) -> None:
    names = list(dict.fromkeys(name for row in rows for name in row))
    with replacing(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(rows)


def _markdown(table: Table, rows: list[dict[str, Any]], reports: list[dict[str, Any]]) -> str:
    shown = {  # metric -> whether some row has a published number to stand beside
        metric: any(row.get(f"{metric}_published") is not None for row in rows)
        for metric in table.metrics
    }
    judged = [metric for metric in shown if any(f"{metric}_verdict" in row for row in rows)]
    names = ["", "runs", "epochs"]
    for metric, published in shown.items():
        heading = table.metrics[metric][0]
        names += [heading, f"{heading}, published"] if published else [heading]
    if judged:
        names.append(f"verdict on {', '.join(table.metrics[metric][0] for metric in judged)}")
    lines = [f"## {table.title}", "", f"`diffusion-vae reproduce {table.name}`", ""]
    lines += [*_conditions(table, reports, judged), ""]
    lines += [_line(names), "|" + "---|" * len(names)]
    lines += [_line(_cells(table, row, shown, judged)) for row in rows]
    return "\n".join(lines) + "\n"


def _line(cells: list[str]) -> str:
    return "| " + " | ".join(cells) + " |"


def _conditions(table: Table, reports: list[dict[str, Any]], judged: list[str]) -> list[str]:
    """What the numbers hold for: settings, seeds, machine."""
    seeds = dict.fromkeys(str(report["record"]["seed"]) for report in reports)
    kernel = _setting("kernel", reports)
    about = [
        f"Batch {_setting('fit.batch_size', reports)}, {_setting('optimizer', reports)} "
        f"{_setting('learning_rate', reports)}, "
        f"schedule {_setting('schedule', reports)}, "
        f"{'' if kernel == 'None' else f'kernel {kernel}, '}seeds {', '.join(seeds)}; test set; "
        f"{_samples(table)}"
        f"{', '.join(dict.fromkeys(_machine(report) for report in reports))}.",
        "Mean and standard deviation over runs.",
    ]
    if table.starts > 1:
        about.append(
            f"Best of {table.starts} starts: of every {table.starts} seeds, the run of the "
            f"largest {table.start_metric}."
        )
    if judged:
        about.append(
            "Published: as printed, in brackets with the right constants, against which the "
            "verdict stands (two standard errors of our mean; none for a single run)."
        )
    return about


def _setting(name: str, reports: list[dict[str, Any]]) -> str:
    """A setting as most rows have it, and in brackets the rows that have another."""
    rows: dict[str, dict[str, None]] = {}
    for report in reports:
        rows.setdefault(str(flatten(report["record"]).get(name)), {})[report["row"]] = None
    usual, *others = sorted(rows, key=lambda value: -len(rows[value]))
    exceptions = "; ".join(f"{value} on {', '.join(rows[value])}" for value in others)
    return f"{usual} ({exceptions})" if exceptions else usual


def _samples(table: Table) -> str:
    if not table.importance_samples:
        return ""
    prior = f", {table.prior_share:.0%} of them from the prior" if table.prior_share else ""
    return f"log-likelihood by {table.importance_samples} importance samples{prior}; "


def _machine(report: dict[str, Any]) -> str:
    backend = report["versions"]["backend"]
    return f"{report['machine']}, {backend} {report['versions'].get(backend, '')}".rstrip()


def _cells(
    table: Table, row: dict[str, Any], shown: dict[str, bool], judged: list[str]
) -> list[str]:
    epochs = ", ".join(map(str, dict.fromkeys(row["epochs"])))
    cells = [row["row"], str(row["runs"]), epochs]
    for metric, is_published in shown.items():
        form, spread = table.metrics[metric][1], row[f"{metric}_std"]
        if row[metric] is None:
            cells.append("")
        elif form is None:
            cells.append(f"{round(row[metric] * row['runs'])} of {row['runs']}")
        else:
            ours = form.format(row[metric])
            cells.append(ours if spread is None else f"{ours} ± {form.format(spread)}")
        if is_published:
            published, corrected = row.get(f"{metric}_published"), row.get(f"{metric}_corrected")
            text = "" if published is None else form.format(published)
            cells.append(text if corrected == published else f"{text} ({form.format(corrected)})")
    if judged:
        cells.append(", ".join(row.get(f"{metric}_verdict") or "-" for metric in judged))
    return cells
