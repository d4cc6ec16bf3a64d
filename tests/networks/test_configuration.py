"""What networks say of themselves, and what a model fills in that they leave open."""

import json

import keras
import numpy as np
import pytest

import diffusion_vae as dv
from diffusion_vae import latents, likelihoods
from diffusion_vae.layers import EvenDecoder
from diffusion_vae.networks import (
    AngleEncoder,
    ConvDecoder,
    ConvEncoder,
    CountEncoder,
    Decoder,
    MLPDecoder,
    MLPEncoder,
    Network,
    SpatialDecoder,
    SpatialEncoder,
)

PICTURE = (32, 32, 3)
# Each network, the shape of its input, and arguments that keep it small.
NETWORKS = [
    (MLPEncoder, PICTURE, {"units": (4, 3), "dropout": 0.1, "standardize": (0.5, 2.0)}),
    (AngleEncoder, PICTURE, {"units": (4, 3), "dropout": 0.1}),
    (CountEncoder, PICTURE, {"units": (4,), "total": 50.0}),
    (ConvEncoder, PICTURE, {"filters": (2, 3), "dense_units": (4,), "pool_sizes": (2, None)}),
    (SpatialEncoder, PICTURE, {"filters": (2, 2, 3), "dropout": 0.2}),
    (MLPDecoder, (3,), {"units": (4,), "bias_range": 2.0, "event_shape": (4, 3)}),
    (ConvDecoder, (3,), {"filters": (2, 3), "kernel_sizes": ((1, 3), 2), "event_shape": (8, 6)}),
    (SpatialDecoder, (3, 3, 2), {"filters": (3, 2, 2), "event_shape": PICTURE}),
]
each_network = pytest.mark.parametrize(
    ("cls", "shape", "options"), NETWORKS, ids=[cls.__name__ for cls, *_ in NETWORKS]
)


# -- configurations ----------------------------------------------------------------


def test_the_configuration_of_a_network_is_short():
    described = json.dumps(keras.saving.serialize_keras_object(MLPEncoder((8,))))
    assert len(described) < 500
    assert json.loads(described)["class_name"] == "MLPEncoder"
    assert json.loads(described)["config"] == {
        "name": "encoder", "trainable": True, "dtype": "float32", "seed": None, "units": [8],
        "activation": "relu", "batch_norm": False, "dropout": 0.0, "standardize": None,
        "initializer": "glorot_uniform",
    }  # fmt: skip


@each_network
def test_a_configuration_survives_json_and_gives_the_same_weights(cls, shape, options):
    network = cls(**options, seed=3)
    text = json.dumps(keras.saving.serialize_keras_object(network))
    again = keras.saving.deserialize_keras_object(json.loads(text))
    assert type(again) is cls
    assert again.get_config() == network.get_config()
    assert "layers" not in json.loads(text)["config"]
    assert {name: network.get_config()[name] for name in options} == options
    for each in (network, again):
        each.build((None, *shape))
    assert len(network.weights) >= 2
    for mine, other in zip(network.weights, again.weights, strict=True):
        np.testing.assert_array_equal(mine, other)
    built = json.loads(json.dumps(keras.saving.serialize_keras_object(network)))
    assert built["config"] == json.loads(text)["config"]  # as before it was built


@each_network
def test_another_seed_gives_other_weights(cls, shape, options):
    networks = [cls(**options, seed=seed) for seed in (3, 4)]
    for network in networks:
        network.build((None, *shape))
    kernels = [[w for w in net.get_weights() if w.ndim > 1] for net in networks]
    for mine, other in zip(*kernels, strict=True):
        assert not np.array_equal(mine, other)


def test_a_network_without_layers_of_its_own_names_what_it_lacks():
    with pytest.raises(NotImplementedError, match="Network must implement `make_layers`"):
        Network().build((None, 3))


# -- what a model fills in ---------------------------------------------------------


def built(cls=dv.SphereVAE, encoder=None, decoder=None, shape=(4, 3), **options):
    """A model that is built for examples of a shape."""
    model = cls(encoder=encoder, decoder=decoder, **options)
    model.build((None, *shape))
    return model


