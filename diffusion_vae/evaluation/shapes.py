"""Landmarks in the plane compared as shapes: distances, means, and one laid on the other."""

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.datasets.landmarks import helmert, shape_points


def shape_distance(a: ArrayLike, b: ArrayLike) -> np.ndarray:
    """Riemannian distance of shapes, whatever their place, size and rotation (Kendall 1984).

    Args:
        a: Landmarks, `[n, k, 2]`.
        b: Landmarks, `[n, k, 2]` or `[1, k, 2]`.

    Returns:
        Distances in radians, from 0 to pi / 2, `[n]`. Their sine is the full Procrustes distance.

    Raises:
        ValueError: If an argument holds no landmarks, or the numbers differ.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import shape_distance
        >>> square = np.array([[[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]])
        >>> kite = np.array([[[0.0, 0.0], [1.0, 0.0], [2.0, 2.0], [0.0, 1.0]]])
        >>> shape_distance(square, 7.0 - 2.0 * square).round(4)
        array([0.])
        >>> shape_distance(square, kite).round(4)
        array([0.4405])
    """
    x, y = _pair(a, b)
    product = np.sum(x.conj() * y, axis=-1)
    return np.arctan2(np.linalg.norm(y - x * product[:, None], axis=-1), np.abs(product))


def mean_shape(landmarks: ArrayLike) -> np.ndarray:
    """The full Procrustes mean of shapes, centred and of size 1, `[k, 2]` (Kent 1994).

    Args:
        landmarks: `[n, k, 2]`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import mean_shape, shape_distance
        >>> square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
        >>> mean = mean_shape(np.stack([square, 3.0 * square + 1.0]))
        >>> shape_distance(mean[None], square[None]).round(6)
        array([0.])
    """
    z = _complex(landmarks)
    return _landmarks(np.linalg.eigh(z.T @ z.conj())[1][:, -1])


def align_landmarks(landmarks: ArrayLike, reference: ArrayLike) -> np.ndarray:
    """Landmarks centred, of size 1, and turned to lie on a reference as well as they can.

    Args:
        landmarks: `[n, k, 2]`.
        reference: `[n, k, 2]` or `[1, k, 2]`.

    Returns:
        `[n, k, 2]`.

    Raises:
        ValueError: If an argument holds no landmarks, or the numbers differ.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import align_landmarks
        >>> triangle = np.array([[[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]])
        >>> turned = 3.0 * triangle[..., ::-1] * [-1.0, 1.0]
        >>> np.allclose(align_landmarks(turned, triangle), align_landmarks(triangle, triangle))
        True
    """
    x, y = _pair(landmarks, reference)
    product = np.sum(x.conj() * y, axis=-1, keepdims=True)
    return _landmarks(x * np.exp(1j * np.angle(product)))


def _complex(landmarks: ArrayLike) -> np.ndarray:
    z = shape_points(landmarks)
    half = z.shape[-1] // 2
    return z[:, :half] + 1j * z[:, half:]


def _landmarks(z: np.ndarray) -> np.ndarray:
    centred = z @ helmert(z.shape[-1] + 1)
    return np.stack([centred.real, centred.imag], axis=-1)


def _pair(a: ArrayLike, b: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    x, y = _complex(a), _complex(b)
    if x.shape[1] != y.shape[1] or len(y) not in (1, len(x)):
        raise ValueError(
            "Expected as many landmarks, and as many shapes or one, in both. Received: "
            f"{np.shape(a)} and {np.shape(b)}."
        )
    return x, y
