"""Many pictures as one."""

import base64

import imageio.v3 as imageio
import numpy as np
import pytest

from diffusion_vae.plots.sprites import data_uri, most_pictures, sprite_sheet


@pytest.mark.parametrize("event", [(4, 6), (4, 6, 1), (4, 6, 3)])
def test_each_picture_is_found_at_its_place(event):
    x = np.linspace(0.0, 1.0, 7).reshape(7, *[1] * len(event)) * np.ones((7, *event))
    sheet, columns = sprite_sheet(x)
    assert columns == 3 and sheet.dtype == np.uint8 and sheet.shape[:2] == (12, 18)
    for i in range(7):
        top, left = 4 * (i // columns), 6 * (i % columns)
        assert np.all(sheet[top : top + 4, left : left + 6] == round(255 * i / 6))


def test_a_data_address_holds_the_picture():
    picture = np.arange(24, dtype=np.uint8).reshape(4, 6)
    head, content = data_uri(picture).split(",")
    assert head == "data:image/png;base64"
    np.testing.assert_array_equal(imageio.imread(base64.b64decode(content)), picture)


def test_room_for_pictures_counts_their_bytes():
    assert most_pictures(np.zeros((8, 8, 3)), 1000) == 5
    assert most_pictures(np.zeros((8, 8, 1)), 10) == 1
