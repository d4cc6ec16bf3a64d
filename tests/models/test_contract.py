"""What every model keeps on every latent space: shapes, configuration, files, metrics."""

import keras
import numpy as np
import pytest
from manifold_list import each

import diffusion_vae as dv
from diffusion_vae import manifolds
from diffusion_vae.networks import MLPDecoder, MLPEncoder

JAX = ("sphere:2", "so3", "euclidean:3")  # the subset that is repeated on JAX

GRAPHS = [manifolds.get(text) for text in JAX]

SUBCLASSES = [
    (dv.SphereVAE, {"dim": 3}),
    (dv.RealProjectiveVAE, {"dim": 2, "even_decoder": "quadratic", "location_head": "veronese"}),
    (dv.ComplexProjectiveVAE, {"dim": 3}),
    (dv.FlatTorusVAE, {"dim": 2}),
    (dv.EmbeddedTorusVAE, {"centre_radius": 2.0, "tube_radius": 0.5}),
    (dv.SO3VAE, {}),
    (dv.O3VAE, {}),
    (dv.EuclideanVAE, {"dim": 2}),
    (dv.ProductVAE, {"factors": ["sphere:2", "torus:1"]}),
]


@pytest.mark.slow
@each()
def test_shapes_and_next_step_survive_the_file(manifold, make, x, tmp_path):
    model = make(manifold)
    if manifold in GRAPHS:  # one of every family as a graph, which takes seconds to make
        model.compile("adam", jit_compile=False)
    model.fit(x, batch_size=20, epochs=1, verbose=0)  # 20, 4: a variable batch size
    n, m = manifold.ambient_dim, manifold.time_dim
    location, time = model.encode(x)
    assert location.shape == (24, n)
    assert time.shape == (24, m)
    assert (time > 0).all()
    np.testing.assert_allclose(manifold.project(location), location, atol=1e-5)
    assert model.sample_posterior(x, 3).shape == (3, 24, n)
    assert model.decode(np.zeros((2, 5, n), np.float32) + location[0]).shape == (2, 5, 4, 3)
    assert model.reconstruct(x).shape == x.shape
    assert model.sample(7).shape == (7, 4, 3)
    assert model.elbo(x).shape == (24,)
    assert np.isfinite(model.elbo(x)).all()

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.manifold == manifold
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))
    np.testing.assert_array_equal(loaded.sample_posterior(x, 2), model.sample_posterior(x, 2))
    histories = [
        net.fit(x, batch_size=24, shuffle=False, epochs=1, verbose=0).history
        for net in (loaded, model)
    ]
    # TensorFlow's matrix products may differ in the last bit with the alignment of memory.
    for name, values in histories[0].items():
        np.testing.assert_allclose(histories[1][name], values, rtol=1e-5, err_msg=name)
    for mine, other in zip(loaded.weights, model.weights, strict=True):
        np.testing.assert_allclose(mine, other, rtol=1e-6, atol=1e-8)


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.jax
@pytest.mark.parametrize("text", JAX)
def test_fit_save_and_load(text, make, x, tmp_path):
    model = make(text)
    history = model.fit(x, validation_data=x, batch_size=10, epochs=2, verbose=0).history
    assert np.isfinite(history["val_elbo"]).all()
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.sample_posterior(x, 2), model.sample_posterior(x, 2))
    assert np.isfinite(model.log_likelihood(x, 10).mean)


@pytest.mark.parametrize(("cls", "options"), SUBCLASSES, ids=lambda v: getattr(v, "__name__", ""))
def test_subclasses_rebuild_from_their_configuration(cls, options, x):
    networks = {"encoder": MLPEncoder((8,)), "decoder": MLPDecoder((8,), event_shape=(4, 3))}
    model = cls(**networks, **options, likelihood="bernoulli", kl_weight=0.5, seed=3)
    model.build((None, 4, 3))
    rebuilt = cls.from_config(model.get_config())
    rebuilt.build((None, 4, 3))
    assert type(rebuilt) is cls
    assert rebuilt.manifold == model.manifold
    assert rebuilt.get_config().keys() == model.get_config().keys()
    assert [w.shape for w in rebuilt.weights] == [w.shape for w in model.weights]
    assert (rebuilt.kl_weight, rebuilt.seed) == (0.5, 3)
    assert rebuilt.latent.location_head == model.latent.location_head


