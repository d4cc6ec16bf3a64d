"""Bad calls of manifolds, heat kernels, layers and distributions."""

import keras
import numpy as np
from bad_calls import bad, each_bad

from diffusion_vae import heat_kernels, layers
from diffusion_vae.heat_kernels import RandomWalk, heat_kernel, walk_bias
from diffusion_vae.manifolds import (
    SO3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    ImplicitManifold,
    Product,
    RealProjective,
    Sphere,
    check_manifold,
    get,
)

NAN = float("nan")
S2, KERNEL, WALK = Sphere(2), heat_kernel(Sphere(2)), RandomWalk(Sphere(2))
PAIR = Product([Sphere(2), Sphere(1)])


def points(*shape):
    """Unit vectors along the first axis."""
    return np.zeros(shape, "float32") + np.eye(shape[-1], dtype="float32")[0]


def times(*shape, value=1.0):
    return np.full(shape, value, "float32")


Z = points(4, 3)
MANIFOLDS = [
    bad("no dimension", lambda: Sphere(0), ValueError, "`dim` to be at least 1", "0"),
    bad("half a dimension", lambda: Sphere(2.5), TypeError, "an integer", "2.5"),
    bad("a dimension in letters", lambda: Sphere("2"), TypeError, "an integer", "'2'"),
    bad("True for 1", lambda: Sphere(True), TypeError, "an integer", "True"),
    bad("a negative dimension", lambda: FlatTorus(-1), ValueError, "at least 1", "-1"),
    bad("a torus that meets itself", lambda: EmbeddedTorus(0.6, 3.0), ValueError,
        "smaller than `centre_radius`", "tube_radius=3.0"),
    bad("a radius of NaN", lambda: EmbeddedTorus(NAN), ValueError, "positive and finite", "nan"),
    bad("a radius in letters", lambda: EmbeddedTorus("3"), TypeError, "a number", "'3'"),
    bad("a product of one", lambda: Product([S2]), ValueError, "at least two factors", "1"),
    bad("a product of a text", lambda: Product("sphere:2"), TypeError, "list", "'sphere:2'"),
    bad("a product of numbers", lambda: Product([1, 2]), TypeError, "list of manifolds", "1"),
    bad("a misspelt name", lambda: get("spheer:2"), ValueError, "Expected one of", "'spheer'"),
    bad("the nearest name", lambda: get("toruss"), ValueError, "Did you mean 'torus'?", "torus"),
    bad("a dimension as a word", lambda: get("sphere:two"), ValueError, "'sphere:2'", "'two'"),
    bad("no name at all", lambda: get(""), ValueError, "Expected one of", "''"),
    bad("a number for a space", lambda: get(3), TypeError, "its text form", "3"),
    bad("SO(3) with a dimension", lambda: get("so3:2"), ValueError, "without", "'so3:2'"),
    bad("no level-set function", lambda: ImplicitManifold(3, 2, 3, (-1, 1)), TypeError,
        "a function of points", "3"),
    bad("points of another space", lambda: S2.project(points(4, 2)), ValueError,
        "[..., 3]", "(4, 2)"),
    bad("no points", lambda: S2.project(1.0), ValueError, "[..., 3]", "()"),
    bad("texts for points", lambda: S2.project(np.array([["a", "b", "c"]])), TypeError,
        "floating-point", "str"),
    bad("objects for points", lambda: S2.project(np.array([[None, 1, 2]])), TypeError,
        "floating-point", "object"),
    bad("complex points", lambda: S2.project(Z.astype("complex64")), TypeError,
        "floating-point", "complex64"),
    bad("whole numbers for points", lambda: S2.project(Z.astype("int32")), TypeError,
        "floating-point", "int32"),
    bad("matrices for rows of 9", lambda: SO3().project(points(4, 3, 3)), ValueError,
        "[..., 9]", "(4, 3, 3)"),
    bad("one factor's points", lambda: PAIR.project(points(4, 3)), ValueError, "5]", "(4, 3)"),
    bad("4 points beside 5", lambda: S2.distance(Z, points(5, 3)), ValueError,
        "leading axes that broadcast", "(5,)"),
    bad("a velocity of another space", lambda: S2.exp(Z, points(4, 2)), ValueError,
        "`v` of shape [..., 3]", "(4, 2)"),
    bad("a vector for other points", lambda: S2.tangent_project(Z, points(3, 3)), ValueError,
        "broadcast", "(3,)"),
    bad("fractions of other points", lambda: S2.geodesic(Z, Z, np.zeros(5, "float32")),
        ValueError, "broadcast", "(5,)"),
    bad("a fraction as a word", lambda: S2.geodesic(Z, Z, "half"), TypeError, "`s`", "'half'"),
    bad("a negative number of draws", lambda: S2.random_uniform((-1,)), ValueError,
        "a tuple of whole numbers", "(-1,)"),
    bad("half a draw", lambda: FlatTorus(2).random_uniform((2.5,)), ValueError,
        "a tuple of whole numbers", "(2.5,)"),
    bad("a number for a batch shape", lambda: SO3().prior_sample(5), ValueError,
        "a tuple of whole numbers", "5"),
    bad("a check of a text", lambda: check_manifold("sphere"), TypeError, "`Manifold`", "sphere"),
]  # fmt: skip


