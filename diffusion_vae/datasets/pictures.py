"""Examples made from stored pictures: float32, channel last, whole numbers scaled to [0, 1]."""

import dataclasses
from collections.abc import Mapping
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import require_choice, require_fraction, require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.checks import validate
from diffusion_vae.datasets.value_range import find_white

BINARIZATIONS = (None, "threshold", "stochastic", "dynamic")

Binarization: TypeAlias = Literal["threshold", "stochastic", "dynamic"]


def scaled_examples(array: ArrayLike, name: str, white: float = 1.0) -> np.ndarray:
    """Stored examples as float32; pictures get a channel axis.

    Args:
        array: `[N, features]`, `[N, height, width]` or `[N, height, width, channels]`.
        name: Name of the array in an error.
        white: The stored number that becomes 1.

    Returns:
        Checked float32 examples, `[N, features]` or `[N, height, width, channels]`.
    """
    examples = validate(array, name)  # [N, ...]
    if white != 1.0:
        examples = examples / np.float32(white)
    return examples[..., None] if examples.ndim == 3 else examples


def labels_or_factors(
    known: ArrayLike | None, count: int, name: str
) -> tuple[np.ndarray | None, np.ndarray | None]:
    """What a file knows of each example: a class, or factors (several columns).

    Args:
        known: `[count]` or `[count, columns]`, or `None`.
        count: Number of examples.
        name: Name of the examples in an error.

    Returns:
        Labels, integers `[count]` or `None`; and factors, float64 `[count, columns]` or `None`.

    Raises:
        ValueError: If there is no row for each example, or a value is no finite number.
    """
    if known is None:
        return None, None
    known = np.asarray(known)
    remedy = "To leave them out, name the array of the examples with `key=`."
    if known.ndim not in (1, 2) or len(known) != count:
        raise ValueError(
            f"Expected one label for each of the {count} examples of {name}, or one row of "
            f"factors. Received: an array of shape {known.shape}. {remedy}"
        )
    if known.dtype.kind not in "buif" or not np.all(np.isfinite(known)):
        raise ValueError(
            f"Expected the labels of {name} to be whole numbers, or factors to be finite. "
            f"Received: dtype {known.dtype}. {remedy}"
        )
    table = known.reshape(count, -1)
    if table.shape[1] > 1:
        return None, table.astype(np.float64)
    if np.any(table != np.floor(table)):
        raise ValueError(
            f"Expected the labels of {name} to be whole numbers. Received: {known.dtype} with "
            f"fractions. {remedy}"
        )
    return table[:, 0].astype(np.int64), None


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
    splits = [split for split in ("train", "test") if split in arrays]
    names = {"train": f"the training set of {name}", "test": f"the test set of {name}"}
    stored = {split: np.asarray(arrays[split]) for split in splits}
    for split in splits:
        validate(stored[split], names[split])
    whites = {  # both sets by the range of both
        dtype: find_white(dtype, [a for a in stored.values() if a.dtype == dtype], name)
        for dtype in {array.dtype for array in stored.values()}
    }
    examples = {s: scaled_examples(a, names[s], whites[a.dtype]) for s, a in stored.items()}
    known = {
        split: labels_or_factors(arrays.get(f"{split}_labels"), len(examples[split]), names[split])
        for split in splits
    }
    train, (labels, factors) = examples["train"], known["train"]
    if "test" in arrays:
        test, (test_labels, test_factors) = examples["test"], known["test"]
        if test.shape[1:] != train.shape[1:]:
            raise ValueError(
                f"Expected training and test examples of {name} of one shape. Received: "
                f"{train.shape[1:]} and {test.shape[1:]}."
            )
    else:
        chosen, rest = random_split(len(train), test_fraction, seed)
        test, train = train[rest], train[chosen]
        test_labels, test_factors = _rows(labels, rest), _rows(factors, rest)
        labels, factors = _rows(labels, chosen), _rows(factors, chosen)
    kept = _kept_size(train_size, "train_size", len(train), name)
    tested = _kept_size(test_size, "test_size", len(test), name)
    if labels is None or test_labels is None:
        labels = test_labels = None
    if factors is None or test_factors is None:
        factors = test_factors = None
    return Dataset(
        name="",
        train=train[:kept],
        test=test[:tested],
        train_factors=_rows(factors, slice(kept)),
        test_factors=_rows(test_factors, slice(tested)),
        train_labels=_rows(labels, slice(kept)),
        test_labels=_rows(test_labels, slice(tested)),
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


def _rows(array: np.ndarray | None, index: np.ndarray | slice) -> np.ndarray | None:
    return None if array is None else array[index]


def _kept_size(size: int | None, option: str, available: int, name: str) -> int:
    if size is None:
        return available
    if require_integer(option, size, 1) > available:
        raise ValueError(
            f"Expected `{option}` to be at most {available}, the examples there are in {name}. "
            f"Received: {size}."
        )
    return size
