"""When a run is given up: by nothing but its loss and the energy of its data."""

from types import SimpleNamespace

import numpy as np
import pytest

from diffusion_vae.manifolds import FlatTorus
from diffusion_vae.runs.restart import StopIfStuck

EVENT = 4096


def guard(energy, coarse, epochs=10, examples=None):
    callback = StopIfStuck(lambda epoch: (energy, coarse), EVENT, examples=examples)
    callback.set_model(SimpleNamespace(manifold=FlatTorus(2), stop_training=False))
    callback.set_params({"epochs": epochs})
    return callback


def after(callback, epoch, nats):
    callback.on_epoch_end(epoch, {"mse": 2.0 * nats / EVENT})
    return callback.stuck


# Nats seen on cos + cos (energy 512): success 2 at most after three epochs, failure 35.
@pytest.mark.parametrize(("nats", "stuck"), [(2.0, False), (35.0, True)])
def test_early_check_of_cosines(nats, stuck):
    callback = guard(512.0, 512.0)
    assert after(callback, 2, nats) == stuck
    assert callback.model.stop_training == stuck


@pytest.mark.parametrize(("nats", "stuck"), [(1.8, False), (9.0, True)])
def test_last_check_of_cosines(nats, stuck):
    assert after(guard(512.0, 512.0), 9, nats) == stuck


# Random pictures whose lowest frequencies hold 120 of 230, 120 of 300, and 65 of 170 nats.
@pytest.mark.parametrize(
    ("energy", "coarse", "success", "failure"),
    [(230.0, 120.0, 4.7, 10.4), (300.0, 120.0, 6.2, 18.2), (170.0, 65.0, 7.0, 16.4)],
)
def test_last_check_of_random_pictures(energy, coarse, success, failure):
    assert not after(guard(energy, coarse), 9, success)
    assert after(guard(energy, coarse), 9, failure)


def test_fine_detail_may_still_be_missing_early():
    # Of a picture with energy 280, 140 of it in the lowest frequencies.
    assert not after(guard(280.0, 140.0), 2, 100.0)
    assert after(guard(280.0, 140.0), 2, 150.0)


def test_without_pictures_the_early_check_asks_for_less_than_the_mean():
    assert not after(guard(30.0, 0.0), 2, 29.0)
    assert after(guard(30.0, 0.0), 2, 31.0)


# Rotated functions on the sphere, 2750 nats: successes miss 12 of them halfway, failures 47.
@pytest.mark.parametrize(("nats", "stuck"), [(12.0, False), (47.0, True)])
def test_halfway_check_without_pictures(nats, stuck):
    assert after(guard(2750.0, 0.0), 4, nats) == stuck
    assert not after(guard(2750.0, 2000.0), 4, nats)


@pytest.mark.parametrize(("epochs", "check"), [(10, 2), (15, 2), (30, 4), (40, 6)])
def test_other_epochs_are_not_checked(epochs, check):
    callback = guard(512.0, 512.0, epochs)
    checked = [epoch for epoch in range(epochs) if after(callback, epoch, 400.0)]
    assert checked[0] == check
    callback = guard(512.0, 512.0, epochs)
    for epoch in set(range(epochs - 1)) - {check}:
        assert not after(callback, epoch, 400.0)


def test_a_small_variance_makes_more_nats_of_an_error():
    energies = lambda epoch: (12.9, 0.0)  # noqa: E731
    callback = StopIfStuck(energies, EVENT, variance=0.01)
    callback.set_model(SimpleNamespace(manifold=FlatTorus(2), stop_training=False))
    callback.set_params({"epochs": 10})
    assert not after(callback, 9, 0.05)  # 5 nats, of 2 + 6.4 allowed
    assert after(callback, 9, 0.29)
    assert callback.excess == pytest.approx(29.0)


# The worst of 1,000 pictures of cos + cos (energy 512) misses 0.3 nats if the torus is captured,
# and 250 if it is torn; the mean loss of both may be 1.8.
@pytest.mark.parametrize(("worst", "stuck"), [(0.3, False), (250.0, True)])
def test_the_worst_example_shows_a_tear(worst, stuck):
    x = np.zeros((1000, 64, 64, 1), "float32")
    decoded = x.copy()
    decoded[7] += np.sqrt(2.0 * worst / EVENT)
    callback = guard(512.0, 512.0, examples=x)
    callback.model.reconstruct = lambda shown: decoded[: len(shown)]
    assert not after(callback, 2, 2.0)
    assert after(callback, 9, 1.8) == stuck
    assert callback.excess == pytest.approx(worst, rel=1e-4)
    assert callback.subject == "worst example"
