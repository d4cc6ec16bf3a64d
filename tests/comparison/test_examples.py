"""Examples of a comparison: read, split, scaled, and in the units of the data."""

import numpy as np
import pandas
import pytest
from scipy.stats import norm

from diffusion_vae.comparison.comparison import independent_columns
from diffusion_vae.comparison.examples import prepare
from diffusion_vae.datasets import Dataset

OPTIONS = {"standardize": True, "test_fraction": 0.2, "validation_fraction": 0.15, "seed": 0}


def table(n=100, seed=0):
    return np.random.default_rng(seed).normal([1.0, -50.0, 3.0], [2.0, 30.0, 0.01], size=(n, 3))


def prepared(x, **options):
    return prepare(x, **{**OPTIONS, **options})


def parts(found):
    return found.split.train, found.split.validation, found.split.test


def test_arrays_tables_and_files_give_the_same_examples(tmp_path):
    x = table().astype("float32")
    frame = pandas.DataFrame(x, columns=list("abc"))
    np.save(tmp_path / "x.npy", x)
    expected = prepared(x)
    for given in (frame, x.astype("float64"), x.tolist()):
        for one, other in zip(parts(expected), parts(prepared(given)), strict=True):
            np.testing.assert_array_equal(one, other)
    frame.to_csv(tmp_path / "x.csv", index=False)
    for name in ("x.csv", "x.npy"):
        found = prepared(tmp_path / name)
        assert sum(len(part) for part in parts(found)) == 100
        assert prepared(str(tmp_path / name)).name == found.name


def test_every_example_is_in_one_part():
    x = np.arange(200.0).reshape(100, 2)
    found = prepared(x, standardize=False)
    assert [len(part) for part in parts(found)] == [68, 12, 20]
    np.testing.assert_array_equal(np.sort(np.concatenate(parts(found)), axis=0), x)
    np.testing.assert_array_equal(x[found.test_rows], found.split.test)
    again = prepared(x, standardize=False)
    np.testing.assert_array_equal(found.split.test, again.split.test)
    assert (prepared(x, standardize=False, seed=1).split.test != found.split.test).any()


def test_columns_get_mean_0_and_variance_1():
    train = prepared(table()).split.train
    np.testing.assert_allclose(train.mean(0), 0.0, atol=1e-5)
    np.testing.assert_allclose(train.std(0), 1.0, atol=1e-5)
    assert train.dtype == "float32"


def test_a_density_in_the_units_of_the_data_does_not_depend_on_standardizing():
    x = table(400)
    scaled, plain = prepared(x), prepared(x, standardize=False)
    assert plain.log_scale == 0.0
    nats = [
        independent_columns(p.split.train, p.split.test) - p.log_scale for p in (scaled, plain)
    ]
    np.testing.assert_allclose(nats[0], nats[1], atol=0.05)
    train, test = (part.astype("float64") for part in (plain.split.train, plain.split.test))
    expected = norm.logpdf(test, train.mean(0), train.std(0)).sum(-1)
    np.testing.assert_allclose(nats[0], expected, atol=0.05)  # float32 columns of deviation 0.01


def test_all_pixels_are_scaled_together():
    x = np.random.default_rng(0).uniform(size=(60, 4, 4, 1)).astype("float32")
    x[:, 0] = 0.0  # pixels that are always black
    found = prepared(x)
    plain = prepared(x, standardize=False)
    assert found.split.train.shape[1:] == (4, 4, 1) and not found.notes
    assert found.split.train.std() == pytest.approx(1.0, abs=1e-5)
    assert found.log_scale == pytest.approx(16 * np.log(plain.split.train.std()), abs=1e-4)
    # The model's pixels share one deviation: so do those of the baseline.
    nats = [independent_columns(p.split.train, p.split.test) for p in (found, plain)]
    np.testing.assert_allclose(nats[0] - found.log_scale, nats[1], atol=1e-3)
    train, test = (part.reshape(len(part), -1) for part in parts(plain)[::2])
    deviation = np.sqrt(train.var(0).mean())
    expected = norm.logpdf(test, train.mean(0), deviation).sum(-1)
    np.testing.assert_allclose(nats[1], expected, rtol=1e-4)


def test_the_test_set_of_a_dataset_is_scored_in_any_order():
    x = table(3000)
    dataset = Dataset("mine", train=x[:500], test=x[500:])
    found = prepared(dataset, standardize=False)
    assert (found.name, len(found.split.test)) == ("mine", 2000)
    rows = found.test_rows
    np.testing.assert_array_equal(found.split.test, x[500:].astype("float32")[rows])
    assert max(rows) > 2000  # not the first ones alone: data sets may be sorted


def test_probabilities_of_a_dataset_are_drawn():
    x = np.full((100, 4, 4, 1), 0.5, "float32")
    dataset = Dataset("x", train=x, test=(x > 0.3) * 1.0, dynamic_binarization=True)
    assert set(np.unique(prepared(dataset, standardize=False).split.train)) == {0.0, 1.0}


def test_constant_columns_are_left_out_and_said():
    x = np.insert(table(), 1, 0.1, axis=1)  # the float32 deviation of 0.1, ..., 0.1 is not 0
    found = prepared(x)
    assert found.notes == ["1 constant column is left out."]
    np.testing.assert_array_equal(found.split.train, prepared(table()).split.train)
    assert prepared(np.insert(x, 1, 0.3, axis=1)).notes == ["2 constant columns are left out."]


def test_repeated_examples_are_taken_as_they_are():
    found = prepared(np.repeat(table(10), 10, axis=0))
    assert [len(part) for part in parts(found)] == [68, 12, 20]


BAD = {
    "too few": (table(49), {}, "at least 50 examples"),
    "no test": (table(), {"test_fraction": 0.0}, "80 .*|.*Take more data"),
    "no validation": (table(), {"validation_fraction": 0.0}, "Take more data"),
    "NaN": (
        np.where(np.arange(300).reshape(100, 3) == 7, np.nan, 1.0 * table()),
        {},
        "finite|NaN",
    ),
    "one column": (np.ones(100), {}, "Expected"),
    "constant": (np.ones((100, 2)), {}, "examples that differ"),
    "constant pictures": (np.ones((100, 4, 4, 1)), {}, "examples that differ"),
    "NaN in a data set": (
        Dataset("x", train=np.full((100, 2), np.nan), test=table()[:, :2]),
        {},
        "finite|NaN",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_data_are_refused_in_a_sentence(case):
    x, options, words = BAD[case]
    with pytest.raises(ValueError, match=words) as caught:
        prepared(x, **options)
    assert len(str(caught.value)) < 300 and "\n" not in str(caught.value)


def test_other_types_are_refused():
    for x in (None, {"a": [1]}):
        with pytest.raises(TypeError, match="Expected"):
            prepared(x)
