"""Checks that density, draws, divergence and score are of one law."""

import itertools

import numpy as np

from diffusion_vae.heat_kernels.checks.contract import COUNT
from diffusion_vae.heat_kernels.checks.subject import LawSubject, tensor
from diffusion_vae.manifolds.checks.report import within
from diffusion_vae.manifolds.checks.subject import largest, to_numpy

SIGMAS = 5.0  # standard errors allowed
KL_REPEATS = 256  # divergences averaged, of laws that estimate them by draws
PARTS = ("half", "quarter", "eighth")  # of the longest time
STEP = 0.05  # of a finite difference, in sqrt(t)


def check_mass(s: LawSubject) -> str:
    """The density integrates to 1, at the longest time and at its halves.

    At the longest time it is the mean of density over prior density, at draws from the prior.
    From each time to its half it changes by the mean of the ratio of the two densities, at
    draws from the longer one.
    """
    y = np.concatenate([s.prior_draws, s.more_prior_draws])[:, None]
    ratio = np.exp(_log_density(s, y, s.longest) - s.log_prior(y))
    mass, variance = np.mean(ratio, axis=0), _relative_variance(ratio)  # [starts] each
    extra = s.slack(2e-3, 0.05, "log_density")
    measures = [_deviation("longest time", mass, variance, extra)]
    extra += s.slack(0.0, 0.05, "log_density", "sample")
    for step, (longer, time) in enumerate(itertools.pairwise(s.times)):
        y = s.draws(longer, 10 + step)
        ratio = np.exp(_log_density(s, y, time) - _log_density(s, y, longer))
        mass, variance = mass * np.mean(ratio, axis=0), variance + _relative_variance(ratio)
        measures.append(_deviation(f"{PARTS[step]} of it", mass, variance, extra))
    return within(*measures)


def check_samples(s: LawSubject) -> str:
    """Draws have the moments of the density.

    These are means of coordinates, of their products and of the log density, with weights
    that make the law of draws from the prior, and of draws at twice the time.
    """
    prior = np.broadcast_to(s.prior_draws[:, None], (s.samples, *s.starts.shape))
    log_weight = _log_density(s, prior, s.longest) - s.log_prior(prior)
    measures = [_moments(s, "longest time", prior, log_weight, s.longest, 20)]
    time, longer = s.times[-1], s.times[-2]
    wide = s.draws(longer, 21)
    log_weight = _log_density(s, wide, time) - _log_density(s, wide, longer)
    measures.append(_moments(s, "shortest time", wide, log_weight, time, 22))
    return within(*measures)


def check_kl(s: LawSubject) -> str:
    """`kl_to_prior` is the mean of log density minus prior log density over draws."""
    measures = []
    extra = s.slack(2e-3, 0.1, "kl_to_prior", "log_density", "sample")
    for stream, time in ((30, s.times[0]), (31, s.times[-1])):
        y = s.draws(time, stream)
        log_ratio = _log_density(s, y, time) - s.log_prior(y)  # [samples, starts]
        start = np.broadcast_to(s.starts, (KL_REPEATS, *s.starts.shape))
        given = s.call("kl_to_prior", start, time, seed=s.seed_of(stream + 10))
        error = np.abs(np.mean(given, axis=0) - np.mean(log_ratio, axis=0))
        variance = np.var(log_ratio, axis=0) / s.samples + np.var(given, axis=0) / KL_REPEATS
        kl = float(np.mean(given))
        measures.append(
            _worst(f"KL of {kl:.3g} nats minus its mean over draws", error, variance, extra)
        )
    return within(*measures)


