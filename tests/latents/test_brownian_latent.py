"""The posterior of a diffusion VAE as a layer: parameters, draws, densities, limits."""

import json
import math

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, each

from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.heat_kernels.base import START_BELOW_LIMIT
from diffusion_vae.latents import BrownianLatent, LatentDistribution
from diffusion_vae.manifolds import O3, Hyperbolic, Product, RealProjective, Sphere

FEATURES = np.random.default_rng(0).normal(size=(6, 5)).astype("float32")


def latent(manifold, **options):
    layer = BrownianLatent(RandomWalk(manifold, steps=2), seed=0, **options)
    layer.build((None, 5))
    return layer


def arrays(values):
    return {name: ops.convert_to_numpy(value) for name, value in values.items()}


@pytest.mark.slow
@each({name: m for name, m in ALL.items() if name != "ellipsoid"})
def test_shapes_with_and_without_a_sample_axis(manifold):
    layer = latent(manifold)
    n, m = manifold.ambient_dim, manifold.time_dim
    outputs = layer(FEATURES)
    assert set(outputs) == {"location", "time", "z"}
    assert [tuple(v.shape) for v in outputs.values()] == [(6, n), (6, m), (6, n)]
    assert layer.compute_output_shape((None, 5)) == {
        "location": (None, n),
        "time": (None, m),
        "z": (None, n),
    }
    assert layer.point_shape == (n,)
    params = layer.parameters(FEATURES)
    assert layer.kl(params).shape == (6,)
    samples = {name: ops.broadcast_to(v, (3, *v.shape)) for name, v in params.items()}
    z = layer.sample(samples)
    assert z.shape == (3, 6, n)
    assert layer.log_density(z, params).shape == (3, 6)
    assert layer.prior_log_density(z).shape == (3, 6)
    assert layer.prior_sample(7).shape == (7, n)
    for values in layer.diagnostics(params).values():
        assert values.shape == (6,)


@pytest.mark.slow
@each(ALL)
def test_parameters_are_a_point_and_a_time_within_limits(manifold):
    layer = latent(manifold)
    params = layer.parameters(FEATURES)
    location = ops.convert_to_numpy(params["location"])
    np.testing.assert_allclose(manifold.project(location), location, atol=2e-6)
    log_time = np.log(ops.convert_to_numpy(params["time"]))
    times = [f for f in manifold.factors or (manifold,) for _ in range(f.time_dim)]
    limits = layer.kernel.default_log_time_range()
    for column, pair, factor in zip(log_time.T, limits, times, strict=True):
        start = 0.0 if pair is None else pair[1] - START_BELOW_LIMIT
        if isinstance(factor, Hyperbolic):  # its kernel is exact: a twentieth of the prior's time
            start = math.log(0.05 * factor.prior_time)
        np.testing.assert_allclose(column, start, atol=1e-5)  # limits are 10 wide


def test_kl_and_densities_are_the_kernels():
    layer = latent(Sphere(2))
    params = layer.parameters(FEATURES)
    z = layer.sample(params)
    walk, (location, time) = RandomWalk(Sphere(2), steps=2), params.values()
    np.testing.assert_array_equal(layer.kl(params), walk.kl_to_prior(location, time))
    np.testing.assert_array_equal(
        layer.log_density(z, params), walk.log_density(z, location, time)
    )
    np.testing.assert_allclose(layer.prior_log_density(z), -math.log(4 * math.pi), rtol=1e-6)


def test_draws_follow_the_seed_and_differ_from_call_to_call():
    first, again, other = (
        BrownianLatent(RandomWalk(Sphere(2), steps=2), seed=seed) for seed in (1, 1, 2)
    )
    draws = [arrays(first(FEATURES))["z"] for _ in range(2)]
    np.testing.assert_array_equal(draws, [arrays(again(FEATURES))["z"] for _ in range(2)])
    assert np.abs(draws[0] - draws[1]).max() > 1e-4
    locations = [arrays(layer(FEATURES))["location"] for layer in (first, again, other)]
    np.testing.assert_array_equal(locations[0], locations[1])  # the initial weights too
    assert np.abs(locations[0] - locations[2]).max() > 1e-2
    np.testing.assert_array_equal(first.prior_sample(3, seed=4), other.prior_sample(3, seed=4))
    assert np.abs(np.subtract(first.prior_sample(3), first.prior_sample(3))).max() > 1e-3


@pytest.mark.parametrize("time, expected", [(0.3, [0.3, 0.3]), ([0.3, 0.1], [0.3, 0.1])])
def test_fixed_time_replaces_the_learned_one(time, expected):
    layer = latent(ALL["sphere:2 x sphere:1"], fixed_time=time)
    params = layer.parameters(FEATURES)
    np.testing.assert_allclose(params["time"], np.tile(expected, (6, 1)), rtol=1e-6)
    assert layer.diagnostic_names == ("log_time",)
    assert set(layer.diagnostics(params)) == {"log_time"}
    assert len(layer.trainable_weights) == 2  # the location's
    samples = ops.broadcast_to(FEATURES, (4, 6, 5))
    assert layer.parameters(samples)["time"].shape == (4, 6, 2)


def test_diagnostics():
    layer = latent(ALL["sphere:2 x sphere:1"], log_time_range=(-8.0, -2.0), initial_log_time=-3.0)
    params = layer.parameters(FEATURES)
    assert layer.diagnostic_names == ("log_time", "time_at_limit")
    np.testing.assert_allclose(layer.diagnostics(params)["log_time"], -3.0, rtol=1e-5)
    np.testing.assert_array_equal(layer.diagnostics(params)["time_at_limit"], 0.0)
    params["time"] = ops.exp(ops.convert_to_tensor([[-2.01, -5.0]] * 6))
    np.testing.assert_allclose(layer.diagnostics(params)["time_at_limit"], 0.5)


