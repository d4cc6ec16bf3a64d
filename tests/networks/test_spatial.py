"""The convolutions of the spatial VAE: the original's shapes, sizes and modes."""

import numpy as np
import pytest

from diffusion_vae.networks import SpatialDecoder, SpatialEncoder

PICTURES = np.random.default_rng(0).uniform(-1, 1, (6, 32, 32, 3)).astype("float32")


def sizes(network):
    """Shapes (rows, columns, channels) after each convolution."""
    return [
        tuple(layer.output.shape[1:])
        for layer in network.layers
        if type(layer).__name__.startswith("Conv2D")
    ]


@pytest.mark.parametrize(
    ("size", "expected", "features"),
    [(64, [(32, 32, 32), (16, 16, 64), (6, 6, 128)], 4608),
     (32, [(16, 16, 32), (8, 8, 64), (2, 2, 128)], 512)],
)  # fmt: skip
def test_encoder_shapes_are_the_originals(size, expected, features):
    network = SpatialEncoder()
    network.build((None, size, size, 3))
    assert sizes(network) == expected
    assert network.output_shape == (None, features)
    # Kernels without bias, and four numbers a channel of batch normalisation.
    kernels = 25 * (3 * 32 + 32 * 64 + 64 * 128)
    assert network.count_params() == kernels + 4 * (32 + 64 + 128)


@pytest.mark.parametrize(
    ("map_size", "size", "expected"),
    [
        (3, 64, [(6, 6, 64), (8, 8, 32), (16, 16, 32), (32, 32, 16), (64, 64, 3)]),
        (3, 32, [(6, 6, 64), (8, 8, 32), (16, 16, 32), (32, 32, 3)]),
        (1, 64, [(3, 3, 64), (6, 6, 48), (8, 8, 32), (16, 16, 32), (32, 32, 16), (64, 64, 3)]),
        (1, 32, [(3, 3, 64), (6, 6, 48), (8, 8, 32), (16, 16, 32), (32, 32, 3)]),
        (2, 32, [(4, 4, 64), (8, 8, 32), (16, 16, 32), (32, 32, 3)]),
        (4, 32, [(8, 8, 32), (16, 16, 32), (32, 32, 3)]),
        (6, 128, [(8, 8, 32), (16, 16, 32), (32, 32, 16), (64, 64, 16), (128, 128, 3)]),
    ],
)
def test_decoder_shapes_are_the_originals(map_size, size, expected):
    network = SpatialDecoder(event_shape=(size, size, 3))
    network.build((None, map_size, map_size, 64))
    assert sizes(network) == expected


def test_decoder_kernels_of_the_original_have_their_sizes():
    network = SpatialDecoder(event_shape=(64, 64, 3))
    network.build((None, 3, 3, 64))
    kernels = 9 * (64 * 64 + 64 * 32) + 25 * (32 * 32 + 32 * 16 + 16 * 3)
    assert network.count_params() == kernels + 4 * (64 + 32 + 32 + 16 + 3)


def test_widths_are_free():
    encoder = SpatialEncoder((2, 3, 4))
    encoder.build((None, 32, 32, 1))
    assert sizes(encoder)[-1] == (2, 2, 4)
    decoder = SpatialDecoder(event_shape=(32, 32, 1), filters=(5, 4, 3))
    decoder.build((None, 3, 3, 2))
    assert sizes(decoder) == [(6, 6, 5), (8, 8, 4), (16, 16, 3), (32, 32, 1)]


def test_dropout_and_batch_statistics_belong_to_training_alone():
    network = SpatialEncoder((4, 4, 8), dropout=0.5, seed=0)
    alone = np.concatenate([network(PICTURES[i : i + 1], training=False) for i in range(6)])
    together = np.array(network(PICTURES, training=False))
    np.testing.assert_allclose(alone, together, atol=1e-5)  # no picture sees the others
    np.testing.assert_array_equal(network(PICTURES, training=False), together)
    trained = np.array(network(PICTURES, training=True))
    assert np.mean(trained == 0) == pytest.approx(0.5, abs=0.15)  # 192 features: s.e. 0.036
    # What is kept comes from statistics of the batch.
    kept = np.array(network(PICTURES, training=True)) != 0
    assert np.abs(trained - 2 * together)[kept].max() > 0.1


def test_training_moves_the_averages_that_prediction_uses():
    network = SpatialEncoder((4, 4, 8), dropout=0.0, seed=0)
    before = np.array(network(PICTURES, training=False))
    for layer in network.layers:
        if hasattr(layer, "momentum"):
            layer.momentum = 0.5
    for _ in range(30):
        batch = network(PICTURES, training=True)
    after = np.array(network(PICTURES, training=False))
    np.testing.assert_allclose(after, batch, atol=0.02)
    assert np.abs(before - batch).max() > 0.5


@pytest.mark.parametrize(("activation", "bounded"), [("tanh", True), ("linear", False)])
def test_tanh_bounds_the_pictures(activation, bounded):
    network = SpatialDecoder(
        event_shape=(32, 32, 3), filters=(4, 4, 4), activation=activation, seed=0
    )
    z = 100 * np.random.default_rng(1).normal(size=(4, 3, 3, 2)).astype("float32")
    pictures = np.array(network(z, training=False))
    assert pictures.shape == (4, 32, 32, 3)
    assert (np.abs(pictures).max() <= 1) == bounded


def test_one_seed_is_one_network():
    z = np.ones((2, 3, 3, 2), "float32")
    options = {"filters": (4, 4, 4)}
    outputs = [SpatialDecoder(event_shape=(32, 32, 3), seed=s, **options)(z) for s in (1, 1, 2)]
    np.testing.assert_array_equal(outputs[0], outputs[1])
    assert np.abs(np.subtract(outputs[0], outputs[2])).max() > 1e-3
    features = [SpatialEncoder((2, 2, 2), seed=s)(PICTURES, training=True) for s in (1, 1, 2)]
    np.testing.assert_array_equal(features[0], features[1])  # the dropout too
    assert np.abs(np.subtract(features[0], features[2])).max() > 1e-3


def test_without_batch_normalisation_convolutions_have_biases():
    network = SpatialEncoder((2, 3, 4), batch_norm=False)
    network.build((None, 32, 32, 3))
    assert [layer.use_bias for layer in network.layers if hasattr(layer, "use_bias")] == [True] * 3
    assert not any(type(layer).__name__ == "BatchNormalization" for layer in network.layers)


def decoder_for(map_size, **options):
    """A decoder of 64x64 pictures that is built for maps of a size."""
    decoder = SpatialDecoder(event_shape=(64, 64, 3), **options)
    decoder.build((None, map_size, map_size, 2))


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: SpatialDecoder(event_shape=(28, 28, 1)), "Expected square pictures"),
        (lambda: SpatialDecoder(event_shape=(64, 32, 3)), "Expected square pictures"),
        (lambda: SpatialDecoder(event_shape=(64, 64)), "Expected square pictures"),
        (lambda: SpatialDecoder(event_shape=(16, 16, 3)), "Expected square pictures"),
        (lambda: decoder_for(5), "Expected `map_size` to be one of"),
        (lambda: decoder_for(3, filters=(4, 4)), "Expected 4 numbers"),
        (lambda: SpatialEncoder((4, 4)), "Expected three numbers"),
        (lambda: SpatialEncoder((4, 4, 0)), "Expected `filters` to be at least 1"),
    ],
)
def test_bad_arguments_are_named(make, sentence):
    with pytest.raises(ValueError, match=sentence):
        make()
