"""Colours are in [0, 1], periodic, and follow the paper's scheme."""

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from diffusion_vae.manifolds import SO3
from diffusion_vae.plots import circle_colours, rotation_colours, torus_colours
from diffusion_vae.plots.colours import PALETTE, point_colours, yiq_to_rgb

ANGLE = st.floats(-7.0, 7.0)
TURNS = st.integers(-3, 3)


@given(ANGLE, ANGLE, TURNS, TURNS)
def test_torus_colours_are_periodic_in_both_angles(theta, phi, m, n):
    step = np.pi / 6
    angles = np.array([theta, phi])
    angles = np.where(np.abs(angles / step % 1 - 0.5) < 1e-6, angles + 0.01, angles)
    here, there = torus_colours(angles), torus_colours(angles + 2 * np.pi * np.array([m, n]))
    np.testing.assert_allclose(here, there, atol=1e-9)
    assert np.all((here >= 0) & (here <= 1))


def lab(rgb):
    """CIELAB of sRGB (CIE 15, IEC 61966-2-1), in which a distance of 2.3 is just seen."""
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    to_xyz = [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
    xyz = linear @ np.transpose(to_xyz) / (0.9505, 1.0, 1.089)
    f = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    return np.stack(
        [116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1
    )


def cells():
    """Colours of the 12 x 12 cells of the legend, `[12, 12, 3]`."""
    t = np.arange(12) * np.pi / 6
    return torus_colours(np.stack(np.meshgrid(t, t, indexing="ij"), axis=-1))


def test_every_cell_of_the_torus_has_a_colour_of_its_own():
    apart = lab(cells()).reshape(-1, 3)
    apart = np.linalg.norm(apart[:, None] - apart[None], axis=-1) + 99 * np.eye(144)
    assert apart.min() > 2.3


@pytest.mark.parametrize("factor", [0, 1])
def test_a_fold_of_either_factor_brings_colours_together_that_differ(factor):
    """A fold puts the angles t and -t in one place; both are equal at 0 and pi alone."""
    colours = np.moveaxis(lab(cells()), factor, 0)
    apart = np.linalg.norm(colours - colours[-np.arange(12) % 12], axis=-1)
    assert np.median(apart) > 10 * 2.3 and np.delete(apart, (0, 6), axis=0).min() > 4 * 2.3


def test_torus_colours_have_twelve_steps_in_each_direction():
    t = np.linspace(0, 2 * np.pi, 2400, endpoint=False)
    along_phi = torus_colours(np.stack([0 * t, t], axis=-1))
    changes = np.any(np.abs(np.diff(along_phi, axis=0)) > 1e-9, axis=-1).sum()
    assert changes == 12


def test_luma_is_that_of_ntsc():
    rgb = yiq_to_rgb(0.5, 0.1, 0.1)
    np.testing.assert_allclose(rgb @ [0.299, 0.587, 0.114], 0.5, atol=1e-3)
    np.testing.assert_allclose(yiq_to_rgb(0.3, 0.0, 0.0), 0.3)
    assert yiq_to_rgb(1.0, 0.5, 0.5).max() == 1.0


@given(ANGLE, TURNS)
def test_circle_colours_are_periodic_and_continuous(angle, n):
    here = circle_colours(angle)
    np.testing.assert_allclose(here, circle_colours(angle + 2 * np.pi * n), atol=1e-9)
    assert np.abs(here - circle_colours(angle + 1e-3)).max() < 1e-3
    assert np.all((here >= 0) & (here <= 1))


def test_circle_colours_of_opposite_angles_differ():
    t = np.linspace(0, 2 * np.pi, 100)
    apart = np.linalg.norm(circle_colours(t) - circle_colours(t + np.pi), axis=-1)
    assert apart.min() > 0.4


def test_rotation_colours_are_continuous_on_the_whole_group():
    group = SO3()
    z = np.array(group.prior_sample((300,), seed=0), dtype="float64")
    step = np.array(group.random_uniform((300,), seed=1), dtype="float64") * 1e-3
    near = np.array(group.project(z + step))
    change = np.abs(rotation_colours(z) - rotation_colours(near)).max()
    assert change < 5e-3
    assert np.ptp(rotation_colours(z), axis=0).min() > 0.6


def test_rotation_by_pi_about_an_axis_has_the_colour_of_that_axis():
    half_turns = np.stack([2 * np.diag(e) - np.eye(3) for e in np.eye(3)])  # [3, 3, 3]
    rgb = rotation_colours(half_turns)
    assert rgb.argmax(axis=-1).tolist() == [0, 1, 2]
    np.testing.assert_allclose(rgb, rotation_colours(half_turns.reshape(3, 9)))
    np.testing.assert_allclose(rotation_colours(np.eye(3)), 0.75)


def test_point_colours_are_in_range():
    rgb = point_colours(np.concatenate([np.eye(3), -np.eye(3)]))
    assert rgb.min() >= 0 and rgb.max() <= 1
    assert len(np.unique(rgb, axis=0)) == 6


@pytest.mark.parametrize("colour", PALETTE)
def test_palette_is_of_different_colours_visible_on_white(colour):
    assert PALETTE.count(colour) == 1
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    assert rgb @ [0.299, 0.587, 0.114] < 0.85
