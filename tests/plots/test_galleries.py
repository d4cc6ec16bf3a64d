"""Contact sheets of data, reconstructions, draws and paths."""

import numpy as np
import pytest

from diffusion_vae.manifolds import O3, FlatTorus, Sphere
from diffusion_vae.models import DiffusionVAE
from diffusion_vae.plots import (
    examples,
    geodesic_interpolation,
    picture_rows,
    posterior_samples,
    prior_samples,
    reconstruction_grid,
    reconstruction_pairs,
    to_array,
)


def sheets(figure):
    """Arrays of the pictures of a figure."""
    return [np.asarray(axes.images[0].get_array()) for axes in figure.axes]


@pytest.fixture
def x():
    return np.linspace(0.0, 1.0, 6)[:, None, None] * np.ones((6, 8, 8))


def test_examples_are_tiled_in_order(x):
    (sheet,) = sheets(examples(x, 5, columns=3, title="data"))
    assert sheet.shape == (17, 26)
    np.testing.assert_allclose(sheet[0, [0, 9, 18]], [0.0, 0.2, 0.4])
    np.testing.assert_allclose(sheet[9, [0, 9, 18]], [0.6, 0.8, 1.0])


@pytest.mark.parametrize("event", [(8, 8, 1), (8, 8, 3), (64,), (4, 16)])
def test_examples_of_every_shape(event):
    signed = np.random.default_rng(0).normal(size=(7, *event))
    to_array(examples(signed), dpi=50)


def test_prior_samples_are_the_model_s(position_model):
    model = position_model(Sphere(2), lambda z: np.full(len(z), 0.25))
    (sheet,) = sheets(prior_samples(model, 4))
    assert np.all(sheet[:8, :8] == 0.25)


def test_originals_stand_above_their_reconstructions(position_model, x):
    original, reconstruction = sheets(reconstruction_pairs(position_model(Sphere(2), None), x, 4))
    np.testing.assert_allclose(original[0, ::9], [0.0, 0.2, 0.4, 0.6])
    np.testing.assert_allclose(reconstruction[0, ::9], [0.0, 0.1, 0.2, 0.3])


def test_rows_of_pairs_are_named(position_model, x):
    figure = reconstruction_pairs(position_model(Sphere(2), None), x, title="pairs")
    figure.draw_without_rendering()
    assert [axes.get_ylabel() for axes in figure.axes] == ["original", "reconstruction"]
    labels = [axes.yaxis.label.get_window_extent() for axes in figure.axes]
    assert min(box.x0 for box in labels) >= 0.0  # not cut off


def test_posterior_draws_of_an_example_are_in_its_row(position_model, x):
    model = position_model(FlatTorus(2), lambda z: np.zeros(len(z)))
    draws = np.arange(12).reshape(4, 3) / 20  # [draw, example]
    model.sample_posterior = lambda x, n: draws[:n, :, None]
    model.paint = lambda z: z[:, 0]
    pictures = sheets(posterior_samples(model, x[:3], 4))
    for i in range(3):
        np.testing.assert_allclose(pictures[2 * i][0, 0], x[i, 0, 0])
        np.testing.assert_allclose(pictures[2 * i + 1][0, ::9], draws[:, i])


def test_geodesic_starts_and_ends_at_the_encoded_examples(position_model, x):
    model = position_model(Sphere(2), lambda z: 0.5 + 0.5 * z[:, 2])
    pictures = sheets(geodesic_interpolation(model, x[:2], x[2:4], 5))
    start, end = model.encode(x[:2])[0], model.encode(x[2:4])[0]
    for i in range(2):
        path = pictures[3 * i + 1][0, ::9]
        np.testing.assert_allclose(path[0], 0.5 + 0.5 * start[i, 2], atol=1e-6)
        np.testing.assert_allclose(path[-1], 0.5 + 0.5 * end[i, 2], atol=1e-6)
    with pytest.raises(ValueError, match="as many examples at the start"):
        geodesic_interpolation(model, x[:2], x[:3])


def test_pair_that_no_path_joins_has_an_empty_row(position_model, x):
    model = position_model(O3(), lambda z: np.zeros(len(z)))
    ends = np.stack([np.eye(3).reshape(9), -np.eye(3).reshape(9)])
    model.encode = lambda x: (ends[: len(x)] if x[0, 0, 0] == 0 else ends[[0, 0]], None)
    pictures = sheets(geodesic_interpolation(model, x[:2], x[2:4], 4))
    assert np.all(pictures[1][:, :8] == 0.0) and np.all(pictures[4] == 1.0)


def test_nothing_to_draw_is_an_error(x):
    with pytest.raises(ValueError, match="at least one example"):
        examples(x[:0])


def test_a_real_model_has_the_methods_that_the_pictures_use():
    x = np.random.default_rng(0).uniform(size=(6, 8, 8)).astype("float32")
    model = DiffusionVAE(FlatTorus(2), seed=0)
    model.encode(x)
    figures = [
        reconstruction_grid(model, 3),
        reconstruction_pairs(model, x),
        prior_samples(model, 4),
        posterior_samples(model, x[:2], 3),
        geodesic_interpolation(model, x[:3], x[3:], 4),
    ]
    for figure in figures:
        assert to_array(figure, dpi=40).std() > 1.0


def test_rows_of_pictures_share_the_range_of_the_first(x):
    signed = 2 * x - 1
    figure = picture_rows({"data": signed, "a model": np.zeros_like(signed)}, columns=4)
    data, other = sheets(figure)
    assert data.shape == other.shape == (8, 35)
    np.testing.assert_allclose(data[0, [0, 9, 18, 27]], [0.0, 0.2, 0.4, 0.6], atol=1e-6)
    np.testing.assert_allclose(other[0, [0, 9]], 0.5)
    assert [axes.get_ylabel() for axes in figure.axes] == ["data", "a model"]


def test_rows_of_unequal_length_are_refused(x):
    with pytest.raises(ValueError, match="Expected rows of at least 4 pictures"):
        picture_rows({"data": x, "a model": x[:3]}, columns=4)
    with pytest.raises(ValueError, match="Expected rows"):
        picture_rows({})
