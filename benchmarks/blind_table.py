"""The tables of the blind trials: rates, confusion matrices, misses; from records alone."""

import math

import numpy as np
from verdicts import markdown_table

from diffusion_vae import manifolds

BLIND = ("a", "b", "c")
LEAST = {"a": 0.9, "b": 0.9, "c": 0.8}  # share that the verdict is to name
MOST_BEATEN = " (target ≤ 5%)"
SIGNIFICANT = 2.0  # standard errors
# The candidates that can imitate a space and so may tie with it: its cover, by a decoder that is
# the same at identified points; a product with it, by ignoring a factor; SO(3), whose turns
# about an axis a decoder can ignore, which leaves the axis.
NESTED = {
    "sphere:1": ("torus:2", "sphere:1 x euclidean:1"),
    "sphere:2": ("so3",),
    "torus:2": (),
    "projective:2": ("sphere:2", "so3"),
    "so3": ("sphere:3",),
    "sphere:3": (),
    "sphere:1 x euclidean:1": (),
    "euclidean:1": ("sphere:1 x euclidean:1", "euclidean:2", "euclidean:3", "euclidean:4"),
    "euclidean:2": ("euclidean:3", "euclidean:4"),
    "euclidean:3": ("euclidean:4",),
    "euclidean:4": (),
}


def first_by_margin(record):
    """Whether the truth is better by more than two standard errors than every candidate that
    cannot imitate it."""
    rivals = set(record["margins"]) - set(NESTED[record["space"]])
    return all(_standard_errors(record, rival) > SIGNIFICANT for rival in rivals)


def beaten(record):
    """Whether any candidate is better than the truth by more than two standard errors."""
    return any(_standard_errors(record, rival) < -SIGNIFICANT for rival in record["margins"])


def named(record):
    """The verdict's manifold; `None` if it names none or is undecided."""
    return record["best"] if record["decided"] else None


def held(record):
    """Whether the verdict names the truth and the margins bear it out."""
    return named(record) == record["space"] and first_by_margin(record)


def best_by(record, key):
    """The candidate for which a number is largest."""
    rows = [row for row in record["candidates"] if row[key] is not None]
    return max(rows, key=lambda row: row[key])["manifold"]


def homology_agrees(record):
    """Whether the Betti numbers of the data are those of the truth, as far as they were taken;
    `None` where they were not."""
    if record["homology"] is None:
        return None
    if None in record["homology"].values():
        return False  # it is unclear
    manifold = manifolds.get(record["space"])
    for prime, found in record["homology"].items():
        true = (*manifold.betti_numbers(int(prime)), *(0,) * len(found))
        if tuple(found) != true[: len(found)]:
            return False
    return True


def rates(records):
    """A row for each kind and one for all: how often what names the truth."""
    header = ("kind", "data sets", "verdict names the truth", "so, by > 2 SE", "target",
              "undecided", "verdict names another", "largest log-likelihood", "largest ELBO",
              "Betti numbers agree", "beaten by > 2 SE")  # fmt: skip
    rows = []
    for kind in (*BLIND, "all"):
        group = [r for r in records if kind in (r["kind"], "all")]
        if not group:
            continue
        truths = [r["space"] for r in group]
        agree = [homology_agrees(r) for r in group]
        rows.append([
            kind,
            len(group),
            _share(named(r) == r["space"] for r in group),
            _share(map(held, group)),
            f"≥ {LEAST[kind]:.0%}" if kind in LEAST else None,
            _share(named(r) is None for r in group),
            _share(named(r) not in (None, r["space"]) for r in group),
            _share(best_by(r, "log_likelihood") == t for r, t in zip(group, truths, strict=True)),
            _share(best_by(r, "elbo") == t for r, t in zip(group, truths, strict=True)),
            _share(a for a in agree if a is not None),
            _share(map(beaten, group)) + (MOST_BEATEN if kind == "all" else ""),
        ])  # fmt: skip
    return markdown_table(header, rows)


def confusion(records, name):
    """Truths in rows, in columns what `name(record)` says, `None` as "none"."""
    spaces = [space for space in NESTED if any(r["space"] == space for r in records)]
    said = {name(r) or "none" for r in records}
    columns = [c for c in (*NESTED, "none") if c in said or c in spaces]
    rows = []
    for space in spaces:
        found = [name(r) or "none" for r in records if r["space"] == space]
        counts = [found.count(column) or None for column in columns]
        rows.append([space, *(f"**{n}**" if c == space and n else n for c, n in
                              zip(columns, counts, strict=True))])  # fmt: skip
    return markdown_table(("truth", *columns), rows)


