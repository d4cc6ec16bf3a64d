"""Heat kernels at times of 1e-30 to 1e30, between points far apart, near and equal."""

import numpy as np
import pytest
from extremes import FEW, ROWS, extreme_times, finite, no_nan
from hypothesis import given
from hypothesis import strategies as st
from keras import ops
from manifold_list import ALL, each

from diffusion_vae import heat_kernels
from diffusion_vae.heat_kernels import RandomWalk


def kernels(manifold):
    """Its exact kernel, where there is one, and the walk with both of its KLs."""
    yield heat_kernels.get("auto", manifold, walk_steps=2)
    for kl in ("asymptotic", "monte_carlo"):
        yield RandomWalk(manifold, steps=2, kl_formula=kl)


@pytest.mark.slow
@each(ALL)
@FEW
@given(data=st.data())
def test_heat_kernels_are_never_nan(manifold, data):
    rng = np.random.default_rng(data.draw(st.integers(0, 2**32 - 1)))
    noise = rng.standard_normal((3, ROWS, manifold.ambient_dim)).astype("float32")
    location, y = manifold.project(noise[0]), manifold.project(noise[1])
    near = manifold.exp(location, manifold.tangent_project(location, 1e-3 * noise[2]))
    time = data.draw(extreme_times(manifold.time_dim))
    for kernel in kernels(manifold):
        sample = kernel.sample(location, time, seed=1)
        finite(sample=sample, kl=kernel.kl_to_prior(location, time, seed=1))
        points = ops.stack([y, near, location, sample])  # [4, rows, ambient_dim]
        no_nan(
            log_density=kernel.log_density(points, location, time),
            score=kernel.score(points, location, time),
        )
