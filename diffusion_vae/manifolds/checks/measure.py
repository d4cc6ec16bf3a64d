"""Checks of volume, curvature and uniform law against the embedding."""

import numpy as np

from diffusion_vae.manifolds.checks.report import Skip, within
from diffusion_vae.manifolds.checks.subject import LARGEST_DIM, Subject, largest
from diffusion_vae.manifolds.numerics.coarea import WeightedPoints
from diffusion_vae.manifolds.numerics.numpy_view import spread

BUMPS = 64  # local test functions, besides the polynomials of degree two
SIGMAS = 5.0  # standard errors allowed to the largest of a few hundred statistics


def check_volume(s: Subject) -> str:
    """`volume` is that of all names of points, over that of the names of one."""
    sample = _reference(s)
    embedded = float(np.sum(sample.weights)) / s.manifold.fibre_volume
    error = abs(s.manifold.volume / embedded - 1.0)
    what = f"{s.manifold.volume:.6g} against {embedded:.4g} from the embedding, relative"
    return within((what, error, 4.0 * sample.standard_error + 5e-3))


def check_curvature(s: Subject) -> str:
    """`scalar_curvature` obeys the equations of Gauss and of O'Neill (1966).

    It is sum_ij II_ii . II_jj - II_ij . II_ij + 3 A_ij . A_ij over an orthonormal tangent
    basis, with II and A the symmetric and the antisymmetric part of the second form. A is 0
    but where a point has a continuum of names.
    """
    z = s.points
    form = np.swapaxes(s.second_form(z), -1, -2)  # [count, d, d, n]
    mean = np.einsum("biin->bn", form)
    swapped = np.swapaxes(form, 1, 2)
    squares = np.sum(s.squares(0.5 * (form + swapped)), axis=(1, 2))  # [count]
    turning = np.sum(s.squares(0.5 * (form - swapped)), axis=(1, 2))  # [count]
    expected = s.squares(mean) - squares + 3.0 * turning
    scale = float(np.max(np.abs(squares))) + s.size**-2.0
    error = largest(s.call("scalar_curvature", z) - expected) / scale
    what = f"minus the Gauss equation, between {np.min(expected):.3g} and {np.max(expected):.3g}"
    return within((what, error, s.tolerance(1e-3, 5e-2)))


def check_uniform(s: Subject) -> str:
    """Draws have the moments and local densities of the Riemannian volume."""
    sample = _reference(s)
    shared = s.call("even_embedding", s.points)  # by all names of a point
    middle, size = np.mean(shared, axis=0), spread(shared)
    bumps = sample.points[:: max(1, len(sample.points) // BUMPS)][:BUMPS]
    centres = (s.call("even_embedding", bumps) - middle) / size

    def features(points: np.ndarray) -> np.ndarray:
        return _features((s.call("even_embedding", points) - middle) / size, centres)

    given, known = features(s.sample), features(sample.points)  # [count, features]
    weights = (sample.weights / np.sum(sample.weights))[:, None]
    expected = np.sum(weights * known, axis=0)
    variance = np.var(given, axis=0) / len(given)
    variance += np.sum((weights * (known - expected)) ** 2, axis=0)
    bias = 0.03 if s.rough("random_uniform") else 0.0
    excess = np.abs(np.mean(given, axis=0) - expected) - bias * np.std(known, axis=0)
    sigmas = float(np.max(excess / np.sqrt(variance + 1e-12)))
    what = f"largest of {given.shape[-1]} moments, in standard errors"
    return within((what + (" beyond 3 %" if bias else ""), sigmas, SIGMAS))


def check_prior(s: Subject) -> str:
    """`prior_log_density` is the uniform density, or a finite one on an open manifold."""
    log_density = s.call("prior_log_density", s.points)
    if not s.manifold.closed:
        return within(("infinite or NaN values", float(np.sum(~np.isfinite(log_density))), 0.5))
    error = largest(log_density + s.manifold.log_volume)
    return within(("prior_log_density + log(volume)", error, 1e-5))


def _reference(s: Subject) -> WeightedPoints:
    if not s.manifold.closed:
        raise Skip("the manifold is not closed: its prior is not uniform")
    if s.manifold.dim > LARGEST_DIM:
        raise Skip(f"charts cover manifolds of dimension {LARGEST_DIM} at most")
    try:
        return s.reference
    except ValueError as error:
        raise Skip(f"{error} Give `check_manifold` more `samples`.") from error


def _features(u: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """Coordinates, their products, and Gaussian bumps: `[count, n] -> [count, features]`."""
    rows, columns = np.triu_indices(u.shape[-1])
    squares = np.sum((u[:, None, :] - centres) ** 2, axis=-1)  # [count, bumps]
    return np.concatenate([u, u[:, rows] * u[:, columns], np.exp(-2.0 * squares)], axis=-1)
