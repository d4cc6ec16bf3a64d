"""What a callback needs after the training is looked at before it."""

import numpy as np
import pytest

from diffusion_vae import datasets
from diffusion_vae.callbacks import ResultsFolder, TopologyMonitor, TrainingPictures
from diffusion_vae.datasets import Dataset

X = np.random.default_rng(0).random((8, 4, 4), dtype=np.float32)


class Pipeline:
    """What a `tf.data.Dataset` has in common with an array: nothing."""

    element_spec = "TensorSpec"


@pytest.mark.parametrize("make", [ResultsFolder, TrainingPictures])
@pytest.mark.parametrize(
    ("dataset", "error", "sentence"),
    [
        ((X, X), TypeError, "Received: tuple"),
        ([1.0, 2.0], TypeError, "Received: list"),
        (Pipeline(), TypeError, "Received: Pipeline"),
        (X[:0], ValueError, "at least one example"),
        (X[0, 0], ValueError, "at least one example"),
        (np.full_like(X, np.nan), ValueError, "finite"),
        (Dataset("empty", X, X[:0]), ValueError, "at least one example"),
    ],
)
def test_data_of_which_no_picture_can_be_drawn_are_refused_at_once(
    tmp_path, make, dataset, error, sentence
):
    with pytest.raises(error, match=sentence):
        make(tmp_path / "new", dataset=dataset)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "make",
    [
        lambda folder, x: ResultsFolder(folder, dataset=x),
        lambda folder, x: ResultsFolder(folder, dataset=Dataset("mine", x, x), pictures_every=9),
        lambda folder, x: TrainingPictures(folder, x, every=9),
        lambda folder, x: TopologyMonitor(Dataset("mine", x, x), every=9),
    ],
)
def test_examples_of_another_shape_are_refused_before_the_first_step(tmp_path, make, small_model):
    model = small_model()
    with pytest.raises(ValueError, match=r"`dataset`.*\(4, 4\).*Received: \(4, 3\)"):
        model.fit(X, epochs=9, verbose=0, callbacks=[make(tmp_path, X[..., :3])])
    assert int(model.schedule_step) == 0
    assert list(tmp_path.iterdir()) == []


def test_what_the_gif_needs_is_checked_before_the_training():
    with pytest.raises(ValueError, match="seconds_per_frame"):
        TrainingPictures("nowhere", X, seconds_per_frame=0.001)


def test_topology_needs_a_data_set_with_factors():
    with pytest.raises(TypeError, match="known factors"):
        TopologyMonitor(X)
    digits = datasets.load("digits")
    assert TopologyMonitor(digits).dataset is digits
