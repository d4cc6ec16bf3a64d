"""Checks of `project` and of its derivative."""

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.checks.report import Failure, Skip, within
from diffusion_vae.manifolds.checks.subject import Subject, largest, lengths, to_numpy

LEAST_RATE = 1e-2  # of the even embedding along a tangent vector, over the largest
RANGE = (1e-30, 1e-8, 1e8, 1e30)  # sizes of extreme inputs


def check_points(s: Subject) -> str:
    """Draws from the prior lie on the manifold."""
    points = s.sample[: len(s.points)]
    error = largest(s.numeric.project(points) - points) / s.scale
    return within(("prior samples minus their projections", error, 1e-5))


def check_idempotent(s: Subject) -> str:
    """A projected point is its own projection."""
    once = s.numeric.project(_around(s, 1.0))
    error = largest(s.numeric.project(once) - once) / s.scale
    return within(("project(y) - y for y = project(x)", error, s.tolerance(1e-6, 1e-5)))


def check_closest(s: Subject) -> str:
    """No known point of the manifold is closer than the projection."""
    if not s.in_flat_space:
        raise Skip("no point is the closest where squares of ambient lengths may be negative")
    near = s.rough("project")
    x = _around(s, 0.05 if near else 1.0)
    others = np.concatenate([s.numeric.project(s.sample[:2048]), s.points])
    # |x - z|^2 - |x|^2 for all pairs, [x, others]
    squares = np.sum(others**2, axis=-1) - 2.0 * x @ others.T
    best = np.sqrt(np.maximum(np.min(squares, axis=-1) + np.sum(x**2, axis=-1), 0.0))
    excess = float(np.max(lengths(x - s.numeric.project(x)) - best)) / s.scale
    what = f"distance beyond that to the closest of {len(others)} points"
    return within((what + (", near the manifold" if near else ""), excess, 1e-5))


def check_finite_values(s: Subject) -> str:
    """Projections of the origin, tiny and huge inputs are points of the manifold."""
    x = ops.convert_to_tensor(_extremes(s), dtype=keras.config.floatx())
    y = to_numpy(s.manifold.project(x))
    if not np.all(np.isfinite(y)):
        bad = int(np.argmax(~np.all(np.isfinite(y), axis=-1)))
        raise Failure(f"project({_extremes(s)[bad].tolist()}) = {y[bad].tolist()}")
    if not s.manifold.closed:
        return "finite at 0 and from 1e-30 to 1e30"
    error = largest(s.numeric.project(y) - y) / s.scale
    return within(("off the manifold, inputs 0 and 1e-30 to 1e30", error, 1e-5))


def check_finite_gradients(s: Subject) -> str:
    """The gradient of the projection is finite at the same places and on the manifold."""
    for place, x in (("near 0 or infinity", _extremes(s)), ("on the manifold", s.points)):
        slope = s.gradients(s.manifold.project, x)  # [count, n, n]
        finite = np.all(np.isfinite(slope), axis=(-2, -1))
        if not np.all(finite):
            bad = x[int(np.argmin(finite))]
            raise Failure(f"NaN or infinite {place}: at x = {bad.tolist()}")
    return "finite at 0, from 1e-30 to 1e30 and on the manifold"


def check_gradient(s: Subject) -> str:
    """The gradient of the projection is its derivative, near the manifold."""
    x = _around(s, 0.03)
    direction = s.normal(x.shape, 3)
    direction /= lengths(direction)[:, None]
    automatic = np.einsum("bij,bj->bi", s.numeric.derivative(x), direction)
    error = largest(automatic - _central_difference(s, x, direction))
    return within(("automatic minus central differences", error, s.tolerance(1e-4, 2e-2)))


def check_tangent(s: Subject) -> str:
    """`tangent_project` is the derivative of the projection, beside the names of a point.

    In an ambient space that is not Euclidean, where no point is closest, it is the orthogonal
    projection on the image of that derivative.
    """
    rank = _rank(s)
    if largest(rank - s.manifold.dim) > 1e-2:
        raise Failure(
            f"expected tangent spaces of dimension dim = {s.manifold.dim}, "
            f"received {float(np.median(rank)):.3g}"
        )
    v = s.normal(s.points.shape, 4)
    v /= lengths(v)[:, None]
    given = s.call("tangent_project", s.points, v)
    moved = _central_difference(s, s.points, v) if s.in_flat_space else v
    if s.manifold.identifies_points or not s.in_flat_space:
        moved = np.einsum("bij,bj->bi", s.numeric.tangent_projector(s.points), moved)
    error = largest(given - moved)
    tolerance = 1e-2 if s.rough("tangent_project") else s.tolerance(1e-5, 1e-2)
    return within(("minus central differences of the projection", error, tolerance))


def _rank(s: Subject) -> np.ndarray:
    """Dimension of the tangent space at each point, `[count]`."""
    if not s.manifold.identifies_points:
        return np.trace(s.numeric.derivative(s.points), axis1=-2, axis2=-1)
    singular = np.linalg.svd(s.numeric.even_derivative(s.points), compute_uv=False)
    return np.sum(singular > LEAST_RATE * np.max(singular), axis=-1).astype(float)


def _around(s: Subject, distance: float) -> np.ndarray:
    """Ambient points about as far from the manifold as `distance` times its size."""
    return s.points + distance * s.size * s.normal(s.points.shape, 2)


def _extremes(s: Subject) -> np.ndarray:
    """The origin, its axes and random directions at extreme lengths, `[count, n]`."""
    n = s.manifold.ambient_dim
    directions = np.concatenate([np.eye(n), -np.eye(n), s.normal((8, n), 5)])
    return np.concatenate([np.zeros((1, n)), *(size * directions for size in RANGE)])


def _central_difference(s: Subject, x: np.ndarray, direction: np.ndarray) -> np.ndarray:
    h = s.size * s.tolerance(1e-5, 1e-2)
    ahead, behind = s.numeric.project(x + h * direction), s.numeric.project(x - h * direction)
    return (ahead - behind) / (2.0 * h)
