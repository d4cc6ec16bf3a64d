"""`check_law` passes every law of the library, and names what is wrong with a broken one."""

import functools

import keras
import pytest
from keras import ops
from manifold_list import ALL

from diffusion_vae.heat_kernels import (
    RandomWalk,
    WrappedNormalKernel,
    check_law,
    has_heat_kernel,
    heat_kernel,
)
from diffusion_vae.heat_kernels.checks import CHECKS
from diffusion_vae.manifolds import FlatTorus, Sphere

EXACT = {name: manifold for name, manifold in ALL.items() if has_heat_kernel(manifold)}
WALKS = ("sphere:1", "sphere:2", "projective:3", "torus:2", "so3", "sphere:2 x sphere:1")
SAMPLES = 2048


@pytest.mark.slow
@pytest.mark.parametrize("manifold", list(EXACT.values()), ids=list(EXACT))
def test_every_exact_kernel_passes(manifold):
    report = check_law(heat_kernel(manifold), samples=SAMPLES)
    assert report.passed, report
    assert not report.skipped


@pytest.mark.slow
@pytest.mark.parametrize("name", WALKS)
def test_the_random_walk_passes_with_wider_tolerances(name):
    report = check_law(RandomWalk(ALL[name]), samples=SAMPLES)
    assert report.passed, report


@pytest.mark.slow
@pytest.mark.parametrize("name, dim", [("PowerSpherical", 2), ("PowerSpherical", 5)])
def test_power_spherical_passes(name, dim):
    laws = pytest.importorskip("diffusion_vae.latents.tfp_spherical")
    report = check_law(getattr(laws, name)(Sphere(dim)), samples=SAMPLES)
    assert report.passed, report


@pytest.mark.slow
def test_von_mises_fisher_passes():
    laws = pytest.importorskip("diffusion_vae.latents.tfp_spherical")
    report = check_law(laws.VonMisesFisher(Sphere(2)), samples=SAMPLES)
    assert report.passed, report


# -- broken laws: each fails the check that is named after its fault ---------------------

CIRCLE = FlatTorus(1)
registered = keras.saving.register_keras_serializable("diffusion_vae_tests")


@registered
class Heavy(WrappedNormalKernel):
    """Its density is too large by a constant."""

    def log_density(self, y, location, time):
        return super().log_density(y, location, time) + 0.2


@registered
class Late(WrappedNormalKernel):
    """It draws at another time."""

    def sample(self, location, time, seed=None):
        return super().sample(location, 1.3 * time, seed=seed)


@registered
class Scoreless(WrappedNormalKernel):
    """It has no score."""

    def score(self, y, location, time):
        raise NotImplementedError


@registered
class Steep(WrappedNormalKernel):
    """Its score is too long."""

    def score(self, y, location, time):
        return 1.2 * super().score(y, location, time)


@registered
class Generous(WrappedNormalKernel):
    """Its divergence is too large."""

    def kl_to_prior(self, location, time, seed=None):
        return super().kl_to_prior(location, time, seed=seed) + 0.2


@registered
class Outside(WrappedNormalKernel):
    """Its draws are off the manifold."""

    def sample(self, location, time, seed=None):
        return 1.01 * super().sample(location, time, seed=seed)


@registered
class Flat(WrappedNormalKernel):
    """Its densities have an axis too many."""

    def log_density(self, y, location, time):
        return super().log_density(y, location, time)[..., None]


@registered
class Constant(WrappedNormalKernel):
    """Its draws have no gradient."""

    def sample(self, location, time, seed=None):
        return ops.stop_gradient(super().sample(location, time, seed=seed))


@registered
class Undefined(WrappedNormalKernel):
    """Its divergence is NaN at short times."""

    def kl_to_prior(self, location, time, seed=None):
        kl = super().kl_to_prior(location, time, seed=seed)
        return ops.where(time[..., 0] < 1e-3, float("nan"), kl)


@registered
class Early(WrappedNormalKernel):
    """Its training starts outside its limits."""

    def default_initial_log_time(self):
        return [self.default_log_time_range()[0][0] - 1.0]


@registered
class Forgetful(WrappedNormalKernel):
    """Its configuration leaves out an argument."""

    def __init__(self, manifold, factor=1.0):
        super().__init__(manifold)
        self.factor = factor

    def log_density(self, y, location, time):
        return super().log_density(y, location, self.factor * time)

    def sample(self, location, time, seed=None):
        return super().sample(location, self.factor * time, seed=seed)

    def kl_to_prior(self, location, time, seed=None):
        return super().kl_to_prior(location, self.factor * time, seed=seed)


@registered
class Single(WrappedNormalKernel):
    """It is equal to nothing but itself."""

    def __eq__(self, other):
        return self is other

    __hash__ = WrappedNormalKernel.__hash__


class Unregistered(WrappedNormalKernel):
    """Keras does not know it."""


@functools.cache
def report_of(law):
    """What `check_law` finds, once for each law."""
    return check_law(law)


@pytest.mark.slow
@pytest.mark.parametrize(
    "law, check",
    [
        (Heavy(CIRCLE), "mass"),
        (Late(CIRCLE), "samples"),
        (Generous(CIRCLE), "KL divergence"),
        (Steep(CIRCLE), "score"),
        (Scoreless(CIRCLE), "score"),
        (Outside(CIRCLE), "points"),
        (Flat(CIRCLE), "shapes"),
        (Constant(CIRCLE), "gradients"),
        (Undefined(CIRCLE), "finite values"),
        (Early(CIRCLE), "time range"),
        (Forgetful(CIRCLE, 0.5), "configuration"),
        (Unregistered(CIRCLE), "configuration"),
        (Single(CIRCLE), "equality and hash"),
    ],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_broken_law_fails_the_check_of_its_fault(law, check):
    report = report_of(law)
    assert check in report.failed, report


@pytest.mark.slow
@pytest.mark.parametrize(
    "law, check",
    [(Generous(CIRCLE), "KL divergence"), (Steep(CIRCLE), "score"), (Early(CIRCLE), "time range")],
    ids=lambda value: type(value).__name__ if not isinstance(value, str) else value,
)
def test_a_fault_of_one_method_fails_no_other_check(law, check):
    assert report_of(law).failed == (check,)


def test_the_report_names_every_check_with_its_tolerance():
    report = check_law(WrappedNormalKernel(CIRCLE), samples=512)
    assert [result.name for result in report.results] == list(CHECKS)
    assert "tolerance" in str(report)
    assert str(report).startswith("WrappedNormalKernel(FlatTorus(dim=1)): 12 checks passed")


@pytest.mark.slow
def test_equal_seeds_give_equal_reports():
    law = WrappedNormalKernel(CIRCLE)
    first, again, other = (str(check_law(law, seed=seed, samples=512)) for seed in (3, 3, 4))
    assert first == again
    assert first != other


def test_only_laws_are_checked():
    with pytest.raises(TypeError, match=r"Expected an instance of a subclass of `Law`"):
        check_law(Sphere(2))
