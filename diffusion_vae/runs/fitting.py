"""Training that starts anew when its loss is stuck, for models made in Python."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import keras
from numpy.typing import ArrayLike

from diffusion_vae import datasets
from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.datasets.curriculum import FrequencyCurriculum
from diffusion_vae.models import VariationalAutoencoder
from diffusion_vae.runs.recipes import RESTARTS
from diffusion_vae.runs.restart import StopIfStuck, attempt_seeds


@dataclass(frozen=True)
class Fitted:
    """A model and how it was trained.

    Attributes:
        model: The trained model.
        history: What training reported of each epoch, lists by name.
        restarts: How often training started anew.
        stuck: Whether the loss is stuck still, all restarts being used up.
    """

    model: VariationalAutoencoder
    history: dict[str, list[float]]
    restarts: int
    stuck: bool


def fit_with_restarts(
    make_model: Callable[[int], VariationalAutoencoder],
    x: "ArrayLike | datasets.Dataset",
    *,
    epochs: int,
    batch_size: int = 128,
    restarts: int = RESTARTS,
    seed: int = 0,
    callbacks: Callable[[], Sequence[keras.callbacks.Callback]] = list,
    verbose: Any = 0,
    **options: Any,
) -> Fitted:
    """Trains a model, and starts anew from another seed when its loss shows that it is stuck.

    For data without noise, such as pictures of all shifts of an object: a single start may fold
    or tear them. Only the training loss decides (`StopIfStuck`). The seed covers weights, noise
    and the order of the examples. Data with noise never look perfect: take `fit` for those.

    Args:
        make_model: A function from a seed to a new model; one that is not compiled gets Adam.
        x: Training examples `[N, ...]`, or a `Dataset`, of which the training examples are taken.
        epochs: Passes over the examples of a training that is not given up.
        batch_size: Examples a step.
        restarts: Most times to start anew.
        seed: Of the first training; those of the others follow from it.
        callbacks: A function that gives Keras callbacks, called once a training.
        verbose: As in Keras's `fit`; unless it is 0, restarts are reported.
        **options: Further arguments of `fit`, such as `validation_data`.

    Returns:
        A `Fitted`: model, history, number of restarts. A model that is stuck still is warned of.

    Raises:
        TypeError: If `make_model` makes no model of this library.
        ValueError: If a number is out of range, or the data do not fit the model.

    Example:
        >>> from diffusion_vae import FlatTorusVAE, datasets
        >>> from diffusion_vae.runs import fit_with_restarts
        >>> pictures = datasets.load("periodic_pictures", size=8, train_size=32)
        >>> fitted = fit_with_restarts(
        ...     lambda seed: FlatTorusVAE(2, seed=seed), pictures, epochs=1, restarts=0
        ... )
        >>> fitted.restarts
        0
    """
    require_integer("restarts", restarts, 0)
    require_integer("epochs", epochs, 1)
    require_integer("batch_size", batch_size, 1)
    require_integer("seed", seed, 0)
    if not isinstance(x, datasets.Dataset):
        examples = datasets.validate(x, "x")
        x = datasets.Dataset("x", train=examples, test=examples[:1])
    for attempt, attempt_seed in enumerate(attempt_seeds(seed, restarts)):
        keras.utils.set_random_seed(attempt_seed)
        model = make_model(attempt_seed)
        if not isinstance(model, VariationalAutoencoder):
            raise TypeError(
                "Expected `make_model` to make a model of diffusion_vae from a seed. Received: "
                f"{type(model).__name__}."
            )
        if not model.compiled:
            model.compile("adam")
        guard = StopIfStuck.of(model, FrequencyCurriculum(x), x.train)
        batches = ShuffledBatches(x, batch_size, attempt_seed)
        history = model.fit(
            batches,
            shuffle=False,
            epochs=epochs,
            callbacks=[batches.follow(), *([guard] if restarts else []), *callbacks()],
            verbose=verbose,
            **options,
        )
        if not guard.stuck or attempt == restarts:
            break
        if verbose:
            print(guard.sentence(attempt + 1, restarts))
    if guard.stuck:
        warnings.warn(
            f"The loss is stuck still, and the {restarts} restarts are used up.",
            UserWarning,
            stacklevel=2,
        )
    return Fitted(model, history.history, attempt, guard.stuck)
