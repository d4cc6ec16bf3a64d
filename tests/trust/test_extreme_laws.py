"""Likelihoods, divergences, layers and latents at values and times of 1e-30 to 1e30."""

import keras
import numpy as np
import pytest
from extremes import FEW, extreme_arrays, extreme_times, finite, no_nan
from hypothesis import given
from hypothesis import strategies as st
from keras import ops
from manifold_list import ALL, CLOSED, each

from diffusion_vae import divergences, heat_kernels, layers, likelihoods
from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.layers.diffusion_time import DiffusionTime
from diffusion_vae.layers.projection import VeroneseProjection
from diffusion_vae.manifolds import RealProjective

LARGEST = 10  # power of ten whose square times thousands of terms float32 holds


@pytest.mark.parametrize("scale", ["fixed", "learned", "predicted"])
@pytest.mark.parametrize("per_dimension", [False, True])
@FEW
@given(data=st.data())
def test_the_gaussian_likelihood_is_never_nan(scale, per_dimension, data):
    likelihood = likelihoods.Gaussian(scale, per_dimension=per_dimension)
    x = data.draw(extreme_arrays(3, 2))
    raw = data.draw(extreme_arrays(3, 2 * likelihood.outputs_per_value))
    likelihood.build((None, 3, 2))
    outputs = likelihood.outputs(ops.convert_to_tensor(raw))
    no_nan(log_prob=likelihood.log_prob(x, outputs), **outputs)
    if scale != "predicted":  # whose scale may be infinite
        finite(draw=likelihood.sample(outputs, seed=1))


@FEW
@given(data=st.data())
def test_the_bernoulli_likelihood_is_never_nan(data):
    likelihood = likelihoods.Bernoulli()
    x = np.abs(data.draw(extreme_arrays(3, 2, most=0)))
    likelihood.build((None, 3, 2))
    outputs = likelihood.outputs(ops.convert_to_tensor(data.draw(extreme_arrays(3, 2))))
    draw = ops.convert_to_numpy(likelihood.sample(outputs, seed=1))
    finite(log_prob=likelihood.log_prob(x, outputs), mean=outputs["reconstruction"])
    assert set(np.unique(draw)) <= {0.0, 1.0}


@pytest.mark.parametrize("statistic", ["v", "u"])
@FEW
@given(data=st.data(), rows=st.integers(2, 5), bandwidth=st.integers(-30, 30))
def test_distances_of_samples_are_never_nan(statistic, data, rows, bandwidth):
    p = data.draw(extreme_arrays(3))
    q = data.draw(extreme_arrays(3, rows=rows))
    no_nan(
        mmd=divergences.mmd(p, q, bandwidth=10.0**bandwidth, statistic=statistic),
        own=divergences.mmd(p, p, statistic=statistic),
    )
    p, q = (np.clip(each, -(10.0**LARGEST), 10.0**LARGEST) for each in (p, q))
    finite(energy=divergences.energy_distance(p, q, statistic=statistic))


@each(CLOSED)
@FEW
@given(data=st.data())
def test_distances_to_the_prior_are_finite(manifold, data):
    z = manifold.project(data.draw(extreme_arrays(manifold.ambient_dim)))
    for name in ("mmd", "energy"):
        finite(**{name: divergences.get(name)(z, manifold, seed=1)})


@FEW
@given(data=st.data(), width=st.integers(1, 5), time_dim=st.integers(1, 3))
def test_times_stay_within_their_limits(data, width, time_dim):
    layer = DiffusionTime(time_dim, (-9.0, 3.0))
    features = data.draw(extreme_arrays(width))
    layer.build(features.shape)
    layer.kernel.assign(data.draw(extreme_arrays(time_dim, rows=width, most=8)))
    time = ops.convert_to_numpy(layer(features))
    finite(time=time, share=layer.share_at_limit(ops.convert_to_tensor(time)))
    low, high = np.exp([-9.0, 3.0])
    assert (time >= 0.999 * low).all() and (time <= 1.001 * high).all()


@each(ALL)
@FEW
@given(data=st.data())
def test_layers_on_a_manifold_are_never_nan(manifold, data):
    x = data.draw(extreme_arrays(manifold.ambient_dim))
    location = layers.ManifoldProjection(manifold)(x)
    time = data.draw(extreme_times(manifold.time_dim))
    kernel = RandomWalk(manifold, steps=2)
    sampling = layers.BrownianMotionSampling(kernel, seed=1)
    passing = layers.KLDivergenceLoss(kernel, seed=1)
    finite(location=location, time=time)
    no_nan(z=sampling([location, ops.convert_to_tensor(time)]))
    passing([location, ops.convert_to_tensor(time)])
    no_nan(loss=passing.losses[0])


@pytest.mark.slow
@each(ALL)
@FEW
@given(data=st.data(), width=st.integers(1, 4))
def test_a_latent_takes_any_features(manifold, data, width):
    latent = BrownianLatent(heat_kernels.get("auto", manifold, walk_steps=2), seed=0)
    features = ops.convert_to_tensor(data.draw(extreme_arrays(width, most=LARGEST)))
    params = latent.parameters(features) if latent.built else _built(latent, features)
    z = latent.sample(params)
    finite(z=z, kl=latent.kl(params), **params)
    no_nan(log_density=latent.log_density(z, params), prior=latent.prior_log_density(z))


def _built(latent, features):
    latent.build(features.shape)
    return latent.parameters(features)


@FEW
@given(data=st.data(), dim=st.integers(1, 4))
def test_the_veronese_head_is_finite(data, dim):
    layer = VeroneseProjection(RealProjective(dim))
    matrix = data.draw(extreme_arrays(layer.input_dim))
    z = layer(matrix)
    finite(z=z)
    np.testing.assert_allclose(np.linalg.norm(ops.convert_to_numpy(z), axis=-1), 1.0, atol=1e-3)


@FEW
@given(data=st.data(), mode=st.sampled_from(layers.even_decoder.METHODS))
def test_even_decoders_are_even_for_any_points(data, mode):
    decoder = layers.EvenDecoder(keras.layers.Dense(2), RealProjective(2), method=mode)
    z = data.draw(extreme_arrays(3, most=LARGEST))
    here, there = (ops.convert_to_numpy(decoder(each)) for each in (z, -z))
    finite(here=here)
    np.testing.assert_allclose(here, there, rtol=1e-5, atol=1e-5 * np.abs(here).max())