@pytest.mark.parametrize("event_shape", [(6,), (4, 3), (4, 3, 2)])
def test_default_networks_fit_data_of_any_shape(event_shape):
    x = np.zeros((4, *event_shape), np.float32)
    model = dv.SphereVAE(2)
    assert model(x)["reconstruction"].shape == x.shape
    widths = [layer.units for layer in model.encoder.layers if hasattr(layer, "units")]
    assert widths == [512, 512, 512]  # the paper's


def test_one_seed_is_one_model():
    x = np.ones((4, 6), np.float32)
    outputs = [dv.SphereVAE(2, seed=5)(x)["reconstruction"] for _ in range(2)]
    np.testing.assert_array_equal(*outputs)
    assert not np.array_equal(outputs[0], dv.SphereVAE(2, seed=6)(x)["reconstruction"])


def test_predict_returns_the_dictionary(make, x):
    assert set(make().predict(x, verbose=0)) == {"location", "time", "z", "reconstruction"}
    outputs = make(likelihood="bernoulli").predict(x, verbose=0)
    assert set(outputs) == {"location", "time", "z", "reconstruction", "logits"}
    np.testing.assert_allclose(
        outputs["reconstruction"], 1 / (1 + np.exp(-outputs["logits"])), atol=1e-6
    )


def test_encoder_and_decoder_can_be_saved_alone(make, x, tmp_path):
    model = make("projective:2")
    model.fit(x, epochs=1, verbose=0)
    model.inference_network().save(tmp_path / "inference.keras")
    inference = keras.saving.load_model(tmp_path / "inference.keras")
    location, time = model.encode(x)
    outputs = inference.predict(x, verbose=0)
    np.testing.assert_allclose(outputs["location"], location, atol=1e-6)
    np.testing.assert_allclose(outputs["time"], time, rtol=1e-5)
    model.generative_network().save(tmp_path / "generative.keras")
    generative = keras.saving.load_model(tmp_path / "generative.keras")
    pictures = generative.predict(location, verbose=0)["reconstruction"]
    np.testing.assert_allclose(pictures, model.decode(location), atol=1e-6)


def test_dropout_noise_survives_the_file(make, x, tmp_path):
    encoder = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(8), keras.layers.Dropout(0.5, seed=4)]
    )
    model = make(encoder=encoder)
    model.fit(x, epochs=3, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded(x, training=True)["z"], model(x, training=True)["z"])


def test_weights_alone_carry_the_noise_too(make, x, tmp_path):
    model, other = make(), make(compiled=False)
    model.fit(x, epochs=2, verbose=0)
    model.save_weights(tmp_path / "model.weights.h5")
    other.build((None, 4, 3))
    other.load_weights(tmp_path / "model.weights.h5")
    np.testing.assert_array_equal(other.sample_posterior(x, 1), model.sample_posterior(x, 1))


@keras.saving.register_keras_serializable(package="test_contract")
class RoundSphere(manifolds.Manifold):
    """A user's manifold: a projection, its constants and uniform draws."""

    dim, ambient_dim, volume = 2, 3, 4 * np.pi

    def project(self, x):
        return manifolds.Sphere(2).project(x)

    def scalar_curvature(self, z):
        return manifolds.Sphere(2).scalar_curvature(z)

    def random_uniform(self, shape=(), seed=None):
        return manifolds.Sphere(2).random_uniform(shape, seed)


def test_a_users_manifold_trains_and_survives_the_file(make, x, tmp_path):
    model = make(RoundSphere(), log_time_range=(-8.0, -1.0))
    model.fit(x, epochs=1, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.manifold == RoundSphere()
    np.testing.assert_array_equal(loaded.sample_posterior(x, 1), model.sample_posterior(x, 1))
