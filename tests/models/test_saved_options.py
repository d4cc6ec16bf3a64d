"""Options of a model that must survive its file, one by one, and models of other latents."""

import functools

import keras
import numpy as np
import pytest

import diffusion_vae as dv
from diffusion_vae import heat_kernels, latents, likelihoods, manifolds
from diffusion_vae.layers import EvenDecoder
from diffusion_vae.networks import MLPDecoder, MLPEncoder

SCHEDULE = keras.optimizers.schedules.CosineDecay(1.0, 10)
OPTIONS = {
    "limits of one time": ("sphere:2", {"log_time_range": (-8.0, -2.0)}),
    "limits of each time": (
        "sphere:2 x sphere:1",
        {"log_time_range": [(-8.0, -2.0), (-6.0, -1.0)], "initial_log_time": [-4.0, -3.0]},
    ),
    "free times": ("euclidean:2", {"log_time_range": None, "initial_log_time": -1.0}),
    "fixed time": ("sphere:2 x sphere:1", {"fixed_time": [0.1, 0.2]}),
    "schedule and warm-up": ("sphere:2", {"kl_weight": SCHEDULE, "kl_warmup_steps": 10}),
    "quadratic decoder": ("projective:2 x torus:2", {"even_decoder": "quadratic"}),
    "veronese head": ("projective:2", {"location_head": "veronese"}),
    "bernoulli": ("torus:2", {"likelihood": "bernoulli"}),
    "learned scale": (
        "sphere:2",
        {"likelihood": likelihoods.Gaussian("learned", per_dimension=True)},
    ),
    "sampled KL": (
        "sphere:2",
        {"kernel": heat_kernels.RandomWalk(manifolds.Sphere(2), 3, "monte_carlo")},
    ),
    "steps": ("so3", {"walk_steps": 3}),
}


def assert_same_ever_after(model, loaded, x):
    """Equal draws, reconstructions and training steps, those after loading included.

    Equal up to the last bits, in which TensorFlow's products differ with the alignment of
    memory; other noise would be seen in the first digit.
    """
    same = functools.partial(np.testing.assert_allclose, rtol=1e-5, atol=1e-5)
    same(loaded.reconstruct(x), model.reconstruct(x))
    same(loaded.sample_posterior(x, 2), model.sample_posterior(x, 2))
    same(loaded.elbo(x), model.elbo(x))
    options = {"batch_size": 20, "shuffle": False, "verbose": 0}
    first, second = (m.fit(x, **options).history for m in (model, loaded))
    assert first.keys() == second.keys()
    for name, values in first.items():
        same(second[name], values, err_msg=name)
    same(loaded.sample(3), model.sample(3))
    assert float(loaded.schedule_step) == float(model.schedule_step)


@pytest.mark.slow
@pytest.mark.parametrize("name", OPTIONS)
def test_options_survive(name, make, x, tmp_path):
    manifold, options = OPTIONS[name]
    model = make(manifold, **options)
    model.fit(x, batch_size=10, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is type(model)
    assert loaded.optimizer.iterations == model.optimizer.iterations == 3
    assert float(loaded.schedule_step) == 3.0
    assert_same_ever_after(model, loaded, x)


def test_a_predicted_scale_and_default_networks_survive(x, tmp_path):
    model = dv.SphereVAE(2, likelihood=likelihoods.Gaussian("predicted"))
    model.build((None, 4, 3))
    assert model(x)["log_scale"].shape == x.shape
    assert model.decoder.layers[-1].target_shape == (4, 6)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.elbo(x), model.elbo(x))


@pytest.mark.slow
def test_batch_norm_and_dropout_survive(make, x, tmp_path):
    encoder = keras.Sequential(
        [
            keras.layers.Flatten(),
            keras.layers.Dense(8),
            keras.layers.BatchNormalization(),
            keras.layers.Dropout(0.3),
        ]
    )
    model = make("o3", encoder=encoder)
    model.fit(x, batch_size=10, verbose=0)
    model.save(tmp_path / "model.keras")
    assert_same_ever_after(model, keras.saving.load_model(tmp_path / "model.keras"), x)


@pytest.mark.slow
def test_an_even_decoder_of_ones_own_is_not_wrapped_twice(x, tmp_path):
    even = EvenDecoder(
        MLPDecoder((8,), event_shape=(4, 3), seed=0), "projective:2", method="quadratic"
    )
    model = dv.RealProjectiveVAE(2, MLPEncoder((8,)), even)
    assert model.decoder is even
    model.compile("adam", run_eagerly=True)
    model.fit(x, verbose=0)
    z = model.sample_posterior(x)[0]
    np.testing.assert_array_equal(model.decode(-z), model.decode(z))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded.decoder.decoder) is MLPDecoder
    assert_same_ever_after(model, loaded, x)


@pytest.mark.slow
def test_the_base_model_takes_any_latent(x, tmp_path):
    latent = latents.BrownianLatent(heat_kernels.RandomWalk(manifolds.Sphere(2)), seed=0)
    model = dv.VariationalAutoencoder(
        latent, MLPEncoder((8,)), MLPDecoder((8,), event_shape=(4, 3)), kl_warmup_steps=5
    )
    model.compile("adam", run_eagerly=True)
    model.fit(x, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.latent.kernel == latent.kernel
    assert_same_ever_after(model, loaded, x)


def test_a_latent_without_a_location_says_what_reconstruct_lacks():
    class Shapeless(latents.LatentDistribution):
        parameter_names = ("mean",)
        point_shape = (2,)

        def parameters(self, features):
            return {"mean": features[:, :2]}

        def sample(self, params):
            return params["mean"]

    model = dv.VariationalAutoencoder(
        Shapeless(), MLPEncoder((4,)), MLPDecoder((4,), event_shape=(3,))
    )
    x = np.zeros((2, 3), "float32")
    assert model.sample_posterior(x).shape == (1, 2, 2)
    with pytest.raises(NotImplementedError, match=r"parameters \['mean'\] have no `location`"):
        model.reconstruct(x)


def test_a_model_that_was_never_compiled_survives(make, x, tmp_path):
    model = make(compiled=False)
    model.build((None, 4, 3))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.sample_posterior(x), model.sample_posterior(x))
    assert not loaded.compiled


def test_a_file_of_another_model_is_refused(make, x, tmp_path):
    encoder = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(8), keras.layers.Dropout(0.3)]
    )
    model, other = make(), make(encoder=encoder)
    for each in (model, other):
        each.build((None, 4, 3))
    model.save_weights(tmp_path / "model.weights.h5")
    with pytest.raises(ValueError, match=r"Expected 3 seed states.*Received: 2.*another model"):
        other.load_weights(tmp_path / "model.weights.h5")


def test_a_model_that_was_never_trained_loads_without_a_warning(x, tmp_path):
    # Warnings are errors here; Keras warns of an optimizer whose variables are not in the file.
    model = dv.SphereVAE(2, MLPEncoder((8,)), MLPDecoder((8,)), seed=0)
    model.compile("adam")
    model.build((None, *x.shape[1:]))
    model.save(tmp_path / "untrained.keras")
    loaded = keras.saving.load_model(tmp_path / "untrained.keras")
    assert len(loaded.optimizer.variables) == len(model.optimizer.variables)
