"""The short-time log density: against exact kernels, by quadrature, and at the edges."""

import math

import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops
from manifold_list import ALL, CLOSED, each
from rotation_laws import so3_log_density
from torus_spectrum import TorusSpectrum

from diffusion_vae.heat_kernels import RandomWalk, numeric, short_time
from diffusion_vae.manifolds import (
    O3,
    SO3,
    EmbeddedTorus,
    FlatTorus,
    Product,
    RealProjective,
    Sphere,
)

ENLARGED = 2.0 * math.sqrt(2.0)  # SO(3) is RP^3 with lengths times this


def along(manifold, r):
    """A point and the points at the geodesic distances `r` from it, float64."""
    location = manifold.project(ops.cast(manifold.random_uniform((), seed=3), "float64"))
    other = ops.cast(manifold.random_uniform((), seed=4), "float64")
    velocity = manifold.tangent_project(location, other)
    velocity = velocity / ops.norm(velocity)
    y = manifold.exp(location, ops.convert_to_tensor(np.asarray(r)[:, None]) * velocity)
    return location, y


def log_density(manifold, r, t):
    """Log density at the distances `r`, computed from points, `[r]`."""
    location, y = along(manifold, r)
    time = ops.full((1,), t, dtype="float64")
    return ops.convert_to_numpy(RandomWalk(manifold).log_density(y, location, time))


EXACT = {
    "sphere:1": (Sphere(1), lambda r, t: numeric.sphere_log_density(1, r, t)),
    "sphere:2": (Sphere(2), lambda r, t: numeric.sphere_log_density(2, r, t)),
    "sphere:3": (Sphere(3), lambda r, t: numeric.sphere_log_density(3, r, t)),
    "sphere:7": (Sphere(7), lambda r, t: numeric.sphere_log_density(7, r, t)),
    "projective:1": (RealProjective(1), lambda r, t: numeric.projective_log_density(1, r, t)),
    "projective:2": (RealProjective(2), lambda r, t: numeric.projective_log_density(2, r, t)),
    "projective:3": (RealProjective(3), lambda r, t: numeric.projective_log_density(3, r, t)),
    "torus:1": (FlatTorus(1), lambda r, t: numeric.sphere_log_density(1, r, t)),
    "so3": (
        SO3(),
        lambda r, t: so3_log_density(r, t),
    ),
}
# Where the expansion has no error but images: circles, and S^3 and its quotients.
NO_ERROR = ("sphere:1", "sphere:3", "projective:1", "projective:3", "torus:1", "so3")


@pytest.mark.parametrize("name", EXACT)
def test_against_the_exact_kernel(name):
    manifold, exact = EXACT[name]
    errors = []
    for t in (0.01, 0.02):
        r = np.linspace(0.0, 4.0 * math.sqrt(t), 9)
        errors.append(np.abs(log_density(manifold, r, t) - exact(r, t)).max())
    if name in NO_ERROR:
        assert max(errors) < 1e-9
    else:  # second order in t (with r^2 of order t)
        assert errors[0] < 0.002 * manifold.dim
        assert errors[1] / errors[0] == pytest.approx(4.0, rel=0.15)


@pytest.mark.parametrize("name", EXACT)
def test_far_from_the_centre_all_images_count(name):
    # At the cut locus of RP^d and of the circle both ways round weigh the same: log 2.
    if name in ("sphere:2", "sphere:3", "sphere:7"):
        pytest.skip("The antipode of a sphere is no image but a whole shell of them.")
    manifold, exact = EXACT[name]
    t = 0.3
    end = math.pi if name in ("sphere:1", "torus:1") else 0.5 * math.pi
    if name == "so3":
        end, t = end * ENLARGED, t * 8.0
    values = log_density(manifold, [end], t)
    tolerance = 1e-6 if name in NO_ERROR else 0.02
    np.testing.assert_allclose(values, exact(np.array([end]), t), atol=tolerance)


