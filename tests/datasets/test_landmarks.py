"""Landmarks as shapes: what their place, size and rotation leave, against SciPy's Procrustes."""

import numpy as np
import pytest
from scipy.spatial import procrustes
from scipy.stats import special_ortho_group

from diffusion_vae.datasets import (
    load,
    load_trilobites,
    shape_features,
    shape_landmarks,
    shape_points,
)
from diffusion_vae.datasets.landmarks import helmert
from diffusion_vae.evaluation import align_landmarks, mean_shape, shape_distance
from diffusion_vae.manifolds import ComplexProjective


def moved(landmarks, seed=1):
    """The same shapes elsewhere, turned, larger and smaller."""
    rng = np.random.default_rng(seed)
    turns = special_ortho_group(2, seed=seed).rvs(len(landmarks))
    sizes = 10.0 ** rng.uniform(-3, 3, size=(len(landmarks), 1, 1))
    return sizes * (landmarks @ turns) + 10.0 * sizes * rng.normal(size=(len(landmarks), 1, 2))


def random(n, k, seed=0):
    return np.random.default_rng(seed).normal(size=(n, k, 2))


@pytest.mark.parametrize("k", [3, 4, 9])
def test_place_size_and_rotation_have_no_effect(k):
    x = random(40, k)
    np.testing.assert_allclose(shape_features(moved(x)), shape_features(x), atol=1e-5)
    assert shape_features(x).shape == (40, (k - 1) ** 2)
    assert shape_features(x).dtype == np.float32
    mirrored = shape_distance(x, x * [1.0, -1.0])
    assert mirrored.min() > 1e-3  # a mirror image is another shape
    back = shape_landmarks(shape_features(x))
    assert shape_distance(back, x).max() < 2e-3  # features are in single precision
    np.testing.assert_allclose(back.sum(axis=1), 0.0, atol=1e-5)
    np.testing.assert_allclose(np.sum(back**2, axis=(1, 2)), 1.0, rtol=1e-5)
    np.testing.assert_allclose(helmert(k) @ helmert(k).T, np.eye(k - 1), atol=1e-12)
    np.testing.assert_allclose(helmert(k).sum(axis=1), 0.0, atol=1e-12)


def test_distances_are_those_of_procrustes_and_of_complex_projective_space():
    x, y = random(20, 6), random(20, 6, seed=5)
    y[:10] = x[:10] + 0.1 * y[:10]
    r = shape_distance(x, y)
    np.testing.assert_allclose(shape_distance(moved(x), y), r, atol=1e-7)
    space = ComplexProjective(4)
    np.testing.assert_allclose(space.distance(shape_points(x), shape_points(y)), r, atol=1e-12)
    # SciPy's disparity allows a reflection: the lesser of two squared sines.
    least = np.minimum(r, shape_distance(x * [1.0, -1.0], y))
    disparity = [procrustes(a, b)[2] for a, b in zip(x, y, strict=True)]
    np.testing.assert_allclose(np.sin(least) ** 2, disparity, atol=1e-12)
    aligned = align_landmarks(moved(x), y)
    reference = align_landmarks(y, y)
    gaps = np.linalg.norm(aligned - reference, axis=(1, 2))
    np.testing.assert_allclose(gaps, 2.0 * np.sin(0.5 * r), atol=1e-7)


def test_no_shape_is_closer_to_all_than_their_mean():
    x = random(1, 5) + 0.3 * random(50, 5, seed=2)
    mean = mean_shape(moved(x))
    best = np.sum(np.sin(shape_distance(x, mean[None])) ** 2)
    for seed in range(5):
        other = mean + 0.02 * random(1, 5, seed)[0]
        assert np.sum(np.sin(shape_distance(x, other[None])) ** 2) > best


def test_shapes_of_normal_landmarks_are_uniform():
    z = shape_points(random(20_000, 4))
    share = z[:, :3] ** 2 + z[:, 3:] ** 2  # uniform on the triangle: variance 1/18
    np.testing.assert_allclose(share.mean(axis=0), 1 / 3, atol=4 * (1 / 18 / 20_000) ** 0.5)


@pytest.mark.parametrize(
    ("bad", "error", "message"),
    [
        (np.zeros((2, 4, 2)), ValueError, "in different places.*example 0 in one place"),
        (np.zeros((2, 2, 2)), ValueError, r"\[n, k, 2\] with k of at least 3.*\(2, 2, 2\)"),
        (np.zeros((2, 4, 3)), ValueError, r"\[n, k, 2\]"),
        (np.full((2, 4, 2), np.nan), ValueError, "finite.*16 numbers that are not"),
        (np.zeros((2, 4, 2), complex), TypeError, "real numbers. Received: dtype complex128"),
    ],
    ids=["one place", "two", "space", "NaN", "complex"],
)
def test_what_is_no_shape_is_named(bad, error, message):
    with pytest.raises(error, match=message):
        shape_features(bad)


def test_features_and_pairs_that_do_not_fit_are_named():
    with pytest.raises(ValueError, match=r"\[n, \(k - 1\)\^2\].*\(3, 5\)"):
        shape_landmarks(np.zeros((3, 5)))
    with pytest.raises(ValueError, match="as many landmarks"):
        shape_distance(random(3, 4), random(2, 4))


def test_without_ktch_the_sentence_names_the_extra(monkeypatch):
    import sys

    monkeypatch.setitem(sys.modules, "ktch.datasets", None)
    with pytest.raises(ImportError, match=r"diffusion-vae\[shapes\]"):
        load_trilobites()


@pytest.mark.slow
def test_trilobites():
    pytest.importorskip("ktch", reason='needs the extra "shapes" of the package')
    data = load("trilobites")
    assert (len(data.train), len(data.test)) == (228, 57)
    landmarks = data.extras["test_landmarks"]
    assert data.event_shape == ((landmarks.shape[1] - 1) ** 2,)
    assert shape_distance(shape_landmarks(data.test), landmarks).max() < 2e-3
    np.testing.assert_array_equal(load("trilobites").test, data.test)
    assert np.abs(load("trilobites", seed=1).test - data.test).max() > 0.1
