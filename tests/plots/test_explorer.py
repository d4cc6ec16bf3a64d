"""The picture that answers clicks with decoded latent points."""

import numpy as np
import pytest
from matplotlib.backend_bases import MouseEvent
from matplotlib.figure import Figure

from diffusion_vae.manifolds import (
    O3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    RealProjective,
    Sphere,
)
from diffusion_vae.plots import chart, explore


def mouse(figure, axes, place, name="button_press_event", button=1):
    """Sends what a window sends when the mouse is pressed or moved at a place of the data."""
    x, y = axes.transData.transform(place)
    figure.canvas.callbacks.process(name, MouseEvent(name, figure.canvas, x, y, button=button))


def opened(model):
    figure = explore(model, Figure(), 4)
    figure.draw_without_rendering()
    *panels, shown = figure.axes
    return figure, panels, lambda: np.asarray(shown.images[0].get_array())


def test_a_click_decodes_the_point_under_it_and_dragging_follows(position_model):
    torus = FlatTorus(2)
    model = position_model(torus, lambda z: 0.5 + 0.1 * np.array(torus.angles(z))[:, 1])
    figure, (panel,), picture = opened(model)
    assert np.all(picture() == 1.0)  # nothing yet
    half_a_step = 0.1 * np.pi / 64
    mouse(figure, panel, (1.0, -2.0))
    np.testing.assert_allclose(picture(), 0.3, atol=half_a_step)
    mouse(figure, panel, (1.0, 2.0), "motion_notify_event")
    np.testing.assert_allclose(picture(), 0.7, atol=half_a_step)
    (mark,) = (line for line in panel.lines if line.get_marker() == "s")
    np.testing.assert_allclose(mark.get_xydata(), [[1.0, 2.0]], atol=0.1)


def test_other_buttons_and_places_without_points_do_nothing(position_model):
    model = position_model(RealProjective(2), lambda z: z[:, 0] ** 2)
    figure, (panel,), picture = opened(model)
    mouse(figure, panel, (0.0, 0.0), button=3)
    mouse(figure, panel, (1.1, 1.1))  # a corner of the picture of the disc
    figure.canvas.callbacks.process(
        "button_press_event", MouseEvent("button_press_event", figure.canvas, 0, 0, button=1)
    )
    assert np.all(picture() == 1.0)
    mouse(figure, panel, (0.0, 0.0))
    assert np.all(picture() < 0.1)


def test_the_mark_is_in_the_panel_that_was_clicked(position_model):
    figure, panels, _ = opened(position_model(O3(), lambda z: z[:, 0]))
    assert len(panels) == 6  # three slices of each component
    for panel in (panels[1], panels[4]):
        mouse(figure, panel, (0.0, 0.0))
        marked = [
            axes
            for axes in panels
            for line in axes.lines
            if line.get_markeredgecolor() == "#bd1f01" and len(line.get_xydata())
        ]
        assert marked == [panel]


@pytest.mark.parametrize(
    "manifold",
    [
        Sphere(1),
        Sphere(2),
        Sphere(4),
        RealProjective(1),
        EmbeddedTorus(),
        Euclidean(1),
        Euclidean(3),
    ],
)
def test_a_click_on_a_picture_of_the_grid_decodes_a_point_nearby(manifold, position_model):
    seen = []
    figure, panels, _ = opened(position_model(manifold, lambda z: seen.append(z) or z[:, 0]))
    grids = [grid for panel in chart(manifold) for grid in panel.grids(4)]
    for axes, grid in zip(panels, grids, strict=True):
        middle = len(grid.points) // 2
        mouse(figure, axes, grid.positions[middle])
        # At most half a step away: 3.6 pi / 64 = 0.18 on the outside of the torus.
        assert np.linalg.norm(seen[-1][0] - grid.points[middle]) < 0.2


@pytest.mark.slow
def test_a_manifold_known_by_its_projection_only(squashed, position_model):
    figure, panels, picture = opened(position_model(squashed(2), lambda z: 0.5 + 0.1 * z[:, 2]))
    values = []
    for panel in panels:  # the sheet in front, and the one at the back
        mouse(figure, panel, (0.0, 0.0))
        values.append(float(picture()[0, 0]))
    np.testing.assert_allclose(values, [0.6, 0.4], atol=0.01)


def test_a_figure_is_needed(position_model):
    with pytest.raises(TypeError, match=r"Expected `figure` .* `plt\.figure\(\)`"):
        explore(position_model(Sphere(2), lambda z: z[:, 0]), 5)


def test_the_number_of_pictures_must_be_positive(position_model):
    with pytest.raises(ValueError, match="Expected `n` to be at least 1"):
        explore(position_model(Sphere(2), lambda z: z[:, 0]), Figure(), 0)
