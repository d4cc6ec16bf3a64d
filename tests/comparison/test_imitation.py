"""What a decoder sees, on decoders made by hand."""

import numpy as np
import pytest

from diffusion_vae import manifolds
from diffusion_vae.comparison.imitation import (
    change_beyond,
    copies,
    difference_between_copies,
    sees_beyond,
)
from diffusion_vae.comparison.verdict import IMITATES
from diffusion_vae.manifolds import O3, SO3, Product, RealProjective, Sphere

MAP = np.random.default_rng(0).normal(size=(9, 6))


class ByHand:
    """A model of which only manifold and decoder are known."""

    def __init__(self, space, decoder):
        self.manifold = manifolds.get(space)
        self.decode = decoder

    def points(self):
        return np.asarray(self.manifold.random_uniform((100,), seed=0))


def linear(z):
    return np.asarray(z) @ MAP[: z.shape[-1]]


def even(z):
    z = np.asarray(z)
    return (z[..., :, None] * z[..., None, :]).reshape(len(z), -1)


def seen(space, decoder, smaller):
    model = ByHand(space, decoder)
    points = np.random.default_rng(0).normal(size=(100, 3)).astype("float32")
    if model.manifold.closed:
        points = model.points()
    return sees_beyond(model, points[:, : model.manifold.ambient_dim], smaller)


NOTHING = {
    "even on S^2": ("sphere:2", even, "projective:2"),
    "even on S^3": ("sphere:3", even, "so3"),
    "even in one factor": (
        "sphere:2 x sphere:1",
        lambda z: np.concatenate([even(z[:, :3]), z[:, 3:]], axis=1),
        "projective:2 x sphere:1",
    ),
    "one angle of T^2": ("torus:2", lambda z: linear(z[:, :2]), "sphere:1"),
    "sum of both angles": (
        "torus:2",
        lambda z: np.stack(
            [z[:, 0] * z[:, 2] - z[:, 1] * z[:, 3], z[:, 0] * z[:, 3] + z[:, 1] * z[:, 2]], axis=1
        ),
        "sphere:1",
    ),
    "two of three coordinates": (
        "euclidean:3",
        lambda z: np.tanh(linear(z[:, :2])),
        "euclidean:2",
    ),
    "an axis turned by SO(3)": ("so3", lambda z: z[:, :3], "sphere:2"),
    "even on O(3)": ("o3", even, "so3"),
}
ALL = {
    "all of S^2": ("sphere:2", linear, "projective:2"),
    "all of S^3": ("sphere:3", linear, "so3"),
    "all of a product": ("sphere:2 x sphere:1", linear, "projective:2 x sphere:1"),
    "all of T^2": ("torus:2", linear, "sphere:1"),
    "all of R^3": ("euclidean:3", linear, "euclidean:2"),
    "all of SO(3)": ("so3", linear, "sphere:2"),
    "all of O(3)": ("o3", linear, "so3"),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_decoder_that_sees_the_smaller_space_sees_nothing_beyond(case):
    assert seen(*NOTHING[case]) < 1e-4


@pytest.mark.parametrize("case", ALL)
def test_a_decoder_that_sees_all_is_above_the_threshold(case):
    assert seen(*ALL[case]) > 1.5 * IMITATES


def test_the_difference_between_copies_is_one_share_of_a_random_pair():
    # Odd: f(-z) = -f(z), so |f(z) - f(-z)|^2 = 4 |f|^2, over 2 |f|^2 for random pairs.
    model = ByHand("sphere:2", lambda z: z)
    points = np.concatenate([model.points(), -model.points()])  # mean 0
    group = RealProjective(2).cover.group
    assert difference_between_copies(model, points, group) == pytest.approx(2.0, rel=1e-5)


def test_the_change_beyond_is_the_share_of_the_squared_singular_values():
    model = ByHand("euclidean:3", lambda z: z * np.array([3.0, 2.0, 1.0]))
    points = np.zeros((5, 3), "float32")
    assert change_beyond(model, points, 2) == pytest.approx(1 / 14, abs=1e-4)
    assert change_beyond(model, points, 1) == pytest.approx(5 / 14, abs=1e-4)


def test_a_constant_decoder_sees_nothing():
    assert seen("sphere:2", lambda z: np.zeros((len(z), 2)), "projective:2") == 0.0
    assert seen("torus:2", lambda z: np.zeros((len(z), 2)), "sphere:1") == 0.0


def test_copies_of_products_are_those_of_their_factors():
    larger, smaller = Product([Sphere(2), Sphere(2)]), Product([RealProjective(2), Sphere(2)])
    signs = np.array([np.diag(matrix) for matrix in copies(larger, smaller)])
    np.testing.assert_array_equal(signs, [[1] * 6, [-1] * 3 + [1] * 3])
    assert len(copies(larger, Product([RealProjective(2)] * 2))) == 4
    np.testing.assert_array_equal(copies(O3(), SO3())[1], -np.eye(9))
    with pytest.raises(ValueError, match=r"Expected a quotient of Sphere\(dim=2\)"):
        copies(Sphere(2), SO3())
