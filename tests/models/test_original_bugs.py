"""Mistakes of the original code that must not come back, one test each (its numbers)."""

import keras
import numpy as np
import pytest

from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.manifolds import EmbeddedTorus


def test_the_curvature_of_an_example_meets_its_own_time_bug_3():
    # The original multiplied [batch] with [batch, 1]: every curvature with every time.
    kernel = RandomWalk(EmbeddedTorus())
    location = keras.ops.convert_to_numpy(kernel.manifold.random_uniform((6,), seed=0))
    time = np.linspace(0.01, 0.1, 6, dtype="float32")[:, None]
    together = np.asarray(kernel.kl_to_prior(location, time))
    alone = [kernel.kl_to_prior(location[i : i + 1], time[i : i + 1])[0] for i in range(6)]
    assert together.shape == (6,)
    np.testing.assert_allclose(together, alone, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("manifold", ["sphere:2", "embedded-torus", "euclidean:3", "torus x so3"])
def test_reconstruction_and_kl_are_added_example_by_example_bug_14(make, x, manifold):
    # The original added [batch] to [batch, 1] and got [batch, batch].
    model = make(manifold)
    shapes = []

    def per_example_loss(reconstruction, kl, outputs):
        shapes.append((tuple(reconstruction.shape), tuple(kl.shape)))
        return reconstruction + kl

    model.per_example_loss = per_example_loss
    model.compute_loss(x, y_pred=model(x))
    assert shapes == [((24,), (24,))]


@pytest.mark.slow
@pytest.mark.parametrize("manifold", ["sphere:2", "so3", "o3", "embedded-torus", "euclidean:2"])
def test_capacity_acts_on_every_manifold_bug_13(make, x, manifold):
    # The original had none on SO(3), and on the others its target never moved.
    model = make(manifold, kl_capacity=(0.0, 100.0, 1), fixed_time=0.01)
    before = model.evaluate(x, return_dict=True, verbose=0)
    assert before["loss"] == pytest.approx(before["reconstruction_loss"] + before["kl_loss"])
    model.optimizer.learning_rate = 0.0
    model.fit(x, batch_size=24, epochs=1, verbose=0)
    after = model.evaluate(x, return_dict=True, verbose=0)
    expected = after["reconstruction_loss"] + 100.0 - after["kl_loss"]
    assert after["loss"] == pytest.approx(expected, rel=1e-5)


def test_callbacks_of_one_training_are_not_those_of_the_next_bug_25(make, x):
    # The original kept them in a default argument, a list that grew with every run.
    class Count(keras.callbacks.Callback):
        trainings = 0

        def on_train_begin(self, logs=None):
            self.trainings += 1

    model, count, given = make(), Count(), []
    model.fit(x, verbose=0, callbacks=[count])
    model.fit(x, verbose=0, callbacks=given)
    model.fit(x, verbose=0)
    assert count.trainings == 1
    assert given == []


def test_models_do_not_share_an_optimiser(make):
    # The original made one Adam when the module was imported.
    assert make().optimizer is not make().optimizer


@pytest.mark.parametrize("batch_size", [1, 5, 24, 100])
def test_every_example_is_reconstructed_bug_36(make, x, batch_size):
    model = make()
    whole = model.reconstruct(x)
    assert whole.shape == x.shape
    np.testing.assert_allclose(model.reconstruct(x, batch_size=batch_size), whole, atol=1e-6)


def test_log_p_of_x_given_z_and_log_q_of_z_given_x_are_at_hand(make, x):
    model = make("torus:2", fixed_time=0.1)
    params, z = model.posterior_parameters(x), model.sample_posterior(x)[0]
    log_p = model.likelihood.log_prob(x, model.generative_network()(z))
    squared_error = np.square(x - model.decode(z)).sum(axis=(1, 2))
    np.testing.assert_allclose(log_p, -0.5 * (squared_error + 12 * np.log(2 * np.pi)), rtol=1e-5)
    angles = model.manifold.angles(z) - model.manifold.angles(params["location"])
    turns = 2 * np.pi * np.arange(-3, 4)
    images = np.exp(-0.5 * np.square(np.asarray(angles)[..., None] + turns) / 0.1)  # [24, 2, 7]
    log_q = np.log(images.sum(axis=-1) / np.sqrt(2 * np.pi * 0.1)).sum(axis=-1)
    np.testing.assert_allclose(model.latent.log_density(z, params), log_q, atol=1e-4)


@pytest.mark.slow
def test_validation_by_a_share_of_the_data_or_by_other_data(make, x):
    for validation in ({"validation_split": 0.25}, {"validation_data": x[:6]}):
        history = make().fit(x, epochs=1, verbose=0, **validation).history
        assert np.isfinite(history["val_elbo"][0])
