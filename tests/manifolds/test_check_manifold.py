"""`check_manifold` passes every manifold of the library and names what is broken."""

import math

import keras
import numpy as np
import pytest
from keras import ops
from manifold_list import ALL, IN_FLAT_SPACE, OPEN, each

from diffusion_vae.manifolds import Manifold, Sphere, check_manifold
from diffusion_vae.manifolds.checks import CHECKS
from diffusion_vae.manifolds.checks.report import CheckReport, CheckResult

register = keras.saving.register_keras_serializable("diffusion_vae_checks")


@pytest.mark.slow
@each()
def test_every_manifold_of_the_library_passes(manifold):
    report = check_manifold(manifold, samples=4096 if manifold.dim < 4 else 8192)
    assert report.passed, str(report)
    if manifold in OPEN.values():
        closest = () if manifold in IN_FLAT_SPACE.values() else ("closest point",)
        assert report.skipped == (*closest, "volume", "uniform samples", "symmetry")
    elif not manifold.identifies_points:
        assert report.skipped == ("symmetry",)
    else:
        assert report.skipped == ()


@pytest.mark.jax
def test_passes_in_single_precision():
    report = check_manifold(Sphere(2), samples=2048)
    assert report.passed, str(report)


@register
class UserSphere(Manifold):
    """What a user writes: a projection, the volume, the curvature."""

    dim, ambient_dim = 2, 3
    volume = 4.0 * math.pi

    def project(self, x):
        return Sphere(2).project(x)

    def scalar_curvature(self, z):
        return ops.zeros_like(ops.convert_to_tensor(z)[..., 0]) + 2.0


@pytest.mark.slow
def test_a_users_projection_passes():
    report = check_manifold(UserSphere())
    assert report.passed, str(report)


class Broken(Sphere):
    """A sphere of which one promise is broken in each subclass."""

    def __init__(self):
        super().__init__(2)

    def get_config(self):
        return {}


@register
class NotIdempotent(Broken):
    def project(self, x):
        return super().project(x + 0.1 * ops.roll(x, 1, axis=-1))


@register
class NotClosest(Broken):
    def project(self, x):  # of the sphere, but along another direction far away
        squash = ops.convert_to_tensor([1.0, 1.0, 0.5], dtype=x.dtype)
        off = ops.abs(ops.norm(x, axis=-1, keepdims=True) - 1.0) > 0.05
        return super().project(ops.where(off, x * squash, x))


@register
class WrongVolume(Broken):
    @property
    def volume(self):
        return 1.1 * super().volume


@register
class WrongCurvature(Broken):
    def scalar_curvature(self, z):
        return 0.5 * super().scalar_curvature(z)


@register
class NotUniform(Broken):
    def random_uniform(self, shape=(), seed=None):
        draws = keras.random.normal((*shape, 3), seed=seed)
        return self.project(draws * np.array([1.0, 1.0, 1.6], "float32"))


@register
class NaNGradient(Broken):
    def project(self, x):  # `where` hides the value of 0 / 0 but not its gradient
        largest = ops.max(ops.abs(x), axis=-1, keepdims=True)
        pole = ops.convert_to_tensor([1.0, 0.0, 0.0], dtype=x.dtype)
        return ops.where(largest > 0, super().project(x / largest), pole)


@register
class WrongTangents(Broken):
    def tangent_project(self, z, v):
        return v


@register
class ShortExp(Broken):
    def exp(self, z, v):
        return self.project(z + v)


@register
class ChordDistance(Broken):
    def distance(self, x, y):
        return ops.norm(x - y, axis=-1)


@register
class UnevenGeodesic(Broken):
    def geodesic(self, x, y, s):
        return super().geodesic(x, y, ops.square(ops.convert_to_tensor(s)))


@register
class WrongPrior(Broken):
    def prior_log_density(self, z):
        return super().prior_log_density(z) + 0.1


@register
class NotASymmetry(Broken):
    @property
    def symmetry(self):
        return np.array([[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]])


@register
class ForgetfulConfig(Sphere):
    """Its configuration leaves out its dimension."""

    def get_config(self):
        return {}


class Unregistered(UserSphere):
    pass


@register
class RaisingDistance(Broken):
    def distance(self, x, y):
        raise RuntimeError("no distance today")


@pytest.mark.slow
@pytest.mark.parametrize(
    "manifold, failed",
    [
        (NotIdempotent(), {"idempotent projection"}),
        (NotClosest(), {"closest point"}),
        (WrongVolume(), {"volume"}),
        (WrongCurvature(), {"scalar curvature"}),
        (NotUniform(), {"uniform samples"}),
        (NaNGradient(), {"finite gradients"}),
        (WrongTangents(), {"tangent projection"}),
        (ShortExp(), {"exponential map"}),
        (ChordDistance(), {"distance"}),
        (UnevenGeodesic(), {"geodesic"}),
        (WrongPrior(), {"prior"}),
        (NotASymmetry(), {"symmetry", "volume"}),
        (ForgetfulConfig(3), {"configuration"}),
        (Unregistered(), {"configuration"}),
        (RaisingDistance(), {"distance"}),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Manifold) else "",
)
def test_broken_manifolds_fail_the_check_of_that_name(manifold, failed):
    report = check_manifold(manifold, samples=2048)
    assert not report.passed
    assert failed <= set(report.failed), str(report)
    alone = {"volume", "scalar curvature", "uniform samples", "finite gradients", "prior"}
    if failed <= alone:  # and nothing else is blamed
        assert set(report.failed) == failed, str(report)


@pytest.mark.jax
def test_the_report_prints_as_a_table():
    results = (
        CheckResult("volume", "passed", "12.6 against 12.5"),
        CheckResult("geodesic", "FAILED", "off the manifold: 1"),
        CheckResult("symmetry", "skipped", "no points are identified"),
    )
    report = CheckReport("Sphere(dim=2)", results)
    assert not report.passed
    assert report.failed == ("geodesic",) and report.skipped == ("symmetry",)
    lines = str(report).splitlines()
    assert lines[0] == "Sphere(dim=2): 1 of 3 checks failed"
    assert "FAILED" in lines[2] and "off the manifold: 1" in lines[2]
    assert repr(report) == str(report)
    good = CheckReport("Sphere(dim=2)", (results[0], results[2]))
    assert good.passed and str(good).startswith("Sphere(dim=2): 1 checks passed, 1 skipped")


def test_the_report_names_every_check():
    names = tuple(result.name for result in check_manifold(ALL["euclidean:1"]).results)
    assert names == tuple(CHECKS)


def test_only_manifolds_are_checked():
    with pytest.raises(TypeError, match="subclass of `Manifold`"):
        check_manifold("sphere:2")


def test_too_few_charts_are_a_reason_to_skip_not_to_fail():
    report = check_manifold(Sphere(2), samples=16)
    assert {"volume", "uniform samples"} <= set(report.skipped), str(report)
    assert "more `samples`" in str(report)


@pytest.mark.slow
def test_high_dimensions_are_skipped_with_a_reason():
    report = check_manifold(Sphere(9), samples=2048)
    assert report.passed, str(report)
    assert {"volume", "uniform samples"} <= set(report.skipped)
    assert "dimension 7 at most" in str(report)
