"""GIFs of a training."""

import imageio.v3 as imageio
import numpy as np
import pytest
from matplotlib.figure import Figure

from diffusion_vae.plots import save, write_gif
from diffusion_vae.plots.colours import PALETTE


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


def test_the_colours_of_a_legend_are_the_same_in_all_frames(tmp_path):
    """A palette a frame would give each its own; the classes stay as they are, to the bit."""
    rng = np.random.default_rng(0)
    classes = np.array([[int(c[i : i + 2], 16) for i in (1, 3, 5)] for c in PALETTE], np.uint8)
    frames = rng.integers(0, 256, (3, 60, 60, 3)).astype(np.uint8)  # far more than 256 colours
    frames[:, :10] = np.repeat(classes, 6, axis=0)[None, None]  # the legend, ten classes
    frames[:, 10:30] = 255
    movie = imageio.imread(write_gif(frames, tmp_path / "m.gif", 0.1, 0.1))
    np.testing.assert_array_equal(movie[:, :30], frames[:, :30])
    assert len(np.unique(movie.reshape(-1, 3), axis=0)) <= 256
    away = np.linalg.norm(movie.astype(float) - frames, axis=-1)
    assert away.mean() < 25  # a cube of 256 colours has an edge of 40


def test_smooth_colours_get_no_dots_of_two_colours(tmp_path):
    ramp = np.linspace(0, 1, 600)[None, :, None] * np.array([1.0, 0.4, 0.2])
    ramp = np.repeat(np.rint(255 * ramp).astype(np.uint8), 4, axis=0)
    movie = imageio.imread(write_gif([ramp, ramp[:, ::-1]], tmp_path / "m.gif"))
    assert np.all(np.diff(movie[0, 0, :, 0].astype(int)) >= 0)  # dithering goes to and fro
    np.testing.assert_array_equal(movie[0], np.repeat(movie[0, :1], 4, axis=0))
