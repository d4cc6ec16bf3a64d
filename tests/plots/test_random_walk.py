"""The picture of the walk (paper, Fig. 2)."""

import numpy as np
import pytest

from diffusion_vae.plots import random_walk_picture, to_array


@pytest.mark.slow
def test_walk_is_on_the_circle_and_repeats_with_its_seed():
    figure = random_walk_picture(3, title="walk")
    (axes,) = figure.axes
    points = [line.get_xydata()[0] for line in axes.lines if line.get_marker() == "o"]
    assert len(points) == 4
    np.testing.assert_allclose(np.linalg.norm(points, axis=-1), 1.0)
    assert len(axes.patches) == 6  # a jump and a projection for each step
    assert np.array_equal(to_array(figure, 50), to_array(random_walk_picture(3, title="walk"), 50))
    assert not np.array_equal(
        to_array(figure, 50), to_array(random_walk_picture(3, seed=2, title="walk"), 50)
    )


def test_everything_is_inside_the_frame():
    figure = random_walk_picture(30, step_time=1.0)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    reach = axes.get_xlim()[1]
    for patch in axes.patches:
        assert np.abs(patch.get_path().get_extents().get_points()).max() <= reach


@pytest.mark.parametrize("arguments", [{"steps": 0}, {"step_time": 0.0}])
def test_errors(arguments):
    with pytest.raises(ValueError, match="Expected `steps`"):
        random_walk_picture(**arguments)
