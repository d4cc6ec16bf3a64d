"""Orientations of crystals: angles between them, means and alignments, all up to a symmetry.

An orientation is a rotation matrix that takes directions of the specimen to directions of the
crystal (Bunge's, and orix's, convention), so that a symmetry S of the crystal stands on the left:
S O and O are the same orientation.
"""

import itertools

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import real_array, require_finite

STARTS = 12  # of a mean or an alignment, of which the best result counts
JUDGES = 100  # examples by which starts are chosen
ROUNDS = 100  # of choosing equivalents and averaging; a few are usual
ORTHOGONAL = 1e-3  # largest error of a rotation matrix


def cubic_rotations() -> np.ndarray:
    """The 24 rotations of a cube, the group 432 or O, `[24, 3, 3]`; the identity is the first.

    Example:
        >>> from diffusion_vae.evaluation import cubic_rotations
        >>> cubic_rotations().shape
        (24, 3, 3)
    """
    signed = np.array([
        np.eye(3)[list(order)] * np.array(signs)[:, None]
        for order in itertools.permutations(range(3))
        for signs in itertools.product((1.0, -1.0), repeat=3)
    ])  # fmt: skip
    return signed[np.linalg.det(signed) > 0.0]


def misorientation(a: ArrayLike, b: ArrayLike, symmetry: ArrayLike) -> np.ndarray:
    """Smallest angle between the equivalents of orientations, in radians, `[n]`.

    Args:
        a: Orientations, `[n, 3, 3]` or `[n, 9]`.
        b: As many, or one.
        symmetry: Rotations of the crystal `[s, 3, 3]`, such as `cubic_rotations()`.

    Raises:
        ValueError: If an argument holds no rotation matrices, or the numbers differ.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import cubic_rotations, misorientation
        >>> quarter = np.array([[[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]]])
        >>> misorientation(quarter, np.eye(3)[None], cubic_rotations()).round(6).tolist()
        [0.0]
    """
    a, b, symmetry = _rotations("a", a), _rotations("b", b), _rotations("symmetry", symmetry)
    if len(b) not in (1, len(a)):
        raise ValueError(
            "Expected as many orientations in `b` as in `a`, or one. Received: "
            f"{len(b)} and {len(a)}."
        )
    equivalent = _nearest(a, np.broadcast_to(b, a.shape), symmetry)
    # From the length of the difference, which the trace does not resolve at small angles.
    chord = np.linalg.norm(equivalent - b, axis=(1, 2)) / np.sqrt(8.0)  # sin(angle / 2)
    return 2.0 * np.arcsin(np.minimum(chord, 1.0))


def mean_orientation(orientations: ArrayLike, symmetry: ArrayLike) -> np.ndarray:
    """The mean of orientations up to a symmetry, `[3, 3]`.

    Each orientation stands for its equivalent nearest to the mean. Mapping them to a fundamental
    zone first gives another result: what lies beside the border of the zone is torn.

    Args:
        orientations: `[n, 3, 3]` or `[n, 9]`.
        symmetry: Rotations of the crystal `[s, 3, 3]`, such as `cubic_rotations()`.

    Returns:
        The rotation whose squared distances to the nearest equivalents have the smallest sum
        found from several starts.

    Raises:
        ValueError: If an argument holds no rotation matrices.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import cubic_rotations, mean_orientation
        >>> np.abs(mean_orientation(cubic_rotations(), cubic_rotations())).round(6).tolist()
        [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    """
    orientations = _rotations("orientations", orientations)
    codes = np.broadcast_to(np.eye(3), orientations.shape)
    return _turn(codes, orientations, _rotations("symmetry", symmetry), orientations[:STARTS])


