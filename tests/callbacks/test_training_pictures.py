"""Pictures during training and the GIF made of them."""

import imageio.v3 as iio
import numpy as np
import pytest

from diffusion_vae.callbacks import ResultsFolder, TrainingPictures
from diffusion_vae.datasets import load


@pytest.fixture(scope="module")
def digits():
    return load("digits")


@pytest.mark.slow
def test_a_picture_every_few_epochs_and_a_gif(tmp_path, digits, small_model):
    folder = ResultsFolder(tmp_path, dataset=digits, pictures_every=2)
    small_model((8, 8, 1)).fit(digits.train[:64], epochs=5, verbose=0, callbacks=[folder])
    images = folder.folder("images")
    names = {path.name for path in images.iterdir()}
    assert {"epoch_0002.png", "epoch_0004.png", "training.gif"} <= names
    assert "epoch_0001.png" not in names
    assert len(iio.imread(images / "training.gif")) == 2


@pytest.mark.slow
def test_alone_in_user_code(tmp_path, small_model):
    x = np.random.default_rng(0).random((16, 4, 4), dtype=np.float32)
    callback = TrainingPictures(tmp_path, x)
    small_model((4, 4)).fit(x, epochs=2, verbose=0, callbacks=[callback])
    assert (tmp_path / "training.gif").stat().st_size > 1000


def test_bad_settings_are_refused(digits):
    with pytest.raises(ValueError, match="`every` to be at least 1"):
        TrainingPictures("nowhere", digits, every=0)
    with pytest.raises(ValueError, match="Expected `dataset`"):
        ResultsFolder(pictures_every=1)
