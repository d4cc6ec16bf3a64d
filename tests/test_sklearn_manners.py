"""The estimator of scikit-learn behaves as one: its checks, densities, seeds and names."""

import itertools

import keras
import numpy as np
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

from diffusion_vae import manifolds
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.sklearn import ManifoldEmbedding

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("without_graphs")]

SMALL = {"encoder_units": (4,), "decoder_units": (4,), "n_init": 1, "n_draws": 4}
MONTE_CARLO = (
    "`score_samples` draws at random: what a row draws depends on its place in the table. "
    "`transform` passes: test_sklearn.py::test_a_location_does_not_depend_on_the_other_rows."
)
EXPECTED_FAILURES = {
    "check_methods_subset_invariance": MONTE_CARLO,
    "check_methods_sample_order_invariance": MONTE_CARLO,
}


@parametrize_with_checks(
    [ManifoldEmbedding("sphere:1", epochs=1, **SMALL)],
    expected_failed_checks=lambda estimator: EXPECTED_FAILURES,
)
def test_the_checks_of_scikit_learn_pass(estimator, check):
    check(estimator)


def make_circle(n, seed):
    """Rows `[n, 5]` on a circle in R^5, in columns of unequal units."""
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0, 2 * np.pi, n)
    curve = np.cos(angle[:, None] + np.arange(5)) + 0.1 * rng.normal(size=(n, 5))
    return curve * [1.0, 10.0, 0.1, 5.0, 1.0] + 3.0


# -- densities, seeds, names -------------------------------------------------------------------


def test_a_density_integrates_to_one_in_the_units_of_the_data():
    x = np.random.default_rng(0).normal(50.0, 7.0, size=(60, 1))
    estimator = ManifoldEmbedding("sphere:1", epochs=2, random_state=0, **SMALL)
    grid = np.linspace(0, 100, 401)
    density = np.exp(estimator.fit(x).score_samples(grid[:, None]))
    assert np.trapezoid(density, grid) == pytest.approx(1.0, abs=0.05)


def test_the_unit_of_the_data_enters_the_density():
    x = make_circle(60, 0)
    estimator = ManifoldEmbedding("sphere:1", epochs=2, random_state=0, **SMALL)
    nats = [clone(estimator).fit(factor * x).score_samples(factor * x) for factor in (1.0, 10.0)]
    np.testing.assert_allclose(nats[0] - nats[1], 5 * np.log(10.0), atol=1e-3)
    raw = clone(estimator).set_params(standardize=False).fit(x)
    assert raw.scaler_.scale_ is None and np.isfinite(raw.score(x))


def test_one_seed_gives_one_run_and_leaves_the_global_one_alone():
    x = make_circle(60, 0)
    runs = []
    for state in (0, 1):
        np.random.seed(state)  # noqa: NPY002
        keras.utils.set_random_seed(state)
        before = np.random.get_state()[1].copy()  # noqa: NPY002
        estimator = ManifoldEmbedding("torus:1", epochs=2, random_state=7, **SMALL)
        estimator.set_params(n_init=2, batch_size=16).fit(x)
        np.testing.assert_array_equal(np.random.get_state()[1], before)  # noqa: NPY002
        runs.append((estimator.transform(x), estimator.score(x), estimator.history_))
    np.testing.assert_array_equal(runs[0][0], runs[1][0])
    assert runs[0][1:] == runs[1][1:]
    other = ManifoldEmbedding("torus:1", epochs=2, random_state=8, **SMALL).fit(x)
    assert np.abs(other.transform(x) - runs[0][0]).max() > 1e-3


def test_the_best_of_several_trainings_is_kept(monkeypatch):
    x = make_circle(40, 0)
    train, losses = ManifoldEmbedding._train, []

    def record(self, *arguments):
        model, history = train(self, *arguments)
        losses.append(history)
        return model, history

    monkeypatch.setattr(ManifoldEmbedding, "_train", record)
    for share, judge in ((0.2, "val_loss"), (0.0, "loss")):
        losses.clear()
        estimator = ManifoldEmbedding(epochs=1, random_state=0, validation_fraction=share, **SMALL)
        estimator.set_params(n_init=3).fit(x)
        assert len(losses) == 3 and ("val_loss" in losses[0]) == (share > 0)
        assert estimator.history_[judge][-1] == min(each[judge][-1] for each in losses)


def test_tables_give_and_take_names():
    pandas = pytest.importorskip("pandas")
    table = pandas.DataFrame(make_circle(40, 0), columns=list("abcde"))
    estimator = ManifoldEmbedding("sphere:1", epochs=1, random_state=0, **SMALL)
    estimator.set_output(transform="pandas").fit(table)
    assert list(estimator.feature_names_in_) == list("abcde") and estimator.n_iter_ == 1
    located = estimator.transform(table)
    assert list(located.columns) == ["manifoldembedding0", "manifoldembedding1"]
    assert list(located.columns) == list(estimator.get_feature_names_out())
    with pytest.raises(ValueError, match="feature names should match"):
        estimator.transform(table[list("edcba")])


