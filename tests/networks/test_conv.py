"""Convolutional networks: sizes, counts, seeds, files, periodic pictures."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS

from diffusion_vae import SphereVAE
from diffusion_vae.networks import ConvDecoder, ConvEncoder

SIZES = [(28, 28, 1), (64, 64, 1), (17, 31, 3), (5, 5, 1), (1, 7, 2), (9, 4)]
POOLINGS = [2, 3, None, [(2, 2), (2, 2), (4, 4)], [None, (2, 2), None], [(1, 3), 2, (5, 1)]]
SMALL = {"filters": (4, 5, 6), "dense_units": (7,)}


def encoder_of(shape, **options):
    """An encoder that is built for pictures of a shape."""
    encoder = ConvEncoder(**options)
    encoder.build((None, *shape))
    return encoder


def decoder_of(shape, **options):
    """A decoder that is built for points of three coordinates."""
    decoder = ConvDecoder(event_shape=shape, **options)
    decoder.build((None, 3))
    return decoder


def pair(shape, **options):
    """Encoder and decoder for pictures of a shape, both built."""
    return encoder_of(shape, **options), decoder_of(shape, **options)


def noise(shape, count=2):
    return np.random.default_rng(0).normal(size=(count, *shape)).astype("float32")


def outputs_of(layers, values):
    for layer in layers:
        values = layer(values)
    return np.asarray(values)


def index_of(network, kind):
    """Place of the first layer of a kind."""
    return next(i for i, layer in enumerate(network.layers) if isinstance(layer, kind))


# -- sizes -------------------------------------------------------------------------


@pytest.mark.parametrize("pool_sizes", POOLINGS, ids=str)
@pytest.mark.parametrize("shape", SIZES, ids=str)
def test_output_has_the_size_of_the_picture(shape, pool_sizes):
    encoder, decoder = pair(shape, pool_sizes=pool_sizes, **SMALL)
    assert encoder.output_shape == (None, 7)
    assert decoder.output_shape == (None, *shape)
    assert (encoder.name, decoder.name) == ("encoder", "decoder")


@pytest.mark.jax
@pytest.mark.parametrize("padding", ["same", "circular"])
@pytest.mark.parametrize("shape", [(17, 31, 3), (5, 5)], ids=str)
def test_arrays_have_the_shapes_announced(shape, padding):
    encoder, decoder = pair(shape, padding=padding, kernel_sizes=[5, (3, 1), 4], **SMALL)
    features = keras.ops.convert_to_numpy(encoder(noise(shape)))
    pictures = keras.ops.convert_to_numpy(decoder(noise((3,))))
    assert features.shape == (2, 7) and np.all(np.isfinite(features))
    assert pictures.shape == (2, *shape) and np.all(np.isfinite(pictures))


@pytest.mark.parametrize("size", [(17, 31), (5, 5), (64, 28)], ids=str)
def test_decoder_passes_through_the_encoders_sizes(size):
    encoder, decoder = pair((*size, 1), pool_sizes=[(2, 3), None, 4], **SMALL)
    convolutions = [
        [x.input.shape[1:3] for x in network.layers if isinstance(x, keras.layers.Conv2D)]
        for network in (encoder, decoder)
    ]
    assert convolutions[0] == convolutions[1][::-1]


def test_a_list_of_one_pair_is_for_all_layers():
    for one, all_three in zip(
        pair((9, 30, 1), pool_sizes=[(2, 3)], kernel_sizes=[(1, 3)], **SMALL),
        pair((9, 30, 1), pool_sizes=[(2, 3)] * 3, kernel_sizes=[(1, 3)] * 3, **SMALL),
        strict=True,
    ):
        assert [x.shape for x in one.weights] == [x.shape for x in all_three.weights]


@pytest.mark.parametrize(("size", "pool"), [(7, 2), (5, 4), (6, 4), (5, 7), (1, 3), (8, 3)])
def test_cropping_puts_every_pixel_back_over_its_pooling_window(size, pool):
    encoder, decoder = pair((size, size, 1), filters=(1,), pool_sizes=pool, dense_units=())
    index = index_of(encoder, keras.layers.MaxPooling2D)
    rows = np.broadcast_to(np.arange(size, dtype="float32")[:, None], (size, size))
    pooled = outputs_of([encoder.layers[index]], rows[None, :, :, None])  # last row of each window
    start = index_of(decoder, keras.layers.UpSampling2D)
    end = index_of(decoder, keras.layers.Conv2D)
    back = outputs_of(decoder.layers[start:end], pooled)[0, :, 0, 0]  # [size]
    windows = [np.flatnonzero(back == last) for last in np.unique(back)]
    assert [window.max() for window in windows] == [int(back[w[0]]) for w in windows]


# -- bug guards (the original's) -------------------------------------------------------


def test_guard_the_encoder_can_be_built():
    assert encoder_of((64, 64, 1)).built


@pytest.mark.parametrize(
    ("shape", "pool_sizes"),
    [((64, 64, 1), [(2, 2), (2, 2), (4, 4)]), ((64, 64, 1), [None, (2, 2), None]),
     ((28, 28, 1), 2)],
)  # fmt: skip
def test_guard_output_size_does_not_depend_on_the_last_pool(shape, pool_sizes):
    assert pair(shape, pool_sizes=pool_sizes)[1].output_shape == (None, *shape)


def test_guard_filters_and_kernels_are_mirrored_without_an_index_off_by_one():
    encoder, decoder = pair((8, 8, 2), filters=(3, 4, 5), kernel_sizes=(1, 3, 5), pool_sizes=None)
    kernels = [
        [x.kernel.shape for x in network.layers if isinstance(x, keras.layers.Conv2D)]
        for network in (encoder, decoder)
    ]
    assert kernels[0] == [(1, 1, 2, 3), (3, 3, 3, 4), (5, 5, 4, 5)]
    assert kernels[1] == [(5, 5, 5, 4), (3, 3, 4, 3), (1, 1, 3, 2)]


# -- architecture ----------------------------------------------------------------------


def test_parameter_counts_of_the_original():
    encoder, decoder = pair((64, 64, 1))
    vae = SphereVAE(2, encoder, decoder)
    vae.build((None, 64, 64, 1))
    assert encoder.count_params() + vae.latent.count_params() == 337_732
    assert decoder.count_params() == 358_081


def test_last_layer_of_the_decoder_is_a_linear_convolution():
    last = decoder_of((8, 8, 1)).layers[-1]
    assert isinstance(last, keras.layers.Conv2D)
    assert last.activation is keras.activations.linear


def test_dense_units_are_mirrored_and_may_be_none():
    encoder, decoder = pair((8, 8, 1), filters=(2,), dense_units=(6, 5))
    widths = [
        [x.units for x in network.layers if isinstance(x, keras.layers.Dense)]
        for network in (encoder, decoder)
    ]
    assert widths == [[6, 5], [5, 6, 4 * 4 * 2]]
    assert encoder_of((8, 8, 1), filters=(2,), dense_units=()).output_shape == (None, 32)


def test_features_are_not_normalised():
    dense = encoder_of((8, 8, 1), dense_units=(6, 5)).layers[-5:]
    kinds = ["Dense", "BatchNormalization", "Activation", "Dense", "Activation"]
    assert [type(layer).__name__ for layer in dense] == kinds


def test_without_batch_norm():
    for network in pair((8, 8, 1), batch_norm=False, **SMALL):
        assert not any(isinstance(x, keras.layers.BatchNormalization) for x in network.layers)
        assert not network.non_trainable_variables


def test_activation_reaches_every_hidden_layer():
    for network in pair((8, 8, 1), activation="tanh", **SMALL):
        found = [x.activation for x in network.layers if isinstance(x, keras.layers.Activation)]
        assert len(found) == 4
        assert set(found) == {keras.activations.tanh}


@pytest.mark.parametrize("network", [0, 1])
def test_seed_decides_about_every_initial_weight(network):
    first, again, other = (
        pair((9, 9, 1), seed=seed, **SMALL)[network].get_weights() for seed in (3, 3, 4)
    )
    for a, b, c in zip(first, again, other, strict=True):
        np.testing.assert_array_equal(a, b)
        assert a.ndim == 1 or not np.array_equal(a, c)


def test_no_two_layers_start_alike():
    options = {"filters": (4, 4, 4, 4), "dense_units": (16, 16, 16, 16), "pool_sizes": None}
    for network in pair((2, 2, 4), seed=0, **options):
        kernels = [x.tobytes() for x in network.get_weights() if x.ndim > 1]
        assert len(set(kernels)) == len(kernels)


# -- periodic pictures -------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["same", "circular"])
def test_circular_padding_makes_shifts_commute_with_convolutions(padding):
    encoder, decoder = pair((16, 8, 1), padding=padding, pool_sizes=[2, None, (2, 1)], **SMALL)
    features = encoder.layers[: index_of(encoder, keras.layers.Flatten)]
    pictures = noise((16, 8, 1))
    before = np.roll(outputs_of(features, pictures), (2, 1), axis=(1, 2))
    after = outputs_of(features, np.roll(pictures, (8, 2), axis=(1, 2)))
    assert np.allclose(before, after, atol=1e-5) == (padding == "circular")

    layers = decoder.layers[index_of(decoder, keras.layers.Reshape) + 1 :]
    maps = noise((4, 4, 6))
    before = np.roll(outputs_of(layers, maps), (4, 2), axis=(1, 2))
    after = outputs_of(layers, np.roll(maps, (1, 1), axis=(1, 2)))
    assert np.allclose(before, after, atol=1e-5) == (padding == "circular")


def test_a_kernel_may_be_larger_than_the_picture():
    encoder, decoder = pair((3, 2, 1), padding="circular", kernel_sizes=9, **SMALL)
    assert np.all(np.isfinite(np.asarray(encoder(noise((3, 2, 1))))))
    assert decoder(noise((3,))).shape == (2, 3, 2, 1)


# -- in a model ----------------------------------------------------------------------


@pytest.mark.parametrize("padding", ["same", "circular"])
def test_networks_survive_a_keras_file(tmp_path, padding):
    for network, data in zip(
        pair((7, 5), padding=padding, seed=1, **SMALL), (noise((7, 5)), noise((3,))), strict=True
    ):
        path = tmp_path / f"{network.name}.keras"
        network.save(path)
        again = keras.saving.load_model(path)
        np.testing.assert_array_equal(network(data), again(data))


@pytest.mark.slow
def test_sphere_vae_trains_and_survives_a_keras_file(tmp_path):
    shape = (7, 10, 1)
    encoder, decoder = pair(shape, seed=0, filters=(4, 5), dense_units=(7,))
    vae = SphereVAE(2, encoder, decoder, seed=0)
    vae.compile(keras.optimizers.Adam(1e-2), **QUICK_STEPS)
    vae.build((None, *shape))
    before = [np.array(v) for v in vae.trainable_variables]
    pictures = noise(shape, count=32)
    history = vae.fit(pictures, epochs=2, batch_size=16, verbose=0)
    assert np.all(np.isfinite(history.history["loss"]))
    moved = [
        not np.array_equal(a, np.array(v))
        for a, v in zip(before, vae.trainable_variables, strict=True)
        if a.ndim > 1
    ]
    assert all(moved)
    vae.save(tmp_path / "vae.keras")
    again = keras.saving.load_model(tmp_path / "vae.keras")
    np.testing.assert_allclose(vae.encode(pictures)[0], again.encode(pictures)[0], atol=1e-6)
    assert vae.reconstruct(pictures).shape == pictures.shape


@pytest.mark.parametrize("method", ["average", "quadratic"])
def test_even_decoder_takes_a_convolutional_one(method):
    from diffusion_vae import RealProjectiveVAE

    vae = RealProjectiveVAE(
        2, ConvEncoder(**SMALL), ConvDecoder(event_shape=(6, 6, 1), **SMALL), even_decoder=method
    )
    vae.build((None, 6, 6, 1))
    z = noise((3,))
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    np.testing.assert_allclose(vae.decode(z), vae.decode(-z), atol=1e-6)


# -- refused ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        (
            {"pool_sizes": (2, 2)},
            ValueError,
            "Expected one of `pool_sizes` for each of the 3 filters",
        ),
        (
            {"kernel_sizes": [3] * 4},
            ValueError,
            "Expected one of `kernel_sizes` for each of the 3 filters",
        ),
        (
            {"kernel_sizes": None},
            TypeError,
            "Expected each of `kernel_sizes` to be a number or a pair",
        ),
        ({"pool_sizes": [2, 2, (2, 2, 2)]}, ValueError, "Expected each of `pool_sizes`"),
        ({"pool_sizes": 0}, ValueError, "Expected `pool_sizes` to be at least 1"),
        ({"filters": ()}, ValueError, "Expected at least one number in `filters`"),
        ({"filters": 64}, TypeError, "Expected `filters` to be a list"),
        ({"filters": (4, 0, 4)}, ValueError, "Expected `filters` to be at least 1"),
        ({"dense_units": 64}, TypeError, "Expected `dense_units` to be a list"),
        ({"padding": "valid"}, ValueError, "Expected `padding` to be one of"),
    ],
)
@pytest.mark.parametrize("network", [ConvEncoder, ConvDecoder])
def test_bad_lists_are_refused(network, options, error, sentence):
    with pytest.raises(error, match=sentence):
        network(**options)


NO_PICTURES = [(784,), (), (2, 3, 4, 5), (8, 0, 1), (None, 8, 1)]


@pytest.mark.parametrize("shape", NO_PICTURES, ids=str)
def test_an_encoder_of_data_that_are_no_pictures_is_refused(shape):
    with pytest.raises(ValueError, match=r"Expected pictures, .*Use an MLPEncoder"):
        ConvEncoder().build((None, *shape))


@pytest.mark.parametrize("shape", [*NO_PICTURES, 8, "ab"], ids=str)
def test_a_decoder_to_shapes_that_are_no_picture_is_refused(shape):
    whole = isinstance(shape, tuple) and None not in shape
    with pytest.raises(ValueError if whole else TypeError, match=r"Expected (pictures|`event_sh)"):
        ConvDecoder(event_shape=shape)