def test_a_model_gives_seeds_and_a_shape():
    encoder, decoder = MLPEncoder((8,)), MLPDecoder((8,))
    built(encoder=encoder, decoder=decoder, seed=5)
    assert decoder.event_shape == (4, 3)
    assert isinstance(encoder.seed, int)
    assert isinstance(decoder.seed, int)
    assert encoder.seed != decoder.seed
    again = built(encoder=MLPEncoder((8,)), decoder=MLPDecoder((8,)), seed=5)
    other = built(encoder=MLPEncoder((8,)), decoder=MLPDecoder((8,)), seed=6)
    assert (again.encoder.seed, again.decoder.seed) == (encoder.seed, decoder.seed)
    assert {other.encoder.seed, other.decoder.seed}.isdisjoint({encoder.seed, decoder.seed})


def test_what_is_given_is_kept():
    encoder, decoder = MLPEncoder((8,), seed=11), MLPDecoder((8,), event_shape=(4, 3), seed=12)
    built(encoder=encoder, decoder=decoder, seed=5)
    assert (encoder.seed, decoder.seed, decoder.event_shape) == (11, 12, (4, 3))
    wrong = MLPDecoder((8,), event_shape=(2, 2))
    assert built(decoder=wrong).target_shape == (2, 2)  # what `fit(x, target)` is for
    free = built(encoder=MLPEncoder((8,)), decoder=MLPDecoder((8,)))
    assert (free.encoder.seed, free.decoder.seed) == (None, None)


def test_a_network_that_is_built_stays_as_it_is():
    decoder = MLPDecoder((8,), event_shape=(4, 3))
    decoder.build((None, 3))
    before = decoder.get_weights()
    built(decoder=decoder, seed=5)
    assert decoder.seed is None
    for mine, other in zip(before, decoder.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, other)


@pytest.mark.parametrize("method", ["average", "quadratic"])
def test_a_decoder_inside_an_even_decoder_is_filled_in_too(method):
    inner = MLPDecoder((8,))
    model = built(dv.RealProjectiveVAE, decoder=inner, even_decoder=method, seed=5)
    assert isinstance(model.decoder, EvenDecoder)
    assert model.decoder.decoder is inner
    assert inner.event_shape == (4, 3)
    assert isinstance(inner.seed, int)


@pytest.mark.parametrize("decoder", [MLPDecoder, ConvDecoder])
def test_a_predicted_scale_needs_twice_the_channels(decoder):
    inner = decoder((4,))
    model = built(decoder=inner, shape=(8, 6, 3), likelihood=likelihoods.Gaussian("predicted"))
    assert inner.event_shape == (8, 6, 6)
    assert model.target_shape == (8, 6, 3)


def test_a_decoder_alone_needs_its_shape():
    with pytest.raises(ValueError, match=r"Expected `event_shape` of MLPDecoder.*Received: None"):
        MLPDecoder((8,)).build((None, 3))
    assert issubclass(ConvDecoder, Decoder)


def test_seeds_and_shape_are_in_the_file_of_a_model(tmp_path):
    model = built(encoder=MLPEncoder((8,)), decoder=MLPDecoder((8,)), seed=5)
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.decoder.get_config() == model.decoder.get_config()
    assert loaded.encoder.get_config() == model.encoder.get_config()


def latent():
    return latents.CategoricalMixtureLatent(3, 2)


@pytest.mark.parametrize(
    ("make", "shape"),
    [
        (lambda **o: dv.VariationalAutoencoder(latent(), **o), (4, 3)),
        (lambda **o: dv.DiffusionVAE("projective:2", **o), (4, 3)),
        (lambda **o: dv.InfoVAE("sphere:2", **o), (4, 3)),
        (lambda **o: dv.InfoCatVAE(3, **o), (4, 3)),
        (lambda **o: dv.SpatialVAE(maps=2, **o), PICTURE),
    ],
    ids=["VariationalAutoencoder", "DiffusionVAE", "InfoVAE", "InfoCatVAE", "SpatialVAE"],
)
def test_the_dtype_of_a_model_reaches_its_default_networks(make, shape):
    model = make(dtype="mixed_bfloat16")
    model.build((None, *shape))
    decoder = getattr(model.decoder, "decoder", model.decoder)
    for network in (model.encoder, decoder):
        assert network.compute_dtype == "bfloat16"
        layers = [layer for layer in network.layers if layer.weights]
        assert {layer.compute_dtype for layer in layers} == {"bfloat16"}
        assert {weight.dtype for weight in network.weights} == {"float32"}
    outputs = model(np.zeros((2, *shape), "float32"))
    assert {keras.backend.standardize_dtype(value.dtype) for value in outputs.values()} == {
        "float32"
    }
    assert keras.config.dtype_policy().name == "float32"  # the global policy is as before
