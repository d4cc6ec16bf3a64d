"""Default limits on log time: as far as the short-time KL is right, and no farther."""

import math

import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, CLOSED, FLAT, each
from rotation_laws import o3_kl, so3_kl
from torus_spectrum import TorusSpectrum

from diffusion_vae.heat_kernels import RandomWalk, numeric
from diffusion_vae.manifolds import (
    O3,
    SO3,
    ComplexProjective,
    EmbeddedTorus,
    FlatTorus,
    Manifold,
    Product,
    RealProjective,
    Sphere,
)

EXACT = {
    "sphere:1": (Sphere(1), lambda t: numeric.sphere_kl(1, t)),
    "sphere:2": (Sphere(2), lambda t: numeric.sphere_kl(2, t)),
    "sphere:3": (Sphere(3), lambda t: numeric.sphere_kl(3, t)),
    "sphere:7": (Sphere(7), lambda t: numeric.sphere_kl(7, t)),
    "sphere:20": (Sphere(20), lambda t: numeric.sphere_kl(20, t)),
    "sphere:64": (Sphere(64), lambda t: numeric.sphere_kl(64, t)),
    "sphere:512": (Sphere(512), lambda t: numeric.sphere_kl(512, t)),
    "complex-projective:2": (
        ComplexProjective(2),
        lambda t: numeric.complex_projective_kl(2, t),
    ),
    "projective:1": (RealProjective(1), lambda t: numeric.projective_kl(1, t)),
    "projective:2": (RealProjective(2), lambda t: numeric.projective_kl(2, t)),
    "projective:3": (RealProjective(3), lambda t: numeric.projective_kl(3, t)),
    "torus:2": (FlatTorus(2), lambda t: 2 * numeric.sphere_kl(1, t)),
    "so3": (SO3(), so3_kl),
    "o3": (O3(), o3_kl),
}


def short_time_kl(manifold, t, location=None):
    if location is None:
        location = manifold.random_uniform((), seed=0)
    location = ops.cast(location, "float64")
    return float(RandomWalk(manifold).kl_to_prior(location, ops.full((1,), t, dtype="float64")))


@pytest.mark.parametrize("name", EXACT)
def test_the_kl_is_right_up_to_the_limit_and_wrong_just_beyond(name):
    manifold, exact = EXACT[name]
    [(low, high)] = RandomWalk(manifold).default_log_time_range()

    def error(log_time):
        t = math.exp(log_time)
        return abs(short_time_kl(manifold, t) - exact(t))

    within = np.linspace(max(low, min(-6.0, high - 2.0)), high, 12)
    assert max(error(log_time) for log_time in within) <= 0.02
    assert error(high) > 0.019  # the limit is not merely safe
    assert error(high + 0.05) > 0.02


@pytest.mark.parametrize("radii", [(3.0, 0.6), (1.0, 0.4), (3.0, 1.5), (1.0, 0.1)])
def test_the_rule_for_other_manifolds_holds_on_the_embedded_torus(radii):
    # The rule is max |Sc| t <= 1/3 and t <= 0.8 a^2; the spectrum says what the KL really is.
    torus = EmbeddedTorus(*radii)
    [(_, high)] = RandomWalk(torus).default_log_time_range()
    t = math.exp(high)
    spectrum = TorusSpectrum(*radii)
    for node in (0, len(spectrum.v) // 4, len(spectrum.v) // 2):  # outside, top, inside
        location = torus.from_angles(ops.array([0.0, spectrum.v[node]]))
        exact, mass = spectrum.kl(node, t)
        assert mass == pytest.approx(1.0, abs=1e-6)
        assert abs(short_time_kl(torus, t, location) - exact) < 0.02


def test_the_spectrum_gives_the_known_kl():
    spectrum = TorusSpectrum(1.0, 0.4)
    assert spectrum.kl(0, 0.1)[0] == pytest.approx(2.30050, abs=1e-5)
    assert spectrum.kl(0, 0.5)[0] == pytest.approx(0.93970, abs=1e-5)


@each(CLOSED)
def test_limits_are_wide_and_leave_a_positive_kl(manifold):
    kernel = RandomWalk(manifold)
    limits = kernel.default_log_time_range()
    assert len(limits) == manifold.time_dim
    for low, high in limits:
        assert high - low == pytest.approx(10.0)
    # the KL falls with time: at the limits it is still what training is about
    location = manifold.random_uniform((), seed=0)
    at_high = float(kernel.kl_to_prior(location, ops.exp(ops.array([r[1] for r in limits]))))
    assert at_high > 0.0


@each(FLAT)
def test_euclidean_times_have_no_limits(manifold):
    assert RandomWalk(manifold).default_log_time_range() == [None] * manifold.dim


def test_products_have_the_limits_of_their_factors():
    factors = [Sphere(2), SO3(), ALL["euclidean:3"]]
    expected = [r for f in factors for r in RandomWalk(f).default_log_time_range()]
    assert RandomWalk(Product(factors)).default_log_time_range() == expected
    assert len(expected) == 5


def test_a_users_manifold_needs_no_uniform_law():
    class LargeCircle(Manifold):
        """The circle of radius 2, with the least a user must give."""

        dim, ambient_dim = 1, 2

        def project(self, x):
            return 2.0 * x / ops.norm(x, axis=-1, keepdims=True)

        @property
        def volume(self):
            return 4.0 * math.pi

        def scalar_curvature(self, z):
            return ops.zeros_like(z[..., 0])

    kernel = RandomWalk(LargeCircle())
    [(_, high)] = kernel.default_log_time_range()
    # flat: at least 0.4 nats are left, -1/2 log(2 pi t) - 1/2 + log Vol = 0.4
    assert short_time_kl(kernel.manifold, math.exp(high), ops.array([2.0, 0.0])) == pytest.approx(
        0.4, abs=1e-9
    )
    # and there the KL is right: a circle of radius 2 at t is the unit circle at t / 4
    exact = numeric.sphere_kl(1, math.exp(high) / 4.0)
    assert exact == pytest.approx(0.4, abs=0.02)
