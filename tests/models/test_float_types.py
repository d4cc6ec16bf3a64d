"""Every float type that Keras knows, as the global policy and as an argument."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae import divergences, likelihoods
from diffusion_vae.layers.full_precision import full_precision
from diffusion_vae.networks import MLPDecoder, MLPEncoder

POLICIES = ("float32", "float64", "mixed_bfloat16", "bfloat16")
DOUBLE_NEEDS_TENSORFLOW = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="Keras promotes float64 to float32 on JAX and PyTorch",
)


def networks(inputs, dtype):
    maps = inputs > 3  # a spatial latent
    encoder = MLPEncoder((8,), seed=1, dtype=dtype)
    if not maps:
        return encoder, MLPDecoder((8,), seed=2, dtype=dtype)
    flat = [keras.layers.Flatten(dtype=dtype), keras.layers.Dense(12, dtype=dtype)]
    return encoder, keras.Sequential([*flat, keras.layers.Reshape((4, 3), dtype=dtype)])


def sphere(dtype=None, **options):
    return dv.SphereVAE(2, *networks(3, dtype), dtype=dtype, seed=0, **options)


def projective(dtype=None):
    return dv.RealProjectiveVAE(2, *networks(3, dtype), dtype=dtype, seed=0)


def scaled(dtype=None):
    likelihood = likelihoods.Gaussian("learned", dtype=dtype)
    ramps = {"time_annealing": (0.0, -2.0, 5), "kl_capacity": (0, 1, 9)}
    return sphere(dtype, likelihood=likelihood, **ramps)


def predicted(dtype=None):
    return sphere(dtype, likelihood=likelihoods.Gaussian("predicted", dtype=dtype))


def bernoulli(dtype=None):
    decay = keras.optimizers.schedules.ExponentialDecay(1.0, 10, 0.9)
    return sphere(dtype, likelihood="bernoulli", kl_weight=decay)


def info(dtype=None, divergence="mmd"):
    options = {"alpha": 0.0, "divergence": divergence, "dtype": dtype, "seed": 0}
    return dv.InfoVAE("sphere:2", *networks(3, dtype), **options)


def info_sampled(dtype=None):
    return info(dtype, divergences.energy_distance)


def info_cat(dtype=None):
    options = {"mutual_information_weight": 0.5, "dtype": dtype, "seed": 0}
    return dv.InfoCatVAE(3, 2, 2.0, *networks(3, dtype), **options)


def spatial(dtype=None):
    options = {"map_size": 2, "maps": 3, "dtype": dtype, "seed": 0}
    return dv.SpatialVAE(*networks(4, dtype), **options)


MODELS = (sphere, projective, scaled, predicted, bernoulli, info, info_sampled, info_cat, spatial)


@pytest.fixture
def policy():
    before, floatx = keras.config.dtype_policy(), keras.config.floatx()
    yield keras.config.set_dtype_policy
    keras.config.set_floatx(floatx)
    keras.config.set_dtype_policy(before)


def works(model, x, folder, expected):
    """Trains, asks, saves and loads; losses and answers are of the dtype expected."""
    model.compile("adam", **QUICK_STEPS)
    history = model.fit(x, batch_size=12, verbose=0).history
    assert np.isfinite([value for values in history.values() for value in values]).all()
    likelihood = model.log_likelihood(x, samples=3, prior_share=0.4)
    for answer in (model.elbo(x), likelihood.per_example, model.sample(2, noise=True)):
        assert np.isfinite(answer).all()
        assert answer.dtype == expected
    assert float(model.schedule_step) == 2.0
    model.save(folder / "model.keras")
    loaded = keras.saving.load_model(folder / "model.keras")
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))
    assert loaded.compute_dtype == model.compute_dtype
    assert loaded.loss_dtype == expected


def as_parameters(names, marked="float64"):
    mark = [DOUBLE_NEEDS_TENSORFLOW]
    return [pytest.param(n, marks=mark if n == marked else []) for n in names]


@pytest.mark.slow
@pytest.mark.torch
@pytest.mark.jax
@pytest.mark.parametrize("way", ["global", "argument"])
@pytest.mark.parametrize("name", as_parameters(POLICIES))
def test_a_model_works_under_every_policy(x, tmp_path, policy, name, way):
    if way == "global":
        policy(name)
    works(sphere() if way == "global" else sphere(name), x, tmp_path, full_precision(name))


@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
@pytest.mark.parametrize("name", ["float64", "bfloat16"])
@pytest.mark.parametrize("make", MODELS[1:], ids=lambda make: make.__name__)
def test_every_model_and_likelihood_works_under_every_policy(x, tmp_path, make, name):
    works(make(name), x, tmp_path, full_precision(name))


@pytest.mark.slow
@DOUBLE_NEEDS_TENSORFLOW
def test_double_as_keras_own_float_type(x, tmp_path, policy):
    keras.config.set_floatx("float64")
    policy("float64")
    works(sphere(), x, tmp_path, "float64")


@DOUBLE_NEEDS_TENSORFLOW
@pytest.mark.parametrize("make", MODELS, ids=lambda make: make.__name__)
def test_double_precision_gives_the_numbers_of_single_precision(x, make):
    single, double = make("float32"), make("float64")
    z = None
    terms = []
    for model in (single, double):
        model.build(x.shape)
        model.set_weights([np.asarray(w) for w in single.get_weights()])
        params = model._posterior_of(keras.ops.convert_to_tensor(x))
        kl = model.latent.kl(params)
        z = np.asarray(model.latent.sample(params), "float32") if z is None else z
        outputs = model._outputs(keras.ops.convert_to_tensor(z))
        log_prob = model.likelihood.log_prob(x, outputs)
        terms.append([np.asarray(value) for value in (kl, log_prob, outputs["reconstruction"])])
    for one, other in zip(*terms, strict=True):
        assert other.dtype == "float64"
        np.testing.assert_allclose(one, other, rtol=2e-5, atol=2e-5)


def test_a_counter_in_half_precision_would_stop_at_256(x):
    model = sphere("bfloat16", kl_warmup_steps=1000)
    model.build(x.shape)
    model.schedule_step.assign(900)
    for _ in range(3):
        model.schedule_step.assign_add(1)
    assert float(model.warmup_share()) == pytest.approx(0.903)
