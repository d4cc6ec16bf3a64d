"""Pictures of a model with clusters: rows are clusters, columns draws or points of a way."""

import numpy as np
import pytest

import diffusion_vae as dv
from diffusion_vae.latents import CategoricalMixtureLatent
from diffusion_vae.plots import (
    away_from_origin,
    cluster_interpolation,
    cluster_samples,
    to_array,
)
from diffusion_vae.plots.model_pictures import model_figures, training_figure


def sheets(figure):
    """Arrays of the pictures of a figure."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


@pytest.fixture
def model(position_model):
    """Three clusters on one dimension each; a picture's grey is its first coordinate / 30."""
    model = position_model(None, lambda z: z[:, 0] / 30)
    model.latent = CategoricalMixtureLatent(3, 1, 3.0)
    model.sample_cluster = lambda c, n: (
        np.full((n, 8, 8), 0.2 * c) + 0.01 * np.arange(n)[:, None, None]
    )
    model.interpolate_clusters = dv.InfoCatVAE(3, 1, 3.0).interpolate_clusters
    return model


def test_draws_of_a_cluster_are_in_its_row(model):
    figure = cluster_samples(model, 4, title="clusters")
    for c, sheet in enumerate(sheets(figure)):
        np.testing.assert_allclose(sheet[0, ::9], 0.2 * c + 0.01 * np.arange(4))
    assert [axes.get_ylabel() for axes in figure.axes] == ["cluster 0", "cluster 1", "cluster 2"]


def test_ways_lead_from_each_centre_to_the_next_and_back_to_the_first(model):
    rows = [sheet[0, ::9] * 30 for sheet in sheets(cluster_interpolation(model, 4))]
    np.testing.assert_allclose(rows[0], [4.5, 3.0, 1.5, 0.0], atol=1e-5)  # 1.5 x separation
    np.testing.assert_allclose(rows[1], 0.0, atol=1e-5)
    np.testing.assert_allclose(rows[2], [0.0, 1.5, 3.0, 4.5], atol=1e-5)


def test_multiples_of_the_centres_lead_away_from_the_origin(model):
    rows = [sheet[0, ::9] * 30 for sheet in sheets(away_from_origin(model, 5))]
    np.testing.assert_allclose(rows[0], 3.0 * np.arange(5), atol=1e-5)
    np.testing.assert_allclose(rows[1], 0.0, atol=1e-5)


def test_limits_are_common_to_all_rows(model):
    sheet = sheets(cluster_samples(model, 4, limits=(0.0, 2.0)))[2]
    np.testing.assert_allclose(sheet[0, 0], 0.2)


def test_pictures_of_a_real_model_are_drawn():
    x = np.random.default_rng(0).random((6, 8, 8), dtype=np.float32)
    model = dv.InfoCatVAE(3, seed=0)
    model.build((None, 8, 8))
    some, everything = (set(model_figures(model, x, flag)) for flag in (False, True))
    assert some == {"reconstruction_pairs.png", "clusters.png"}
    assert everything - some >= {"cluster_interpolation.png", "away_from_origin.png"}
    assert to_array(training_figure(model, x, "epoch 1"), dpi=40).std() > 1.0


def test_data_that_are_no_pictures_have_none():
    x = np.random.default_rng(0).random((6, 2), dtype=np.float32)
    model = dv.InfoCatVAE(3, seed=0)
    model.build((None, 2))
    assert model_figures(model, x, True) == {}
