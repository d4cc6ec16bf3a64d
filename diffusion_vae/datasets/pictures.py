"""Examples made from stored pictures: float32, channel last, uint8 scaled to [0, 1]."""

import dataclasses
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import require_choice, require_fraction, require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.checks import validate

BINARIZATIONS = (None, "threshold", "stochastic", "dynamic")

Binarization: TypeAlias = Literal["threshold", "stochastic", "dynamic"]


def as_examples(array: ArrayLike, name: str) -> np.ndarray:
    """Stored examples as float32; pictures get a channel axis, uint8 becomes [0, 1].

    Args:
        array: `[N, features]`, `[N, height, width]` or `[N, height, width, channels]`.
        name: Name of the array in an error.

    Returns:
        Checked float32 examples, `[N, features]` or `[N, height, width, channels]`.
    """
    stored = np.asarray(array)
    examples = validate(stored, name)  # [N, ...]
    if stored.dtype == np.uint8:
        examples = examples / np.float32(255)
    return examples[..., None] if examples.ndim == 3 else examples


def as_labels(labels: ArrayLike | None, count: int, name: str) -> np.ndarray | None:
    """Labels as an integer vector `[count]`; `None` stays `None`."""
    if labels is None:
        return None
    labels = np.asarray(labels)
    if labels.shape not in ((count,), (count, 1)):
        raise ValueError(
            f"Expected one label for each of the {count} examples of {name}. "
            f"Received: an array of shape {labels.shape}."
        )
    if not np.issubdtype(labels.dtype, np.number) or np.any(labels != np.floor(labels)):
        raise ValueError(
            f"Expected the labels of {name} to be whole numbers. Received: dtype {labels.dtype}."
        )
    return labels.reshape(count).astype(np.int64)


def split_examples(
    name: str,
    arrays: Mapping[str, np.ndarray],
    *,
    train_size: int | None = None,
    test_size: int | None = None,
    test_fraction: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Data set of stored arrays, split at random where they have no test set.

    Args:
        name: Name of the data in an error.
        arrays: A dict with `train` and perhaps `test`, `train_labels`, `test_labels`.
        train_size: Number of training examples to keep, the first ones; `None` keeps all.
        test_size: Number of test examples to keep, the first ones; `None` keeps all.
        test_fraction: Share of the examples for testing, if there is no test set.
        seed: Seed of the split.

    Returns:
        A `Dataset` without a name.
    """
    train = as_examples(arrays["train"], f"the training set of {name}")
    labels = as_labels(arrays.get("train_labels"), len(train), f"the training set of {name}")
    if "test" in arrays:
        test = as_examples(arrays["test"], f"the test set of {name}")
        test_labels = as_labels(arrays.get("test_labels"), len(test), f"the test set of {name}")
        if test.shape[1:] != train.shape[1:]:
            raise ValueError(
                f"Expected training and test examples of {name} of one shape. Received: "
                f"{train.shape[1:]} and {test.shape[1:]}."
            )
    else:
        chosen, rest = random_split(len(train), test_fraction, seed)
        test, train = train[rest], train[chosen]
        test_labels = None if labels is None else labels[rest]
        labels = None if labels is None else labels[chosen]
    kept = _kept_size(train_size, "train_size", len(train), name)
    tested = _kept_size(test_size, "test_size", len(test), name)
    if labels is None or test_labels is None:
        labels = test_labels = None
    return Dataset(
        name="",
        train=train[:kept],
        test=test[:tested],
        train_labels=None if labels is None else labels[:kept],
        test_labels=None if test_labels is None else test_labels[:tested],
        colouring=None if labels is None else "labels",
    )


def random_split(count: int, test_fraction: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Indices of a random training and test set, `[train]` and `[test]`, each sorted."""
    tests = round(count * require_fraction("test_fraction", test_fraction))
    order = np.random.default_rng(seed).permutation(count)
    return np.sort(order[tests:]), np.sort(order[:tests])


def binarized(dataset: Dataset, method: Binarization | None, seed: int = 0) -> Dataset:
    """Data set of 0/1 pixels.

    `"threshold"` sets pixels above one half to one. `"stochastic"` draws each pixel
    once, with its grey value as the probability. `"dynamic"` draws the training
    set anew in each epoch (`Dataset.as_tf_dataset`, `Dataset.epoch`) and leaves
    the grey values in `train`; its test set is one fixed draw.

    Args:
        dataset: Pictures with values in [0, 1].
        method: One of the above, or `None` for no change.
        seed: Seed of the draws; train and test are drawn independently.

    Returns:
        A `Dataset`.
    """
    require_choice("binarize", method, BINARIZATIONS)
    if method is None:
        return dataset
    validate(dataset.train, "the pictures to binarize", likelihood="bernoulli")
    streams = [np.random.default_rng([seed, split]) for split in range(2)]

    def draw(pictures: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        if method == "threshold":
            return (pictures > 0.5).astype(np.float32)
        return (rng.random(pictures.shape, dtype=np.float32) < pictures).astype(np.float32)

    return dataclasses.replace(
        dataset,
        train=dataset.train
        if method == "dynamic"
        else draw(np.asarray(dataset.train), streams[0]),
        test=draw(dataset.test, streams[1]),
        dynamic_binarization=method == "dynamic",
    )


def _kept_size(size: int | None, option: str, available: int, name: str) -> int:
    if size is None:
        return available
    if require_integer(option, size, 1) > available:
        raise ValueError(
            f"Expected `{option}` to be at most {available}, the examples there are in {name}. "
            f"Received: {size}."
        )
    return size
