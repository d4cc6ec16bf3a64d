"""Pictures continued round their borders."""

import keras
import numpy as np
import pytest

from diffusion_vae.layers import CircularPadding2D

PICTURES = np.arange(2 * 3 * 4 * 2, dtype="float32").reshape(2, 3, 4, 2)


@pytest.mark.jax
@pytest.mark.parametrize(
    "padding",
    [((1, 1), (1, 1)), ((0, 0), (0, 0)), ((0, 1), (2, 0)), ((3, 4), (4, 3)), ((5, 7), (9, 11))],
)
def test_equals_numpy_wrap(padding):
    layer = CircularPadding2D(padding)
    expected = np.pad(PICTURES, ((0, 0), *padding, (0, 0)), mode="wrap")
    np.testing.assert_array_equal(np.asarray(layer(PICTURES)), expected)
    assert layer.compute_output_shape(PICTURES.shape) == expected.shape
    assert layer(keras.KerasTensor((None, 3, 4, 2))).shape == (None, *expected.shape[1:])


def test_one_number_is_for_all_sides():
    assert CircularPadding2D(2).padding == ((2, 2), (2, 2))


def test_config_round_trip():
    layer = CircularPadding2D(((0, 1), (2, 3)), name="wrap")
    again = CircularPadding2D.from_config(layer.get_config())
    assert (again.padding, again.name) == (layer.padding, "wrap")


@pytest.mark.parametrize("padding", ["wrap", (1, 2, 3), None, ((1, 2), 3)])
def test_a_padding_that_is_none_is_named(padding):
    with pytest.raises(ValueError, match="Expected `padding`"):
        CircularPadding2D(padding)


def test_negative_padding_is_refused():
    with pytest.raises(ValueError, match="at least 0"):
        CircularPadding2D(-1)


def test_pictures_of_unknown_size_are_refused():
    with pytest.raises(ValueError, match="known height and width"):
        CircularPadding2D(1)(keras.KerasTensor((None, None, 4, 1)))