def misses(records):
    """All trials in which the verdict or its margins fail, with their worst margin."""
    rows = []
    for record in records:
        if held(record):
            continue
        rivals = set(record["margins"]) - set(NESTED[record["space"]])
        worst = min(rivals, key=lambda rival: _standard_errors(record, rival))
        rows.append([
            f"{record['kind']}, {record['space']}, {record['index']}",
            named(record) or "none",
            f"{worst}: {_plus_minus(record['margins'][worst])}",
            best_by(record, "elbo"),
            record["verdict"],
        ])  # fmt: skip
    header = ("data set", "named", "least margin of the truth, nats", "largest ELBO", "verdict")
    return markdown_table(header, rows)


def none_table(records):
    """Data on none of the candidates: what was said of them."""
    rows = [
        [f"{r['space']}, {r['index']}", r["decided"], named(r) or "none", _betti(r), r["verdict"]]
        for r in records
    ]
    header = ("data set", "decided", "named", "Betti numbers over Z/2; Z/3", "verdict")
    return markdown_table(header, rows)


def mgplvm_table(records):
    """Mean log-likelihoods of mGPLVM's protocol, and how often the truth has the largest."""
    candidates = [row["manifold"] for row in records[0]["candidates"]]
    rows = []
    for shape in sorted({(r["space"], r["shape"][0]) for r in records}):
        group = [r for r in records if (r["space"], r["shape"][0]) == shape]
        likelihoods = [
            {row["manifold"]: row["log_likelihood"] for row in r["candidates"]} for r in group
        ]
        rows.append([
            shape[0],
            shape[1],
            len(group),
            *(f"{np.mean([each[c] for each in likelihoods]):.2f}" for c in candidates),
            _share(best_by(r, "log_likelihood") == r["space"] for r in group),
            _share(best_by(r, "elbo") == r["space"] for r in group),
            _share(map(held, group)),
        ])  # fmt: skip
    header = ("truth", "conditions", "data sets", *candidates, "largest log-likelihood",
              "largest ELBO", "verdict, by > 2 SE")  # fmt: skip
    return markdown_table(header, rows)


def markdown(records):
    """The page of all records."""
    blind = [r for r in records if r["kind"] in BLIND]
    parts = ["# Blind trials", HEAD]
    if blind:
        parts += ["## How often the truth is named", rates(blind)]
        for kind in BLIND:
            group = [r for r in blind if r["kind"] == kind]
            if group:
                parts += [f"## Kind {kind}: the verdict", confusion(group, named)]
                parts += [f"Kind {kind}: the largest ELBO.", confusion(group, _best_by_elbo)]
        parts += ["## Trials that miss", misses(blind)]
    none = [r for r in records if r["kind"] == "none"]
    if none:
        parts += ["## Data on none of the candidates", none_table(none)]
    gplvm = [r for r in records if r["kind"] == "mgplvm"]
    if gplvm:
        parts += ["## mGPLVM's protocol", mgplvm_table(gplvm)]
    if records:
        minutes = np.median([r["seconds"] for r in records]) / 60.0
        about = records[-1]
        parts.append(f"{len(records)} comparisons, median {minutes:.1f} minutes each; "
                     f"{about['machine']}, {about['processor']}.")  # fmt: skip
    return "\n\n".join(part.strip() for part in parts) + "\n"


def write_table(records, path):
    path.write_text(markdown(records), encoding="utf-8")


HEAD = """
`python benchmarks/blind_manifolds.py --kind KIND --out docs/results/blind`, then `--table`; a
JSON a trial, with its own command, in `blind/`. Kind a: random smooth maps into R^50; b: spike
counts of 100 neurons, given as 2 sqrt(x + 3/8) to a Gaussian likelihood; c: pictures of 16x16.
Every comparison has the same candidates. "By > 2 SE": better by more than two standard errors than
every candidate that cannot imitate the truth (the cover of a quotient, a product of which a
factor is ignored, and SO(3) for an axis can). Betti numbers agree if those of the data are the
truth's; a cylinder's are a circle's, and all R^d share theirs.
"""


def _best_by_elbo(record):
    return best_by(record, "elbo")


def _standard_errors(record, rival):
    difference, error = record["margins"][rival]
    if error > 0:
        return difference / error
    return math.copysign(math.inf, difference) if difference else 0.0


def _plus_minus(margin):
    return f"{margin[0]:.2f} ± {margin[1]:.2f}"


def _share(truths):
    truths = list(truths)
    return f"{sum(truths)} of {len(truths)}" if truths else "–"


def _betti(record):
    found = record["homology"]
    return (
        None
        if found is None
        else "; ".join(" ".join(map(str, found[p] or ["unclear"])) for p in ("2", "3"))
    )
