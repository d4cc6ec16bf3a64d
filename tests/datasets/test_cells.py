"""AnnData: matrices and labels as h5py finds them in the file, sparse or dense."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from diffusion_vae.datasets import as_examples, load

CELLS, GENES = 30, 6


@pytest.fixture(scope="module")
def dense():
    rng = np.random.default_rng(0)
    return (rng.poisson(1.0, (CELLS, GENES)) * rng.random((CELLS, GENES))).astype(np.float32)


@pytest.fixture(params=["csr", "csc", "dense"])
def data(request, dense):
    rng = np.random.default_rng(1)
    matrix = {"csr": scipy.sparse.csr_matrix, "csc": scipy.sparse.csc_matrix, "dense": np.array}
    observed = {
        "kind": pd.Categorical(rng.choice(["T", "B"], CELLS), categories=["T", "none", "B"]),
        "time": rng.random(CELLS),
        "partly": [None, *["q"] * (CELLS - 1)],
    }
    made = anndata.AnnData(
        matrix[request.param](dense),
        obs=pd.DataFrame(observed, index=[f"c{i}" for i in range(CELLS)]),
        var=pd.DataFrame(index=[f"g{i}" for i in range(GENES)]),
    )
    made.raw = made
    made.layers["counts"] = np.ceil(dense).astype(int)
    made.obsm["X_pca"] = rng.normal(size=(CELLS, 4))
    made.X = made.X * 2
    return made


@pytest.fixture
def path(data, tmp_path):
    data.write_h5ad(tmp_path / "cells.h5ad")
    return tmp_path / "cells.h5ad"


def whole(path, **options):
    return load(path, test_fraction=0.0, **options).train


def test_the_matrix_a_layer_raw_and_an_embedding(path, dense):
    np.testing.assert_array_equal(whole(path), 2 * dense)
    np.testing.assert_array_equal(whole(path, layer="counts"), np.ceil(dense))
    np.testing.assert_array_equal(whole(path, layer="raw"), dense)
    with h5py.File(path) as file:
        pca = file["obsm/X_pca"][:]
    np.testing.assert_array_equal(whole(path, key="X_pca"), pca.astype(np.float32))
    np.testing.assert_array_equal(
        whole(path, key="X_pca", columns="3,0"), pca[:, [3, 0]].astype("f4")
    )


def test_genes_cells_and_labels_are_chosen(path, dense):
    np.testing.assert_array_equal(whole(path, columns=["g3", "g1"]), 2 * dense[:, [3, 1]])
    np.testing.assert_array_equal(whole(path, columns="g*", limit=7), 2 * dense[:7])
    dataset = load(path, label_column="kind", test_fraction=0.0)
    with h5py.File(path) as file:
        codes = file["obs/kind/codes"][:]
        names = [each.decode() for each in file["obs/kind/categories"][:]]
        time = file["obs/time"][:]
    assert dataset.label_names == ("T", "B")
    assert [dataset.label_names[each] for each in dataset.train_labels] == [
        names[c] for c in codes
    ]
    assert dataset.column_names == tuple(f"g{i}" for i in range(GENES))
    np.testing.assert_array_equal(
        load(path, label_column="time", test_fraction=0.0).train_factors[:, 0], time
    )


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"layer": "cuonts"}, "`layer` to be one of the layers.*'cuonts'. Did you mean 'counts'"),
        ({"key": "X_pc"}, "`key` to be one of the `obsm`.*'X_pc'. Did you mean 'X_pca'"),
        ({"label_column": "knid"}, "`label_column` to name columns of `obs`.*mean 'kind'"),
        ({"columns": "g9"}, "`columns` to name columns of 'cells.h5ad'. Received: 'g9'"),
        ({"label_column": "partly"}, "a label in every row. Received: 1 missing in 'partly'"),
        ({"layer": "counts", "key": "X_pca"}, "one of `layer` and `key`"),
    ],
)
def test_what_is_not_there_gets_a_sentence(path, options, sentence):
    with pytest.raises(ValueError, match=sentence):
        load(path, **options)


def test_other_files_are_named(tmp_path, path):
    content = path.read_bytes()
    for broken in (content[: len(content) // 2], b"hello"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="cannot be read as"):
            load(path)
    with h5py.File(path, "w") as file:
        file["data"] = np.zeros((3, 3))
    with pytest.raises(ValueError, match="cannot be read as AnnData"):
        load(path)


def test_views_and_backed_data_in_any_order(data, path, dense):
    rows, genes = [5, 2, 7], ["g2", "g0"]
    expected = 2 * dense[np.ix_(rows, [2, 0])]
    assert as_examples(data).names == tuple(data.var_names)
    for given in (data[rows, genes], anndata.read_h5ad(path, backed="r")[rows, genes]):
        values, names = as_examples(given)
        assert names == ("g2", "g0")
        np.testing.assert_array_equal(values, expected)
        values[:] = 400.0  # its own memory
    np.testing.assert_array_equal(as_examples(data).values, 2 * dense)
    with pytest.raises(ValueError, match=r"to have an `X`. Received: none"):
        as_examples(anndata.AnnData(obs=data.obs))
