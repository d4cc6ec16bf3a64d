"""Settings under which a kind of model shows on a data set what it is for."""

# (model, data set) -> fields of `ExperimentConfig`; `None`: whatever the data set.
RECIPES: dict[tuple, dict] = {
    ("info", None): {"latent": "euclidean:2"},
    ("info", "gaussian_mixture"): {  # 2,000 steps of the whole data
        "latent": "euclidean:1", "epochs": 20, "passes": 100, "batch_size": 512,
        "scale": "predicted", "per_dimension": True,
        "encoder_units": (100, 100), "decoder_units": (100, 100), "activation": "tanh",
        "initializer": "lecun_uniform", "initial_log_time": -8.0,
        # From a scale as wide as the data the decoder first tells the clouds apart; from a narrow
        # one it may take their distance for noise, and spend the latent line on one cloud.
        "variance": 25.0,
        # Nothing but the divergence holds the points: it is there from the first step on. The
        # predicted scale makes the loss jump at a rate that does not fall.
        "kl_warmup_steps": 0, "schedule": "cosine",
    },
    ("infocat", None): {  # of the paper; generated pictures upset batch statistics
        "likelihood": "bernoulli", "encoder_units": (400,), "decoder_units": (400,),
        "batch_norm": False, "kl_warmup_steps": 0,
    },
    ("spatial", None): {  # pictures in the range of tanh
        "dataset_options": {"value_range": (-1, 1)}, "batch_size": 100,
    },
}  # fmt: skip


def recipe(model, dataset):
    """Fields of `ExperimentConfig` that differ from its defaults for this model and data set.

    Args:
        model: Kind of model, such as `"info"`.
        dataset: Name of the data set.

    Returns:
        A dictionary; empty where the defaults serve.
    """
    chosen = {**RECIPES.get((model, None), {}), **RECIPES.get((model, dataset), {})}
    return {"model": model, "dataset": dataset, **chosen} if chosen else {}
