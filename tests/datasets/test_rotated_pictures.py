"""The pictures of a data set, each in several rotations."""

import math

import numpy as np
import pytest

from diffusion_vae.datasets import load
from diffusion_vae.datasets.rotated_image import rotate_picture
from diffusion_vae.manifolds import FlatTorus


def test_each_picture_is_turned_by_the_angles_of_its_factors():
    still, turned = load("digits"), load("rotated_pictures", turns=3)
    assert turned.factor_manifold == FlatTorus(1)
    for split in ("train", "test"):
        pictures, factors = turned.examples(split), getattr(turned, f"{split}_factors")
        assert len(pictures) == 3 * len(still.examples(split))
        for row in (0, 1, 5, 100):
            expected = rotate_picture(still.examples(split)[row // 3], factors[row : row + 1])[0]
            np.testing.assert_allclose(pictures[row], expected, atol=1e-5)
        labels = getattr(still, f"{split}_labels")
        np.testing.assert_array_equal(getattr(turned, f"{split}_labels"), np.repeat(labels, 3))


def test_every_picture_is_there_bug_20():
    # The original left most pictures of the first epoch as uninitialised memory.
    turned = load("rotated_pictures", turns=2)
    assert np.all(turned.train.max(axis=(1, 2, 3)) > 0.5)
    assert np.all((turned.train >= 0) & (turned.train <= 1))


def test_angles_are_uniform_up_to_the_largest_and_seeded():
    factors = load("rotated_pictures", largest_angle=0.5 * math.pi).train_factors
    assert factors.min() >= 0
    assert factors.max() <= np.float32(0.5 * math.pi)
    deviation = 0.5 * math.pi / math.sqrt(12 * len(factors))
    assert factors.mean() == pytest.approx(0.25 * math.pi, abs=4 * deviation)
    other = load("rotated_pictures", largest_angle=0.5 * math.pi, seed=1).train_factors
    assert not np.array_equal(factors, other)


def test_what_cannot_be_turned_is_said():
    with pytest.raises(ValueError, match=r"square pictures.*\(6, 9, 3\)"):
        load("rotated_pictures", source="shifted_image", source_options={"size": [6, 9]})
    with pytest.raises(ValueError, match="square pictures"):
        load("rotated_pictures", source="random_rotations")
    with pytest.raises(ValueError, match="dynamic binarization"):
        load("rotated_pictures", source_options={"binarize": "dynamic"})
    with pytest.raises(ValueError, match="`largest_angle`"):
        load("rotated_pictures", largest_angle=7.0)