def check_score(s: LawSubject) -> str:
    """`score` is tangent, and the slope of `log_density` by finite differences."""
    measures, metric = [], s.manifold.ambient_metric
    for stream, time in ((40, s.times[0]), (41, s.times[-1])):
        y, root = s.draws(time, stream)[:COUNT], float(np.sqrt(np.min(time)))
        noise = np.random.default_rng([s.seed, stream]).normal(size=y.shape)
        v = to_numpy(s.manifold.tangent_project(tensor(y), tensor(noise)))
        v /= np.sqrt(np.sum(metric * v**2, axis=-1, keepdims=True))
        score = s.call("score", y, s.starts, time)
        tangent = to_numpy(s.manifold.tangent_project(tensor(y), tensor(score)))
        ends = [
            to_numpy(s.manifold.project(tensor(y + sign * STEP * root * v))) for sign in (1, -1)
        ]
        ahead, behind = (_log_density(s, end, time) for end in ends)
        slope = (ahead - behind) / (2.0 * STEP * root)
        error = largest(np.sum(metric * score * v, axis=-1) - slope) * root
        normal = np.sqrt(np.abs(np.sum(metric * (score - tangent) ** 2, axis=-1)))
        tolerance = s.slack(3e-2, 0.2, "score")
        measures += [
            ("normal part of the score, times sqrt(t)", largest(normal) * root, 1e-2),
            ("score minus the slope of log_density, times sqrt(t)", error, tolerance),
        ]
    return within(*measures)


def _log_density(s: LawSubject, y: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Log densities at `y` `[..., STARTS, n]` from each start, `[..., STARTS]`."""
    return s.call("log_density", y, s.starts, time)


def _moments(
    s: LawSubject,
    name: str,
    points: np.ndarray,
    log_weight: np.ndarray,
    time: np.ndarray,
    stream: int,
) -> tuple[str, float, float]:
    """Largest difference of means over draws from weighted ones, in standard errors."""
    weight = np.exp(log_weight - np.max(log_weight, axis=0))  # [samples, starts]
    weight = (weight / np.sum(weight, axis=0))[..., None]
    known = _features(s, points, time)  # [samples, starts, features]
    expected = np.sum(weight * known, axis=0)
    spread = np.sqrt(np.sum(weight * (known - expected) ** 2, axis=0))
    given = _features(s, s.draws(time, stream), time)
    variance = np.sum((weight * (known - expected)) ** 2, axis=0)
    variance += np.var(given, axis=0) / s.samples
    bias = s.slack(0.0, 0.1, "sample", "log_density")
    excess = np.abs(np.mean(given, axis=0) - expected) - bias * spread
    sigmas = float(
        np.max(np.maximum(excess, 0.0) / np.sqrt(variance + 1e-10 * (1.0 + expected**2)))
    )
    what = f"largest of {given.shape[-1]} moments at the {name}, in standard errors"
    what += f" beyond {bias:.0%} of the deviation" if bias else ""
    return what, sigmas, SIGMAS


def _features(s: LawSubject, y: np.ndarray, time: np.ndarray) -> np.ndarray:
    """Coordinates that all names of a point share, their products and the log density."""
    z = to_numpy(s.manifold.even_embedding(tensor(y)))
    rows, columns = np.triu_indices(z.shape[-1])
    # A density of 0 has no weight, and minus infinity times 0 is no number.
    log_density = np.maximum(_log_density(s, y, time), -100.0)
    return np.concatenate([z, z[..., rows] * z[..., columns], log_density[..., None]], axis=-1)


def _relative_variance(ratio: np.ndarray) -> np.ndarray:
    """Variance of the mean over the first axis, relative to its square, `[starts]`."""
    return np.var(ratio, axis=0) / len(ratio) / np.maximum(np.mean(ratio, axis=0) ** 2, 1e-30)


def _deviation(
    name: str, mass: np.ndarray, variance: np.ndarray, extra: float
) -> tuple[str, float, float]:
    """The mass that is farthest from 1."""
    return _worst(f"mass minus 1 at the {name}", np.abs(mass - 1.0), variance, extra)


def _worst(
    what: str, error: np.ndarray, variance: np.ndarray, extra: float
) -> tuple[str, float, float]:
    """The error that comes closest to its tolerance; both are `[starts]`."""
    tolerance = SIGMAS * np.sqrt(variance) + extra
    index = int(np.argmax(np.where(np.isnan(error), np.inf, error / tolerance)))
    name = f"{what} (standard error {np.sqrt(variance[index]):.1e})"
    return name, float(error[index]), float(tolerance[index])
