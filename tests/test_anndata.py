"""Cells of an AnnData on a manifold: what is read, what is written, and what is refused."""

import hashlib
import sys

import keras
import numpy as np
import pandas as pd
import pytest
import scipy.sparse

import diffusion_vae as dv
from diffusion_vae.anndata import as_batches, embed, fit
from diffusion_vae.datasets.tables.cells import table_of_cells

anndata = pytest.importorskip("anndata", reason="cells come in an AnnData")

CELLS, GENES, BATCH = 40, 6, 16
SMALL = {"units": (8,), "epochs": 2, "batch_size": BATCH, "seed": 3}


def cells(matrix=np.array, rows=CELLS, seed=0):
    """Counts in the layer `counts`, and in `X` numbers that are none."""
    rng = np.random.default_rng(seed)
    counts = rng.poisson(2.0, (rows, GENES)).astype(np.float32)
    counts[:, 0] += 1  # no cell without a count
    made = anndata.AnnData(
        matrix(np.log1p(counts)),
        obs=pd.DataFrame(
            {
                "batch": pd.Categorical(np.array(["p", "q"])[np.arange(rows) % 2]),
                "factor": rng.uniform(0.5, 2.0, rows),
                "partly": [None, *["p"] * (rows - 1)],
            },
            index=[f"c{i}" for i in range(rows)],
        ),
        var=pd.DataFrame(
            {"chosen": np.arange(GENES) != 2, "number": 1.0}, index=list("abcdef")[:GENES]
        ),
    )
    made.layers["counts"] = matrix(counts)
    return made


def state(adata):
    """What a call may not change."""
    return (
        {name: np.array(values) for name, values in adata.obsm.items()},
        adata.obs.copy(),
        dict(adata.uns),
    )


def assert_unchanged(adata, before):
    arrays, obs, uns = before
    assert set(adata.obsm) == set(arrays)
    for name, values in arrays.items():
        np.testing.assert_array_equal(adata.obsm[name], values)
    pd.testing.assert_frame_equal(adata.obs, obs)
    assert set(adata.uns) == set(uns)


@pytest.fixture(scope="module")
def trained():
    """Dense cells after a training with batches, and the model."""
    adata = cells()
    return adata, fit(adata, "sphere:1", batch_key="batch", **SMALL)


# -- what is written ------------------------------------------------------------------------


def test_places_times_and_settings_are_written(trained):
    adata, model = trained
    x = {
        "x": adata.layers["counts"],
        "condition": np.eye(2)[np.arange(CELLS) % 2],
        "exposure": adata.layers["counts"].sum(1) / np.median(adata.layers["counts"].sum(1)),
    }
    location, time = model.encode(x)
    np.testing.assert_allclose(adata.obsm["X_diffusion"], location, atol=1e-5)
    np.testing.assert_allclose(adata.obs["diffusion_time"], time[:, 0], rtol=1e-5)
    np.testing.assert_allclose(np.linalg.norm(adata.obsm["X_diffusion"], axis=1), 1, rtol=1e-5)
    batches = as_batches(adata, model, batch_size=7)
    assert len(batches) == 6
    for name, values in x.items():
        joined = np.concatenate([batches[k][0][name] for k in range(6)])
        np.testing.assert_allclose(joined, values, rtol=1e-6, err_msg=name)
    by_hand = model.elbo(x, seed=1, batch_size=7)
    np.testing.assert_allclose(model.elbo(batches, seed=1, batch_size=7), by_hand, rtol=1e-5)


def test_what_is_written_survives_a_file_and_serves_there(trained, tmp_path):
    adata, model = trained
    adata.write_h5ad(tmp_path / "cells.h5ad")
    model.save(tmp_path / "cells.keras")
    again = anndata.read_h5ad(tmp_path / "cells.h5ad")
    settings = again.uns["diffusion_vae"]
    assert settings["manifold"] == "sphere:1"
    assert settings["likelihood"] == "NegativeBinomial"
    assert (settings["epochs"], settings["seed"], settings["batch_key"]) == (2, 3, "batch")
    assert list(settings["batches"]) == ["p", "q"]
    assert settings["loss"].shape == (2,)
    again.obsm.clear()
    embed(again, keras.saving.load_model(tmp_path / "cells.keras"))
    np.testing.assert_allclose(again.obsm["X_diffusion"], adata.obsm["X_diffusion"], atol=1e-6)