@each_bad(MANIFOLDS)
def test_bad_calls_of_manifolds(case):
    case.check()


KERNELS = [
    bad("a kernel on a text", lambda: heat_kernel("sphere:2"), TypeError, "a manifold", "sphere"),
    bad("a walk on a text", lambda: RandomWalk("sphere:2"), TypeError, "a manifold", "'sphere:2'"),
    bad("a misspelt kernel", lambda: heat_kernels.get("exakt", S2), ValueError, "`kernel`",
        "'exakt'. Did you mean 'exact'?"),
    bad("another space's kernel", lambda: heat_kernels.get(WALK, Sphere(3)), ValueError,
        "a law on Sphere(dim=3)", "Sphere(dim=2)"),
    bad("no steps", lambda: RandomWalk(S2, steps=0), ValueError, "`steps` to be at least 1", "0"),
    bad("half a step", lambda: RandomWalk(S2, steps=2.5), TypeError, "an integer", "2.5"),
    bad("a misspelt KL", lambda: RandomWalk(S2, kl_formula="monte-carlo"), ValueError,
        "`kl_formula`", "Did you mean 'monte_carlo'?"),
    bad("a negative time", lambda: KERNEL.log_density(Z, Z, times(4, 1, value=-1.0)),
        ValueError, "`time` to be positive", "-1.0"),
    bad("time zero", lambda: KERNEL.kl_to_prior(Z, times(4, 1, value=0.0)), ValueError,
        "`time` to be positive", "0.0"),
    bad("a time of NaN", lambda: KERNEL.sample(Z, times(4, 1, value=NAN)), ValueError,
        "`time` to be positive", "nan"),
    bad("an infinite time of a walk", lambda: WALK.sample(Z, times(4, 1, value=np.inf)),
        ValueError, "positive and finite", "inf"),
    bad("a negative time of a walk", lambda: WALK.kl_to_prior(Z, times(4, 1, value=-1.0)),
        ValueError, "positive", "-1.0"),
    bad("two times for one", lambda: KERNEL.score(Z, Z, times(4, 2)), ValueError, "1]", "(4, 2)"),
    bad("one time for two", lambda: heat_kernel(PAIR).sample(points(4, 5), times(4, 1)),
        ValueError, "`time` of shape [..., 2]", "(4, 1)"),
    bad("a time without an axis", lambda: KERNEL.kl_to_prior(Z, 0.5), ValueError, "1]", "()"),
    bad("a time as a word", lambda: KERNEL.sample(Z, "soon"), TypeError, "`time`", "'soon'"),
    bad("rows of different lengths", lambda: KERNEL.kl_to_prior([[1.0, 0.0], [1.0]], 0.5),
        ValueError, "`location` to have rows of one length", "[[1.0, 0.0], [1.0]]"),
    bad("times of other points", lambda: KERNEL.sample(Z, times(3, 1)), ValueError,
        "broadcast", "(3,)"),
    bad("a location elsewhere", lambda: KERNEL.sample(points(4, 4), times(4, 1)), ValueError,
        "`location` of shape [..., 3]", "(4, 4)"),
    bad("the bias at a negative time", lambda: walk_bias(S2, -1.0), ValueError, "`time`", "-1.0"),
    bad("the bias of one draw", lambda: walk_bias(S2, 1.0, draws=1), ValueError,
        "`draws` to be at least 2", "1"),
    bad("the bias from elsewhere", lambda: walk_bias(S2, 1.0, location=[1.0, 0.0]), ValueError,
        "`location` of shape (3,)", "(2,)"),
]  # fmt: skip


@each_bad(KERNELS)
def test_bad_calls_of_heat_kernels(case):
    case.check()


