"""Seeds as TensorFlow Probability means them: integers stateful, pairs repeatable."""

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_probability as tfp

from diffusion_vae.distributions import HeatKernel, ManifoldUniform

tfd = tfp.distributions
POINT = [0.0, 0.0, 1.0]
I3 = np.eye(3, dtype="float32").ravel()
LAWS = {
    "SphericalUniform": lambda: tfd.SphericalUniform(3),  # the control
    "ManifoldUniform": lambda: ManifoldUniform("sphere:2"),
    "HeatKernel": lambda: HeatKernel("sphere:2", POINT, [0.1]),
    "HeatKernel of a product": lambda: HeatKernel("sphere:2 x so3", [*POINT, *I3], [0.1, 0.1]),
    "HeatKernel of a walk": lambda: HeatKernel("sphere:2", POINT, [0.1], kernel="random_walk"),
}
each_law = pytest.mark.parametrize("name", LAWS)


def ours(start):
    return HeatKernel("sphere:2", start, [0.1])


def tfps(start):
    return tfd.MultivariateNormalDiag(start)


def joint(kind, uniform, step):
    if kind == "coroutine":

        @tfd.JointDistributionCoroutineAutoBatched
        def model():
            start = yield uniform
            yield step(start)

        return model
    if kind == "sequential":
        return tfd.JointDistributionSequentialAutoBatched([uniform, step])
    return tfd.JointDistributionNamedAutoBatched(
        {"start": uniform, "end": lambda start: step(start)}
    )


def parts(model, **options):
    return [np.asarray(part) for part in tf.nest.flatten(model.sample(4, **options))]


def distinct(draws):
    return len(np.unique(np.asarray(draws).round(5), axis=0))


@pytest.mark.filterwarnings("ignore:Saw Tensor seed:UserWarning")  # of a slow loop
@pytest.mark.parametrize("kind", ["coroutine", "sequential", "named"])
@pytest.mark.parametrize("seed", [7, None, (1, 2)], ids=str)
@pytest.mark.parametrize("whose", ["ours", "tfps"])
def test_joint_distributions_draw_distinct_samples(kind, seed, whose):
    if whose == "ours":
        model = joint(kind, ManifoldUniform("sphere:2"), ours)
    else:
        model = joint(kind, tfd.SphericalUniform(3), tfps)
    for part in parts(model, seed=seed):
        assert distinct(part) == 4


@each_law
def test_an_integer_is_stateful(name):
    law = LAWS[name]()
    assert distinct([law.sample(seed=7) for _ in range(3)]) == 3
    tf.random.set_seed(1)
    first = [law.sample(seed=7).numpy() for _ in range(2)]
    tf.random.set_seed(1)
    np.testing.assert_array_equal(first, [law.sample(seed=7).numpy() for _ in range(2)])
    assert distinct([law.sample(seed=7), law.sample(seed=8), law.sample()]) == 3


@each_law
def test_a_pair_gives_the_same_draw_every_time(name):
    law = LAWS[name]()
    draw = law.sample(5, seed=(3, 4))
    assert distinct(draw) == 5
    np.testing.assert_array_equal(draw, law.sample(5, seed=tf.constant([3, 4])))
    assert np.all(np.any(draw != law.sample(5, seed=(3, 5)), axis=-1))


@each_law
def test_under_vectorized_map(name):
    law = LAWS[name]()

    def batch(function):
        return tf.vectorized_map(function, tf.range(4))

    assert distinct(batch(lambda _: law.sample(seed=7))) == 4
    assert distinct(batch(lambda _: law.sample(seed=(1, 2)))) == 1
    seeds = tf.stack([tf.range(4), tf.range(4)], axis=-1)
    draws = tf.vectorized_map(lambda seed: law.sample(seed=seed), seeds)
    single = [law.sample(seed=seed) for seed in seeds]
    np.testing.assert_allclose(draws, single, atol=1e-5)


@each_law
def test_in_a_compiled_function(name):
    law = LAWS[name]()
    stateful, stateless = (tf.function(lambda s=s: law.sample(seed=s)) for s in (7, (1, 2)))
    assert distinct([stateful() for _ in range(3)]) == 3
    assert distinct([stateless() for _ in range(3)]) == 1
    np.testing.assert_allclose(stateless(), law.sample(seed=(1, 2)), atol=1e-5)
