"""Checks that a law keeps its contract: `check_law(law)` reports."""

from diffusion_vae.heat_kernels.base import Law
from diffusion_vae.heat_kernels.checks import agreement, contract
from diffusion_vae.heat_kernels.checks.subject import LawSubject
from diffusion_vae.manifolds.checks.report import CheckReport, run_check

__all__ = ["CHECKS", "check_law"]

# In the order of the report; a check returns the numbers that it measured, or raises.
CHECKS = {
    "shapes": contract.check_shapes,
    "time range": contract.check_time_range,
    "points": contract.check_points,
    "finite values": contract.check_finite_values,
    "gradients": contract.check_gradients,
    "mass": agreement.check_mass,
    "samples": agreement.check_samples,
    "KL divergence": agreement.check_kl,
    "score": agreement.check_score,
    "compilation": contract.check_compilation,
    "configuration": contract.check_configuration,
    "equality and hash": contract.check_equality,
}


def check_law(law: Law, seed: int = 0, samples: int = 8192) -> CheckReport:
    """Checks a law against the contract of `Law`: its methods must agree with each other.

    For a user's own law. The density is integrated against draws from the manifold's prior,
    and compared with the law's own draws, divergence and score, at times from nearly
    uniform (about one nat from the prior) down to an eighth of that. Methods that the law
    declares `approximate` are held to wider tolerances. Each line of the report states what
    was measured and its tolerance, which is five standard errors for means of draws. It
    takes seconds.

    Args:
        law: The law.
        seed: Integer seed of all draws.
        samples: Number of draws for each of three starting points.

    Returns:
        A `CheckReport`, which prints as a table; `report.failed` names the checks
        that failed.

    Raises:
        TypeError: If `law` is not a `Law`.

    Example:
        >>> from diffusion_vae.heat_kernels import check_law, heat_kernel
        >>> from diffusion_vae.manifolds import Sphere
        >>> report = check_law(heat_kernel(Sphere(2)))
        >>> report.passed, report.failed
        (True, ())
    """
    if not isinstance(law, Law):
        raise TypeError(f"Expected an instance of a subclass of `Law`. Received: {law!r}.")
    subject = LawSubject(law, seed, samples)
    results = (run_check(name, check, subject) for name, check in CHECKS.items())
    return CheckReport(repr(law), tuple(results))