def sampling(*inputs):
    """Calls a sampling layer."""
    return layers.BrownianMotionSampling(KERNEL)(*inputs)


LAYERS = [
    bad("a misspelt space", lambda: layers.ManifoldProjection("spheer:2"), ValueError,
        "Expected one of", "'spheer'"),
    bad("a projection of other points", lambda: layers.ManifoldProjection(S2)(points(4, 2)),
        ValueError, "a last axis of length 3", "(4, 2)"),
    bad("Veronese on a sphere", lambda: layers.VeroneseProjection(S2), ValueError,
        "a projective space", "Sphere(dim=2)"),
    bad("no time", lambda: layers.DiffusionTime(0), ValueError, "`time_dim`", "0"),
    bad("limits that fall", lambda: layers.DiffusionTime(1, (1, -1)), ValueError,
        "low < high", "(1, -1)"),
    bad("limits of NaN", lambda: layers.DiffusionTime(1, (NAN, 1)), ValueError, "finite", "nan"),
    bad("a number for limits", lambda: layers.DiffusionTime(1, 3), ValueError, "low < high", "3"),
    bad("limits in letters", lambda: layers.DiffusionTime(1, ("a", "b")), ValueError,
        "low < high", "'a'"),
    bad("limits for one time of two", lambda: layers.DiffusionTime(2, [(-1, 1)]), ValueError,
        "each of 2 times", "(-1, 1)"),
    bad("a start beyond the limits", lambda: layers.DiffusionTime(1, (-1, 1), 2), ValueError,
        "between -1 and 1", "2"),
    bad("a start of NaN", lambda: layers.DiffusionTime(1, None, NAN), ValueError, "finite", "nan"),
    bad("a start as a word", lambda: layers.DiffusionTime(1, None, "early"), TypeError,
        "a number", "'early'"),
    bad("a manifold for a kernel", lambda: layers.BrownianMotionSampling(S2), TypeError,
        "a law", "Sphere(dim=2)"),
    bad("a location without a time", lambda: sampling(points(4, 3)), ValueError,
        "[location, time]", "(4, 3)"),
    bad("too many times", lambda: sampling([points(4, 3), times(4, 2)]), ValueError,
        "the time", "(4, 2)"),
    bad("a seed as a word", lambda: layers.BrownianMotionSampling(KERNEL, seed="x"), TypeError,
        "`seed`", "'x'"),
    bad("a negative weight", lambda: layers.KLDivergenceLoss(KERNEL, weight=-1), ValueError,
        "`weight` to be finite and at least 0", "-1"),
    bad("a weight in letters", lambda: layers.KLDivergenceLoss(KERNEL, weight="1"), TypeError,
        "`weight` to be a number", "'1'"),
    bad("an even decoder on a sphere", lambda: layers.EvenDecoder(keras.layers.Dense(2), S2),
        ValueError, "a manifold with a symmetry", "Sphere(dim=2)"),
    bad("a function for a decoder", lambda: layers.EvenDecoder(abs, RealProjective(2)),
        TypeError, "`decoder` to be a Keras layer", "abs"),
    bad("a misspelt mode",
        lambda: layers.EvenDecoder(keras.layers.Dense(2), RealProjective(2), method="averge"),
        ValueError, "`method`", "Did you mean 'average'?"),
    bad("a negative padding", lambda: layers.CircularPadding2D(-1), ValueError, "at least 0", "1"),
    bad("three paddings", lambda: layers.CircularPadding2D((1, 2, 3)), ValueError,
        "a number or ((top, bottom), (left, right))", "(1, 2, 3)"),
]  # fmt: skip


@each_bad(LAYERS)
def test_bad_calls_of_layers(case):
    case.check()


def test_tensors_are_checked_as_arrays_are():
    with np.testing.assert_raises_regex(ValueError, r"of shape \[\.\.\., 3\]"):
        S2.project(keras.ops.ones((4, 2)))
    with np.testing.assert_raises_regex(TypeError, "floating-point"):
        S2.project(keras.ops.ones((4, 3), dtype="int32"))


def test_a_users_manifold_and_kernel_are_checked_like_ours():
    class Line(Euclidean):
        def project(self, position):
            return position

    class Kernel(RandomWalk):
        def sample(self, start, t, seed=None):
            return start

    with np.testing.assert_raises_regex(ValueError, r"`position` of shape \[\.\.\., 2\]"):
        Line(2).project(points(4, 3))
    with np.testing.assert_raises_regex(ValueError, "`t` to be positive"):
        Kernel(S2).sample(Z, times(4, 1, value=-1.0))
