"""Lengths of Gaussian noise that are exceeded as often as radii of a motion."""

import numpy as np
from scipy.special import gammainccinv, gammaincinv


def noise_length(dim: int, panels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Lengths |v| of standard normal noise with the probabilities of a law's inner edges.

    Args:
        dim: Dimension of the noise.
        panels: Probability of each panel of the radius, from the centre on, `[times, panels]`.

    Returns:
        The lengths, and the probabilities above the edges, `[times, panels - 1]` each.
    """
    below = np.cumsum(panels, axis=-1)[:, :-1]
    above = np.cumsum(panels[:, ::-1], axis=-1)[:, -2::-1]
    # Each tail from its own side: 1 - x loses the digits of a small x.
    lower = below < 0.5
    half_square = np.empty(below.shape)
    half_square[lower] = gammaincinv(0.5 * dim, below[lower])
    half_square[~lower] = gammainccinv(0.5 * dim, above[~lower])
    return np.sqrt(2.0 * half_square), above
