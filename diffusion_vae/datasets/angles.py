"""Angles of training and test examples, radians in [0, 2 pi)."""

import math
from collections.abc import Sequence

import numpy as np


def random_angles(count: int, circles: int, seed: int | Sequence[int]) -> np.ndarray:
    """Uniform angles, float32 `[count, circles]`."""
    return np.random.default_rng(seed).uniform(0.0, 2.0 * math.pi, (count, circles)).astype("f4")


def regular_angles(count: int, circles: int) -> np.ndarray:
    """A regular grid without a duplicated end point, float32 `[count, circles]`.

    Raises:
        ValueError: If `count` is not a whole number to the power `circles`.
    """
    side = round(count ** (1.0 / circles))
    if side**circles != count:
        raise ValueError(
            f"Expected `train_size` to be a whole number to the power {circles} for a regular "
            f"grid. Received: {count}. Use {side**circles}."
        )
    axis = 2.0 * math.pi * np.arange(side) / side
    grid = np.stack(np.meshgrid(*[axis] * circles, indexing="ij"), axis=-1)
    return grid.reshape(count, circles).astype("f4")


def split_angles(
    how: str, train_size: int, test_size: int, circles: int, seed: int
) -> tuple[np.ndarray, np.ndarray]:
    """Training angles, `"random"` or `"regular"`, and random test angles."""
    train = (
        regular_angles(train_size, circles)
        if how == "regular"
        else random_angles(train_size, circles, [seed, 0])
    )
    return train, random_angles(test_size, circles, [seed, 1])
