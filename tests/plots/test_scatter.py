"""Scatters: every manifold, every colouring, no global state."""

from pathlib import Path

import matplotlib
import numpy as np
import pytest
from manifold_list import ALL, each
from matplotlib import pyplot
from matplotlib.figure import Figure

import diffusion_vae.plots
from diffusion_vae.manifolds import O3, SO3, Euclidean, FlatTorus, Product, Sphere
from diffusion_vae.plots import chart, latent_scatter, to_array


def offsets(axes):
    """Places of the points of a scatter in the plane."""
    return np.concatenate(
        [c.get_offsets() for c in axes.collections if c.get_zorder() == 3 and len(c.get_offsets())]
    )


@pytest.mark.jax
@each(ALL)
@pytest.mark.parametrize("labelled", [True, False])
def test_every_manifold_has_a_scatter(manifold, labelled):
    z = np.array(manifold.prior_sample((40,), seed=0))
    labels = np.arange(40) % 12 if labelled else None
    figure = latent_scatter(manifold, z, labels, title="latent space")
    assert isinstance(figure, Figure)
    pixels = to_array(figure, dpi=50)
    assert pixels.dtype == np.uint8 and pixels.std() > 1.0
    assert len(figure.axes) == len(chart(manifold, z))
    assert len(figure.legends) == labelled


@each(ALL)
def test_one_point_is_enough(manifold):
    z = np.array(manifold.prior_sample((1,), seed=0))
    latent_scatter(manifold, z, [3]).draw_without_rendering()


def test_no_point_gives_the_frame():
    latent_scatter(Sphere(2), np.zeros((0, 3)), np.zeros(0, int)).draw_without_rendering()


def test_points_that_are_not_finite_are_left_out_and_counted():
    z = np.array(FlatTorus(2).prior_sample((10,), seed=0))
    z[3:5] = np.nan
    figure = latent_scatter(FlatTorus(2), z, title="torus")
    assert len(offsets(figure.axes[0])) == 8
    assert "2 points are not finite" in figure.get_suptitle()


@pytest.mark.parametrize("sign", [1, -1])
def test_a_component_of_o3_may_be_empty(sign):
    z = sign * np.array(SO3().prior_sample((10,), seed=0))
    figure = latent_scatter(O3(), z, np.arange(10))
    figure.draw_without_rendering()
    assert len(figure.axes) == 2


def test_points_are_drawn_at_their_coordinates_in_the_colour_of_their_class():
    angles = np.array([[1.0, -2.0], [2.0, 0.5], [-3.0, 3.0]])
    z = np.array(FlatTorus(2).from_angles(angles))
    figure = latent_scatter(FlatTorus(2), z, np.array([7, 7, 1]))
    (points,) = [c for c in figure.axes[0].collections if len(c.get_offsets()) == 3]
    order = np.argsort(points.get_offsets()[:, 0])
    np.testing.assert_allclose(points.get_offsets()[order], angles[[2, 0, 1]], atol=1e-6)
    colours = points.get_facecolors()[order]
    assert np.allclose(colours[1], colours[2]) and not np.allclose(colours[0], colours[1])


def test_legend_names_the_classes_and_lies_beside_the_panels():
    z = np.array(Sphere(2).prior_sample((60,), seed=0))
    figure = latent_scatter(Sphere(2), z, np.array(["cat", "dog", "eel"] * 20))
    figure.draw_without_rendering()
    (legend,) = figure.legends
    assert [text.get_text() for text in legend.get_texts()] == ["cat", "dog", "eel"]
    box, panel = legend.get_window_extent(), figure.axes[0].get_window_extent()
    assert box.x0 >= panel.x1 and box.x1 <= figure.bbox.x1


def test_more_classes_than_colours_differ_by_their_markers():
    labels = np.arange(26)
    z = np.array(Sphere(2).prior_sample((26,), seed=0))
    (legend,) = latent_scatter(Sphere(2), z, labels).legends
    looks = {(str(h.get_color()), h.get_marker()) for h in legend.legend_handles}
    assert len(looks) == 26


@pytest.mark.parametrize("space", [Sphere(1), Product([Sphere(1), Euclidean(1)])])
def test_there_is_no_empty_room_for_classes_where_there_are_none(space):
    z = np.array(space.prior_sample((20,), seed=0))
    plain, classes = (
        latent_scatter(space, z, labels).axes[0] for labels in (None, np.arange(20) % 3)
    )
    assert plain.get_xlim()[1] < 1.1 < 1.4 < classes.get_xlim()[1]
    for axes in (plain, classes):
        places = np.concatenate([points.get_offsets() for points in axes.collections])
        assert np.abs(places).max() < axes.get_xlim()[1]


