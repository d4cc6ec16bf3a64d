"""Integrals of a heat kernel on a sphere over geodesic shells, at many times at once."""

import math

import numpy as np
from scipy.interpolate import CubicSpline, PchipInterpolator
from scipy.special import gammainccinv, gammaincinv

from diffusion_vae.heat_kernels.numeric import relative_entropy_term
from diffusion_vae.heat_kernels.zonal import log_sphere_volume

PANELS = 256
PANEL_NODES = 4
NEARLY_UNIFORM = 16.0  # rate times time after which only the slowest harmonic is left


class Shells:
    """Panels of the radius with Gauss-Legendre nodes, for every time, in float64.

    Args:
        dim: Dimension of the sphere, at least 2.
        t: Times, `[times]`.
        correction: log q + r^2 / 2t + (d/2) log(2 pi t) at equal steps of r from 0 to
            pi, `[times, radii]`.
        reach: Radius, in sqrt(t), up to which the law is needed.

    Raises:
        ArithmeticError: If a density does not integrate to 1.
    """

    def __init__(self, dim: int, t: np.ndarray, correction: np.ndarray, reach: float) -> None:
        self.dim, self.t = dim, t
        self.end = np.minimum(math.pi, np.sqrt(t) * (reach + 2.0))  # [times]
        # Short panels at both ends, where a distribution function has its tails.
        edges = 0.5 * (1.0 - np.cos(np.linspace(0.0, math.pi, PANELS + 1)))
        nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
        width = np.diff(edges)[:, None]
        places = edges[:-1, None] + 0.5 * width * (nodes + 1.0)  # [PANELS, PANEL_NODES]
        self.edges = self.end[:, None] * edges  # [times, PANELS + 1]
        r = self.end[:, None] * places.ravel()  # [times, nodes]
        log_weight = np.log(self.end[:, None] * (0.5 * width * weights).ravel())
        log_weight = log_weight + log_sphere_volume(dim - 1) + (dim - 1) * np.log(np.sin(r))
        self.log_prior = log_weight - log_sphere_volume(dim)
        self.log_ratio = self._log_ratio(correction, r)  # to the uniform law
        self.antipodal_log_ratio = self._log_ratio(correction, math.pi - r)
        self.origin_log_ratio = self._log_ratio(correction, np.zeros((len(t), 1)))[:, 0]
        self.mass = np.exp(self.log_prior + self.log_ratio)  # [times, nodes]
        wrong = np.abs(self.mass.sum(axis=-1) - 1.0)
        if not np.max(wrong) < 1e-5:
            raise ArithmeticError(
                f"Expected the heat kernel of S^{dim} to integrate to 1 at every time. "
                f"Received an error of {np.max(wrong):.1e} at t = {t[np.argmax(wrong)]:.3g}."
            )

    def sphere_log_kl(self) -> np.ndarray:
        """Logarithm of the KL to the uniform law on S^dim, `[times]`."""
        return self._log_kl(self.log_ratio, rate=self.dim, multiplicity=self.dim + 1)

    def projective_log_kl(self) -> np.ndarray:
        """Logarithm of the KL to the uniform law on RP^dim, `[times]`."""
        ratio = np.logaddexp(self.log_ratio, self.antipodal_log_ratio) - math.log(2.0)
        d = self.dim  # only even harmonics are functions on RP^d
        return self._log_kl(ratio, rate=2 * (d + 1), multiplicity=(d + 1) * (d + 2) // 2 - 1)

    def stretch(self, noise: np.ndarray) -> np.ndarray:
        """log of r / (sqrt t |v|) at the lengths |v| in `noise`, `[times, len(noise)]`.

        |v| is the length of d-dimensional standard normal noise, and r the radius that is
        exceeded with the same probability.
        """
        panels = self.mass.reshape(len(self.t), PANELS, PANEL_NODES).sum(axis=-1)
        below = np.cumsum(panels, axis=-1)[:, :-1]  # at the edges between panels
        above = np.cumsum(panels[:, ::-1], axis=-1)[:, -2::-1]
        half = 0.5 * self.dim
        # Each tail from its own side: 1 - x loses the digits of a small x.
        lower = gammaincinv(half, np.minimum(below, 0.5))
        upper = gammainccinv(half, np.minimum(above, 0.5))
        length = np.sqrt(2.0 * np.where(below < 0.5, lower, upper))  # [times, PANELS - 1]
        # Near 0 both laws are flat: r / |v| is a d-th root of the ratio of their densities.
        log_q = self.origin_log_ratio - log_sphere_volume(self.dim)
        at_zero = -log_q / self.dim - 0.5 * math.log(2.0 * math.pi)  # [times]
        rows = zip(length, self.edges[:, 1:-1], self.end, at_zero, strict=True)
        log_ratio = np.stack([_log_ratio_at(noise, *row) for row in rows])
        return log_ratio - 0.5 * np.log(self.t)[:, None]

    def _log_ratio(self, correction: np.ndarray, r: np.ndarray) -> np.ndarray:
        """log of q Vol at the radii, `[times, nodes]`."""
        radii = np.linspace(0.0, math.pi, correction.shape[1])
        smooth = np.stack(
            [CubicSpline(radii, row)(at) for row, at in zip(correction, r, strict=True)]
        )
        t = self.t[:, None]
        gaussian = -(r**2) / (2.0 * t) - 0.5 * self.dim * np.log(2.0 * math.pi * t)
        return smooth + gaussian + log_sphere_volume(self.dim)

    def _log_kl(self, log_ratio: np.ndarray, rate: float, multiplicity: int) -> np.ndarray:
        whole = np.sum(np.exp(self.log_prior) * relative_entropy_term(log_ratio), axis=-1)
        part = np.sum(self.mass * log_ratio, axis=-1)  # the rest of the sphere is empty
        slowest = math.log(0.5 * multiplicity) - rate * self.t
        kl = np.where(self.end < math.pi, part, whole)
        late = rate * self.t > NEARLY_UNIFORM
        return np.where(late, slowest, np.log(np.where(late, 1.0, kl)))


def _log_ratio_at(
    noise: np.ndarray, length: np.ndarray, radius: np.ndarray, end: float, at_zero: float
) -> np.ndarray:
    """log(r / |v|) at |v| = `noise`, given the radii of some lengths."""
    # Panels of negligible probability do not determine the length.
    known = (length > 0.1) & (length < noise[-1] + 1.0) & (np.diff(length, prepend=0.0) > 1e-6)
    length, radius = length[known], radius[known]
    ratio = np.concatenate([[at_zero], np.log(radius / length)])
    result = PchipInterpolator(np.concatenate([[0.0], length]), ratio)(
        np.minimum(noise, length[-1])
    )
    # Beyond the last panel's edge the radius itself goes to its end.
    far = noise > length[-1]
    beyond = PchipInterpolator([length[-1], noise[-1] + 10.0], [radius[-1], end])
    result[far] = np.log(beyond(noise[far]) / noise[far])
    return result