def align_orientations(codes: ArrayLike, reference: ArrayLike, symmetry: ArrayLike) -> np.ndarray:
    """The one rotation T after which codes fit known orientations best: code T ~ reference.

    A model that has seen no orientations cannot know the axes of the specimen. Fit the rotation on
    some of the examples, and measure `misorientation(codes @ T, reference, symmetry)` of others.

    Args:
        codes: Rotations, `[n, 3, 3]` or `[n, 9]`.
        reference: Known orientations of the same examples.
        symmetry: Rotations of the crystal `[s, 3, 3]`, such as `cubic_rotations()`.

    Returns:
        T, `[3, 3]`: each reference stands for its equivalent nearest to the code, and T is the
        best of several starts. Codes far from any are left out of the final fit, so that a few
        wrong ones do not turn it.

    Raises:
        ValueError: If an argument holds no rotation matrices, or the numbers differ.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import align_orientations, cubic_rotations
        >>> turn = np.array([[0.8, -0.6, 0.0], [0.6, 0.8, 0.0], [0.0, 0.0, 1.0]])
        >>> codes = cubic_rotations()[:5]
        >>> found = align_orientations(codes, codes @ turn, cubic_rotations())
        >>> np.allclose(codes[0] @ found, codes[0] @ turn)
        True
    """
    codes, reference = _rotations("codes", codes), _rotations("reference", reference)
    symmetry = _rotations("symmetry", symmetry)
    if len(codes) != len(reference):
        raise ValueError(
            f"Expected one reference for each code. Received: {len(codes)} codes and "
            f"{len(reference)} references."
        )
    few = np.linspace(0, len(codes) - 1, min(STARTS, len(codes))).astype(int)
    some = np.linspace(0, len(codes) - 1, min(JUDGES, len(codes))).astype(int)
    # A code may be any equivalent: each pair offers a start for each of them.
    back = np.swapaxes(codes[few], 1, 2)[:, None]
    starts = (back @ symmetry @ reference[few][:, None]).reshape(-1, 3, 3)
    totals = [_total(codes[some], reference[some], symmetry, start) for start in starts]
    turn = _turn(codes, reference, symmetry, starts[np.argsort(totals)[:STARTS]])
    angles = misorientation(codes @ turn, reference, symmetry)
    near = angles <= 3.0 * np.median(angles)
    return _turn(codes[near], reference[near], symmetry, turn[None])


def _turn(
    codes: np.ndarray, reference: np.ndarray, symmetry: np.ndarray, starts: np.ndarray
) -> np.ndarray:
    """The rotation on the right of the codes that brings them nearest to the references."""
    best, least = starts[0], np.inf
    for turn in starts:
        for _ in range(ROUNDS):
            equivalent = _nearest(reference, codes @ turn, symmetry)
            u, _, v = np.linalg.svd(np.einsum("nji,njk->ik", codes, equivalent))
            new = (u * [1.0, 1.0, np.sign(np.linalg.det(u @ v))]) @ v
            if np.abs(new - turn).max() < 1e-12:
                break
            turn = new
        total = _total(codes, reference, symmetry, turn)
        if total < least:
            best, least = turn, total
    return best


def _total(
    codes: np.ndarray, reference: np.ndarray, symmetry: np.ndarray, turn: np.ndarray
) -> float:
    """Sum of distances, and not of their squares: most examples count more than the worst."""
    equivalent = _nearest(reference, codes @ turn, symmetry)
    return float(np.linalg.norm(equivalent - codes @ turn, axis=(1, 2)).sum())


def _nearest(orientations: np.ndarray, to: np.ndarray, symmetry: np.ndarray) -> np.ndarray:
    """The equivalents of orientations that are nearest to others, `[n, 3, 3]`."""
    relative = to @ np.swapaxes(orientations, 1, 2)  # [n, 3, 3]; nearest S: largest trace with it
    traces = relative.reshape(-1, 9) @ symmetry.reshape(-1, 9).T
    return symmetry[traces.argmax(axis=1)] @ orientations


def _rotations(name: str, matrices: ArrayLike) -> np.ndarray:
    """Rotation matrices as `[n, 3, 3]`, in float64.

    Raises:
        ValueError: If they are none.
    """
    found = real_array(name, matrices).astype(float)
    require_finite(name, found)
    if found.shape[1:] not in ((3, 3), (9,)) or not len(found):
        raise ValueError(
            f"Expected `{name}` to be rotation matrices, [n, 3, 3] or [n, 9]. Received the shape "
            f"{found.shape}."
        )
    found = found.reshape(-1, 3, 3)
    error = np.abs(found @ np.swapaxes(found, 1, 2) - np.eye(3)).max()
    if error > ORTHOGONAL or (np.linalg.det(found) < 0.0).any():
        raise ValueError(
            f"Expected `{name}` to be rotation matrices, orthogonal with determinant 1. Received: "
            f"an array that is not (largest error {error:.2g})."
        )
    return found
