"""Settings under which a kind of model shows on a data set what it is for."""

from typing import Any

# (model, data set) -> settings, as `--set` takes them; `None`: whatever the data set.
RECIPES: dict[tuple[str, str | None], dict[str, Any]] = {
    ("diffusion", "periodic_pictures"): {"fit.epochs": 15},
    ("info", "periodic_pictures"): {"fit.epochs": 15},
    # Pictures of 64 pixels: at unit variance the best ELBO is that of the prior, and the posterior
    # collapses. From the spread of the pixels on, the points are used from the first step.
    ("diffusion", "digits"): {"likelihood.scale": "learned", "likelihood.variance": 0.05},
    ("info", "gaussian_mixture"): {  # 2,000 steps of the whole data
        "manifold": "euclidean:1", "fit.epochs": 20, "fit.passes": 100, "fit.batch_size": 512,
        "likelihood.scale": "predicted", "likelihood.per_dimension": True,
        "network.units": (100, 100), "network.activation": "tanh",
        "network.initializer": "lecun_uniform", "initial_log_time": -8.0,
        # From a scale as wide as the data the decoder first tells the clouds apart; from a narrow
        # one it may take their distance for noise, and spend the latent line on one cloud.
        "likelihood.variance": 25.0,
        # Only the divergence holds the points: it is there from the first step on. The
        # predicted scale makes the loss jump at a rate that does not fall.
        "kl_warmup_steps": 0, "schedule": "cosine",
    },
    # Generated pictures upset batch statistics.
    ("infocat", None): {"network.batch_norm": False},
    ("spatial", None): {  # pictures in the range of tanh
        "dataset.value_range": (-1, 1), "fit.batch_size": 100,
    },
}  # fmt: skip
RESTARTS = 12  # of a torus on periodic pictures: some starts fold it


def recipe(model: str, dataset: str) -> dict[str, Any]:
    """Settings that differ from the defaults for a kind of model and a data set.

    Args:
        model: Kind of model, such as `"info"`.
        dataset: Name of the data set.

    Returns:
        A dictionary; empty where the defaults serve.

    Example:
        >>> recipe("spatial", "cifar10")["fit.batch_size"]
        100
    """
    return {**RECIPES.get((model, None), {}), **RECIPES.get((model, dataset), {})}


def usual_restarts(dataset: str, manifold: str | None) -> int:
    """Restarts where none are chosen: some on data that a torus unfolds, else none."""
    return RESTARTS if dataset == "periodic_pictures" and manifold == "torus:2" else 0
