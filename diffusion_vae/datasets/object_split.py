"""Pictures of many objects, split into training and test by object."""

from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import require_choice, require_fraction

TRAIN, TEST, UNLABELLED = 1, 0, 2

SplitUnit: TypeAlias = Literal["object", "example"]


def split_objects(
    objects: ArrayLike,
    split: SplitUnit,
    train_share: float,
    seed: int,
    *,
    unlabelled_share: float = 0.0,
    where: str = "the data",
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Numbers the objects and tags each picture TRAIN, TEST or UNLABELLED.

    Args:
        objects: Name of the object in each picture, `[N]`.
        split: `"object"`, or `"example"` to split single pictures (for one object).
        train_share: Share of the supervised objects for training; the rest is for testing.
        seed: Seed of the split.
        unlabelled_share: Share of all objects that join the training set unsupervised.
        where: Name of the data in an error.

    Returns:
        Names of the objects, sorted; for each picture the number of its object `[N]`, and
        its tag `[N]`.

    Raises:
        ValueError: If an option is unknown, or one of the two sets would be empty.
    """
    require_choice("split", split, ("object", "example"))
    names, labels = np.unique(objects, return_inverse=True)
    units = labels if split == "object" else np.arange(len(labels))  # [N]
    tags = split_tags(units.max() + 1, train_share, unlabelled_share, seed)[units]  # [N]
    if np.all(tags == TEST) or not np.any(tags == TEST):
        raise ValueError(
            f"Expected enough objects for training and testing. Received: {len(names)} in "
            f"{where}; change `train_share`, or pass split='example' to split images."
        )
    return names, labels, tags


def split_tags(count: int, train_share: float, unlabelled_share: float, seed: int) -> np.ndarray:
    """Random tags TRAIN, TEST and UNLABELLED of `count` units, integer `[count]`.

    Unlabelled units are set aside first; of the rest a share is for training.
    """
    unlabelled = round(require_fraction("unlabelled_share", unlabelled_share) * count)
    train = round(require_fraction("train_share", train_share) * (count - unlabelled))
    tags = np.full(count, TEST)
    tags[:unlabelled] = UNLABELLED
    tags[unlabelled : unlabelled + train] = TRAIN
    return np.random.default_rng(seed).permutation(tags)