def test_new_cells_are_placed_with_their_genes_in_any_order(trained):
    adata, model = trained
    whole = cells(rows=9, seed=1)
    embed(whole, model, adata)
    turned = cells(rows=9, seed=1)[:, ::-1].copy()
    turned.var_names = ["f", "e", "d", "c", "b", "a"]
    extra = anndata.AnnData(np.ones((9, 1), np.float32), turned.obs, pd.DataFrame(index=["z"]))
    extra.layers["counts"] = extra.X
    more = anndata.concat([extra, turned], axis=1, merge="same")
    # `uns` does not survive a concatenation, and neither does the order of the genes.
    with pytest.raises(ValueError, match=r"uns\['diffusion_vae'\].*Received: none"):
        embed(more, model)
    embed(more, model, adata.uns["diffusion_vae"])
    np.testing.assert_allclose(more.obsm["X_diffusion"], whole.obsm["X_diffusion"], atol=1e-6)
    for other, sentence in (
        (more[:, 1:6].copy(), "the 6 genes of the training. Received: one without a"),
        (with_obs(whole, batch="r"), "one of those of the training: p, q. Received: r"),
    ):
        with pytest.raises(ValueError, match=sentence):
            embed(other, model, adata)


def with_obs(adata, **columns):
    changed = adata.copy()
    for name, values in columns.items():
        changed.obs[name] = values
    return changed


def test_a_view_becomes_its_own_and_the_whole_stays(trained):
    adata, model = trained
    whole = cells(rows=6)
    whole.obsm["angle"] = np.full(6, 400.0)
    before = state(whole)
    part = whole[:3]
    assert part.is_view
    embed(part, model, adata)
    assert part.obsm["X_diffusion"].shape == (3, 2)
    assert not part.is_view
    assert_unchanged(whole, before)
    np.testing.assert_array_equal(np.ravel(whole.obsm["angle"]), [400.0] * 6)


def test_angles_that_were_read_are_a_copy_and_one_column_comes_as_such(tmp_path):
    whole = cells(rows=6)
    whole.obsm["angle"] = np.full((6, 1), 400.0)
    whole.obsm["flat"] = np.full(6, 400.0)  # comes back [6, 1] from some versions
    whole.write_h5ad(tmp_path / "cells.h5ad")
    for adata in (whole[:3], anndata.read_h5ad(tmp_path / "cells.h5ad")[:3]):
        for key in ("angle", "flat"):
            angles = table_of_cells(adata, key=key).values
            np.testing.assert_array_equal(angles, [[400.0]] * 3)
            angles %= 360
    for key in ("angle", "flat"):
        np.testing.assert_array_equal(np.ravel(whole.obsm[key]), [400.0] * 6)


@pytest.mark.slow  # a second training
def test_several_times_stand_in_columns_of_their_own_and_old_ones_go(trained):
    adata = trained[0].copy()
    assert "diffusion_time" in adata.obs
    whole = adata.copy()
    before = state(whole)
    part = whole[:30]
    model = fit(
        part,
        "sphere:1 x euclidean:1",
        layer=None,
        likelihood="gaussian",
        mask_var="chosen",
        **SMALL,
    )
    assert part.obsm["X_diffusion"].shape == (30, 3)
    assert [name for name in part.obs if "time" in name] == [
        "diffusion_time_1",
        "diffusion_time_2",
    ]
    settings = part.uns["diffusion_vae"]
    assert list(settings["genes"]) == list("abdef")
    assert "total" not in settings
    assert as_batches(part, model)[0][0].shape == (30, 5)
    assert_unchanged(whole, before)


# -- sparse and in a file -------------------------------------------------------------------


@pytest.mark.slow  # a second training
@pytest.mark.jax
def test_rows_of_a_sparse_file_train_as_the_dense_array_does_and_compile_once(
    trained, tmp_path, monkeypatch
):
    adata, _ = trained
    sparse = cells(scipy.sparse.csr_matrix)
    sparse.X = sparse.layers["counts"]  # layers of a file are read into memory, X is not
    sparse.write_h5ad(tmp_path / "cells.h5ad")
    digest = hashlib.sha256((tmp_path / "cells.h5ad").read_bytes()).hexdigest()
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    traced = []
    compute_loss = dv.DiffusionVAE.compute_loss
    monkeypatch.setattr(
        dv.DiffusionVAE, "compute_loss", lambda *a, **k: traced.append(0) or compute_loss(*a, **k)
    )
    fit(backed, "sphere:1", layer=None, batch_key="batch", **SMALL)
    # 40 cells in batches of 16; PyTorch compiles nothing, and computes each of 2 x 2 steps.
    assert len(traced) == (4 if keras.backend.backend() == "torch" else 1)
    np.testing.assert_array_equal(
        backed.uns["diffusion_vae"]["loss"], adata.uns["diffusion_vae"]["loss"]
    )
    np.testing.assert_array_equal(backed.obsm["X_diffusion"], adata.obsm["X_diffusion"])
    np.testing.assert_array_equal(backed.obs["diffusion_time"], adata.obs["diffusion_time"])
    backed.file.close()
    assert hashlib.sha256((tmp_path / "cells.h5ad").read_bytes()).hexdigest() == digest


# -- what is refused ------------------------------------------------------------------------


def changed(place, value):
    adata = cells()
    adata.layers["counts"][place] = value
    return adata


