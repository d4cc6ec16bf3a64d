"""Data as pictures: shapes, grey values, tilings, mosaics."""

import numpy as np
import pytest

from diffusion_vae.plots import as_images, grid_image, value_range
from diffusion_vae.plots.images import decoded_range, mosaic, to_unit


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((3, 5, 7), (3, 5, 7)),
        ((3, 5, 7, 1), (3, 5, 7)),
        ((3, 5, 7, 3), (3, 5, 7, 3)),
        ((3, 49), (3, 7, 7)),
        ((3, 6), (3, 6, 6)),
        ((3, 200), (3, 64, 200)),
    ],
)
def test_shapes_of_pictures(shape, expected):
    assert as_images(np.zeros(shape)).shape == expected


def test_flat_vectors_are_read_row_by_row():
    np.testing.assert_array_equal(as_images(np.arange(9.0)[None])[0], np.arange(9).reshape(3, 3))


def test_bytes_become_fractions():
    assert as_images(np.full((1, 2, 2), 255, dtype=np.uint8)).max() == 1.0
    assert value_range(np.array([0, 255], dtype=np.uint8)) == (0.0, 1.0)


@pytest.mark.parametrize("shape", [(5,), (3, 4, 4, 2), (3, 4, 4, 4), (1, 2, 3, 4, 5)])
def test_what_is_no_picture_is_refused(shape):
    with pytest.raises(ValueError, match="Expected a batch of pictures"):
        as_images(np.zeros(shape))


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0.0, 1.0], (0, 1)),
        ([0.2, 0.3], (0, 1)),
        ([-0.1, 1.1], (0, 1)),  # the overshoot of a decoder
        ([-2.0, 1.0], (-2, 2)),
        ([-0.2, 0.2], (-0.2, 0.2)),
        ([-3.0, -1.0], (-3, 3)),
        ([0.0, 255.0], (0, 255)),
        ([np.nan, np.inf, 0.5], (0, 1)),
        ([], (0, 1)),
    ],
)
def test_value_range_is_symmetric_for_signed_data(values, expected):
    assert value_range(np.array(values)) == pytest.approx(expected)


def test_values_are_scaled_clipped_and_finite():
    x = np.array([-2.0, 0.0, 1.0, 4.0, np.nan])
    np.testing.assert_allclose(to_unit(x, (-2.0, 2.0)), [0.0, 0.5, 0.75, 1.0, 0.5])
    with pytest.raises(ValueError, match="low < high"):
        to_unit(x, (1.0, 1.0))


def test_grid_image_places_pictures_row_by_row_on_white():
    x = np.arange(5)[:, None, None] * np.ones((5, 2, 3)) / 10
    sheet = grid_image(x, columns=3, gap=1)
    assert sheet.shape == (2 * 2 + 1, 3 * 3 + 2)
    np.testing.assert_array_equal(sheet[0, [0, 4, 8]], [0.0, 0.1, 0.2])
    np.testing.assert_array_equal(sheet[3, [0, 4, 8]], [0.3, 0.4, 1.0])
    assert np.all(sheet[2] == 1.0) and np.all(sheet[:, 3] == 1.0)


def test_grid_image_of_colour_pictures_and_default_columns():
    assert grid_image(np.zeros((5, 2, 2, 3)), gap=0).shape == (4, 6, 3)
    assert grid_image(np.zeros((2, 4, 4)), columns=9).shape == (4, 9)
    with pytest.raises(ValueError, match="at least one picture"):
        grid_image(np.zeros((0, 4, 4)))
    with pytest.raises(ValueError, match="`columns`"):
        grid_image(np.zeros((2, 4, 4)), columns=0)


def test_mosaic_puts_each_picture_at_its_place_with_up_at_the_top():
    pictures = np.stack([np.full((4, 4), v) for v in (0.1, 0.2, 0.3)])
    positions = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0]])
    image, extent = mosaic(pictures, positions, (2.0, 2.0))
    assert image.shape == (9, 9, 4)
    np.testing.assert_allclose(extent, (-0.8, 2.8, -0.8, 2.8))
    assert image[8, 0, 0] == 0.1 and image[8, 8, 0] == 0.2 and image[0, 0, 0] == 0.3
    assert image[0, 8, 3] == 0.0  # nothing there
    gaps = (image[:, 4, 3], image[4, :, 3])  # a pixel between two pictures
    assert all(np.all(gap == 0.0) for gap in gaps)


def test_mosaic_keeps_the_proportions_of_wide_pictures():
    image, extent = mosaic(np.zeros((1, 10, 20)), np.array([[5.0, 1.0]]), (2.0, 2.0))
    assert image.shape == (10, 20, 4)
    width, height = 2.0 * 20 / 21, 10 * 2.0 / 21  # of a cell of 20 pixels and a gap
    left, bottom = 5.0 - width / 2, 1.0 - height / 2
    np.testing.assert_allclose(extent, (left, left + width, bottom, bottom + height))


def test_mosaic_does_not_turn_pictures():
    picture = np.zeros((1, 4, 4))
    picture[0, 0, :] = 1.0  # bright upper row
    image, _ = mosaic(picture, np.zeros((1, 2)), (1.0, 1.0))
    assert np.all(image[0, :, 0] == 1.0) and np.all(image[1:, :, 0] == 0.0)


def test_a_few_pixels_below_the_range_do_not_make_all_pictures_grey():
    """What a decoder of pictures in [0, 1] gives: one pixel in a thousand is at -0.4."""
    decoded = np.random.default_rng(0).uniform(0.0, 1.0, (10, 10, 10))
    decoded[0, 0, 0] = -0.4
    assert value_range(decoded)[0] < -0.3  # the range of data is taken by its word
    assert decoded_range(decoded) == (0.0, 1.0)
    assert decoded_range(2.0 * decoded - 1.0)[0] < -0.9  # signed data are signed still
