"""The estimator of scikit-learn on a noisy circle in R^5: what it is for."""

import pickle
import warnings

import joblib
import numpy as np
import pytest
from sklearn.decomposition import PCA

from diffusion_vae import comparison, manifolds
from diffusion_vae.comparison import Candidate, Comparison, Effort
from diffusion_vae.comparison.verdict import judge
from diffusion_vae.sklearn import ManifoldEmbedding

pytestmark = pytest.mark.slow

NOISE = 0.1
UNITS = np.array([1.0, 10.0, 0.1, 5.0, 1.0])


def make_circle(n, seed):
    """Angles `[n]`, and a closed curve in R^5 with noise, in columns of unequal units."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    curve = [np.cos(angle), np.sin(angle), np.cos(2 * angle), np.sin(2 * angle), np.cos(angle + 1)]
    return angle, (np.stack(curve, axis=1) + NOISE * rng.normal(size=(n, 5))) * UNITS + 3.0


@pytest.fixture(scope="module")
def circle():
    """An estimator that has learned the circle."""
    estimator = ManifoldEmbedding(
        "sphere:1", encoder_units=(32,), decoder_units=(32,), epochs=40, batch_size=32,
        learning_rate=0.01, n_init=1, random_state=0,
    )  # fmt: skip
    return estimator.fit(make_circle(1000, 0)[1])


def test_a_circle_is_embedded_as_a_circle(circle):
    angle, x = make_circle(300, 1)
    location = circle.transform(x[np.argsort(angle)])
    np.testing.assert_allclose(np.linalg.norm(location, axis=1), 1.0, atol=1e-5)
    point = location[:, 0] + 1j * location[:, 1]
    steps = np.angle(np.roll(point, -1) / point)
    assert abs(steps.sum() / (2 * np.pi)) == pytest.approx(1.0, abs=1e-6)
    assert np.abs(steps).max() < 0.8


def test_points_go_back_to_the_data_in_their_units(circle):
    _, x = make_circle(300, 1)
    error = (circle.inverse_transform(circle.transform(x)) - x) / UNITS
    # A point of a curve cannot reproduce the noise across it.
    assert 0.5 * NOISE < np.sqrt(np.mean(error**2)) < 1.5 * NOISE


def test_the_density_beats_every_gaussian_of_principal_components(circle):
    (_, x), (_, train) = make_circle(300, 1), make_circle(1000, 0)
    gaussian = max(PCA(k).fit(train).score(x) for k in range(1, 6))
    assert circle.score(x) > gaussian + 1.0


def test_draws_have_the_mean_and_the_spread_of_the_data(circle):
    _, x = make_circle(3000, 2)
    drawn = circle.sample(3000, random_state=1)
    # Half a standard deviation is far over the standard errors, and far below wrong units.
    np.testing.assert_allclose(drawn.mean(0) / UNITS, x.mean(0) / UNITS, atol=0.3)
    np.testing.assert_allclose(drawn.std(0), x.std(0), rtol=0.25)
    np.testing.assert_array_equal(drawn, circle.sample(3000, random_state=1))


def test_a_location_does_not_depend_on_the_other_rows(circle):
    _, x = make_circle(40, 3)
    alone = np.concatenate([circle.transform(row[None]) for row in x])
    np.testing.assert_allclose(alone, circle.transform(x), atol=1e-5)  # of float32
    np.testing.assert_allclose(circle.transform(x[::-1])[::-1], circle.transform(x), atol=1e-5)


def test_a_copy_by_pickle_and_by_joblib_gives_the_same_numbers(circle, tmp_path):
    _, x = make_circle(20, 3)
    joblib.dump(circle, tmp_path / "circle.joblib")
    for copy in (pickle.loads(pickle.dumps(circle)), joblib.load(tmp_path / "circle.joblib")):
        np.testing.assert_array_equal(copy.transform(x), circle.transform(x))
        np.testing.assert_array_equal(copy.score_samples(x), circle.score_samples(x))
        np.testing.assert_array_equal(copy.sample(3), circle.sample(3))
        assert copy.history_ == circle.history_


def test_points_of_another_space_are_refused(circle):
    with pytest.raises(ValueError, match=r"Sphere\(dim=1\) with 2 coordinates.*Received: 3"):
        circle.inverse_transform(np.ones((4, 3)))


TINY = Effort(
    seeds=1, starts=1, spare=0, trial_steps=200, most_steps=200, decay_steps=200, batch_size=32,
    learning_rate=1e-2, units=(8,),
)  # fmt: skip


def test_auto_takes_the_manifold_that_the_comparison_names():
    _, x = make_circle(100, 0)
    estimator = ManifoldEmbedding(
        "auto", candidates=["sphere:1", "torus:2"], effort=TINY, epochs=1, n_init=1,
        encoder_units=(8,), decoder_units=(8,), random_state=0,
    )  # fmt: skip
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        estimator.fit(x)
    found = estimator.comparison_
    leader = max(found.candidates, key=lambda each: each.log_likelihood).manifold
    name = found.best or leader
    assert estimator.manifold_ == manifolds.get(name) == estimator.model_.manifold
    told = [str(each.message) for each in caught if "is taken" in str(each.message)]
    assert told == ([] if found.decided else [f"{found.verdict} {name} is taken."])
    assert estimator.transform(x).shape == (100, estimator.manifold_.ambient_dim)
    pickle.loads(pickle.dumps(estimator)).transform(x)


def test_auto_says_when_it_is_undecided(monkeypatch):
    _, x = make_circle(60, 0)
    rows = [
        Candidate(name, 1, np.tile(nats, 6)[None], [0.0], [0.0], [0.0], True, 1, 1, 1.0)
        for name, nats in (("euclidean:1", [1.0, 1.0]), ("torus:1", [1.6, 0.5]))
    ]
    verdict = judge([each.standing for each in rows])
    found = Comparison(tuple(rows), verdict, None, None, "x")
    monkeypatch.setattr(comparison, "compare_manifolds", lambda *args, **kwargs: found)
    estimator = ManifoldEmbedding("auto", epochs=1, n_init=1, encoder_units=(4,), random_state=0)
    with pytest.warns(UserWarning, match=r"^Undecided between .* torus:1 is taken\.$"):
        estimator.fit(x)
    assert estimator.comparison_ is found and estimator.manifold_ == manifolds.get("torus:1")


@pytest.mark.torch
def test_it_trains_on_every_backend():
    x = np.random.default_rng(0).normal(size=(20, 3))
    embedding = ManifoldEmbedding(
        "sphere:1", encoder_units=(4,), decoder_units=(4,), epochs=1, batch_size=8, n_init=1,
        validation_fraction=0.0, random_state=0,
    )  # fmt: skip
    assert embedding.fit(x).transform(x).shape == (20, 2)
