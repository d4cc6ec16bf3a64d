"""Numbers of a run that is done."""

from pathlib import Path
from typing import Any

from diffusion_vae.evaluation import measure_topology, model_specific_metrics
from diffusion_vae.evaluation.topology import neighbourhoods
from diffusion_vae.files import write_json
from diffusion_vae.runs.loading import load_run
from diffusion_vae.runs.training import evaluate

NEIGHBOURS = 10  # of an example, when its neighbourhood is compared with that of its code


def evaluate_run(
    root: str | Path, run: str, which: str = "last", samples: int = 100, verbose: int = 0
) -> dict[str, Any]:
    """Evaluates a run on its held-out data and writes `evaluation.json`.

    Args:
        root: Folder of all runs.
        run: Name of the run.
        which: Which model, `"last"` or `"best"`.
        samples: Importance samples an example for the log-likelihood; 0: none.
        verbose: 1 shows a progress bar of the log-likelihood.

    Returns:
        A JSON-able dictionary, as written.
    """
    loaded = load_run(root, run, which)
    report = {
        "which": which,
        **evaluate(loaded.model, loaded.dataset, loaded.record.training.batch_size),
        **model_specific_metrics(loaded.model, loaded.dataset),
    }
    if samples:
        estimate = loaded.model.log_likelihood(
            loaded.dataset.test, samples=samples, verbose=verbose
        )
        report["log_likelihood"] = estimate.mean
        report["log_likelihood_standard_error"] = estimate.standard_error
        report["importance_samples"] = samples
    enough = len(loaded.dataset.test) > 2 * NEIGHBOURS
    if enough and getattr(loaded.model, "manifold", None) is not None:
        report |= neighbourhoods(loaded.model, loaded.dataset.test, NEIGHBOURS).as_dict()
    measured = measure_topology(loaded.model, loaded.dataset)
    if measured is not None:
        report["topology"] = measured.as_dict()
    write_json(loaded.root / "parameters" / loaded.name / "evaluation.json", report)
    return report
