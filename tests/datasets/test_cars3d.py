"""Cars3D from local files: which picture is which car, side and height."""

import json
import math

import numpy as np
import pytest
from scipy.io import savemat

from diffusion_vae.datasets import load
from diffusion_vae.manifolds import FlatTorus

CARS, SIDES, HEIGHTS = 5, 6, 4


@pytest.fixture
def cars(tmp_path, monkeypatch):
    """Five cars; the red value tells the car, the green one the side, the blue one the height."""
    folder = tmp_path / "cars3d"
    folder.mkdir()
    for car in range(CARS):
        im = np.zeros((8, 8, 3, SIDES, HEIGHTS), np.uint8)  # as the files keep it
        im[:, :, 0] = car
        im[:, :, 1] = np.arange(SIDES)[:, None]
        im[:, :, 2] = np.arange(HEIGHTS)
        savemat(folder / f"car_{car:03d}_mesh.mat", {"im": im})
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    return folder


def _colours(pictures):
    return np.round(pictures[:, 0, 0] * 255).astype(int)


@pytest.mark.parametrize(("elevation", "heights"), [(2, [2]), (None, [0, 1, 2, 3])])
def test_factors_labels_and_pictures_belong_together(cars, elevation, heights):
    dataset = load("cars3d", size=None, elevation=elevation)
    assert dataset.event_shape == (8, 8, 3)
    assert dataset.factor_manifold == FlatTorus(1)
    assert len(dataset.train) + len(dataset.test) == CARS * SIDES * len(heights)
    for split in ("train", "test"):
        car, side, height = _colours(dataset.examples(split)).T
        angles = getattr(dataset, f"{split}_factors")[:, 0]
        np.testing.assert_allclose(angles, 2 * math.pi * side / SIDES, rtol=1e-6)
        np.testing.assert_array_equal(getattr(dataset, f"{split}_labels"), car)
        np.testing.assert_array_equal(dataset.extras[f"{split}_elevation"], height)
        assert set(height) == set(heights)
    assert list(dataset.extras["objects"][:2]) == ["car_000_mesh", "car_001_mesh"]


def test_cars_are_in_one_split_only_and_options_make_the_same_again(cars):
    dataset = load("cars3d", size=4)
    assert dataset.event_shape == (4, 4, 3)
    assert not set(dataset.train_labels) & set(dataset.test_labels)
    again = load("cars3d", **json.loads(json.dumps(dataset.options)))
    np.testing.assert_array_equal(again.train, dataset.train)
    np.testing.assert_array_equal(load("cars3d", size=4, path=cars).train, dataset.train)


def test_missing_damaged_and_foreign_files_are_named(cars, tmp_path, monkeypatch):
    with pytest.raises(ValueError, match="Expected `elevation`"):
        load("cars3d", elevation=4)
    savemat(cars / "other.mat", {"im": np.zeros((8, 8, 3), np.uint8)})
    with pytest.raises(ValueError, match=r"Received: shape \(8, 8, 3\); this is not Cars3D"):
        load("cars3d")
    (cars / "other.mat").write_bytes(b"nothing of the kind")
    with pytest.raises(ValueError, match=r"other\.mat.*damaged"):
        load("cars3d")
    with pytest.raises(FileNotFoundError, match=r"no \.mat files"):
        load("cars3d", path=tmp_path)
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path / "cars3d"))
    with pytest.raises(FileNotFoundError, match=r"put the folder cars .* pass its `path`"):
        load("cars3d")
