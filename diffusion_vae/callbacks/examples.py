"""What a callback needs after the training is checked before it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from diffusion_vae.datasets import Dataset


def require_pictured(dataset: Any) -> Dataset | np.ndarray:
    """Returns a `Dataset` or an array of examples `[n, *event]`, of which pictures are drawn.

    Raises:
        TypeError: If it is neither, such as a pipeline or a pair.
        ValueError: If there is no example, or they are not finite numbers.
    """
    from diffusion_vae.datasets import Dataset
    from diffusion_vae.models.arguments import require_examples

    if isinstance(dataset, Dataset):
        require_examples("dataset.test", dataset.test[:1])
        return dataset
    if not hasattr(dataset, "shape") or not hasattr(dataset, "__array__"):
        raise TypeError(
            "Expected `dataset` to be a `Dataset` or an array of examples [n, ...] to draw "
            f"pictures of. Received: {type(dataset).__name__}. Pass some held-out examples as "
            "one array, without labels."
        )
    require_examples("dataset", np.asarray(dataset))
    return dataset


def require_fitting(model: Any, dataset: Dataset | np.ndarray) -> None:
    """Raises before the training if a model could not be drawn with these examples after it.

    Args:
        model: The model that trains. One that is not built takes any shape.
        dataset: What `require_pictured` returned.

    Raises:
        TypeError: If the model is not one of this library.
        ValueError: If the examples have another shape than the model was built for, or the model
            must be told a condition of each.
    """
    from diffusion_vae.datasets import Dataset
    from diffusion_vae.models import VariationalAutoencoder
    from diffusion_vae.models.arguments import check_event

    if not isinstance(model, VariationalAutoencoder):
        raise TypeError(
            "Expected a model of diffusion_vae, whose pictures are drawn. Received: "
            f"{type(model).__name__}."
        )
    if model.condition is not None:
        raise ValueError(
            "Expected a model without a condition, which can be drawn from examples alone. "
            f"Received: one with condition={model.condition!r}. Leave out `dataset`, and draw the "
            "trained model with `encode` and `decode`."
        )
    event = dataset.event_shape if isinstance(dataset, Dataset) else dataset.shape[1:]
    check_event("dataset", tuple(event), model.event_shape if model.built else None)


def require_factors(dataset: Any) -> Dataset:
    """Returns a `Dataset`: its factors are the true places of examples.

    Raises:
        TypeError: If it is none.
    """
    from diffusion_vae.datasets import Dataset

    if not isinstance(dataset, Dataset):
        raise TypeError(
            "Expected `dataset` to be a `Dataset`, whose known factors the encoder is compared "
            f"with. Received: {type(dataset).__name__}."
        )
    return dataset
