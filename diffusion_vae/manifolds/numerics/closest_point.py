"""The closest point of a level set, by safeguarded Newton steps on the Lagrange conditions."""

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.numerics.eigen import transpose
from diffusion_vae.manifolds.numerics.level_set import Function, newton_step, offset
from diffusion_vae.manifolds.numerics.vectors import headroom
from diffusion_vae.typing import Tensor

STEPS = 30  # Newton steps at most; in the tube about four are taken
FRACTIONS = (1.0, 0.3, 0.05, 0.005)  # of a Newton step, of which the best is taken
RESTORATIONS = 3  # normal Newton steps back to f = 0 after each tangential step
ON_MANIFOLD = 0.1  # largest last step, in roots of the rounding error: the next is its square
FLOOR = 1e-3  # smallest eigenvalue of the Hessian of the Lagrangian; in flat space it is 1


def closest_point(function: Function, anchors: np.ndarray, x: Tensor) -> tuple[Tensor, Tensor]:
    """Closest point of the level set to `x`, and the derivative of this map.

    The search starts at the nearest anchor and no step increases the distance
    (beyond rounding), so every answer is a finite point of the manifold. It is
    the closest point where the nearest anchor lies in its basin: in a tube about
    the manifold, if the anchors are dense.

    By the implicit function theorem the derivative is the inverse of T H T on the
    tangent space, H = 1 + sum_a l_a Hess f_a being the Hessian of the Lagrangian
    |x - y|^2 / 2 + l . f(y) and T the tangent projector. Its eigenvalues are
    floored, so that it stays finite at focal points.

    Args:
        function: Level-set function, `[..., n] -> [..., codimension]`.
        anchors: Points of the manifold, a NumPy array `[count, n]`.
        x: Points of the ambient space, `[batch, n]`.

    Returns:
        Points of the manifold `[batch, n]` and derivatives `[batch, n, n]`.
    """
    middle = np.mean(anchors, axis=0)
    size = float(np.max(np.linalg.norm(anchors - middle, axis=-1)))
    eps = float(np.finfo(keras.backend.standardize_dtype(x.dtype)).eps)
    centre = ops.convert_to_tensor(middle, dtype=x.dtype)  # [n]
    # Minimised is scale |y|^2 / 2 - target . y, all measured from the centre.
    target, scale = _bounded(x - centre, size)  # [batch, n], [batch, 1]

    def pull(y: Tensor) -> Tensor:
        return target - scale * (y - centre)

    def improve(step_count: Tensor, y: Tensor, _: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        before = y
        step, _ = newton_step(function, y, pull(y), scale, FLOOR)
        length = ops.sqrt(ops.sum(ops.square(step), axis=-1, keepdims=True))  # [batch, 1]
        step = step * (0.5 * size / ops.maximum(length, 0.5 * size))
        trials = ops.stack([y + fraction * step for fraction in FRACTIONS])
        trials, off = restore(function, trials, size)  # [trials, batch, n], [trials, batch]
        gain = ops.sum((trials - y) * pull(0.5 * (trials + y)), axis=-1)  # [trials, batch]
        # NaN compares false: a trial that has gone astray is never taken. Near the
        # end rounding hides the gain of the full step, which is then taken all the same.
        slack = 8.0 * eps * size**2
        allowed = (gain > -slack) & (off < ON_MANIFOLD * eps**0.5 * size)
        favour = np.eye(len(FRACTIONS))[0][:, None] * slack  # [trials, 1]
        gain = gain + ops.convert_to_tensor(favour, dtype=x.dtype)
        best = ops.argmax(ops.where(allowed, gain, -1e3 * size**2), axis=0)  # [batch]
        for i in range(len(FRACTIONS)):
            y = ops.where((allowed[i] & (best == i))[:, None], trials[i], y)
        return step_count + 1, y, ops.max(ops.abs(y - before))

    starts = ops.convert_to_tensor(anchors - middle, dtype=x.dtype)  # [count, n]
    score = ops.matmul(target, transpose(starts))  # [batch, count]
    score = score - 0.5 * scale * ops.sum(ops.square(starts), axis=-1)
    y = ops.take(starts, ops.argmax(score, axis=-1), axis=0) + centre  # [batch, n]
    # The error after a Newton step is of the order of the square of the step.
    small = 0.1 * eps**0.5 * size
    _, y, _ = ops.while_loop(
        lambda step_count, y, moved: (step_count < STEPS) & (moved > small),
        improve,
        (0, y + offset(function, y), ops.convert_to_tensor(size, dtype=x.dtype)),
    )
    _, derivative = newton_step(function, y, pull(y), scale, FLOOR)
    return y, derivative * scale[..., None]


def restore(function: Function, y: Tensor, size: float) -> tuple[Tensor, Tensor]:
    """Brings points near the level set back to it, in steps below a fifth of its size.

    Returns:
        The points `[..., n]` and the length of the last step, `[...]`.
    """
    for _ in range(RESTORATIONS):
        step = ops.clip(offset(function, y), -0.2 * size, 0.2 * size)
        y = y + step
    return y, ops.max(ops.abs(step), axis=-1)


def _bounded(x: Tensor, size: float) -> tuple[Tensor, Tensor]:
    """Vectors shortened to at most `size`, `[batch, n]`, and the factors, `[batch, 1]`."""
    largest = ops.max(ops.abs(x), axis=-1, keepdims=True)  # [batch, 1]
    far = largest > size
    shrink = headroom(largest)
    safe = ops.where(far, largest * shrink, 1.0)
    direction = x * shrink / safe  # its squares cannot overflow
    length = ops.sqrt(ops.sum(ops.square(direction), axis=-1, keepdims=True))
    length = ops.where(far, length, 1.0)
    return ops.where(far, size * direction / length, x), ops.where(
        far, size * shrink / safe / length, ops.ones_like(safe)
    )
