"""Sample distances against brute force, closed forms and the distribution functions."""

import numpy as np
import pytest
from backends import value_and_gradients

from diffusion_vae.divergences import energy_distance, mmd


def normal(n, d, seed=0, shift=0.0):
    return (np.random.default_rng(seed).normal(size=(n, d)) + shift).astype("float32")


def brute(p, q, kernel, unbiased):
    def mean(a, b, same):
        values = [
            kernel(x, y) for i, x in enumerate(a) for j, y in enumerate(b)
            if not (same and unbiased and i == j)
        ]  # fmt: skip
        return np.mean(values)

    return mean(p, p, True) + mean(q, q, True) - 2.0 * mean(p, q, False)


@pytest.mark.parametrize("statistic", ["v", "u"])
@pytest.mark.parametrize("bandwidth", [None, 0.7])
def test_mmd_is_the_sum_over_pairs(statistic, bandwidth):
    p, q = normal(9, 3), normal(7, 3, seed=1, shift=0.5)
    width = bandwidth or 3.0
    expected = brute(
        p, q, lambda x, y: np.exp(-np.sum((x - y) ** 2) / width), unbiased=statistic == "u"
    )
    assert float(mmd(p, q, bandwidth, statistic)) == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize("statistic", ["v", "u"])
def test_energy_distance_is_the_sum_over_pairs(statistic):
    p, q = normal(9, 3), normal(7, 3, seed=1, shift=0.5)
    expected = brute(p, q, lambda x, y: -np.linalg.norm(x - y), unbiased=statistic == "u")
    assert float(energy_distance(p, q, statistic)) == pytest.approx(expected, abs=1e-5)


def test_energy_distance_on_the_line_is_twice_cramers():
    p, q = normal(200, 1), normal(300, 1, seed=1, shift=0.4)
    points = np.sort(np.concatenate([p, q])[:, 0].astype("float64"))
    below = [np.searchsorted(np.sort(s[:, 0]), points, side="right") / len(s) for s in (p, q)]
    cramer = np.sum((below[0] - below[1])[:-1] ** 2 * np.diff(points))
    assert float(energy_distance(p, q)) == pytest.approx(2.0 * cramer, rel=1e-4)


@pytest.mark.parametrize("divergence", [mmd, energy_distance])
def test_v_statistics_vanish_on_equal_sets_and_only_there(divergence):
    p = normal(50, 4)
    assert float(divergence(p, p[::-1])) == pytest.approx(0.0, abs=1e-6)
    assert float(divergence(p, p + 0.3)) > 0.01


@pytest.mark.parametrize("divergence", [mmd, energy_distance])
def test_u_statistics_are_unbiased(divergence):
    # 200 pairs of sets from one law: mean zero, within four standard errors of it.
    values = [
        float(divergence(normal(20, 2, seed=2 * i), normal(30, 2, seed=2 * i + 1), statistic="u"))
        for i in range(200)
    ]
    error = np.std(values, ddof=1) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 4.0 * error
    assert min(values) < 0.0 < max(values)


@pytest.mark.torch
@pytest.mark.jax
@pytest.mark.parametrize("divergence", [mmd, energy_distance])
def test_gradients_are_finite_at_coincident_points(divergence):
    p = normal(6, 2)
    q = np.concatenate([p[:3], p[:3]])  # repeated within q, and shared with p
    _, gradients = value_and_gradients(lambda p, q: divergence(p, q), p, q)
    for gradient in gradients:
        assert np.isfinite(gradient).all()
    assert np.abs(gradients[1]).max() > 0.0


@pytest.mark.parametrize("divergence", [mmd, energy_distance])
def test_unknown_statistics_are_refused(divergence):
    with pytest.raises(ValueError, match="'w'"):
        divergence(normal(3, 1), normal(3, 1), statistic="w")


@pytest.mark.parametrize(
    ("shapes", "options", "sentence"),
    [
        (((3, 2), (3, 4)), {}, "of one d"),
        (((3,), (3,)), {}, "of one d"),
        (((0, 2), (3, 2)), {}, "at least 1 each"),
        (((1, 2), (3, 2)), {"statistic": "u"}, "at least 2 each"),
        (((3, 2), (3, 2)), {"bandwidth": -1.0}, "`bandwidth` to be positive"),
        (((3, 2), (3, 2)), {"bandwidth": float("nan")}, "`bandwidth` to be positive"),
    ],
)
def test_bad_samples_are_named(shapes, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        mmd(*(np.zeros(shape, "float32") for shape in shapes), **options)
