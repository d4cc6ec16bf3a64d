"""What the pictures of a model have in common: range, caption, format."""

import numpy as np
import pytest
from matplotlib.figure import Figure

import diffusion_vae as dv
from diffusion_vae.datasets import Dataset
from diffusion_vae.plots import latent_scatter, to_array, turning_scatter, write_pictures
from diffusion_vae.plots.layout import new_figure, note
from diffusion_vae.plots.model_pictures import model_figures, picture_note


@pytest.fixture(scope="module")
def data():
    x = np.random.default_rng(0).random((24, 6, 6), dtype=np.float32)
    return Dataset("some/mine", x, x)


@pytest.fixture(scope="module")
def model():
    """A decoder that leaves the range of its data by far in every tenth pixel."""
    model = dv.SphereVAE(2, seed=0)
    model.build((None, 6, 6))
    bias = np.zeros(36)
    bias[::10] = -0.6
    model.decoder.weights[-1].assign(bias)
    return model


def shades(figure):
    """Grey values in the pictures of a figure."""
    arrays = [image.get_array()[..., 0] for axes in figure.axes for image in axes.images]
    return np.concatenate([np.ma.compressed(array) for array in arrays])


@pytest.mark.parametrize(
    "data_range", [(0.0, 1.0), (-1.0, 1.0)], ids=["black is zero", "grey is zero"]
)
def test_decoded_pictures_have_the_range_of_the_data(model, data, data_range):
    low, high = data_range
    x = low + (high - low) * data.test
    figures = model_figures(model, Dataset("mine", x, x), False)
    decoded = model.decode(np.eye(3, dtype="float32"))
    zero = -low / (high - low)
    assert abs(np.median(decoded)) < 0.05  # most pixels are zero
    shown = shades(figures["reconstruction_grid.png"])
    assert np.median(shown) == pytest.approx(zero, abs=0.05)


def test_every_picture_names_data_run_and_epoch(model, data, monkeypatch):
    written = {}
    monkeypatch.setattr(
        "diffusion_vae.plots.model_pictures.write_picture",
        lambda picture, path: written.update({path.name: picture}),
    )
    write_pictures(model, data, "nowhere", note=picture_note(data, "first", 7))
    assert len(written) == 3
    for figure in written.values():
        assert figure.get_supxlabel() == "mine, run first, epoch 7"
    write_pictures(model, data, "nowhere", file_format="svg", dark=True)
    assert {name for name in written if name.endswith("svg")} == {
        "latent.svg", "reconstruction_grid.svg", "reconstruction_pairs.svg",
    }  # fmt: skip
    assert written["latent.svg"].get_supxlabel() == "mine"
    assert max(written["latent.svg"].get_facecolor()[:3]) < 0.2
    with pytest.raises(ValueError, match="svg"):
        write_pictures(model, data, "nowhere", file_format="jpg")


def test_a_note_lies_below_everything_else():
    figure = note(new_figure(3.0, 2.0), "mnist, run a, epoch 3")
    axes = figure.add_subplot()
    axes.set_xlabel("longitude")
    figure.draw_without_rendering()
    box = figure._supxlabel.get_window_extent()
    assert box.y1 <= axes.xaxis.label.get_window_extent().y0 and box.y0 >= 0
    assert box.x1 <= figure.bbox.x1


def test_a_picture_that_turns_says_what_it_is_and_hides_the_map():
    z = np.array(dv.manifolds.Sphere(2).prior_sample((9,), seed=0))
    options = {"views": 2, "dpi": 40}
    plain = turning_scatter(dv.manifolds.Sphere(2), z, **options)
    noted = turning_scatter(dv.manifolds.Sphere(2), z, note="mnist, run a", **options)
    assert noted[0].shape[0] > plain[0].shape[0]
    still = latent_scatter(dv.manifolds.Sphere(2), z)
    assert isinstance(still, Figure) and to_array(still, 40).shape[1] > plain[0].shape[1]
