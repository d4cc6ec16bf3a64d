"""Pictures on a dark ground."""

import numpy as np
import pytest
from manifold_list import ALL, each
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from diffusion_vae.manifolds import FlatTorus, RealProjective, Sphere
from diffusion_vae.plots import examples, latent_scatter, to_array, use_dark_background

GROUND = 0.1


def luminance(colour):
    """Relative luminance of an RGB colour (WCAG 2.2)."""
    rgb = np.asarray(to_rgb(colour))
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(first, second):
    low, high = sorted((luminance(first), luminance(second)))
    return (high + 0.05) / (low + 0.05)


def corner(figure):
    return to_array(figure, dpi=40)[0, 0] / 255


def test_grey_levels_are_turned_over():
    figure = Figure()
    axes = figure.add_subplot()
    lines = [axes.plot([0, 1], color=colour)[0] for colour in ("black", "white", "0.5", "#3f90da")]
    use_dark_background(figure)
    shades = [to_rgb(line.get_color()) for line in lines]
    np.testing.assert_allclose(shades[:3], np.outer([0.95, 0.1, 0.525], np.ones(3)), atol=1e-9)
    assert shades[3] == to_rgb("#3f90da")


def test_a_mark_whose_colour_is_that_of_its_line_is_turned_once():
    axes = Figure().add_subplot()
    (mark,) = axes.plot([0.5], [0.5], "s", color="white", markeredgecolor="0.25")
    use_dark_background(axes.figure)
    np.testing.assert_allclose(to_rgb(mark.get_markerfacecolor()), 0.1, atol=1e-9)
    np.testing.assert_allclose(to_rgb(mark.get_markeredgecolor()), 0.7375, atol=1e-9)


@each(ALL)
def test_every_scatter_has_a_dark_ground_and_texts_that_can_be_read(manifold):
    z = np.array(manifold.prior_sample((30,), seed=0))
    figure = latent_scatter(manifold, z, np.arange(30) % 3, title="latent space")
    np.testing.assert_allclose(corner(figure), 1.0)
    assert use_dark_background(figure) is figure
    np.testing.assert_allclose(corner(figure), GROUND, atol=0.01)
    texts = [axes.title for axes in figure.axes] + figure.legends[0].get_texts()
    texts += [figure._suptitle]
    for text in filter(lambda text: text.get_text(), texts):
        assert contrast(text.get_color(), 3 * (GROUND,)) > 4.5  # WCAG AA


def test_ticks_that_are_drawn_later_are_light_too():
    figure = use_dark_background(latent_scatter(FlatTorus(2), np.zeros((1, 4))))
    figure.draw_without_rendering()
    labels = figure.axes[0].get_xticklabels()
    assert labels and all(contrast(t.get_color(), 3 * (GROUND,)) > 4.5 for t in labels)


@pytest.mark.parametrize("space", [Sphere(2), RealProjective(2)])
def test_points_keep_their_colours(space):
    z = np.array(space.prior_sample((30,), seed=0))
    bright = latent_scatter(space, z, np.arange(30) % 5)
    bright.draw_without_rendering()  # sorts points by depth
    before = [c.get_facecolor().copy() for axes in bright.axes for c in axes.collections]
    after = [
        c.get_facecolor() for axes in use_dark_background(bright).axes for c in axes.collections
    ]
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same[-1]  # the points; a surface round them comes first, and turns dark


def test_between_pictures_the_ground_shows():
    x = np.ones((3, 8, 8))
    pixels = to_array(use_dark_background(examples(x, columns=2)), dpi=100)
    assert np.all(np.abs(pixels[-4, -4] / 255 - GROUND) < 0.01)  # where a fourth would be
