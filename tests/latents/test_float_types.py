"""Every latent under every float type, global or by argument: the same numbers, in that type."""

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import ALL

from diffusion_vae.heat_kernels import RandomWalk, heat_kernel
from diffusion_vae.latents import (
    AnchoredMixtureLatent,
    BrownianLatent,
    CategoricalMixtureLatent,
    MatrixNormalLatent,
)
from diffusion_vae.manifolds import RealProjective, Sphere

POLICIES = {
    "float32": "float32",
    "float64": "float64",
    "mixed_bfloat16": "float32",
    "bfloat16": "float32",  # geometry needs the digits
}
FEATURES = np.random.default_rng(0).normal(size=(4, 5)).astype("float32")
TOLERANCE = {"rtol": 2e-4, "atol": 2e-4}  # of float32, where a log density is -50


def power_spherical(**options):
    from diffusion_vae.latents.tfp_spherical import PowerSpherical

    return BrownianLatent(PowerSpherical(Sphere(2)), **options)


LATENTS = {
    **{
        name: lambda name=name, **options: BrownianLatent(heat_kernel(ALL[name]), **options)
        for name in ("sphere:2", "so3", "o3", "torus:2", "euclidean:3", "projective:2 x torus:2")
    },
    "a walk": lambda **options: BrownianLatent(RandomWalk(Sphere(2), steps=2), **options),
    "fixed time": lambda **options: BrownianLatent(
        heat_kernel(Sphere(2)), fixed_time=0.1, **options
    ),
    "veronese": lambda **options: BrownianLatent(
        heat_kernel(RealProjective(2)), location_head="veronese", **options
    ),
    "power spherical": power_spherical,
    "categorical": lambda **options: CategoricalMixtureLatent(3, 2, **options),
    "anchored": lambda **options: AnchoredMixtureLatent("sphere:2", 3, **options),
    **{
        f"matrix normal, {kind}": lambda kind=kind, **options: MatrixNormalLatent(
            2, 3, covariance=kind, **options
        )
        for kind in ("independent", "diagonal", "full")
    },
}


@pytest.fixture(params=POLICIES)
def policy(request):
    previous = keras.config.dtype_policy()
    yield request.param
    keras.config.set_dtype_policy(previous)


def built(name, weights=None, **options):
    latent = LATENTS[name](seed=0, **options)
    latent.build((None, 5))
    if weights is not None:
        latent.set_weights(weights)
    return latent


def numbers(latent, features, z):
    """Everything that a latent computes, by name."""
    params = latent.parameters(features)
    values = {**params, "kl": latent.kl(params), **latent.diagnostics(params)}
    values["log_density"] = latent.log_density(z, params)
    values["prior_log_density"] = latent.prior_log_density(z)
    return values, {"call": latent(features)["z"], "sample": latent.sample(params)}


@pytest.mark.parametrize("given", ["globally", "by argument"])
@pytest.mark.parametrize("name", LATENTS)
def test_a_latent_computes_in_the_type_of_its_policy(name, policy, given):
    if name == "power spherical" and keras.backend.backend() != "tensorflow":
        pytest.skip("a law of TensorFlow Probability")
    reference = built(name)
    z = reference.prior_sample(4, seed=1)
    expected, _ = numbers(reference, FEATURES, z)
    if given == "globally":
        keras.config.set_dtype_policy(policy)
        latent = built(name, reference.get_weights())
    else:
        latent = built(name, reference.get_weights(), dtype=policy)
    dtype = POLICIES[policy]
    assert latent.compute_dtype == dtype
    prior = latent.prior_sample(4, seed=1)
    found, draws = numbers(latent, ops.cast(FEATURES, dtype), ops.cast(z, dtype))
    for which, value in {**found, **draws, "prior": prior}.items():
        assert keras.backend.standardize_dtype(value.dtype) == dtype, which
        assert not np.isnan(ops.convert_to_numpy(value)).any(), which
    sampled = ("kl",) if name == "anchored" else ()  # of draws that differ
    for which in expected.keys() - set(sampled):
        np.testing.assert_allclose(found[which], expected[which], **TOLERANCE, err_msg=which)


@pytest.mark.parametrize("name", ["sphere:2", "categorical", "anchored", "matrix normal, full"])
def test_a_latent_of_another_float_type_survives_its_file(name, tmp_path):
    inputs = keras.Input((5,))
    model = keras.Model(inputs, LATENTS[name](seed=0, dtype="float64")(inputs))
    model.save(tmp_path / "latent.keras")
    loaded = keras.saving.load_model(tmp_path / "latent.keras")
    outputs, again = model(FEATURES), loaded(FEATURES)
    for which in outputs.keys() - {"z"}:
        assert keras.backend.standardize_dtype(again[which].dtype) == "float64"
        np.testing.assert_array_equal(again[which], outputs[which])
