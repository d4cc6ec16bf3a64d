"""Unoriented lines: every line has one picture, and a picture of its own."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist, squareform

from diffusion_vae.datasets import load
from diffusion_vae.datasets.lines import draw_lines
from diffusion_vae.manifolds import RealProjective
from diffusion_vae.plots.colours import line_colours


def directions(count, seed=0):
    draws = np.random.default_rng(seed).standard_normal((count, 3))
    return draws / np.linalg.norm(draws, axis=1, keepdims=True)


def test_opposite_directions_are_one_line():
    u = directions(50)
    np.testing.assert_allclose(draw_lines(u, 32), draw_lines(-u, 32), atol=1e-6)
    np.testing.assert_allclose(line_colours(u), line_colours(-u))


def test_pictures_tell_lines_apart():
    u = directions(400)
    pictures = draw_lines(u, 32).reshape(400, -1).astype(float)
    gaps = squareform(pdist(pictures))
    angles = np.arccos(np.clip(np.abs(u @ u.T), 0.0, 1.0))
    assert gaps[angles > 0.15].min() > 0.5
    # A line and its mirror image behind the picture have one outline but for the thickness.
    mirrored = draw_lines(u * [1.0, 1.0, -1.0], 32).reshape(400, -1)
    spread = np.linalg.norm(pictures - pictures.mean(axis=0), axis=1).mean()
    assert np.linalg.norm(pictures - mirrored, axis=1).mean() > 0.5 * spread


def test_pictures_turn_with_the_line_about_the_line_of_sight():
    u = np.array([[0.6, 0.0, 0.8]])
    quarter = np.array([[0.0, 0.6, 0.8]])
    np.testing.assert_allclose(
        draw_lines(quarter, 32)[0, ..., 0], draw_lines(u, 32)[0, ..., 0].T, atol=1e-6
    )


def test_record():
    dataset = load("unoriented_lines", size=16, train_size=20, test_size=5)
    assert dataset.factor_manifold == RealProjective(2)
    assert dataset.event_shape == (16, 16, 1)
    assert dataset.train.min() >= 0.0 and dataset.train.max() < 1.0
    np.testing.assert_allclose(np.linalg.norm(dataset.train_factors, axis=1), 1.0, rtol=1e-6)
    with pytest.raises(ValueError, match="size"):
        load("unoriented_lines", size=1)
