"""Angles read off codes on a circle or a torus, after one rotation and reflection.

A model that has seen no angles cannot know where zero is, nor which way round they go. On a torus
it cannot know either which two loops are called the angles: the axes of a grid of hexagons are
60 degrees apart, and of the three each pair is as good as any other. The maps that are left are
reference = matrix code + shift with whole numbers in the matrix and determinant +-1.
"""

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import real_array, require_finite

LARGEST_DIM = 3
LARGEST_ENTRY = 2  # of the matrix
ROWS = 24  # of whole numbers that are tried for each angle, those that fit best


@dataclass(frozen=True)
class AngleAlignment:
    """A map from codes to angles: on the circle a rotation and perhaps a reflection.

    It is made by `align_angles` and called with codes.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import align_angles
        >>> angle = np.array([0.1, 1.0, 2.0, 3.0, -2.0])
        >>> codes = np.stack([np.cos(0.5 - angle), np.sin(0.5 - angle)], axis=1)
        >>> alignment = align_angles(codes, angle)
        >>> alignment.matrix.tolist(), alignment.shift.round(3).tolist()
        ([[-1]], [0.5])
        >>> alignment(codes).round(3).tolist()
        [0.1, 1.0, 2.0, 3.0, -2.0]

    Attributes:
        matrix: Whole numbers `[dim, dim]` with determinant +-1; on the circle -1 for a reflection.
        shift: Radians, `[dim]`.
        agreement: Mean cosine of what is left between the angles that it was made of and their
            references, `[dim]`: 1 where they agree, near 0 where they are unrelated.
        flat: Whether the references were given as `[n]`.
    """

    matrix: np.ndarray
    shift: np.ndarray
    agreement: np.ndarray
    flat: bool = False

    def __call__(self, codes: ArrayLike) -> np.ndarray:
        """Angles of codes in radians, in (-pi, pi].

        Args:
            codes: `[n, 2 dim]`, as for `align_angles`.

        Returns:
            `[n]` where the references were given so, else `[n, dim]`.

        Raises:
            ValueError: If they are not real numbers, their shape differs or they hold NaN.
        """
        angles = _angles("codes", codes, len(self.shift)) @ self.matrix.T + self.shift
        wrapped = np.pi - np.remainder(np.pi - angles, 2.0 * np.pi)
        return wrapped[:, 0] if self.flat else wrapped


def align_angles(codes: ArrayLike, reference: ArrayLike) -> AngleAlignment:
    """The rotation and reflection after which codes on a circle or torus fit known angles best.

    Fit it on some of the time and call it with the codes of the rest. Best is the largest mean
    cosine of the differences, over all turns of the circle both ways round, on a torus over all
    matrices of whole numbers up to 2 with determinant +-1, and all shifts.

    Args:
        codes: Points of the circle or the flat torus as `encode` gives them: pairs that are in
            proportion to cosine and sine, `[n, 2 dim]` with dim up to 3.
        reference: Known angles of the same examples in radians, any real numbers: `[n]` on the
            circle, or `[n, dim]`.

    Returns:
        An `AngleAlignment`, which maps codes to angles.

    Raises:
        ValueError: If an argument is no array of real numbers, the shapes do not fit, a number is
            NaN or infinite, or a pair is (0, 0).

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import align_angles
        >>> phases = np.random.default_rng(0).uniform(-np.pi, np.pi, (100, 2))
        >>> turned = np.stack([phases[:, 1], phases[:, 0] - phases[:, 1] + 1.0], axis=1)
        >>> pairs = np.stack([np.cos(turned), np.sin(turned)], axis=2)
        >>> align_angles(pairs.reshape(100, 4), phases).matrix.tolist()
        [[1, 1], [1, 0]]
    """
    known = real_array("reference", reference)
    flat = known.ndim == 1
    known = known[:, None] if flat else known
    if known.ndim != 2 or not 1 <= known.shape[1] <= LARGEST_DIM or not len(known):
        raise ValueError(
            f"Expected `reference` to be angles [n] or [n, dim] with dim up to {LARGEST_DIM}. "
            f"Received the shape {np.shape(reference)}."
        )
    require_finite("reference", known)
    dim = known.shape[1]
    angles = _angles("codes", codes, dim)
    if len(angles) != len(known):
        raise ValueError(
            f"Expected one reference for each code. Received: {len(angles)} codes and "
            f"{len(known)} references."
        )
    entries = range(-LARGEST_ENTRY, LARGEST_ENTRY + 1)
    rows = np.array(list(itertools.product(entries, repeat=dim)))  # [R, dim]
    # The mean of exp(i (reference - row . angles)): its angle is the best shift, and its length
    # the mean cosine after it.
    means = np.stack(
        [np.exp(1j * (known - (angles @ row)[:, None])).mean(axis=0) for row in rows]
    )  # [R, dim]
    best = np.argsort(-np.abs(means), axis=0, kind="stable")[:ROWS]  # [rows, dim]
    choices = np.array(list(itertools.product(range(len(best)), repeat=dim)))  # [C, dim]
    picked = np.stack([best[choices[:, k], k] for k in range(dim)], axis=1)  # [C, dim]
    unimodular = np.abs(np.rint(np.linalg.det(rows[picked].astype(float)))) == 1
    picked = picked[unimodular]
    agreement = np.abs(means[picked, np.arange(dim)])  # [C, dim]
    chosen = picked[agreement.sum(axis=1).argmax()]
    mean = means[chosen, np.arange(dim)]
    return AngleAlignment(rows[chosen], np.angle(mean), np.abs(mean), flat)


def _angles(name: str, codes: ArrayLike, dim: int) -> np.ndarray:
    """Angles of pairs of cosine and sine, `[n, 2 dim] -> [n, dim]`."""
    pairs = real_array(name, codes).astype(float)
    if pairs.ndim != 2 or pairs.shape[1] != 2 * dim:
        raise ValueError(
            f"Expected `{name}` to be pairs of cosine and sine [n, {2 * dim}], one for each "
            f"angle. Received the shape {pairs.shape}."
        )
    require_finite(name, pairs)
    x, y = pairs[:, ::2], pairs[:, 1::2]
    if ((x == 0.0) & (y == 0.0)).any():
        raise ValueError(
            f"Expected pairs of cosine and sine in `{name}`. Received: the pair (0, 0), which "
            "has no angle."
        )
    return np.arctan2(y, x)
