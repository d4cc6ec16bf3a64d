"""Disturbed pictures: within the limits, new draws each time, unchanged in inference mode."""

import keras
import numpy as np
import pytest

from diffusion_vae.layers import AffineAugmentation


def spot(size=32):
    """A soft round spot in the middle, `[1, size, size, 1]`."""
    axis = np.arange(size) - (size - 1) / 2
    square = axis[:, None] ** 2 + axis[None, :] ** 2
    return np.exp(-square / 8.0).astype("float32")[None, :, :, None]


def centre(pictures):
    """Centres of mass relative to the middle, in pixels, `[n, 2]`."""
    size = pictures.shape[1]
    axis = np.arange(size) - (size - 1) / 2
    mass = pictures[..., 0].sum(axis=(1, 2))
    rows = (pictures[..., 0].sum(axis=2) * axis).sum(axis=1) / mass
    columns = (pictures[..., 0].sum(axis=1) * axis).sum(axis=1) / mass
    return np.stack([rows, columns], axis=-1)


def disturbed(layer, pictures):
    return keras.ops.convert_to_numpy(layer(pictures, training=True))


def test_shifts_are_as_large_as_said():
    layer = AffineAugmentation(degrees=0.0, shift=0.125, zoom=0.0, seed=0)
    moved = centre(disturbed(layer, np.repeat(spot(), 200, axis=0)))
    largest = np.abs(moved).max()
    assert 3.5 < largest < 4.05  # an eighth of 32 pixels; 400 uniform draws come near to it


def test_rotations_keep_what_is_round_and_turn_what_is_not():
    layer = AffineAugmentation(degrees=20.0, shift=0.0, zoom=0.0, seed=0)
    round_spots = np.repeat(spot(), 8, axis=0)
    np.testing.assert_allclose(disturbed(layer, round_spots), round_spots, atol=0.03)
    off_centre = np.roll(spot(), 8, axis=1)  # 8 pixels below the middle
    place = centre(disturbed(layer, np.repeat(off_centre, 300, axis=0)))
    angles = np.degrees(np.arctan2(place[:, 1], place[:, 0]))
    np.testing.assert_allclose(np.hypot(*place.T), 8.0, atol=0.1)
    assert 18.0 < np.abs(angles).max() < 20.2


def test_every_call_draws_anew_and_one_seed_is_one_run():
    pictures = np.repeat(np.roll(spot(), 5, axis=2), 4, axis=0)
    first, again = AffineAugmentation(seed=3), AffineAugmentation(seed=3)
    one = disturbed(first, pictures)
    np.testing.assert_array_equal(one, disturbed(again, pictures))
    assert np.abs(one - disturbed(first, pictures)).max() > 0.05
    np.testing.assert_array_equal(first(pictures, training=False), pictures)


def test_zooms_change_the_size_by_at_most_what_is_said():
    layer = AffineAugmentation(degrees=0.0, shift=0.0, zoom=0.2, seed=0)
    mass = disturbed(layer, np.repeat(spot(), 200, axis=0)).sum(axis=(1, 2, 3)) / spot().sum()
    # a picture that is s times as large has s^2 times the mass; s within 1 / (1 -+ 0.2)
    assert 1.2**-2 - 0.01 < mass.min() < 0.75
    assert 1.4 < mass.max() < 0.8**-2 + 0.01


def test_the_layer_survives_its_configuration():
    layer = AffineAugmentation(20.0, 0.05, 0.2, seed=4)
    again = AffineAugmentation.from_config(layer.get_config())
    pictures = np.repeat(spot(), 3, axis=0)
    np.testing.assert_array_equal(disturbed(again, pictures), disturbed(layer, pictures))


@pytest.mark.parametrize("shape", [(32, 8), (32, 8, 8)])
def test_a_batch_of_plain_arrays_is_not_taken_for_one_picture(shape):
    with pytest.raises(ValueError, match=r"Expected pictures of shape \[batch, height, width, ch"):
        AffineAugmentation()(np.zeros(shape, "float32"), training=True)


@pytest.mark.parametrize(
    "options", [{"degrees": -5.0}, {"degrees": 400}, {"shift": 2}, {"zoom": float("nan")}]
)
def test_ranges_are_checked(options):
    with pytest.raises(ValueError, match=f"Expected `{next(iter(options))}`"):
        AffineAugmentation(**options)
