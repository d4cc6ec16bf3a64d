"""Data of other libraries as arrays, and what is refused."""

import decimal

import numpy as np
import pandas as pd
import polars
import pytest
import scipy.sparse

from diffusion_vae.datasets import TableWarning, as_examples
from diffusion_vae.datasets.tables import sparse


@pytest.mark.parametrize(
    "given",
    [
        pd.DataFrame({"a": [1, 2, 5], "b": [0.5, 4, 3]}),
        pd.DataFrame({"a": [1, 2, 5], "b": [0.5, 4, 3]}, index=list("xyz")).convert_dtypes(),
        pd.DataFrame({"a": [1, 2, 5], "b": [0.5, 4, 3]}).convert_dtypes(dtype_backend="pyarrow"),
        pd.DataFrame({"a": [1, 2, 5], "b": [decimal.Decimal("0.5"), 4, 3]}, dtype=object),
        pd.DataFrame({"a": [1, 2, 5], "b": [0.5, 4, 3]}).astype(pd.SparseDtype(float)),
        polars.DataFrame({"a": [1, 2, 5], "b": [0.5, 4, 3]}),
        polars.DataFrame({"a": [1, 2, 5], "b": [decimal.Decimal("0.5"), 4, 3]}, strict=False),
    ],
    ids=["pandas", "nullable", "arrow", "objects", "sparse", "polars", "decimals of polars"],
)
def test_data_frames_keep_values_and_names(given):
    values, names = as_examples(given)
    assert (values.dtype, names) == (np.float32, ("a", "b"))
    np.testing.assert_array_equal(values, [[1, 0.5], [2, 4], [5, 3]])


@pytest.mark.parametrize("kind", ["csr_matrix", "csc_array", "coo_array"])
def test_sparse_matrices_become_dense_if_they_are_small(kind, monkeypatch):
    x = np.diag([1.0, 2.0, 5.0])
    given = getattr(scipy.sparse, kind)(x)
    np.testing.assert_array_equal(as_examples(given).values, x)
    monkeypatch.setattr(sparse, "LARGEST", 71)  # bytes: one less than nine numbers need
    with pytest.raises(ValueError, match=rf"a sparse {kind} of 3 x 3.*fewer columns.*toarray"):
        as_examples(given)


def test_arrays_stay_and_pictures_are_scaled():
    x = np.random.default_rng(0).normal(size=(5, 3))
    for given in (x, x.astype(">f8"), x.tolist(), np.ma.masked_array(x)):
        values, names = as_examples(given)
        assert names is None and values.dtype == np.float32
        np.testing.assert_array_equal(values, x.astype(np.float32))
    np.testing.assert_array_equal(as_examples(np.full((3, 2), 200)).values, np.full((3, 2), 200))
    pictures = np.random.default_rng(0).integers(0, 256, (3, 4, 5), dtype=np.uint8)
    np.testing.assert_allclose(as_examples(pictures).values[..., 0], pictures / 255, atol=1e-7)
    with pytest.warns(TableWarning, match="'0' of x numbers the rows"):
        as_examples(np.column_stack([np.arange(5), x]))


@pytest.mark.parametrize(
    ("given", "error", "sentence"),
    [
        (pd.DataFrame({"a": [1], "s": ["x"]}), ValueError, r"'s' \(text, such as 'x'\). Give the"),
        (pd.DataFrame({"a": [1j]}), ValueError, r"'a' \(complex128\)"),
        (pd.DataFrame({"a": pd.to_timedelta([1], "s")}), ValueError, r"'a' \(timedelta"),
        (pd.DataFrame({"a": pd.Categorical([1])}), ValueError, r"'a' \(category\)"),
        (pd.DataFrame({"a": [1.0, None]}), ValueError, "1 missing in column 'a', of 2 rows"),
        (pd.DataFrame(), ValueError, "to have a column of data. Received: none"),
        (pd.DataFrame({"a": []}, dtype=float), ValueError, "at least one row"),
        (pd.Series([1.0]), TypeError, r"Received: a Series. Give a table, such as `x.to_frame"),
        (polars.DataFrame({"s": ["x"], "l": [[1]]}), ValueError, r"'s' \(text.*'l' \(List"),
        (polars.DataFrame({"a": [1, None]}), ValueError, "1 missing in column 'a'"),
        (polars.DataFrame({"a": [1]}).lazy(), TypeError, r"a LazyFrame. Give `x.collect\(\)`"),
        (polars.Series([1.0]), TypeError, "a Series"),
        (np.array([[0.0, np.nan]]), ValueError, "1 missing in column '1', of 1 rows"),
        (np.full((2, 1), 1e300), ValueError, "2 infinite or beyond 3e38 in column '0'"),
        (1e9 + np.arange(6.0).reshape(3, 2), ValueError, "columns that float32 can hold"),
        (np.zeros(3), ValueError, r"the shape \[examples, ...\]"),
        (np.zeros((0, 3)), ValueError, "at least one row"),
        (np.ma.masked_less(np.zeros((2, 2)), 1), ValueError, "without masked values"),
        ([[1, 2], [3]], ValueError, "array of real numbers"),
        (np.array([["a"]]), ValueError, "array of real numbers"),
        ("a.csv", TypeError, r"Received: str. Files are read by `datasets.load\(path\)`"),
        ({"a": [1]}, TypeError, "Received: dict"),
        (None, TypeError, "Received: NoneType"),
    ],
)
def test_what_holds_no_examples_gets_a_sentence(given, error, sentence):
    with pytest.raises(error, match=sentence):
        as_examples(given)