def radial_mass(manifold, t, end, volume_scale=1.0):
    """Integral of the density over geodesic balls, SO(3) in units of RP^3."""
    nodes, weights = np.polynomial.legendre.leggauss(200)
    end = min(end, 12.0 * math.sqrt(t / volume_scale**2))
    r = 0.5 * end * (nodes + 1.0)
    dim = manifold.dim
    shell = 2.0 if dim == 1 else numeric.sphere_volume(dim - 1)
    area = shell * np.sin(r) ** (dim - 1) * volume_scale**dim
    return float(
        np.sum(0.5 * end * weights * area * np.exp(log_density(manifold, r * volume_scale, t)))
    )


@pytest.mark.parametrize(
    "manifold, t, end, scale",
    [
        (Sphere(1), 0.01, math.pi, 1.0),
        (Sphere(1), 1.0, math.pi, 1.0),
        (Sphere(3), 0.01, math.pi, 1.0),
        (RealProjective(1), 1.0, 0.5 * math.pi, 1.0),
        (RealProjective(3), 0.02, 0.5 * math.pi, 1.0),
        (SO3(), 0.2, 0.5 * math.pi, ENLARGED),
    ],
    ids=str,
)
def test_normalised_where_the_expansion_is_exact(manifold, t, end, scale):
    assert radial_mass(manifold, t, end, scale) == pytest.approx(1.0, abs=1e-8)


@pytest.mark.parametrize(
    "manifold, end",
    [(Sphere(2), math.pi), (Sphere(7), math.pi), (RealProjective(2), 0.5 * math.pi)],
    ids=str,
)
def test_normalised_to_second_order_elsewhere(manifold, end):
    wrong = [radial_mass(manifold, t, end) - 1.0 for t in (0.005, 0.01)]
    assert wrong[1] / wrong[0] == pytest.approx(4.0, rel=0.1)
    assert abs(wrong[1]) < 5e-4 * manifold.dim


def test_normalised_on_the_flat_torus():
    torus, t, n = FlatTorus(2), 0.3, 80
    angle = 2.0 * math.pi * np.arange(n) / n
    grid = np.stack(np.meshgrid(angle, angle), axis=-1)  # [n, n, 2]
    location = torus.from_angles(np.array([0.4, -1.0]))
    density = RandomWalk(torus).log_density(
        torus.from_angles(grid), location, ops.full((1,), t, dtype="float64")
    )
    mass = np.exp(ops.convert_to_numpy(density)).mean() * torus.volume
    assert mass == pytest.approx(1.0, abs=1e-10)


@pytest.mark.parametrize("start", [0, 15, 30])
def test_the_embedded_torus_is_approximately_right(start):
    # An expansion in the chord, which knows the curvature at the centre alone.
    torus, spectrum, t = EmbeddedTorus(3.0, 0.6), TorusSpectrum(3.0, 0.6), 0.03
    phi = np.linspace(0.0, 2.0 * math.sqrt(t) / 3.0, 5)
    exact = spectrum.density(start, t, phi)  # [phi, v]
    angles = np.stack(np.broadcast_arrays(phi[:, None], spectrum.v), axis=-1)  # [phi, v, 2]
    around = np.angle(np.exp(1j * (spectrum.v - spectrum.v[start])))
    near = np.abs(around) < 2.0 * math.sqrt(t) / 0.6
    values = RandomWalk(torus).log_density(
        torus.from_angles(angles),
        torus.from_angles(np.array([0.0, spectrum.v[start]])),
        ops.full((1,), t, dtype="float64"),
    )
    error = ops.convert_to_numpy(values)[:, near] - np.log(exact[:, near])
    assert np.abs(error).max() < 0.06
    assert abs(error[0, np.argmin(np.abs(around[near]))]) < 0.005  # at the centre