def test_a_search_over_manifolds_inside_a_pipeline():
    pipeline = make_pipeline(MinMaxScaler(), ManifoldEmbedding(epochs=2, random_state=0, **SMALL))
    choices = {"manifoldembedding__manifold": ["euclidean:1", "sphere:2"]}
    search = GridSearchCV(pipeline, choices, cv=2).fit(make_circle(40, 0))
    scores = search.cv_results_["mean_test_score"]
    assert np.isfinite(scores).all() and scores[0] != scores[1]
    assert search.best_params_ == search.cv_results_["params"][np.argmax(scores)]
    best = search.best_estimator_[-1].model_.manifold
    assert best == manifolds.get(search.best_params_["manifoldembedding__manifold"])


def test_a_likelihood_that_is_given_is_copied():
    x = make_circle(30, 0)
    likelihood = Gaussian(variance=0.5)
    estimator = ManifoldEmbedding(likelihood=likelihood, epochs=1, random_state=0, **SMALL)
    assert clone(estimator).fit(x).model_.likelihood.variance == 0.5
    assert estimator.fit(x).model_.likelihood is not likelihood and not likelihood.built


def test_binary_data_have_a_probability():
    x = np.random.default_rng(0).integers(2, size=(30, 3)).astype("float32")
    estimator = ManifoldEmbedding(likelihood="bernoulli", epochs=1, random_state=0, **SMALL)
    with pytest.raises(ValueError, match="Expected `standardize=False` with a Bernoulli"):
        estimator.fit(x)
    estimator.set_params(standardize=False, n_draws=50).fit(x)
    every = np.array(list(itertools.product((0.0, 1.0), repeat=3)))
    assert np.exp(estimator.score_samples(every)).sum() == pytest.approx(1.0, abs=0.05)
    assert estimator.transform(x).dtype == "float32"


def test_counts_have_a_probability():
    x = np.random.default_rng(0).poisson(1.0, size=(30, 2))
    estimator = ManifoldEmbedding(
        "euclidean:1", likelihood="poisson", epochs=1, random_state=0, **SMALL
    )
    with pytest.raises(ValueError, match=r"`standardize=False` with a Poisson.*are counts"):
        estimator.fit(x)
    estimator.set_params(standardize=False, n_draws=50).fit(x)
    every = np.array(list(itertools.product(range(12), repeat=2)))
    assert np.exp(estimator.score_samples(every)).sum() == pytest.approx(1.0, abs=0.05)
    draws = estimator.sample(5)
    assert (draws == np.round(draws)).all() and (draws >= 0).all()
    with pytest.raises(ValueError, match="Expected counts"):
        estimator.fit(x - 3)


def test_a_table_with_holes_is_fitted_where_the_likelihood_leaves_them_out():
    x = make_circle(40, 0)
    x[::7, 2] = np.nan
    options = {"epochs": 1, "random_state": 0, **SMALL}
    with pytest.raises(ValueError, match="NaN"):
        ManifoldEmbedding(**options).fit(x)
    law = Gaussian("learned", per_dimension=True, missing="ignore")
    estimator = ManifoldEmbedding("sphere:1", likelihood=law, **options).fit(x)
    assert np.isfinite(estimator.transform(x)).all()
    assert np.isfinite(estimator.score_samples(x)).all()
    assert np.isfinite(estimator.history_["loss"]).all()


@pytest.mark.parametrize(
    ("parameter", "value", "sentence"),
    [
        ("manifold", "shpere:2", "Did you mean 'sphere'"),
        ("manifold", "automatic", "Unknown manifold 'automatic'"),
        ("epochs", 0, "Expected `epochs`"),
        ("n_init", 0, "Expected `n_init`"),
        ("validation_fraction", 1.0, "Expected `validation_fraction`"),
        ("learning_rate", -1.0, "Expected `learning_rate`"),
        ("likelihood", "gauss", "likelihood"),
    ],
)
def test_a_parameter_out_of_range_is_refused_in_fit(parameter, value, sentence):
    estimator = ManifoldEmbedding(**{parameter: value})
    with pytest.raises(ValueError, match=sentence):
        estimator.fit(make_circle(10, 0))


def test_missing_values_are_refused_in_the_words_of_scikit_learn():
    x = make_circle(10, 0)
    x[3, 1] = np.nan
    with pytest.raises(ValueError, match=r"Input X contains NaN."):
        ManifoldEmbedding().fit(x)