@pytest.mark.parametrize("space", [Sphere(2), FlatTorus(2), FlatTorus(5)])
def test_long_titles_are_not_cut_off(space):
    z = np.array(space.prior_sample((9,), seed=0))
    title = "Where the encoder puts MNIST after its training, WITH A SHOUTED END OF SOME LENGTH\nx"
    figure = latent_scatter(space, z, np.arange(9), title=title)
    figure.draw_without_rendering()
    texts = [figure._suptitle, *(axes.title for axes in figure.axes)]
    for text in texts:
        box = text.get_window_extent()
        assert box.x0 >= 0 and box.x1 <= figure.bbox.x1 and box.y1 <= figure.bbox.y1
    assert figure.get_suptitle().endswith("\nx")


def test_numbers_have_a_continuous_scale():
    z = np.array(Sphere(2).prior_sample((60,), seed=0))
    for labels in (z[:, 0], np.arange(60)):
        figure = latent_scatter(Sphere(2), z, labels)
        figure.draw_without_rendering()
        assert len(figure.axes) == 3 and not figure.legends  # sphere, map and scale
    assert latent_scatter(Sphere(2), z, (z[:, :1] > 0).astype("float32")).legends


@pytest.mark.parametrize(
    ("colouring", "shape"),
    [
        (None, (30,)),
        (None, (30, 1)),
        (None, (30, 2)),
        (None, (30, 3)),
        (None, (30, 9)),
        (None, (30, 3, 3)),
        ("torus", (30, 2)),
        ("circle", (30, 1)),
        ("rotation", (30, 9)),
        ("sphere", (30, 3)),
        (lambda factors: np.zeros((30, 3)), (30, 5)),
    ],
)
def test_every_colouring_of_factors_draws_with_its_legend(colouring, shape):
    z = np.array(FlatTorus(2).prior_sample((30,), seed=0))
    factors = np.random.default_rng(0).uniform(-1.0, 1.0, size=shape)
    figure = latent_scatter(FlatTorus(2), z, factors=factors, colouring=colouring)
    to_array(figure, dpi=60)
    if callable(colouring):
        assert len(figure.axes) == 1
        return
    panel, legend = (axes.get_window_extent() for axes in figure.axes)
    assert legend.x0 >= panel.x1 and legend.x1 <= figure.bbox.x1


def test_labels_come_first_unless_another_colouring_is_named():
    z = np.array(FlatTorus(2).prior_sample((9,), seed=0))
    both = {"labels": np.arange(9), "factors": np.zeros((9, 2))}
    assert latent_scatter(FlatTorus(2), z, **both).legends
    assert latent_scatter(FlatTorus(2), z, **both, colouring="labels").legends
    assert not latent_scatter(FlatTorus(2), z, **both, colouring="torus").legends


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"labels": np.zeros(3)}, "one label for each of the 9 points"),
        ({"colouring": "labels"}, "Expected `labels`"),
        ({"colouring": "torus"}, "Expected `factors`"),
        ({"colouring": "rainbow", "factors": np.zeros((9, 2))}, "one of"),
        ({"factors": np.zeros((9, 5))}, "No colouring is known"),
        ({"factors": np.zeros((4, 2))}, "one RGB colour for each of the 9 points"),
    ],
)
def test_errors_name_what_was_expected(arguments, message):
    z = np.array(FlatTorus(2).prior_sample((9,), seed=0))
    with pytest.raises(ValueError, match=message):
        latent_scatter(FlatTorus(2), z, **arguments)


def test_global_state_is_left_alone():
    before = dict(matplotlib.rcParams)
    z = np.array(Sphere(2).prior_sample((9,), seed=0))
    latent_scatter(Sphere(2), z, np.arange(9))
    assert dict(matplotlib.rcParams) == before
    for file in Path(diffusion_vae.plots.__file__).parent.rglob("*.py"):
        assert "pyplot" not in file.read_text()


def test_no_figure_is_left_open():
    z = np.array(Sphere(2).prior_sample((9,), seed=0))
    for _ in range(3):
        to_array(latent_scatter(Sphere(2), z, np.arange(9)), dpi=40)
    assert pyplot.get_fignums() == []
