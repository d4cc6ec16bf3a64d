"""Parzen windows against brute force and SciPy, and how the width is chosen."""

import json
import tracemalloc

import numpy as np
import pytest
from scipy import stats
from scipy.special import logsumexp

from diffusion_vae.evaluation import ParzenEstimate, parzen_log_density, parzen_window
from diffusion_vae.evaluation import parzen as module

RNG = np.random.default_rng(0)
CENTRES = RNG.uniform(-1, 1, (37, 2, 3)).astype("float32")
X = RNG.uniform(-1, 1, (23, 2, 3)).astype("float32")
SIGMAS = (0.1, 0.3, 0.9)


def brute_force(x, centres, sigma):
    x, centres = (a.reshape(len(a), -1).astype(float) for a in (x, centres))
    parts = stats.norm(centres, sigma).logpdf(x[:, None]).sum(axis=-1)  # [n, K]
    return logsumexp(parts, axis=1) - np.log(len(centres))


@pytest.mark.parametrize("blocks", [(512, 1024), (5, 8), (1, 1)])
def test_blocks_give_what_brute_force_gives(monkeypatch, blocks):
    monkeypatch.setattr(module, "ROWS", blocks[0])
    monkeypatch.setattr(module, "CENTRES", blocks[1])
    expected = [brute_force(X, CENTRES, sigma) for sigma in SIGMAS]
    np.testing.assert_allclose(parzen_log_density(X, CENTRES, SIGMAS), expected, rtol=1e-10)
    np.testing.assert_allclose(parzen_log_density(X, CENTRES, 0.3), expected[1], rtol=1e-10)


def test_one_centre_is_a_gaussian():
    expected = stats.norm(CENTRES[0].astype(float), 0.2).logpdf(X).sum(axis=(1, 2))
    np.testing.assert_allclose(parzen_log_density(X, CENTRES[:1], 0.2), expected, rtol=1e-10)


def test_a_centre_far_away_costs_the_log_of_its_share():
    far = np.concatenate([X[:1], X[:1] + 50])
    expected = stats.norm(0, 0.2).logpdf(0) * 6 - np.log(2)
    np.testing.assert_allclose(parzen_log_density(X[:1], far, 0.2), expected, rtol=1e-10)


def test_few_digits_cancel_far_from_zero():
    near = parzen_log_density(X.astype(float) + 1e4, CENTRES.astype(float) + 1e4, 0.1)
    np.testing.assert_allclose(near, parzen_log_density(X, CENTRES, 0.1), rtol=1e-6)


def test_the_width_is_the_held_out_examples_choice_and_no_one_elses():
    centres = RNG.normal(size=(400, 2))
    held_out = RNG.normal(size=(300, 2))
    sigmas = tuple(np.geomspace(0.05, 2.0, 12))
    tests = (RNG.normal(size=(50, 2)), 5 + RNG.normal(size=(50, 2)))
    found = [parzen_window(centres, held_out, test, sigmas) for test in tests]
    means = [brute_force(held_out, centres, sigma).mean() for sigma in sigmas]
    for estimate, test in zip(found, tests, strict=True):
        assert estimate.sigma == sigmas[int(np.argmax(means))]
        np.testing.assert_allclose(estimate.held_out_means, means, rtol=1e-10)
        expected = brute_force(test, centres, estimate.sigma)
        assert estimate.mean == pytest.approx(expected.mean())
        assert estimate.standard_error == pytest.approx(stats.sem(expected))
    assert not found[0].at_edge
    # Far test examples would rather have had another width.
    others = [brute_force(tests[1], centres, sigma).mean() for sigma in sigmas]
    assert np.argmax(others) != np.argmax(means)


def test_a_normal_law_is_found_again():
    # With many centres the window density is that of N(0, 1 + sigma^2), up to noise.
    centres, held_out, test = (RNG.normal(size=(n, 1)) for n in (4000, 1000, 2000))
    estimate = parzen_window(centres, held_out, test, np.geomspace(0.05, 1.0, 10))
    entropy = 0.5 * np.log(2 * np.pi * np.e)
    # s.e. of the mean: sqrt(1/2) / sqrt(2000) = 0.016; the smoothing costs under 0.01.
    assert estimate.mean == pytest.approx(-entropy, abs=0.06)


def test_the_record_says_how_it_came_about():
    estimate = parzen_window(CENTRES, X[:9], X[9:], SIGMAS)
    record = json.loads(json.dumps(estimate.as_dict()))
    assert isinstance(estimate, ParzenEstimate)
    assert (record["centres"], record["held_out"], record["test"]) == (37, 9, 14)
    assert record["dimension"] == 6
    assert record["data_range"] == [float(X.min()), float(X.max())]
    assert record["units"] == "nats per example"
    assert record["sigmas"] == list(SIGMAS)


@pytest.mark.parametrize(("sigmas", "edge"), [((0.4, 5.0), True), ((0.01, 0.4, 5.0), False)])
def test_a_width_at_the_end_of_the_list_is_flagged(sigmas, edge):
    assert parzen_window(CENTRES, X[:9], X[9:], sigmas).at_edge is edge


def test_the_default_widths_are_those_of_the_paper():
    np.testing.assert_allclose(
        module.SIGMAS,
        [0.1, 0.129, 0.167, 0.215, 0.278, 0.359, 0.464, 0.599, 0.774, 1.0],
        atol=5e-4,
    )


def test_memory_does_not_grow_with_examples_times_centres():
    # The distances alone would be 4,000 x 4,000 x 8 bytes = 128 MB, all differences 2 GB.
    rng = np.random.default_rng(1)
    x, centres = (rng.random((4000, 16), dtype="float32") for _ in range(2))
    tracemalloc.start()
    values = parzen_log_density(x, centres, 0.5)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert np.isfinite(values).all()
    assert peak < 40e6


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ((X, CENTRES[:, :1], 0.1), "Expected examples .* and centres .* of one shape"),
        ((X[:0], CENTRES, 0.1), "at least one each"),
        ((X * np.nan, CENTRES, 0.1), "Expected finite examples and centres"),
        ((X, CENTRES, 0.0), "Expected positive widths"),
        ((X, CENTRES, []), "Expected positive widths"),
        ((X, CENTRES, [0.1, np.nan]), "Expected positive widths"),
    ],
)
def test_bad_arguments_are_named(arguments, sentence):
    with pytest.raises(ValueError, match=sentence):
        parzen_log_density(*arguments)