@pytest.mark.parametrize("dim", [2, 3, 5, 10])
def test_continuous_across_the_switches(dim):
    # The series below r = 0.1 and the formula above it; the linear terms near the antipode.
    def value(r):
        r, t = (ops.convert_to_tensor(number, "float64") for number in (r, 0.1))
        return float(short_time.sphere_log_density(dim, r, t))

    h = 1e-4
    for switch in (0.1, short_time.SERIES_END):
        below = [value(switch - 2 * h), value(switch - h)]
        above = [value(switch + h), value(switch + 2 * h)]
        slopes = (below[1] - below[0]) / h, (above[1] - above[0]) / h
        # From mid to mid the slope turns by 3h q'', and the value grows by 2h q'.
        second = -10.0 + (dim - 1) / 6 if switch == 0.1 else 0.5 * (dim - 1) * 45.0 + 400.0
        assert abs(slopes[1] - slopes[0]) < 3 * h * abs(second) * 1.1 + 1e-5
        assert above[0] - below[1] == pytest.approx(h * sum(slopes), abs=1e-2 * h)


@pytest.mark.slow
@each(CLOSED)
def test_finite_with_finite_gradients_wherever_the_points_are(manifold):
    location = manifold.random_uniform((3,), seed=0)
    points = {"same": location, "far": manifold.project(-location)}
    points["anywhere"] = manifold.random_uniform((3,), seed=1)
    kernel = RandomWalk(manifold)
    for log_time in (-10.0, -2.0, 1.0):
        time = ops.full((3, manifold.time_dim), math.exp(log_time))
        for name, y in points.items():
            if isinstance(manifold, O3) and name != "same":
                continue

            def total(y, x, t):
                return ops.sum(kernel.log_density(y, x, t))

            value, gradients = value_and_gradients(total, y, location, time)
            assert math.isfinite(value), (name, log_time)
            for gradient in gradients:
                assert np.isfinite(gradient).all(), (name, log_time)


@pytest.mark.jax
def test_the_other_component_of_o3_has_no_density():
    manifold = O3()
    location = manifold.random_uniform((4,), seed=0)
    kernel, time = RandomWalk(manifold), ops.full((4, 1), 0.1)

    def total(y, t):
        return ops.sum(ops.exp(kernel.log_density(y, location, t)))

    other = kernel.log_density(-location, location, time)
    assert (ops.convert_to_numpy(other) == -math.inf).all()
    value, gradients = value_and_gradients(total, -location, time)
    assert value == 0.0
    assert all((gradient == 0).all() for gradient in gradients)
    same = RandomWalk(SO3()).log_density(location, location, time)
    np.testing.assert_allclose(kernel.log_density(location, location, time), same, rtol=1e-6)


def test_products_add_log_densities_and_kls_with_one_time_each():
    product = Product([Sphere(2), FlatTorus(2), ALL["euclidean:3"]])
    location, y = (product.prior_sample((4,), seed=seed) for seed in (0, 1))
    time = ops.convert_to_tensor(np.geomspace(0.01, 0.3, 20).reshape(4, 5).astype("float32"))
    parts = list(
        zip(
            product.factors,
            product.split(location),
            product.split_time(time),
            product.split(y),
            strict=True,
        )
    )
    assert [t.shape[-1] for _, _, t, _ in parts] == [1, 1, 3]
    walk = RandomWalk(product)
    np.testing.assert_allclose(
        walk.log_density(y, location, time),
        sum(RandomWalk(f).log_density(b, a, t) for f, a, t, b in parts),
        rtol=1e-6,
    )
    np.testing.assert_allclose(
        walk.kl_to_prior(location, time),
        sum(RandomWalk(f).kl_to_prior(a, t) for f, a, t, _ in parts),
        rtol=1e-6,
    )


def test_identified_points_have_one_density():
    manifold = RealProjective(3)
    location, y = (manifold.random_uniform((5,), seed=seed) for seed in (0, 1))
    kernel, time = RandomWalk(manifold), ops.full((5, 1), 0.2)
    value = kernel.log_density(y, location, time)
    np.testing.assert_array_equal(kernel.log_density(-y, location, time), value)
    np.testing.assert_array_equal(kernel.log_density(y, -location, time), value)
