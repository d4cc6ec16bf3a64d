"""Checks of a manifold against its contract: `check_manifold(m)` reports."""

from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.checks import contract, curves, measure, projection
from diffusion_vae.manifolds.checks.report import CheckReport, CheckResult, run_check
from diffusion_vae.manifolds.checks.subject import Subject
from diffusion_vae.progress import Verbosity, telling

__all__ = ["CHECKS", "CheckReport", "CheckResult", "check_manifold"]

# In the order of the report; a check returns what it measured, or raises.
CHECKS = {
    "shapes": contract.check_shapes,
    "points": projection.check_points,
    "idempotent projection": projection.check_idempotent,
    "closest point": projection.check_closest,
    "finite values": projection.check_finite_values,
    "finite gradients": projection.check_finite_gradients,
    "projection gradient": projection.check_gradient,
    "tangent projection": projection.check_tangent,
    "exponential map": curves.check_exp,
    "distance": curves.check_distance,
    "geodesic": curves.check_geodesic,
    "scalar curvature": measure.check_curvature,
    "volume": measure.check_volume,
    "uniform samples": measure.check_uniform,
    "prior": measure.check_prior,
    "symmetry": contract.check_symmetry,
    "compilation": contract.check_compilation,
    "configuration": contract.check_configuration,
    "equality and hash": contract.check_equality,
}


def check_manifold(
    manifold: Manifold, seed: int = 0, samples: int = 8192, verbose: Verbosity = "auto"
) -> CheckReport:
    """Checks a manifold against the contract of `Manifold`, by its embedding alone.

    For a user's manifold: volume, scalar curvature and uniform samples are compared
    with what follows from `project`, everything else with what it promises. Methods
    that the manifold declares `approximate` are held to wider tolerances, and each
    line of the report states its own. It takes seconds, for a level set up to a minute.

    Args:
        manifold: The manifold.
        seed: Integer seed of all random points.
        samples: Number of points where laws are compared, and of charts that must
            cover the manifold; a strongly curved one needs more.
        verbose: Whether the check that is running is shown on standard error. `"auto"` shows it
            on a terminal.

    Returns:
        A `CheckReport`, which prints as a table; `report.failed` names the checks
        that failed.

    Raises:
        TypeError: If `manifold` is not a `Manifold`.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> report = check_manifold(Sphere(2), samples=1024)
        >>> report.passed, report.skipped
        (True, ('symmetry',))
    """
    if not isinstance(manifold, Manifold):
        raise TypeError(
            f"Expected an instance of a subclass of `Manifold`. Received: {manifold!r}."
        )
    subject = Subject(manifold, seed, samples)
    results = []
    with telling(verbose=verbose) as say:
        for number, (name, check) in enumerate(CHECKS.items(), start=1):
            say(f"Checking {name} ({number} of {len(CHECKS)}) ...")
            results.append(run_check(name, check, subject))
    return CheckReport(repr(manifold), tuple(results))
