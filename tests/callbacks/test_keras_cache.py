"""What Keras lists anew at every save, once listed, is found again."""

import keras
import numpy as np
import pytest

from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.callbacks.keras_cache import fill_saving_cache


@pytest.mark.slow
def test_saving_during_training_makes_no_optimizer(tmp_path, small_model, monkeypatch):
    made = []
    original = keras.optimizers.Optimizer.__init__

    def counted(self, *args, **kwargs):
        made.append(type(self).__name__)
        original(self, *args, **kwargs)

    model, x = small_model(), np.zeros((8, 4, 4), "float32")
    folder = ResultsFolder(tmp_path)
    fill_saving_cache()
    monkeypatch.setattr(keras.optimizers.Optimizer, "__init__", counted)
    model.fit(x, epochs=2, verbose=0, callbacks=[folder])
    assert made == []
    keras.utils.clear_session()  # the cache, too
    model.save(tmp_path / "as_keras_does.keras")
    assert made  # if this fails Keras has mended it, and the cache need not be filled any more
    again, other = (
        keras.models.load_model(path)
        for path in (
            folder.folder("weights_folder") / "last.keras",
            tmp_path / "as_keras_does.keras",
        )
    )
    for one, two in zip(again.weights, other.weights, strict=True):
        np.testing.assert_array_equal(one, two)
