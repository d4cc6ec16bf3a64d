"""Orthonormal directions that project a space of many dimensions to a picture."""

import numpy as np


def principal_directions(
    points: np.ndarray | None, dimension: int, count: int, centre: bool = True
) -> tuple[np.ndarray, float | None]:
    """The directions in which points vary most, and their share of the variance.

    Args:
        points: `[n, dimension]`, or `None` for the first coordinate axes.
        dimension: Number of coordinates.
        count: Number of directions; zero vectors fill up where `dimension` is smaller.
        centre: Whether the mean is subtracted first.

    Returns:
        Orthonormal rows `[count, dimension]`, each with its largest entry positive,
        and the share of the variance that the first two explain (`None` without points).
    """
    directions = np.zeros((count, dimension))
    if points is None or len(points) < 2:
        directions[:, :count] = np.eye(count)[:, :dimension]
        return directions, None
    centred = points - points.mean(axis=0) if centre else points
    variances, vectors = np.linalg.eigh(centred.T @ centred)  # ascending
    leading = vectors.T[::-1][:count]  # [count, dimension]
    largest = np.take_along_axis(leading, np.abs(leading).argmax(axis=-1)[:, None], axis=-1)
    directions[: len(leading)] = leading * np.where(largest < 0, -1.0, 1.0)
    total = max(float(variances.sum()), np.finfo("float64").tiny)
    return directions, float(variances[::-1][:2].sum()) / total


def directions_title(name: str, share: float | None) -> str:
    """The title that names the directions of a picture."""
    if share is None:
        return f"{name}, first two coordinates"
    return f"{name}, two principal directions ({share:.0%} of the variance)"
