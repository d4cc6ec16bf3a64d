"""The spatial VAE: variants, the contract of every model, the original's loss."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.networks import SpatialDecoder, SpatialEncoder

VARIANTS = ("vanilla", "naive", "mvn", "low_rank")
each_variant = pytest.mark.parametrize("variant", VARIANTS)
MAPS = 2
PICTURES = np.random.default_rng(0).uniform(-1, 1, (10, 32, 32, 3)).astype("float32")


def make(variant="low_rank", compiled=True, **options):
    """A small model of 32x32 pictures."""
    options = {"maps": MAPS, "seed": 0, "kl_warmup_steps": 0, **options}
    size = options.get("map_size") or (1 if variant == "vanilla" else 3)
    widths = (3, 4, 4, 4) if size == 1 else (3, 4, 4)
    model = dv.SpatialVAE(
        SpatialEncoder((3, 4, 4), seed=1),
        SpatialDecoder(event_shape=(32, 32, 3), filters=widths, seed=2),
        variant=variant,
        **options,
    )
    if compiled:
        model.compile("adam", **QUICK_STEPS)
    return model


@pytest.mark.slow
@pytest.mark.parametrize(
    "variant",
    # On JAX one stands for all: they share everything but the posterior, and compiling is slow.
    [
        pytest.param(v, marks=[pytest.mark.jax, pytest.mark.torch] if v == "low_rank" else [])
        for v in VARIANTS
    ],
)
def test_shapes_and_next_step_survive_the_file(variant, tmp_path):
    model = make(variant)
    if variant == "low_rank":  # one as a graph, which takes seconds to make
        model.compile("adam", jit_compile=False)
    history = model.fit(PICTURES, validation_data=PICTURES, batch_size=6, verbose=0).history
    assert np.isfinite(history["val_elbo"]).all()
    d = model.latent.map_size
    assert model.latent.point_shape == (d, d, MAPS)
    assert model.encode(PICTURES).shape == (10, d, d, MAPS)
    assert model.sample_posterior(PICTURES, 3).shape == (3, 10, d, d, MAPS)
    assert model.decode(np.zeros((2, 5, d, d, MAPS))).shape == (2, 5, 32, 32, 3)
    assert model.reconstruct(PICTURES).shape == PICTURES.shape
    assert model.sample(3).shape == (3, 32, 32, 3)
    assert np.isfinite(model.elbo(PICTURES)).all()
    outputs = model.predict(PICTURES, verbose=0)
    assert set(outputs) == {*model.latent.parameter_names, "z", "reconstruction"}

    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert type(loaded) is dv.SpatialVAE
    np.testing.assert_array_equal(loaded.reconstruct(PICTURES), model.reconstruct(PICTURES))
    np.testing.assert_array_equal(
        loaded.sample_posterior(PICTURES, 2), model.sample_posterior(PICTURES, 2)
    )
    losses = [
        net.fit(PICTURES, batch_size=10, shuffle=False, verbose=0).history["loss"]
        for net in (loaded, model)
    ]  # the dropout of the encoder too goes on
    np.testing.assert_allclose(*losses, rtol=1e-5)


@pytest.mark.slow
def test_a_pipeline_of_tensorflow_is_data_too():
    import tensorflow as tf

    pipeline = tf.data.Dataset.from_tensor_slices(PICTURES).batch(4)
    model = make()
    history = model.fit(pipeline, shuffle=False, verbose=0).history
    logs = model.evaluate(pipeline, return_dict=True, verbose=0)
    assert np.isfinite([history["loss"][0], logs["elbo"]]).all()


def test_reconstructions_are_decoded_means():
    model = make()
    mean = model.posterior_parameters(PICTURES)["mean"]
    np.testing.assert_array_equal(model.encode(PICTURES), mean)
    np.testing.assert_allclose(model.reconstruct(PICTURES), model.decode(mean), atol=1e-6)


@each_variant
def test_variants_have_the_numbers_of_the_paper(variant):
    model = make(variant, maps=5, compiled=False)
    model.build((None, 32, 32, 3))
    per_map = {"vanilla": 2, "naive": 18, "mvn": 15, "low_rank": 12}[variant]
    heads = (model.latent.mean_head, model.latent.covariance_head)
    assert sum(head.units for head in heads) == per_map * 5


@pytest.mark.parametrize(
    ("variant", "millions"),
    [("vanilla", 0.849), ("low_rank", 3.80), ("mvn", 4.68), ("naive", 5.57)],
)
def test_encoders_of_64_pixels_have_the_originals_sizes(variant, millions):
    model = dv.SpatialVAE(variant=variant)
    model.build((None, 64, 64, 3))
    weights = model.encoder.count_params() + model.latent.count_params()
    assert weights / 1e6 == pytest.approx(millions, abs=0.005)
    assert model.target_shape == (64, 64, 3)


def test_low_rank_means_have_the_rank_asked_for():
    for rank in (1, 2):
        means = make(rank=rank).encode(PICTURES)  # [n, d, d, maps]
        values = np.linalg.svd(np.moveaxis(means, -1, 1), compute_uv=False)  # [n, maps, d]
        assert (values[..., rank - 1] > 1e-3).all()
        assert values[..., rank:].max() < 1e-5


@pytest.mark.slow
@pytest.mark.parametrize("variant", ["mvn", "low_rank"])
def test_full_covariances_train(variant):
    model = make(variant, covariance="full")
    model.fit(PICTURES, batch_size=5, verbose=0)
    row = model.posterior_parameters(PICTURES)["row_factor"]
    assert row.shape == (10, MAPS, 3, 3)
    assert np.abs(row[..., 2, 0]).max() > 0
    assert np.abs(row[..., 0, 2]).max() == 0
    assert np.isfinite(model.log_likelihood(PICTURES, 4).mean)


@pytest.mark.parametrize("map_size", [1, 3])
def test_the_originals_loss_is_a_gaussian_elbo(map_size):
    variant = "vanilla" if map_size == 1 else "low_rank"
    variance = dv.SpatialVAE.original_variance((32, 32, 3), MAPS, map_size)
    latents = MAPS * map_size**2
    assert variance == 3072 / (2 * latents)
    model = make(variant, likelihood=Gaussian(variance=variance))
    outputs = model(PICTURES, training=False)
    mean, names = np.array(outputs["mean"], float), model.latent.parameter_names[1:]
    logs = [np.array(outputs[name], float) for name in names]
    log_variance = logs[0] if variant == "vanilla" else logs[0][:, :, None] + logs[1][:, None]
    error = np.square(np.array(outputs["reconstruction"], float) - PICTURES)
    # The original: means over all elements of both terms.
    original = np.mean(0.5 * (mean**2 + np.exp(log_variance) - log_variance - 1)) + error.mean()

    params = {name: outputs[name] for name in model.latent.parameter_names}
    kl = np.array(model.latent.kl(params), float)
    ours = kl + error.sum(axis=(1, 2, 3)) / (2 * variance)
    assert original * latents == pytest.approx(ours.mean(), rel=1e-5)
    loss = model.compute_loss(PICTURES, None, outputs, training=False)
    constant = 0.5 * 3072 * np.log(2 * np.pi * variance)
    # The constant is 10^4 nats, of which float32 keeps seven digits.
    assert float(loss) - constant == pytest.approx(original * latents, abs=5e-3)


def test_variances_of_the_original_are_those_of_celeba():
    assert dv.SpatialVAE.original_variance((64, 64, 3)) == pytest.approx(10.667, abs=1e-3)
    assert dv.SpatialVAE.original_variance((64, 64, 3), map_size=1) == 96.0


@each_variant
def test_configurations_make_the_same_model(variant):
    options = {"kl_weight": 0.5, "seed": 3}
    if variant == "low_rank":
        options |= {"rank": 2, "covariance": "full"}
    model = make(variant, compiled=False, **options)
    model.build((None, 32, 32, 3))
    again = dv.SpatialVAE.from_config(model.get_config())
    again.build((None, 32, 32, 3))
    assert again.get_config().keys() == model.get_config().keys()
    mine, other = again.latent.get_config(), model.latent.get_config()
    assert {**mine, "dtype": None} == {**other, "dtype": None}
    assert (again.variant, again.kl_weight, again.seed) == (variant, 0.5, 3)
    assert [w.shape for w in again.weights] == [w.shape for w in model.weights]


def test_default_networks_end_in_what_the_likelihood_takes():
    rows = {
        "gaussian": ("tanh", 3),
        "bernoulli": ("linear", 3),
        Gaussian("predicted"): ("linear", 6),
        Gaussian(output_activation="sigmoid"): ("linear", 3),
    }
    for likelihood, (activation, channels) in rows.items():
        model = dv.SpatialVAE(likelihood=likelihood, maps=MAPS)
        model.build((None, 32, 32, 3))
        assert model.decoder.layers[-1].activation.__name__ == activation
        assert model.decoder.output_shape == (None, 32, 32, channels)
        assert model.target_shape == (32, 32, 3)


def test_data_beyond_the_range_of_tanh_are_refused():
    model = dv.SpatialVAE(maps=MAPS)
    model.compile("adam")
    with pytest.raises(ValueError, match=r"Expected data in \[-1, 1\].*values from"):
        model.fit(2 * PICTURES, verbose=0)
    with pytest.raises(ValueError, match=r"Expected data in \[-1, 1\].*values from"):
        model.fit((batch for batch in [2 * PICTURES]), verbose=0)


def test_data_beyond_the_range_of_tanh_are_refused_after_loading_too(tmp_path):
    widths = {"filters": (3, 4, 4)}
    model = dv.SpatialVAE(SpatialEncoder(**widths), SpatialDecoder(**widths), maps=MAPS)
    model.build((None, 32, 32, 3))
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    loaded.compile("adam")
    with pytest.raises(ValueError, match=r"Expected data in \[-1, 1\].*values from"):
        loaded.fit(2 * PICTURES, verbose=0)
    free = dv.SpatialVAE(
        SpatialEncoder(**widths), SpatialDecoder(**widths, activation="linear"), maps=MAPS
    )
    free.compile("adam", **QUICK_STEPS)
    assert np.isfinite(free.fit(2 * PICTURES, verbose=0).history["loss"]).all()


def test_one_seed_is_one_model():
    x = PICTURES[:2]
    outputs = [dv.SpatialVAE(maps=MAPS, seed=s)(x)["reconstruction"] for s in (5, 5, 6)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.abs(np.subtract(outputs[0], outputs[2])).max() > 1e-3


def test_mixed_precision_keeps_the_loss_in_float32():
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        model = make()
        history = model.fit(PICTURES, batch_size=5, verbose=0).history
        outputs = model(PICTURES)
    finally:
        keras.config.set_dtype_policy("float32")
    assert np.isfinite(history["loss"]).all()
    assert keras.backend.standardize_dtype(outputs["z"].dtype) == "float32"


@pytest.mark.slow
def test_training_learns_one_picture():
    x = np.repeat(PICTURES[:1] * 0.5, 8, axis=0)
    model = make(likelihood=Gaussian(variance=0.1))
    model.compile(keras.optimizers.Adam(0.02), jit_compile=False)
    losses = model.fit(x, batch_size=8, epochs=60, verbose=0).history["loss"]
    assert losses[-1] < losses[0] - 200


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"variant": "vanilla", "map_size": 3}, 'Expected `map_size` 1 for the variant "vanilla"'),
        ({"variant": "spatial"}, "Expected `variant` to be one of"),
        ({"variant": "mvn", "rank": 1}, "Expected no `rank`"),
        ({"variant": "naive", "covariance": "full"}, "Expected `covariance` of the variant"),
        ({"variant": "mvn", "covariance": "independent"}, "Expected `covariance` of the variant"),
        ({"rank": 4}, "Expected `rank` to be at most"),
    ],
)
def test_bad_arguments_are_named(options, sentence):
    with pytest.raises(ValueError, match=sentence):
        dv.SpatialVAE(**options)


@pytest.mark.parametrize("shape", [(28, 28, 1), (32, 32), (12,), (32, 64, 3)])
def test_data_that_are_no_such_pictures_are_named(shape):
    with pytest.raises(ValueError, match="Expected square pictures"):
        dv.SpatialVAE().build((None, *shape))
