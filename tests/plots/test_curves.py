"""Learning curves."""

import numpy as np
import pytest

from diffusion_vae.plots import learning_curves, to_array


def test_a_panel_for_each_metric_with_both_splits():
    history = {"mse": [0.3, 0.2], "elbo": [-9.0, -8.0], "val_elbo": [-9.5, -8.5], "odd": [1, 2]}
    figure = learning_curves(history)
    assert [axes.get_title() for axes in figure.axes] == ["elbo", "mse", "odd"]
    training, held_out = figure.axes[0].lines
    np.testing.assert_array_equal(training.get_xydata(), [[1, -9.0], [2, -8.0]])
    np.testing.assert_array_equal(held_out.get_xydata(), [[1, -9.5], [2, -8.5]])
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["training", "held out"]


def test_one_epoch_and_values_that_are_not_finite_are_drawn():
    figure = learning_curves({"loss": [1.0], "val_loss": [np.nan], "kl_loss": [np.inf]})
    assert to_array(figure, dpi=50).std() > 1.0


def test_the_legend_is_beside_the_curves():
    figure = learning_curves({name: [1.0, 2.0] for name in "abcdefg"})
    figure.draw_without_rendering()
    box = figure.legends[0].get_window_extent()
    assert all(box.y1 <= axes.get_window_extent().y0 for axes in figure.axes)


@pytest.mark.parametrize("history", [{}, {"loss": []}])
def test_no_epoch_is_an_error(history):
    with pytest.raises(ValueError, match="at least one epoch"):
        learning_curves(history)
