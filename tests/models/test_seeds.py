"""An integer seed repeats what a trained model draws, and takes nothing from its generators."""

import numpy as np
import pytest

import diffusion_vae as dv
from diffusion_vae.networks import MLPDecoder, MLPEncoder
from diffusion_vae.random import seed_states

DRAWS = {
    "sample": lambda model, x, **seed: model.sample(3, **seed),
    "noise": lambda model, x, **seed: model.sample(3, noise=True, **seed),
    "posterior": lambda model, x, **seed: model.sample_posterior(x, 2, **seed),
    "elbo": lambda model, x, **seed: model.elbo(x, **seed),
    "evidence": lambda model, x, **seed: (
        model.log_likelihood(x, 3, prior_share=0.4, **seed).per_example
    ),
}


@pytest.fixture(scope="module")
def model():
    model = dv.SphereVAE(2, MLPEncoder((8,), seed=1), MLPDecoder((8,), seed=2), seed=0)
    model.build((None, 4, 3))
    return model


@pytest.fixture(scope="module")
def clusters():
    model = dv.InfoCatVAE(3, 2, 2.0, MLPEncoder((8,), seed=1), MLPDecoder((8,), seed=2), seed=0)
    model.build((None, 4, 3))
    return model


def repeats(draw, model, x):
    """Whether equal seeds draw the same, others do not, and the model's generators stay."""
    before = seed_states(model)
    first, second, other = (draw(model, x, seed=seed) for seed in (7, 7, 8))
    np.testing.assert_array_equal(seed_states(model), before)
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)
    assert not np.array_equal(draw(model, x), first)
    assert not np.array_equal(seed_states(model), before)


@pytest.mark.jax
@pytest.mark.torch
@pytest.mark.parametrize("draw", DRAWS.values(), ids=list(DRAWS))
def test_an_integer_seed_repeats_the_draws(model, x, draw):
    repeats(draw, model, x)


@pytest.mark.parametrize("name", ["sample", "elbo"])
def test_models_with_clusters_too(clusters, x, name):
    repeats(DRAWS[name], clusters, x)


def test_one_cluster(clusters, x):
    repeats(lambda model, x, **seed: model.sample_cluster(1, 4, **seed), clusters, x)


def test_the_draws_of_one_call_are_all_different(model, x):
    draws = model.sample_posterior(x, 2, batch_size=8, seed=0)
    assert not np.array_equal(draws[0], draws[1])
    noise = draws - model.encode(x)[0]
    assert not np.allclose(noise[0, :8], noise[0, 8:16])


def test_a_seed_builds_a_model_that_is_not_built(x):
    models = [dv.EuclideanVAE(2, MLPEncoder((8,)), MLPDecoder((8,)), seed=3) for _ in range(2)]
    np.testing.assert_array_equal(*(model.elbo(x, seed=1) for model in models))


def test_generators_go_on_after_an_error(model):
    before = seed_states(model)
    with pytest.raises(ValueError, match="batch_size"):
        model.sample(3, 0, seed=0)
    np.testing.assert_array_equal(seed_states(model), before)


@pytest.mark.parametrize(
    ("seed", "error"), [(-1, ValueError), (0.5, TypeError), (True, TypeError)]
)
def test_a_seed_is_an_integer_of_at_least_0(model, x, seed, error):
    for draw in DRAWS.values():
        with pytest.raises(error, match="seed"):
            draw(model, x, seed=seed)
