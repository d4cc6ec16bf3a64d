"""Scatters in space that turn."""

import imageio.v3 as imageio
import numpy as np
import pytest
from manifold_list import ALL, each

from diffusion_vae.manifolds import (
    SO3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Product,
    RealProjective,
    Sphere,
)
from diffusion_vae.plots import chart, is_drawn_in_space, turning_scatter, write_gif

IN_SPACE = {
    "sphere:2": Sphere(2),
    "so3": SO3(),
    "projective:3": RealProjective(3),
    "embedded torus": EmbeddedTorus(),
    "euclidean:3": Euclidean(3),
    "a product": Product([Sphere(2), FlatTorus(1)]),
}


@each(ALL)
def test_what_turns_is_what_is_drawn_in_space(manifold):
    assert is_drawn_in_space(manifold) == any(panel.picture_dim == 3 for panel in chart(manifold))


@each(IN_SPACE)
def test_every_chart_in_space_turns_on_the_spot(manifold):
    z = np.array(manifold.prior_sample((20,), seed=0))
    frames = turning_scatter(manifold, z, np.arange(20) % 2, views=3, dpi=40)
    assert len(frames) == 3 and len({frame.shape for frame in frames}) == 1
    assert all(np.any(frames[i] != frames[i - 1]) for i in range(3))
    dark_columns = [np.flatnonzero((frame < 128).any(axis=(0, 2))) for frame in frames]
    assert max(np.ptp([c[-1] for c in dark_columns]), 0) <= 2  # the legend stays


def test_a_point_on_the_axis_stays_and_one_on_the_equator_goes_round():
    """The red point of the equator is seen left and right of the middle."""
    frames = turning_scatter(
        Sphere(2),
        np.array([[1.0, 0.0, 0.0]]),
        factors=np.zeros((1, 1)),
        colouring=lambda factors: np.array([[1.0, 0.0, 0.0]]),
        views=4,
        dpi=80,
    )
    places = []
    for frame in frames:
        red = (frame[..., 0] > 200) & (frame[..., 1:] < 120).all(axis=-1)
        places.append(np.mean(np.nonzero(red)[1]) if red.any() else np.nan)
    middle = frames[0].shape[1] / 2
    offsets = np.array(places) - middle
    assert np.nanmax(offsets) > 30 and np.nanmin(offsets) < -30


def test_what_is_far_from_the_viewer_is_pale():
    """Half a turn takes the point to the back, where it is pale (opacity 0.15)."""
    frames = turning_scatter(
        Sphere(2),
        np.array([[np.cos(np.deg2rad(35)), np.sin(np.deg2rad(35)), 0.0]]),  # towards the viewer
        factors=np.zeros((1, 1)),
        colouring=lambda factors: np.array([[1.0, 0.0, 0.0]]),
        views=2,
        dpi=80,
    )
    redness = [(f[..., 0].astype(int) - f[..., 1]).max() for f in frames]
    assert redness[0] > 180 and 10 < redness[1] < 80


def test_the_movie_is_read_back(tmp_path):
    z = np.array(Sphere(2).prior_sample((20,), seed=0))
    frames = turning_scatter(Sphere(2), z, views=5, dpi=40)
    movie = imageio.imread(write_gif(frames, tmp_path / "turn.gif", 0.1, 0.1))
    assert movie.shape == (5, *frames[0].shape)


def test_bad_input_is_named():
    with pytest.raises(ValueError, match="drawn in the plane"):
        turning_scatter(FlatTorus(2), np.zeros((1, 4)))
    with pytest.raises(ValueError, match="at least 2"):
        turning_scatter(Sphere(2), np.eye(3), views=1)
