"""The pictures of another data set, each turned by random angles."""

import math

import numpy as np

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.base import SPLITS, Dataset
from diffusion_vae.datasets.registry import load, register
from diffusion_vae.datasets.rotated_image import rotate_picture
from diffusion_vae.manifolds import FlatTorus


@register("rotated_pictures", "pictures of a data set, each turned by random angles (circle)")
def make_rotated_pictures(
    source="digits", source_options=None, turns=4, largest_angle=2.0 * math.pi, seed=0
):
    """Each picture of a data set in several random rotations, seen through a disc.

    The factor is the angle in radians, `[N, 1]`, counter-clockwise; labels are those of
    the source.

    Args:
        source: Name or path of a data set of square pictures.
        source_options: Its options, a dictionary.
        turns: Rotations of each picture.
        largest_angle: Angles are uniform between 0 and this, in radians.
        seed: Of the angles.
    """
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
    labelled = still.train_labels is not None
    return Dataset(
        name="rotated_pictures",
        train=pictures["train"],
        test=pictures["test"],
        train_factors=factors["train"],
        test_factors=factors["test"],
        train_labels=np.repeat(still.train_labels, turns) if labelled else None,
        test_labels=np.repeat(still.test_labels, turns) if labelled else None,
        factor_manifold=FlatTorus(1),
        colouring="circle",
    )