@pytest.mark.parametrize("dim", [2, 3])
def test_the_veronese_head_gives_every_point_of_projective_space(dim):
    manifold = RealProjective(dim)
    layer = latent(manifold, location_head="veronese")
    assert layer.location.units == (dim + 1) * (dim + 2) // 2
    location = ops.convert_to_numpy(layer.parameters(FEATURES)["location"])
    np.testing.assert_allclose(np.linalg.norm(location, axis=-1), 1.0, atol=1e-6)


def test_o3_starts_on_both_components():
    features = np.random.default_rng(1).normal(size=(60, 5)).astype("float32")
    location = latent(O3()).parameters(features)["location"]
    signs = np.linalg.det(ops.convert_to_numpy(location).reshape(-1, 3, 3))
    assert {-1, 1} == set(np.round(signs).astype(int))


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"fixed_time": [0.1, 0.2]},
        {"log_time_range": (-12.0, -2.0)},
        {"log_time_range": [(-8.0, -2.0), (-6.0, -1.0)], "initial_log_time": [-3.0, -2.0]},
    ],
    ids=str,
)
def test_configuration_round_trip(options):
    layer = latent(ALL["projective:2 x torus:2"], name="posterior", **options)
    config = json.loads(json.dumps(keras.saving.serialize_keras_object(layer)))
    again = keras.saving.deserialize_keras_object(config)
    if not again.built:
        again.build((None, 5))
    again.set_weights(layer.get_weights())
    assert again.name == "posterior"
    assert again.kernel == layer.kernel
    first, second = arrays(layer(FEATURES)), arrays(again(FEATURES))
    for name, value in first.items():
        np.testing.assert_array_equal(second[name], value)


@pytest.mark.jax
def test_usable_alone_in_a_functional_model(tmp_path):
    inputs = keras.Input((5,))
    outputs = BrownianLatent(RandomWalk(Sphere(2), steps=2), seed=0)(inputs)
    model = keras.Model(inputs, outputs)
    model.save(tmp_path / "posterior.keras")
    loaded = keras.saving.load_model(tmp_path / "posterior.keras")
    for name in ("location", "time"):
        np.testing.assert_array_equal(
            arrays(loaded(FEATURES))[name], arrays(model(FEATURES))[name]
        )


@pytest.mark.parametrize("limits", [None, [None, (-8.0, -2.0)], [None, None]])
def test_a_walk_without_limits_is_refused_on_every_closed_factor(limits):
    message = r"Expected limits on log time: the short-time KL .*Use \"auto\" or \(low, high\)"
    with pytest.raises(ValueError, match=message):
        latent(ALL["sphere:2 x sphere:1"], log_time_range=limits)
    with pytest.raises(ValueError, match=message):
        latent(Product([Sphere(2), ALL["euclidean:1"]]), log_time_range=limits)


def test_euclidean_times_need_no_limits():
    assert latent(ALL["euclidean:3"]).time.log_time_range == [None] * 3
    assert latent(ALL["euclidean:3"], log_time_range=None).time.log_time_range == [None] * 3
    mixed = latent(Product([Sphere(2), ALL["euclidean:1"]])).time.log_time_range
    assert mixed[0] is not None
    assert mixed[1] is None


@pytest.mark.parametrize(
    "options, message",
    [
        ({"log_time_range": "wide"}, r'"auto", \(low, high\) or None\. Received: .wide.'),
        (
            {"location_head": "angles"},
            r"Expected `location_head` to be one of .*Received: 'angles'",
        ),
        (
            {"location_head": "veronese"},
            r"Expected a projective space.*for the Veronese head\. Received: ",
        ),
        ({"fixed_time": -0.1}, r"Expected `fixed_time` to be positive"),
        ({"fixed_time": 0.0}, r"Expected `fixed_time` to be positive"),
        ({"fixed_time": [0.1, 0.2]}, r"a positive time or 1 of them"),
        ({"initial_log_time": 5.0}, r"strictly between"),
        ({"initial_log_time": [-3.0, -3.0]}, r"a number or 1 of them"),
    ],
)
def test_bad_arguments_say_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        latent(Sphere(2), **options)


def test_a_latent_needs_a_kernel():
    with pytest.raises(TypeError, match=r"Expected a law.*Received: Sphere"):
        BrownianLatent(Sphere(2))


def test_mixed_precision_leaves_the_geometry_alone():
    layer = latent(Sphere(2), dtype="mixed_bfloat16")
    outputs = layer(ops.cast(FEATURES, "bfloat16"))
    for value in outputs.values():
        assert keras.backend.standardize_dtype(value.dtype) == "float32"
    norm = np.linalg.norm(ops.convert_to_numpy(outputs["z"]), axis=-1)
    np.testing.assert_allclose(norm, 1.0, atol=1e-6)


def test_the_base_class_says_what_a_latent_gives():
    base = LatentDistribution()
    for call in (base.parameters, base.sample, base.kl, base.prior_log_density, base.prior_sample):
        with pytest.raises(NotImplementedError):
            call(FEATURES)
    with pytest.raises(NotImplementedError):
        base.log_density(FEATURES, {})
    assert base.diagnostics({}) == {}


def test_limits_read_from_a_json_file_are_the_same_limits():
    layer = latent(Sphere(2), log_time_range=(-12.0, -2.0))
    config = json.loads(json.dumps(layer.get_config()))  # tuples become lists
    again = BrownianLatent.from_config(config)
    again.build((None, 5))
    for each_layer in (layer, again):
        assert each_layer.time.log_time_range == [(-12.0, -2.0)]
        assert each_layer.time.initial_log_time == layer.kernel.default_initial_log_time()
