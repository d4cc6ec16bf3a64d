"""Landmarks in the plane as shapes: what is left without their place, size and rotation."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import ArrayLike

if TYPE_CHECKING:  # manifolds need Keras, and the command lists data sets without it
    from diffusion_vae.manifolds import ComplexProjective

LEAST = 3  # landmarks; two have one shape


def shape_features(landmarks: ArrayLike) -> np.ndarray:
    """Numbers that landmarks keep under translation, rotation and scale, and that give them back.

    With the landmarks as complex numbers, centred and of size 1, Helmert's matrix gives a point z
    of complex projective space CP^(k-2) (Kendall 1984). The features are those of z z*, of mean 0
    and variance 1 over all shapes (`ComplexProjective.even_features`). Mirror images are other
    shapes. Train a model on the features; `shape_landmarks` makes landmarks of what it decodes.

    Args:
        landmarks: k landmarks of each shape, in any unit, `[n, k, 2]`, k at least 3.

    Returns:
        float32 `[n, (k - 1)^2]`.

    Raises:
        TypeError: If they are no real numbers.
        ValueError: If they are of another shape, not finite, or all in one place.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import shape_features, shape_landmarks
        >>> triangle = np.array([[[0.0, 0.0], [2.0, 0.0], [0.0, 1.0]]])
        >>> turned = 3.0 * triangle[..., ::-1] * [-1.0, 1.0] + 5.0  # by 90 degrees, and larger
        >>> bool(np.allclose(shape_features(triangle), shape_features(turned), atol=1e-6))
        True
        >>> shape_landmarks(shape_features(triangle)).shape
        (1, 3, 2)
    """
    from diffusion_vae.manifolds.numerics.numpy_view import ArrayFunction

    z = shape_points(landmarks)
    function = ArrayFunction(_space(z.shape[-1] // 2 + 1).even_features, z.shape[-1], "float32")
    return function(z).astype("float32")


def shape_landmarks(features: ArrayLike) -> np.ndarray:
    """Landmarks of the shape that is closest to given features.

    Args:
        features: As of `shape_features`, or decoded by a model, `[n, (k - 1)^2]`.

    Returns:
        Centred landmarks of size 1 (the root of the sum of their squares), in a rotation that
        has no meaning, float32 `[n, k, 2]`. `evaluation.align_landmarks` turns them.

    Raises:
        ValueError: If the number of features is no square, or they are not finite.
    """
    from diffusion_vae.manifolds.numerics.numpy_view import ArrayFunction

    features = _numbers("features", features)
    k = round(features.shape[-1] ** 0.5) + 1 if features.ndim == 2 else 0
    if k < LEAST or (k - 1) ** 2 != features.shape[-1]:
        raise ValueError(
            "Expected `features` of shape [n, (k - 1)^2] for k landmarks, such as [n, 4]. "
            f"Received shape: {features.shape}."
        )
    space = _space(k)
    function = ArrayFunction(space.project_even_features, features.shape[-1], "float32")
    z = function(features)  # [n, 2k - 2]
    centred = (z[:, : k - 1] + 1j * z[:, k - 1 :]) @ helmert(k)  # [n, k]
    return np.stack([centred.real, centred.imag], axis=-1).astype("float32")


def shape_points(landmarks: ArrayLike) -> np.ndarray:
    """The points of CP^(k-2) that shapes of k landmarks are, under one of their names.

    Args:
        landmarks: `[n, k, 2]`, k at least 3.

    Returns:
        Unit vectors, real parts first, float64 `[n, 2k - 2]`.

    Raises:
        TypeError: If they are no real numbers.
        ValueError: If they are of another shape, not finite, or all in one place.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import shape_points
        >>> shape_points(np.random.default_rng(0).normal(size=(5, 4, 2))).shape  # CP^2
        (5, 6)
    """
    landmarks = _numbers("landmarks", landmarks)
    if landmarks.ndim != 3 or landmarks.shape[1] < LEAST or landmarks.shape[2] != 2:
        raise ValueError(
            f"Expected `landmarks` of shape [n, k, 2] with k of at least {LEAST}. "
            f"Received shape: {landmarks.shape}."
        )
    middle = landmarks.mean(axis=1, keepdims=True)
    largest = np.max(np.abs(landmarks - middle), axis=(1, 2), keepdims=True)
    alone = np.flatnonzero(
        largest <= 1e-12 * np.max(np.abs(landmarks), axis=(1, 2), keepdims=True)
    )
    if len(alone):
        raise ValueError(
            "Expected landmarks in different places. Received: all landmarks of example "
            f"{alone[0]} in one place ({len(alone)} of {len(landmarks)} examples)."
        )
    centred = (landmarks - middle) / largest
    z = (centred[..., 0] + 1j * centred[..., 1]) @ helmert(landmarks.shape[1]).T  # [n, k - 1]
    z /= np.linalg.norm(z, axis=-1, keepdims=True)
    return np.concatenate([z.real, z.imag], axis=-1)


def helmert(k: int) -> np.ndarray:
    """Orthonormal rows, all orthogonal to (1, ..., 1), `[k - 1, k]`."""
    rows = np.tri(k)[:-1]  # row j has j + 1 ones
    rows[np.arange(k - 1), np.arange(1, k)] = -np.arange(1.0, k)
    return rows / np.linalg.norm(rows, axis=-1, keepdims=True)


def _space(k: int) -> ComplexProjective:
    from diffusion_vae.manifolds import ComplexProjective

    return ComplexProjective(k - 2)


def _numbers(name: str, values: ArrayLike) -> np.ndarray:
    array = np.asarray(values)
    if array.dtype.kind not in "fiu":
        raise TypeError(f"Expected `{name}` to be real numbers. Received: dtype {array.dtype}.")
    array = array.astype("float64")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        raise ValueError(
            f"Expected `{name}` to be finite. Received: {len(bad)} numbers that are not, the "
            f"first in example {bad[0][0]}. Leave such examples out."
        )
    return array