REFUSED = [
    (changed((3, 2), -1), {}, "`layer='counts'` to hold counts, which are at least 0. Received: "
     "-1 in cell 'c3', gene 'c'"),
    (changed((3, 2), 0.5), {}, "whole numbers.* Received: 0.5 in cell 'c3', gene 'c'"),
    (changed((3, 2), np.nan), {}, "finite number.* Received: nan in cell 'c3', gene 'c'"),
    (changed((3, 2), np.inf), {}, "finite number.* Received: inf in cell 'c3', gene 'c'"),
    (changed(3, 0), {}, "every cell to have a count.*1 cells without one, the first 'c3'"),
    (cells(), {"layer": None}, "`X` to hold counts, which are whole numbers"),  # log1p
    (cells(), {"layer": "count"}, "layers .*: counts. Received: 'count'. Did you mean 'counts'"),
    (cells(), {"layer": "raw"}, "to have `raw`. Received: none"),
    (cells(), {"batch_key": "batches"}, "column of `obs`: .*Did you mean 'batch'"),
    (cells(), {"batch_key": "partly"}, "every row of `obs` to have a 'partly'. Received: 1 of 40"),
    (cells(), {"batch_key": "factor"}, "40 different ones in 40 rows"),
    (with_obs(cells(), batch=pd.Categorical(["p"] * CELLS, categories=["p", "q"])),
     {"batch_key": "batch"}, "every category of 'batch' .*to have rows. Received: none with q"),
    (with_obs(cells(), batch=[" ", "q"] * 20), {"batch_key": "batch"}, "to have a name. Received"),
    (with_obs(cells(), factor=0.0), {"size_factor_key": "factor"}, "positive. Received: 0 for cell"
     " 'c0', and 40 such"),
    (cells(), {"size_factor_key": "batch"}, "'batch' of `obs` to hold numbers"),
    (cells(), {"mask_var": "number"}, "'number' of `var` to hold truth values"),
    (cells(), {"seed": -1}, "seed"),
    (cells()[:0], {}, "at least one cell"),
]  # fmt: skip


@pytest.mark.parametrize(("adata", "options", "sentence"), REFUSED)
def test_bad_input_gets_one_sentence_and_nothing_is_written(adata, options, sentence):
    before = state(adata)
    with pytest.raises(ValueError, match=sentence) as error:
        fit(adata, **options)
    assert "\n" not in str(error.value)
    assert_unchanged(adata, before)


def test_a_part_of_an_open_file_is_refused_before_anything_is_read(tmp_path):
    cells().write_h5ad(tmp_path / "cells.h5ad")
    backed = anndata.read_h5ad(tmp_path / "cells.h5ad", backed="r")
    with pytest.raises(ValueError, match=r"part of one whose file is open.*\.to_memory\(\)"):
        fit(backed[:5])
    backed.file.close()


def test_what_is_no_anndata_and_a_missing_package_are_named(monkeypatch):
    with pytest.raises(TypeError, match=r"Received: str. Open it: `anndata.read_h5ad\(path\)`"):
        fit("cells.h5ad")
    monkeypatch.setitem(sys.modules, "anndata", None)
    with pytest.raises(ImportError, match=r'pip install "diffusion-vae\[cells\]"'):
        fit(np.zeros((3, 3)))


# -- batches ---------------------------------------------------------------------------------


@pytest.mark.slow  # a longer training
def test_codes_are_free_of_a_batch_effect():
    rng = np.random.default_rng(0)
    n, genes = 300, 20
    angle, batch = rng.uniform(0, 2 * np.pi, n), rng.integers(2, size=n)
    log_rate = 0.5 + 1.5 * np.cos(
        angle[:, None] - np.linspace(0, 2 * np.pi, genes, endpoint=False)
    )
    log_rate = log_rate + batch[:, None] * rng.normal(size=genes)
    depth = rng.lognormal(0, 0.5, (n, 1))
    counts = rng.poisson(rng.gamma(5, 1 / 5, (n, genes)) * np.exp(log_rate) * depth)
    counts[:, 0] += counts.sum(1) == 0
    adata = anndata.AnnData(
        scipy.sparse.csr_matrix(counts.astype(np.float32)),
        obs=pd.DataFrame({"batch": batch}, index=[f"c{i}" for i in range(n)]),
    )
    fit(adata, "sphere:1", layer=None, batch_key="batch", units=(32, 32), epochs=60, seed=1)
    z = adata.obsm["X_diffusion"]
    found = np.arctan2(z[:, 1], z[:, 0])
    # The angle, up to a rotation and a reflection.
    assert max(abs(np.exp(1j * (found - sign * angle)).mean()) for sign in (1, -1)) > 0.95
    near = np.argsort(-z @ z.T, axis=1)[:, 1:11]
    mixed = (batch[near] != batch[:, None]).mean()
    expected = 2 * batch.mean() * (1 - batch.mean())  # of neighbours that know no batch
    assert abs(mixed - expected) < 0.05  # standard error at most 0.5 / sqrt(300) = 0.03
