"""GIFs of a training."""

import imageio.v3 as imageio
import numpy as np
import pytest
from matplotlib.figure import Figure

from diffusion_vae.plots import save, write_gif


def test_frames_keep_their_order_and_their_time(tmp_path):
    frames = [np.full((6, 8), value) for value in (0.0, 0.5, 1.0)]
    path = write_gif(frames, tmp_path / "new" / "m.gif", 0.4, seconds_on_last=1.5)
    movie = imageio.imread(path)
    assert movie.shape == (3, 6, 8, 3)
    np.testing.assert_allclose(movie[:, 0, 0, 0], [0, 128, 255], atol=2)
    durations = [imageio.immeta(path, index=i)["duration"] for i in range(3)]
    assert durations == [400, 400, 1500]
    assert imageio.immeta(path)["loop"] == 0


def test_figures_paths_and_arrays_of_different_sizes(tmp_path):
    picture = save(Figure(figsize=(1, 1)), tmp_path / "p.png", dpi=20)
    dark = np.zeros((4, 4), dtype=np.uint8)
    clear = np.zeros((9, 9, 4), dtype=np.uint8)
    frames = [Figure(figsize=(0.3, 0.2)), dark, picture, np.zeros((2, 3, 1)), clear, dark]
    movie = imageio.imread(write_gif(frames, tmp_path / "m.gif"))
    assert movie.shape == (6, 20, 30, 3)
    assert np.all(movie[[0, 2, 4]] == 255)
    assert np.all(movie[3, :2, :3] == 0) and np.all(movie[3, 2:] == 255)


@pytest.mark.parametrize("last", [0.0, 1.0])
def test_frames_that_are_the_same_keep_their_time(tmp_path, last):
    path = write_gif([np.zeros((4, 4))] * 3 + [np.full((4, 4), last)], tmp_path / "m.gif", 0.5)
    count = len(imageio.imread(path))
    assert count == 1 + (last == 1.0)
    durations = [imageio.immeta(path, index=i)["duration"] for i in range(count)]
    assert sum(durations) == 3 * 500 + 2000


def test_a_single_frame(tmp_path):
    assert write_gif([np.zeros((4, 4))], tmp_path / "m.gif").is_file()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([],), "at least one frame"),
        (([np.zeros((2, 2, 2))],), "Expected a frame of shape"),
    ],
)
def test_errors(tmp_path, arguments, message):
    with pytest.raises(ValueError, match=message):
        write_gif(*arguments, tmp_path / "m.gif")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("seconds", [0.0, 0.001, float("nan")])
def test_too_fast_to_follow_is_refused(tmp_path, seconds):
    with pytest.raises(ValueError, match="seconds_per_frame"):
        write_gif([np.zeros((2, 2))], tmp_path / "m.gif", seconds)
