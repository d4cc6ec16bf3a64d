"""One picture for the data sets of shifted and turned pictures."""

import numpy as np
import pytest
from PIL import Image
from scipy import ndimage

from diffusion_vae.datasets.images import load_picture, read_image, resize


def test_arrays_files_and_paths_give_the_same_picture(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 8, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    for picture in (pixels, pixels / 255, tmp_path / "a.png", str(tmp_path / "a.png")):
        np.testing.assert_allclose(load_picture(picture), pixels / 255, atol=1e-7)


def test_grey_arrays_get_a_channel():
    assert load_picture(np.zeros((5, 8))).shape == (5, 8, 1)


@pytest.mark.parametrize(("height", "width"), [(5, 9), (9, 5), (6, 9)])
def test_the_central_square_is_cut_out(height, width):
    marked = np.zeros((height, width))
    marked[height // 2, width // 2] = 1
    square = load_picture(marked, square=True)
    side = min(height, width)
    assert square.shape == (side, side, 1)
    row, column = np.argwhere(square[..., 0])[0]
    assert abs(row - (side - 1) / 2) <= 1
    assert abs(column - (side - 1) / 2) <= 1


def test_the_photographs_of_scikit_learn():
    for name in ("china", "flower"):
        picture = load_picture(name, size=(20, 30))
        assert picture.shape == (20, 30, 3)
        assert 0 <= picture.min() < picture.max() <= 1


def test_resizing_does_not_leave_the_range_or_move_the_picture():
    step = np.zeros((8, 8, 1), np.float32)
    step[:, 4:] = 1
    large = resize(step, 64)[..., 0]
    assert large.min() >= 0
    assert large.max() <= 1
    np.testing.assert_allclose(large + large[:, ::-1], 1, atol=1e-6)  # still symmetric
    assert resize(step, 8) is step


def test_formats_agree(tmp_path):
    pixels = np.zeros((16, 16, 3), np.uint8)
    pixels[4:12, 4:12] = (200, 100, 50)
    for suffix, tolerance in (("png", 1e-7), ("bmp", 1e-7), ("jpg", 0.1)):
        path = tmp_path / f"a.{suffix}"
        smooth = ndimage.gaussian_filter(pixels, (3, 3, 0))
        Image.fromarray(smooth).save(path)
        np.testing.assert_allclose(read_image(path), smooth / 255, atol=tolerance)
