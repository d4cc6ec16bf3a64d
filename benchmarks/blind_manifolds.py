"""Blind trials of `compare_manifolds`: given nothing but data, does it name their manifold?

python benchmarks/blind_manifolds.py --kind a --out docs/results/blind
python benchmarks/blind_manifolds.py --kind b --space torus:2 --index 0 1 2 --jobs 2 --out OUT
python benchmarks/blind_manifolds.py --kind mgplvm --conditions 300 --out OUT
python benchmarks/blind_manifolds.py --table --out docs/results/blind

Kinds: `a` random smooth maps, `b` spike counts, `c` pictures (`blind_data.py`), `none` data on
none of the candidates, `mgplvm` that paper's protocol. All of `a`, `b`, `c` and `none` have one
list of candidates. Each data set becomes one JSON in the folder OUT; what is there is not done
again. `--table` writes OUT.md of all that are there.

Counts are given as 2 sqrt(x + 3/8), which has a variance of about 1, with a Gaussian likelihood:
the library has no Poisson likelihood. For pictures and for smooth maps the likelihood is Gaussian
as well; its scales are learned everywhere.
"""

import argparse
import json
import shlex
from pathlib import Path

import blind_data
from blind_table import write_table

SPACES = tuple(blind_data.SPACES)
CANDIDATES = ("euclidean:1", *SPACES, "euclidean:4")
MGPLVM_CANDIDATES = (*blind_data.MGPLVM, "euclidean:2", "euclidean:3")
PLAN = {  # kind: what there is of it, and how many of each
    "a": (SPACES, 10),
    "b": (SPACES, 5),
    "c": (SPACES, 3),
    "none": (blind_data.NONE, 3),
    "mgplvm": (blind_data.MGPLVM, 10),
}


def data_of(kind, space, index, conditions=200):
    """The data of a trial, as they are given to the comparison."""
    if kind == "none":
        return blind_data.make_none(space, index)
    if kind == "mgplvm":
        return blind_data.make_mgplvm(space, index, conditions)[0]
    x, _ = blind_data.make(kind, space, index)
    return blind_data.square_root(x).astype("float32") if kind == "b" else x


def trial(kind, space, index, *, seeds, seed, jobs, folder, conditions):
    """One comparison, as a record: all numbers of all candidates, verdict, margins, homology."""
    from timing import about

    from diffusion_vae import compare_manifolds

    x = data_of(kind, space, index, conditions)
    candidates = MGPLVM_CANDIDATES if kind == "mgplvm" else CANDIDATES
    result = compare_manifolds(
        x,
        list(candidates),
        seeds=seeds,
        seed=seed,
        folder=folder,
        jobs=jobs,
    )
    rows = [numbers_of(candidate) for candidate in result.candidates]
    return {
        **about(),
        "command": command(kind, space, index, seeds, seed, jobs, conditions),
        "kind": kind,
        "space": space,
        "index": index,
        "seeds": seeds,
        "seed": seed,
        "shape": list(x.shape),
        "seconds": sum(row["seconds"] for row in rows),  # also of those that were there
        "best": result.best,
        "decided": bool(result.decided),
        "verdict": str(result.verdict),
        "candidates": rows,
        "by_elbo": [row["manifold"] for row in sorted(rows, key=lambda row: -row["elbo"])],
        "margins": margins(result, space, candidates),
        "homology": homology(result.cloud),
    }


def margins(result, space, candidates):
    """Mean difference of the truth over every candidate, and its standard error."""
    if space not in candidates:
        return None
    others = [other for other in candidates if other != space]
    found = {other: result.margin(space, other) for other in others}
    return {other: [each.difference, each.standard_error] for other, each in found.items()}


def numbers_of(candidate):
    """What a candidate says of itself, the ELBO as a mean over its trainings."""
    told = candidate.numbers()
    return {**told, "elbo": sum(told["elbo"]) / len(told["elbo"])}


def homology(cloud):
    """Betti numbers of the data as persistent homology reads them, `{prime: [b0, b1, ...]}`;
    `None` where it was not asked, or what it found is unclear."""
    if cloud is None or not cloud.homology:
        return None
    found = {prime: holes.betti_numbers for prime, holes in cloud.homology.items()}
    return {str(prime): None if each is None else list(each) for prime, each in found.items()}


def command(kind, space, index, seeds, seed, jobs, conditions):
    """The command line of one trial."""
    words = ["--kind", kind, "--space", space, "--index", index, "--seeds", seeds, "--seed", seed]
    words += ["--conditions", conditions] if kind == "mgplvm" else []
    words += ["--jobs", jobs, "--out", "OUT"]
    return shlex.join(["python", "benchmarks/blind_manifolds.py", *map(str, words)])


def record_path(out, kind, space, index, conditions):
    """File of a trial, whose name has neither spaces nor colons."""
    group = f"{kind}-{conditions}" if kind == "mgplvm" else kind
    return out / f"{group}-{space.replace(' ', '-').replace(':', '-')}-{index}.json"


def main(words=None):
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kind", choices=list(PLAN))
    parser.add_argument("--space", nargs="+", help="default: all of the kind")
    parser.add_argument("--index", type=int, nargs="+", help="default: as many as are planned")
    parser.add_argument("--seeds", type=int, default=3, help="trainings of each candidate")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument(
        "--conditions", type=int, default=200, help="examples of mgplvm: 200 or 300"
    )
    parser.add_argument("--runs", type=Path, help="keeps unfinished comparisons in this folder")
    parser.add_argument("--table", action="store_true")
    parser.add_argument("--out", type=Path, required=True)
    arguments = parser.parse_args(words)
    if arguments.kind:
        spaces, count = PLAN[arguments.kind]
        unknown = set(arguments.space or ()) - set(spaces)
        if unknown:
            parser.error(f"kind {arguments.kind} has no {sorted(unknown)}; it has {spaces}")
        trials = [
            (arguments.kind, space, index)
            for index in arguments.index or range(count)
            for space in arguments.space or spaces
        ]
        arguments.out.mkdir(parents=True, exist_ok=True)
        run_all(trials, arguments)
    elif not arguments.table:
        parser.error("say what to do: --kind or --table")
    if arguments.table:
        records = [json.loads(path.read_text()) for path in sorted(arguments.out.glob("*.json"))]
        write_table(records, arguments.out.with_suffix(".md"))


def run_all(trials, arguments):
    from diffusion_vae.files import write_json

    for kind, space, index in trials:
        path = record_path(arguments.out, kind, space, index, arguments.conditions)
        if path.exists():
            continue
        record = trial(
            kind,
            space,
            index,
            seeds=arguments.seeds,
            seed=arguments.seed,
            jobs=arguments.jobs,
            folder=arguments.runs / path.stem if arguments.runs else None,
            conditions=arguments.conditions,
        )
        write_json(path, record)
        print(f"{kind}, {space}, {index}: {record['verdict']} ({record['seconds']:.0f} s)",
              flush=True)  # fmt: skip


if __name__ == "__main__":
    main()
