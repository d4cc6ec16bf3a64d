"""Settings under which a kind of model shows on a data set what it is for."""

# (model, data set) -> fields of `ExperimentConfig`; `None`: whatever the data set.
RECIPES: dict[tuple, dict] = {}


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
