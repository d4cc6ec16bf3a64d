"""Rows that are read a few at a time: as indexing the whole dense matrix gives them."""

import anndata
import h5py
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

from diffusion_vae.datasets.tables.groups import groups_of
from diffusion_vae.datasets.tables.looking import look_through
from diffusion_vae.datasets.tables.restored import restore_counts
from diffusion_vae.datasets.tables.rows import Rows

UNSORTED = [5, 2, 2, 9, 0]
KINDS = {
    "dense": np.array,
    "csr": scipy.sparse.csr_matrix,
    "csc": scipy.sparse.csc_matrix,
    "csr array": scipy.sparse.csr_array,
}


@pytest.fixture(scope="module")
def dense():
    return np.random.default_rng(0).poisson(0.7, (30, 7)).astype(np.float32)


@pytest.fixture
def matrices(dense, tmp_path):
    """The matrix in each kind, in memory and in files that are open."""
    found = {kind: make(dense) for kind, make in KINDS.items()}
    lazy = pytest.importorskip("dask.array", reason="brought by `distributed`")
    found["dask"] = lazy.from_array(dense, chunks=(8, 7))
    found["sparse dask"] = found["dask"].map_blocks(scipy.sparse.csr_matrix)
    opened = []
    for kind in KINDS:
        path = tmp_path / f"{kind}.h5ad"
        anndata.AnnData(found[kind]).write_h5ad(path)
        opened.append(anndata.read_h5ad(path, backed="r"))
        found[f"{kind} in a file"] = opened[-1].X
    yield found
    for each in opened:
        each.file.close()


def test_rows_of_every_kind_come_in_any_order_with_repeats(matrices, dense):
    assert isinstance(matrices["dense in a file"], h5py.Dataset)
    with pytest.raises(TypeError, match="increasing"):  # why they are sorted first
        matrices["dense in a file"][UNSORTED]
    for kind, matrix in matrices.items():
        for columns in (None, [3, 0]):
            rows, expected = Rows(matrix, columns), dense[:, columns or slice(None)]
            assert (rows.shape, rows.dtype) == (expected.shape, np.float32), kind
            np.testing.assert_array_equal(rows[UNSORTED], expected[UNSORTED], err_msg=kind)
            np.testing.assert_array_equal(rows[4:11], expected[4:11], err_msg=kind)
            blocks = list(rows.blocks())
            np.testing.assert_array_equal(np.concatenate([x for _, x in blocks]), expected)


def test_what_is_read_shares_no_memory_with_the_matrix(dense):
    for matrix in (dense.copy(), scipy.sparse.csr_matrix(dense)):
        for index in (slice(0, 3), [0, 1, 2]):
            Rows(matrix)[index][:] = -1
        np.testing.assert_array_equal(Rows(matrix)[:], dense)


def test_entries_that_are_stored_in_disorder_twice_or_as_zeros_are_what_scipy_makes_of_them():
    whole = scipy.sparse.csr_matrix(  # 0.5 + 0.5 is a count
        (np.array([0.5, 0.0, 0.5, 3.0]), np.array([2, 1, 2, 0]), np.array([0, 3, 4])), (2, 3)
    )
    np.testing.assert_array_equal(Rows(whole)[:], [[0, 0, 1], [3, 0, 0]])
    sums = look_through(Rows(whole), "x", "ab", "uvw", counts=True)
    assert (sums.rows.tolist(), sums.columns.tolist()) == ([1, 3], [3, 0, 1])


def test_sums_do_not_depend_on_the_blocks(dense, monkeypatch):
    monkeypatch.setattr("diffusion_vae.datasets.tables.rows.BLOCK", 4 * 7)
    sums = look_through(Rows(dense), "x", range(30), range(7), counts=True)
    np.testing.assert_allclose(sums.rows, dense.sum(axis=1))
    np.testing.assert_allclose(sums.columns, dense.sum(axis=0))
    dense = dense.copy()
    dense[11, 5] = -2  # not in the first block
    with pytest.raises(ValueError, match=r"at least 0.*Received: -2 in cell 11, gene 5"):
        look_through(Rows(dense), "x", range(30), range(7), counts=True)


# -- groups ----------------------------------------------------------------------------------


def test_groups_are_the_categories_in_their_order():
    frame = pd.DataFrame(
        {
            "text": list("baab"),
            "kind": pd.Categorical(list("baab"), categories=["b", "a"]),
            "plate": [2, 10, 10, 2],
        }
    )
    found = {name: groups_of(frame, "batch_key", name, "`obs`") for name in frame}
    assert {name: (codes.tolist(), names) for name, (codes, names) in found.items()} == {
        "text": ([1, 0, 0, 1], ("a", "b")),
        "kind": ([0, 1, 1, 0], ("b", "a")),
        "plate": ([0, 1, 1, 0], ("2", "10")),
    }
    few = frame.iloc[1:3]  # the category b is still there, without a row
    codes, _ = groups_of(few, "batch_key", "kind", "`obs`", known=("c", "a", "b"))
    assert codes.tolist() == [1, 1]


# -- counts that were normalised -----------------------------------------------------------


def test_counts_come_back_from_logs_of_normalised_ones():
    rng = np.random.default_rng(1)
    counts = rng.poisson(1.0, (40, 12)).astype(np.float32)
    counts[:, 0] = 1  # each cell has a count of 1
    counts[7, 3] = 100
    factors = rng.uniform(0.01, 30, (40, 1))
    logs = np.log1p(counts * factors).round(3)  # as `pbmc68k_reduced` has them
    np.testing.assert_array_equal(restore_counts(logs.astype(np.float32)), counts)
    sparse = scipy.sparse.csr_matrix(logs)
    given = sparse.copy()
    np.testing.assert_array_equal(restore_counts(sparse).toarray(), counts)
    assert (sparse != given).nnz == 0


def test_what_cannot_have_been_counts_is_refused():
    rng = np.random.default_rng(2)
    for values, sentence in (
        (rng.normal(size=(4, 5)), "at least 0 and finite. Received: -"),  # scaled
        (np.full((2, 2), np.nan), "Received: nan"),
        (rng.random((4, 5)), "of 20 that are none"),
    ):
        with pytest.raises(ValueError, match=sentence):
            restore_counts(values)
