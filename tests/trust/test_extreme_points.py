"""Every public function of every manifold, at points and vectors of 1e-30 to 1e30."""

import numpy as np
import pytest
from extremes import FEW, extreme_arrays, finite, no_nan
from hypothesis import given
from hypothesis import strategies as st
from keras import ops
from manifold_list import ALL, CLOSED, each


@pytest.mark.slow
@each(ALL)
@FEW
@given(data=st.data())
def test_functions_of_points_and_vectors_are_never_nan(manifold, data):
    x, y, v = (data.draw(extreme_arrays(manifold.ambient_dim)) for _ in range(3))
    z, w = manifold.project(x), manifold.project(y)
    finite(z=z, w=w)
    if manifold.closed:  # the projection of a point of the manifold is that point
        again = ops.convert_to_numpy(manifold.project(z))
        np.testing.assert_allclose(again, ops.convert_to_numpy(z), atol=1e-3)
    tangent = manifold.tangent_project(z, v)
    no_nan(
        distance=manifold.distance(z, w),
        own_distance=manifold.distance(z, z),
        geodesic=manifold.geodesic(z, w, np.linspace(0.0, 1.0, len(x)).astype("float32")),
        curvature=manifold.scalar_curvature(z),
        prior=manifold.prior_log_density(z),
        embedding=manifold.even_embedding(z),
        tangent=tangent,
        exp=manifold.exp(z, tangent),
        step=manifold.step(z, v),
    )


@pytest.mark.slow
@each(CLOSED)
@FEW
@given(data=st.data())
def test_a_path_of_any_length_ends_on_the_manifold(manifold, data):
    x, v = (data.draw(extreme_arrays(manifold.ambient_dim)) for _ in range(2))
    z = manifold.project(x)
    for _ in range(5):  # of a normal vector of 1e30 the first ones leave rounding, no tangent
        v = manifold.tangent_project(z, v)
    end = ops.convert_to_numpy(manifold.exp(z, v))
    finite(end=end)
    np.testing.assert_allclose(ops.convert_to_numpy(manifold.project(end)), end, atol=1e-2)


@each(CLOSED)
@FEW
@given(shape=st.lists(st.integers(0, 3), max_size=3).map(tuple), seed=st.integers(0, 2**31 - 1))
def test_uniform_draws_have_every_batch_shape(manifold, shape, seed):
    z = manifold.random_uniform(shape, seed=seed)
    assert tuple(z.shape) == (*shape, manifold.ambient_dim)
    finite(z=z)
