"""Restarts in Python: when they come, and that a seed decides everything."""

import numpy as np
import pytest

from diffusion_vae import FlatTorusVAE, datasets
from diffusion_vae.networks import MLPDecoder, MLPEncoder
from diffusion_vae.runs import fit_with_restarts
from diffusion_vae.runs.restart import StopIfStuck, attempt_seeds


@pytest.fixture(scope="module")
def pictures():
    return datasets.load("periodic_pictures", size=8, train_size=64, test_size=16)


@pytest.fixture
def maker():
    """A function that makes small models, and the seeds that it was called with."""
    seeds = []

    def make(seed):
        seeds.append(seed)
        return FlatTorusVAE(2, MLPEncoder((8,)), MLPDecoder((8,)), seed=seed)

    return make, seeds


def test_a_stuck_loss_starts_anew_from_the_seeds_of_the_command(pictures, maker):
    make, seeds = maker
    said = "The loss is stuck still, and the 2 restarts are used up"
    with pytest.warns(UserWarning, match=said):
        fitted = fit_with_restarts(make, pictures, epochs=3, batch_size=64, restarts=2, seed=5)
    assert seeds == attempt_seeds(5, 2) and len(set(seeds)) == 3
    assert (fitted.restarts, fitted.stuck) == (2, True)
    assert fitted.model.seed == seeds[-1] and len(fitted.history["loss"]) == 3


def test_a_loss_that_is_not_stuck_ends_it(pictures, maker, monkeypatch):
    make, seeds = maker

    def second_is_good(guard, epoch, logs=None):
        guard.stuck = guard.model.stop_training = len(seeds) < 2

    monkeypatch.setattr(StopIfStuck, "on_epoch_end", second_is_good)
    fitted = fit_with_restarts(make, pictures.train, epochs=2, batch_size=64, restarts=5)
    assert (len(seeds), fitted.restarts, fitted.stuck) == (2, 1, False)
    assert len(fitted.history["loss"]) == 2


def test_a_seed_covers_weights_noise_and_the_order_of_the_data(pictures, maker):
    make, _ = maker
    losses = [
        fit_with_restarts(
            make, pictures, epochs=2, batch_size=16, restarts=0, seed=seed,
            validation_data=pictures.test,
        ).history
        for seed in (3, 3, 4)
    ]  # fmt: skip
    np.testing.assert_array_equal(losses[0]["loss"], losses[1]["loss"])
    np.testing.assert_array_equal(losses[0]["val_loss"], losses[1]["val_loss"])
    assert losses[0]["loss"] != losses[2]["loss"]


def test_other_models_and_numbers_are_refused(pictures, maker):
    make, _ = maker
    with pytest.raises(TypeError, match=r"make a model of diffusion_vae .* Received: str"):
        fit_with_restarts(lambda seed: "model", pictures, epochs=1)
    for name, value in {"restarts": -1, "epochs": 0, "batch_size": 0, "seed": -1}.items():
        with pytest.raises(ValueError, match=f"`{name}`"):
            fit_with_restarts(make, pictures, **{"epochs": 1, name: value})
