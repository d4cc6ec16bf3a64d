"""Which manifold do data live on? Candidates trained alike, and scored on the same examples."""

import json
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import joblib
import keras
from filelock import FileLock, Timeout

from diffusion_vae import likelihoods, manifolds
from diffusion_vae.callbacks.versions import installed_versions
from diffusion_vae.checks import require_fraction, require_integer
from diffusion_vae.comparison.candidate import Candidate, measure_candidate
from diffusion_vae.comparison.candidates import default_candidates, name_of, space_key
from diffusion_vae.comparison.comparison import Comparison
from diffusion_vae.comparison.examples import Prepared, prepare
from diffusion_vae.comparison.folder import file_name, fingerprint, keep, kept
from diffusion_vae.comparison.forecast import duration, forecast
from diffusion_vae.comparison.training import Effort
from diffusion_vae.files import write_json, writing
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.manifolds import Manifold
from diffusion_vae.runs.threads import limit_threads


def compare_manifolds(
    x: Any,
    candidates: Sequence[Manifold | str] | None = None,
    *,
    likelihood: str | Likelihood = "gaussian",
    standardize: bool = True,
    seeds: int = 3,
    starts: int = 4,
    effort: Effort | None = None,
    test_fraction: float = 0.2,
    validation_fraction: float = 0.15,
    homology: bool = True,
    folder: str | Path | None = None,
    jobs: int = 1,
    seed: int = 0,
    verbose: bool | int = 1,
) -> Comparison:
    """Says on which of several manifolds data live, as far as they tell.

    Every candidate gets the same networks, the same split and the same effort (`Effort`):
    `seeds` x `starts` trials side by side, of which the best `seeds` train until their
    validation loss stops improving. Each is scored by its importance-weighted log-likelihood
    of the same test examples, with exact densities, refined posteriors and, up to three
    dimensions, half of the draws from the prior. Candidates are compared by paired differences
    (`Comparison.margin`).

    A larger space can stand in for a smaller one (S^2 for RP^2, a torus for a circle). Where
    their likelihoods are level, or the larger decoder only imitates, the smaller is named.

    Args:
        x: Examples `[n, *event]`, an array, a table with names, a path or a `Dataset`.
        candidates: Manifolds or their text forms; by default a list of all common ones.
        likelihood: `"gaussian"` (normal noise whose scales are learned: one a column, one for
            all pixels of pictures), another name such as `"bernoulli"` or `"poisson"`, or a
            `Likelihood`, of which copies train.
        standardize: Whether the networks see columns with mean 0 and variance 1 (pictures:
            all pixels together). Log-likelihoods are in the units of the data all the same.
            Data whose law leaves no choice, such as counts, stay as they are.
        seeds: Trainings that are scored, for each candidate.
        starts: Trials for each of them.
        effort: How long to train; replaces `seeds` and `starts`.
        test_fraction: Share of the examples that are scored, unless `x` has a test set.
        validation_fraction: Share of the others that judge trainings.
        homology: Whether holes are sought in data and codes, which takes some seconds and the
            package ripser (left out without it).
        folder: Where candidates are kept as they are finished. The same call goes on where an
            earlier one ended, and processes that share the folder share the work.
        jobs: Candidates at a time, each in a process of its own (joblib: inside
            `joblib.parallel_config(backend="dask")` they go to a cluster).
        seed: Of split, weights, noise, order and draws.
        verbose: Whether to print a line for each candidate.

    Returns:
        A `Comparison`.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If the data are not finite numbers or too few, a candidate is unknown or
            given twice, or the folder holds a comparison of other data or settings.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import compare_manifolds
        >>> angle = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, 1000)
        >>> x = np.stack([np.cos(angle), np.sin(angle), np.sin(2.0 * angle)], axis=1)
        >>> result = compare_manifolds(x, ["sphere:1", "euclidean:1"])  # doctest: +SKIP
        >>> result.best  # doctest: +SKIP
        'sphere:1'
    """
    if effort is None:
        effort = Effort(seeds=seeds, starts=starts)
    if not isinstance(effort, Effort):
        raise TypeError(f"Expected `effort` to be an `Effort`. Received: {effort!r}.")
    require_integer("jobs", jobs, 1)
    require_integer("seed", seed, 0)
    say: Callable[[str], Any] = print if verbose else lambda sentence: None
    spaces = _spaces(candidates)
    names = list(spaces)
    resolved = likelihoods.get(likelihood)  # a misspelt name is known at once
    law = likelihood if isinstance(likelihood, str) else _config(likelihood)
    data = prepare(
        x,
        standardize=standardize and resolved.takes_scaled_data,
        any_columns=resolved.columns is None,
        test_fraction=require_fraction("test_fraction", test_fraction),
        validation_fraction=require_fraction("validation_fraction", validation_fraction),
        seed=seed,
    )
    if not resolved.takes_scaled_data:
        for part in (data.split.train, data.split.validation, data.split.test):
            resolved.check_data(part)
    for note in data.notes:
        say(note)
    settings = {
        "data": fingerprint(data.split),
        "likelihood": law,
        "effort": asdict(effort),
        "seed": seed,
        "log_scale": data.log_scale,
    }
    settings = json.loads(json.dumps(settings))  # as a file gives them back
    folder = None if folder is None else Path(folder).expanduser().absolute()
    began = time.perf_counter()
    done: list[Candidate] = []
    if folder is not None:
        done = [found for name in names if (found := kept(folder, name, settings)) is not None]
    waiting = [name for name in names if name not in {each.manifold for each in done}]
    if done:
        say(f"{len(done)} of {len(names)} candidates are done already.")
    if waiting:
        say(forecast(len(waiting), data.split, effort, jobs))
    threads = max(1, joblib.cpu_count() // jobs) if jobs > 1 else None
    number, count = 0, len(waiting)
    for patient in (False, True):  # first what no other process works at
        outcomes = joblib.Parallel(n_jobs=jobs, return_as="generator_unordered")(
            joblib.delayed(_measured)(
                spaces[name], law, data, effort, seed, folder, settings, threads, patient
            )
            for name in waiting
        )
        for found in outcomes:
            if found is None:
                continue
            done.append(found)
            number += 1
            left = (time.perf_counter() - began) / number * (count - number)
            say(
                f"[{number}/{count}] {found.manifold}: log-likelihood "
                f"{found.log_likelihood:.2f} ± {found.standard_error:.2f} nats an example"
                + (f"; about {duration(left)} left" if left > 1 else "")
            )
        waiting = [name for name in waiting if name not in {each.manifold for each in done}]
    ordered = sorted(done, key=lambda each: names.index(each.manifold))
    comparison = Comparison.of(
        ordered,
        data,
        homology=homology,
        settings={**settings, "versions": installed_versions()},
        seconds=time.perf_counter() - began,
    )
    if folder is not None:
        write_json(folder / "comparison.json", comparison.as_dict())
    say(str(comparison.verdict))
    return comparison


def _spaces(candidates: Sequence[Manifold | str] | None) -> dict[str, Manifold]:
    """The candidates by name, each space once."""
    if candidates is None:
        candidates = default_candidates()
    if isinstance(candidates, (str, Manifold)) or not isinstance(candidates, Sequence):
        raise TypeError(
            "Expected `candidates` to be a list of manifolds or of their text forms. Received: "
            f"{candidates!r}."
        )
    if not candidates:
        raise ValueError("Expected at least one candidate. Received: none.")
    spaces: dict[str, Manifold] = {}
    keys: dict[str, str] = {}
    for candidate in candidates:
        space = manifolds.get(candidate)
        name = name_of(space)
        first = keys.setdefault(space_key(name), name)
        if name in spaces:
            raise ValueError(f"Expected each candidate once. Received: {name} twice.")
        if first != name:
            raise ValueError(
                f"Expected each candidate once. Received: {first} and {name}, which are one space."
            )
        spaces[name] = space
    return spaces


def _measured(
    space: Manifold,
    law: Any,
    data: Prepared,
    effort: Effort,
    seed: int,
    folder: Path | None,
    settings: dict[str, Any],
    threads: int | None,
    patient: bool,
) -> Candidate | None:
    """Trains and scores a candidate, or takes what another process has made of it meanwhile.

    `None` if another process works at it and this one is not patient.
    """
    if threads is not None:
        limit_threads(threads)
    likelihood = law if isinstance(law, str) else keras.saving.deserialize_keras_object(law)
    arguments = (space, likelihood, data.split, effort, seed, data.log_scale)
    if folder is None:
        return measure_candidate(*arguments)[0]
    name = name_of(space)
    lock = FileLock(folder / "locks" / f"{file_name(name)}.lock")
    with writing(lock.lock_file):
        Path(lock.lock_file).parent.mkdir(parents=True, exist_ok=True)
    try:
        with lock.acquire(timeout=-1 if patient else 0):
            found = kept(folder, name, settings)
            if found is None:
                found, model = measure_candidate(*arguments)
                keep(folder, found, model, settings)
            return found
    except Timeout:
        return None


def _config(likelihood: Likelihood) -> dict[str, Any]:
    return keras.saving.serialize_keras_object(likelihood)
