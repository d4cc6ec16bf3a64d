"""The paper's multi-layer perceptrons: widths, shapes, seeds, files."""

import keras
import numpy as np
import pytest

from diffusion_vae.networks import MLPDecoder, MLPEncoder

EVENTS = [(6,), (28, 28), (4, 3, 2)]


def widths(network):
    return [layer.units for layer in network.layers if isinstance(layer, keras.layers.Dense)]


def noise(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


@pytest.mark.jax
@pytest.mark.parametrize("event", EVENTS, ids=str)
def test_shapes(event):
    encoder, decoder = MLPEncoder((8, 5)), MLPDecoder((7,), event_shape=event)
    assert encoder(noise(3, *event)).shape == (3, 5)
    assert decoder(noise(3, 4)).shape == (3, *event)
    assert encoder(keras.KerasTensor((None, *event))).shape == (None, 5)
    assert decoder(keras.KerasTensor((None, 4))).shape == (None, *event)


def test_the_papers_sizes_are_the_defaults():
    encoder, decoder = MLPEncoder(), MLPDecoder(event_shape=(28, 28, 1))
    encoder.build((None, 28, 28, 1))
    decoder.build((None, 3))
    assert widths(encoder) == [512, 512, 512]
    assert widths(decoder) == [512, 512, 784]
    assert (encoder.name, decoder.name) == ("encoder", "decoder")
    kind = keras.layers.Activation
    activations = [layer.activation for layer in encoder.layers if isinstance(layer, kind)]
    assert activations == [keras.activations.relu] * 3


def test_features_are_activated_and_raw_outputs_are_not():
    features = np.asarray(MLPEncoder((8,), seed=0)(noise(50, 6)))
    assert features.min() == 0.0  # relu
    assert features.max() > 0.1
    outputs = np.asarray(MLPDecoder((8,), event_shape=(6,), seed=0)(noise(50, 3)))
    assert outputs.min() < -0.1 < 0.1 < outputs.max()


def test_widths_activation_and_batch_norm_are_options():
    network = MLPEncoder([4, 3], activation="tanh", batch_norm=True)
    network.build((None, 6))
    kinds = [type(layer).__name__ for layer in network.layers[1:]]
    assert kinds == ["Dense", "BatchNormalization", "Activation"] * 2
    assert widths(network) == [4, 3]
    assert np.abs(network(5.0 * noise(20, 6))).max() <= 1.0
    decoder = MLPDecoder((4,), event_shape=(2,), batch_norm=True)
    decoder.build((None, 3))
    kinds = [type(layer).__name__ for layer in decoder.layers]
    assert kinds == ["Dense", "BatchNormalization", "Activation", "Dense", "Reshape"]


def test_a_range_of_biases_spreads_the_first_layers_and_no_others():
    def dense_layers(**options):
        decoder = MLPDecoder((400, 300), event_shape=(6,), **options)
        decoder.build((None, 3))
        return [layer for layer in decoder.layers if hasattr(layer, "kernel")]

    plain, spread = dense_layers(seed=0), dense_layers(seed=0, bias_range=3.0)
    for layer, other in zip(plain, spread, strict=True):
        np.testing.assert_array_equal(layer.kernel, other.kernel)
    assert all(not np.any(layer.bias) for layer in (*plain, *spread[1:]))
    first = np.asarray(spread[0].bias)
    assert -3.0 <= first.min() < -2.9 < 2.9 < first.max() <= 3.0
    assert first.mean() == pytest.approx(0.0, abs=5 * 3.0 / (3 * 400) ** 0.5)  # 5 errors
    np.testing.assert_array_equal(first, dense_layers(seed=0, bias_range=3.0)[0].bias)
    assert (first != np.asarray(dense_layers(seed=1, bias_range=3.0)[0].bias)).all()


def test_a_bad_range_of_biases_is_refused():
    with pytest.raises(ValueError, match=r"bias_range.*-1"):
        MLPDecoder((8,), event_shape=(6,), bias_range=-1.0)


def test_dropout_belongs_to_training_and_draws_anew():
    network, x = MLPEncoder((400, 300), dropout=0.25, seed=0), np.abs(noise(20, 6))
    network.build(x.shape)
    kinds = [type(layer).__name__ for layer in network.layers[1:]]
    assert kinds == ["Dense", "Activation", "Dropout"] * 2
    np.testing.assert_array_equal(network(x), MLPEncoder((400, 300), seed=0)(x))
    first, second = (np.asarray(network(x, training=True)) for _ in range(2))
    assert np.abs(first - second).max() > 0
    layer, ones = network.layers[3], np.ones((20, 400), "float32")
    dropped = np.mean(np.asarray(layer(ones, training=True)) == 0)
    assert dropped == pytest.approx(0.25, abs=5 * (0.25 * 0.75 / 8000) ** 0.5)  # 5 errors
    again = MLPEncoder((400, 300), dropout=0.25, seed=0)
    np.testing.assert_array_equal(again(x, training=True), first)


@pytest.mark.parametrize(
    "make",
    [lambda s: MLPEncoder((6, 6), seed=s), lambda s: MLPDecoder((6, 6), event_shape=(6,), seed=s)],
)
def test_a_seed_fixes_the_initial_weights_and_layers_differ(make):
    x = noise(2, 6)
    first, again, other = (np.asarray(make(seed)(x)) for seed in (0, 0, 1))
    np.testing.assert_array_equal(first, again)
    assert np.abs(first - other).max() > 1e-3
    network = make(0)
    network(x)
    kernels = [w for w in network.get_weights() if w.shape == (6, 6)]
    assert len(kernels) >= 2
    assert np.abs(kernels[0] - kernels[1]).max() > 1e-2
    keras.utils.set_random_seed(3)
    free = np.asarray(make(None)(x))
    keras.utils.set_random_seed(4)
    assert np.abs(free - np.asarray(make(None)(x))).max() > 1e-3


@pytest.mark.parametrize(
    "network", [MLPEncoder((5,)), MLPDecoder((5,), event_shape=(4, 3), batch_norm=True)]
)
def test_file_round_trip(network, tmp_path):
    x = noise(3, 6)
    outputs = np.asarray(network(x))
    network.save(tmp_path / "network.keras")
    loaded = keras.saving.load_model(tmp_path / "network.keras")
    np.testing.assert_array_equal(loaded(x), outputs)


def test_bad_widths_and_shares_are_refused():
    with pytest.raises(ValueError, match=r"Expected `units` to be at least 1\. Received: 0"):
        MLPEncoder((8, 0))
    with pytest.raises(TypeError, match=r"Expected `units` to be an integer"):
        MLPDecoder((8.5,), event_shape=(3,))
    with pytest.raises(ValueError, match=r"`dropout` to be in \[0, 1\)\. Received: 1\.0"):
        MLPEncoder((8,), dropout=1.0)


def test_the_encoder_sees_standardized_data():
    plain = MLPEncoder((4,), seed=0)
    shifted = MLPEncoder((4,), standardize=(3.0, 2.0), seed=0)
    x = np.random.default_rng(0).normal(3.0, 2.0, (5, 7)).astype("float32")
    np.testing.assert_allclose(shifted(x), plain((x - 3.0) / 2.0), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("statistics", [3.0, (1.0,), (0.0, 0.0), ("a", 1.0)])
def test_wrong_statistics_are_refused(statistics):
    with pytest.raises((ValueError, TypeError), match="standardize"):
        MLPEncoder((4,), standardize=statistics)
