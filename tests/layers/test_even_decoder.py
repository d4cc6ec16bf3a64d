"""Decoders that give identified points the same picture."""

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import SYMMETRIC, each

from diffusion_vae.layers import EvenDecoder
from diffusion_vae.manifolds import FlatTorus, Product, RealProjective, Sphere
from diffusion_vae.networks import MLPDecoder

SPACES = {
    **SYMMETRIC,
    "projective:2 x projective:1": Product([RealProjective(2), RealProjective(1)]),
}


@pytest.mark.parametrize("method", ["average", "quadratic"])
@each(SPACES)
def test_identified_points_are_decoded_alike(manifold, method):
    if manifold.symmetry is None and method == "average":
        with pytest.raises(ValueError, match=r'even_decoder="quadratic".*Received: .average'):
            EvenDecoder(MLPDecoder((16,), event_shape=(4, 3)), manifold, method)
        return
    # relu: a tanh network without biases is odd, and its even part is zero
    layer = EvenDecoder(MLPDecoder((16,), event_shape=(4, 3), seed=0), manifold, method)
    z = np.asarray(manifold.prior_sample((10,), seed=0))
    outputs = np.asarray(layer(z))
    assert outputs.shape == (10, 4, 3)
    patterns = [] if manifold.symmetry is None else manifold.symmetry
    names = [(z * signs).astype("float32") for signs in patterns]
    names += [manifold.nearest_name(z, manifold.prior_sample((10,), seed=s)) for s in (1, 2)]
    for name in names:
        image = np.asarray(layer(name))
        np.testing.assert_allclose(image, outputs, rtol=0, atol=1e-6)
    # ... and others are not
    assert np.abs(outputs[1:] - outputs[:-1]).max(axis=(1, 2)).min() > 1e-3


def test_average_is_the_mean_of_the_shared_decoders_outputs():
    decoder = MLPDecoder((16,), event_shape=(4,), seed=0)
    layer = EvenDecoder(decoder, RealProjective(2), "average")
    z = np.asarray(RealProjective(2).prior_sample((6,), seed=0))
    outputs = layer(z)
    expected = 0.5 * (np.asarray(decoder(z)) + np.asarray(decoder(-z)))
    np.testing.assert_allclose(np.asarray(outputs), expected, atol=1e-6)
    assert {id(w) for w in layer.weights} == {id(w) for w in decoder.weights}
    assert len(layer.weights) == len(decoder.weights) == 4


def test_quadratic_feeds_the_symmetric_matrix():
    decoder = MLPDecoder((16,), event_shape=(4,), seed=0)
    manifold = Product([RealProjective(2), FlatTorus(1)])
    layer = EvenDecoder(decoder, manifold, "quadratic")
    z = np.asarray(manifold.prior_sample((6,), seed=0))
    outputs = np.asarray(layer(z))
    assert decoder.input_shape[-1] == 6 + 2
    even = np.asarray(manifold.factors[0].even_features(z[:, :3]))
    features = np.concatenate([even, z[:, 3:]], axis=1)
    np.testing.assert_allclose(np.asarray(decoder(features)), outputs, atol=1e-6)


def fixed(width):
    return keras.Sequential([keras.Input((width,)), keras.layers.Dense(4)])


@pytest.mark.parametrize(
    ("decoder", "method"),
    [(fixed(3), "average"), (fixed(6), "quadratic"), (keras.layers.Dense(4), "quadratic")],
)
def test_a_decoder_built_for_points_is_averaged_by_default(decoder, method):
    layer = EvenDecoder(decoder, RealProjective(2))
    assert layer.method == method
    z = np.asarray(RealProjective(2).prior_sample((6,), seed=0))
    np.testing.assert_allclose(np.asarray(layer(z)), np.asarray(layer(-z)), atol=1e-6)


@pytest.mark.parametrize(("width", "method"), [(3, "quadratic"), (6, "average"), (5, "auto")])
def test_a_decoder_of_another_width_is_named(width, method):
    with pytest.raises(ValueError, match=rf"6 \('quadratic'\) or 3 .* a decoder of {width}\."):
        EvenDecoder(fixed(width), RealProjective(2), method)


@pytest.mark.parametrize("method", ["average", "quadratic"])
def test_training_reaches_dropout_and_batch_norm(method):
    decoder = keras.Sequential(
        [keras.layers.BatchNormalization(), keras.layers.Dropout(0.5, seed=0)]
    )
    layer = EvenDecoder(decoder, RealProjective(2), method)
    z = np.asarray(RealProjective(2).prior_sample((200,), seed=0))
    layer(z)
    mean = decoder.layers[0].moving_mean
    before = np.array(mean)
    trained = np.asarray(layer(z, training=True))
    assert np.abs(np.array(mean) - before).max() > 0 or method == "average"  # odd: its mean is 0
    assert np.abs(np.array(decoder.layers[0].moving_variance) - 1.0).max() > 1e-3
    assert (trained == 0).mean() > 0.1
    assert (np.asarray(layer(z, training=False)) == 0).mean() < 0.1 or method == "average"


def test_gradients_of_the_average_flow_through_both_images():
    import tensorflow as tf

    layer = EvenDecoder(
        MLPDecoder((16,), event_shape=(1,), activation="tanh", seed=0), RealProjective(2)
    )
    z = ops.convert_to_tensor(np.asarray(RealProjective(2).prior_sample((3,), seed=0)))
    with tf.GradientTape(persistent=True) as tape:
        tape.watch(z)
        here, there = ops.sum(layer(z)), ops.sum(layer(-z))
    # an even function has an odd gradient
    np.testing.assert_allclose(tape.gradient(here, z), tape.gradient(there, z), atol=1e-6)
    slope = np.asarray(tape.gradient(here, z))
    with tf.GradientTape() as tape:
        minus = -z
        tape.watch(minus)
        value = ops.sum(layer(minus))
    np.testing.assert_allclose(tape.gradient(value, minus), -slope, atol=1e-6)


def test_bad_arguments():
    decoder = MLPDecoder((8,), event_shape=(4,))
    with pytest.raises(ValueError, match=r"Expected `method` to be one of .*Received: 'even'"):
        EvenDecoder(decoder, RealProjective(2), method="even")
    with pytest.raises(ValueError, match=r"with a symmetry.*Received: Sphere.*needs no even"):
        EvenDecoder(decoder, Sphere(2))
