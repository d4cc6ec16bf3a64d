"""The pictures of another data set, each turned by random angles."""

import math
from typing import Any

import numpy as np

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.base import SPLITS, Dataset
from diffusion_vae.datasets.registry import load, register
from diffusion_vae.datasets.rotated_image import rotate_picture


@register("rotated_pictures", "pictures of a data set, each turned by random angles (circle)")
def make_rotated_pictures(
    source: str = "digits",
    source_options: dict[str, Any] | None = None,
    turns: int = 4,
    largest_angle: float = 2.0 * math.pi,
    seed: int = 0,
) -> Dataset:
    """Each picture of a data set in several random rotations, seen through a disc.

    The factor is the angle in radians, `[N, 1]`, counter-clockwise; labels are those of
    the source.

    Args:
        source: Name or path of a data set of square pictures.
        source_options: Options of that data set.
        turns: Rotations of each picture.
        largest_angle: Angles are uniform between 0 and this, in radians.
        seed: Seed of the angles.
    """
    from diffusion_vae.manifolds import FlatTorus

    turns = require_integer("turns", turns, 1)
    if not 0 < largest_angle <= 2.0 * math.pi:
        raise ValueError(
            f"Expected `largest_angle` to be in (0, 2 pi]. Received: {largest_angle!r}."
        )
    still = load(source, **(source_options or {}))
    shape = still.event_shape
    if len(shape) != 3 or shape[0] != shape[1]:
        raise ValueError(
            f"Expected square pictures [height, width, channels] to turn. Received: events of "
            f"shape {shape} in {source!r}."
        )
    if still.dynamic_binarization:
        raise ValueError(
            "Expected no dynamic binarization of pictures that are turned: turned 0/1 pictures "
            "are grey at edges; leave it out of `source_options`."
        )
    pictures, factors = {}, {}
    for number, split in enumerate(SPLITS):
        rng = np.random.default_rng([seed, number])
        angles = rng.uniform(0.0, largest_angle, (len(still.examples(split)), turns, 1))
        turned = [
            rotate_picture(picture, these)
            for picture, these in zip(still.examples(split), angles, strict=True)
        ]
        pictures[split] = np.concatenate(turned)  # [N * turns, height, width, channels]
        factors[split] = angles.reshape(-1, 1).astype(np.float32)
    train_labels, test_labels = (
        None if labels is None else np.repeat(labels, turns)
        for labels in (still.train_labels, still.test_labels)
    )
    return Dataset(
        name="rotated_pictures",
        train=pictures["train"],
        test=pictures["test"],
        train_factors=factors["train"],
        test_factors=factors["test"],
        train_labels=train_labels,
        test_labels=test_labels,
        factor_manifold=FlatTorus(1),
        colouring="circle",
    )
