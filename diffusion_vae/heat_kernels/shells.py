"""Integrals of a heat kernel over geodesic shells, at many times at once."""

import math

import numpy as np
from scipy.special import gammaincc

from diffusion_vae.heat_kernels.contour import log_correction
from diffusion_vae.heat_kernels.cut_locus import cut_locus
from diffusion_vae.heat_kernels.numeric import relative_entropy_term
from diffusion_vae.heat_kernels.zonal import Zonal
from diffusion_vae.manifolds.numerics.noise_length import noise_length

PANELS = 256
PANEL_NODES = 4
DEGREE = 56  # of the polynomial through the log density, on the shells that count
TAIL = 12.0  # radius, in sqrt(t) beyond sqrt(dim), where a kernel is cut off
DEPTH = 50.0  # nats below the heaviest shell at which shells do not count
ROUGH_RADII, ROUGH_NODES = 48, 10  # with which those that count are found
NEARLY_UNIFORM = -28.0  # log KL below which only the slowest harmonics are left
MASS_ERROR = 1e-7


class Shells:
    """Panels of the radius with Gauss-Legendre nodes, for every time, in float64.

    In high dimension the mass lies in a thin shell: panels cover what is within exp(-`DEPTH`)
    of the heaviest shell, and the log density is a polynomial through exact values there.

    Args:
        space: The space, of dimension 2 or more.
        t: Times in equal steps of their logarithms, `[times]`, at least 6.

    Raises:
        ArithmeticError: If a density does not integrate to 1.
    """

    def __init__(self, space: Zonal, t: np.ndarray) -> None:
        self.space, self.t = space, t
        low, high = _shells_that_count(space, t)  # [times]
        width = (high - low)[:, None]
        # Short panels at both ends, where a distribution function has its tails.
        edges = 0.5 * (1.0 - np.cos(np.linspace(0.0, math.pi, PANELS + 1)))
        nodes, weights = np.polynomial.legendre.leggauss(PANEL_NODES)
        share = np.diff(edges)[:, None]
        places = (edges[:-1, None] + 0.5 * share * (nodes + 1.0)).ravel()  # [nodes]
        self.edges = low[:, None] + width * edges  # [times, PANELS + 1]
        r = low[:, None] + width * places  # [times, nodes]
        log_weight = np.log(width * (0.5 * share * weights).ravel())
        self.log_prior = log_weight + space.log_shell(r) - space.log_volume
        self.log_ratio = self._log_ratio(low, width, places, r)  # to the uniform law
        self.mass = np.exp(self.log_prior + self.log_ratio)  # [times, nodes]
        wrong = np.abs(self.mass.sum(axis=-1) - 1.0)
        if not np.max(wrong) < MASS_ERROR:
            raise ArithmeticError(
                f"Expected the heat kernel of {space} to integrate to 1 at every time. "
                f"Received an error of {np.max(wrong):.1e} at t = {t[np.argmax(wrong)]:.3g}."
            )

    def log_kl(self) -> np.ndarray:
        """Logarithm of the KL to the uniform law, `[times]`."""
        slowest = math.log(0.5 * self.space.multiplicity) - self.space.rate * self.t
        late = slowest < NEARLY_UNIFORM
        kl = np.sum(self.mass * self.log_ratio, axis=-1)  # the rest of the space is empty
        # Where the kernel is near the uniform law, so that all shells that count for it do.
        prior = np.exp(self.log_prior)
        whole = np.abs(np.sum(prior, axis=-1) - 1.0) < MASS_ERROR
        terms = relative_entropy_term(self.log_ratio[whole])
        kl[whole] = np.sum(prior[whole] * terms, axis=-1)
        return np.where(late, slowest, np.log(np.where(late, 1.0, kl)))

    def stretch(self, noise: np.ndarray) -> np.ndarray:
        """log of r / (sqrt t |v|) at the lengths |v| in `noise`, `[times, len(noise)]`.

        |v| is the length of d-dimensional standard normal noise, and r the radius that is
        exceeded with the same probability.
        """
        panels = self.mass.reshape(len(self.t), PANELS, PANEL_NODES).sum(axis=-1)
        length, above = noise_length(self.space.dim, panels)  # at the edges between panels
        # Near 0 both laws are flat: r / |v| is a d-th root of the ratio of their densities.
        flat = log_correction(self.space, 0.0, self.t)
        at_zero = 0.5 * np.log(self.t) - flat / self.space.dim  # [times]
        known = np.log(self.edges[:, 1:-1] / length)
        length = np.concatenate([np.zeros((len(self.t), 1)), length], axis=-1)
        log_ratio = _interpolated(noise, length, np.column_stack([at_zero, known]))
        # Lengths shorter than any that counts are never seen: a straight line will do.
        share = np.minimum(noise / length[:, 1:2], 1.0)
        straight = (1.0 - share) * at_zero[:, None] + share * known[:, :1]
        log_ratio = np.where(noise < length[:, 1:2], straight, log_ratio)
        # Beyond the last edge the volume that is left is a power of the distance to the end.
        far = (noise > length[:, -1:]) & (self.edges[:, -1:] > self.space.end - 1e-12)
        left = gammaincc(0.5 * self.space.dim, 0.5 * noise**2) / above[:, -1:]
        power = 1.0 / (2.0 * self.space.beta + 2.0)
        gap = (self.edges[:, -1:] - self.edges[:, -2:-1]) * np.minimum(left, 1.0) ** power
        beyond = np.log((self.space.end - gap) / np.where(far, noise, 1.0))
        log_ratio = np.where(far, beyond, log_ratio)
        return log_ratio - 0.5 * np.log(self.t)[:, None]

    def _log_ratio(
        self, low: np.ndarray, width: np.ndarray, places: np.ndarray, r: np.ndarray
    ) -> np.ndarray:
        """log of q Vol at the radii `r` = low + width places, `[times, nodes]`."""
        t, dim = self.t[:, None], self.space.dim
        near_end = cut_locus(self.space, float(self.t[0]), float(self.t[-1]), len(self.t))
        angle = (np.arange(DEGREE) + 0.5) * (math.pi / DEGREE)
        at = low[:, None] + 0.5 * width * (1.0 + np.cos(angle))
        smooth = log_correction(self.space, at, t) - near_end.values(at, t)
        # Chebyshev polynomials through the values: T_k(cos angle) = cos(k angle).
        k = np.arange(DEGREE)[:, None]
        wave = np.cos(k * angle) * (np.where(k == 0, 1.0, 2.0) / DEGREE)  # [DEGREE, at]
        smooth = smooth @ (wave.T @ np.cos(k * np.arccos(2.0 * places - 1.0)))
        gaussian = -(r**2) / (2.0 * t) - 0.5 * dim * np.log(2.0 * math.pi * t)
        return smooth + near_end.values(r, t) + gaussian + self.space.log_volume


def _shells_that_count(space: Zonal, t: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """First and last radius of the shells within exp(-`DEPTH`) of the heaviest, `[times]`."""
    top = np.minimum(space.end, np.sqrt(t) * (math.sqrt(space.dim) + TAIL))  # [times]
    step = top / ROUGH_RADII
    r = step[:, None] * (np.arange(ROUGH_RADII) + 0.5)
    rough = log_correction(space, r, t[:, None], ROUGH_NODES)
    log_mass = rough - r**2 / (2.0 * t[:, None]) + space.log_shell(r)
    counts = log_mass > np.max(log_mass, axis=-1, keepdims=True) - DEPTH
    first, last = np.argmax(counts, axis=-1), ROUGH_RADII - np.argmax(counts[:, ::-1], axis=-1)
    # One shell more on each side, cut off at both ends.
    return step * np.maximum(first - 1, 0), step * np.minimum(last + 1, ROUGH_RADII)


def _interpolated(x: np.ndarray, places: np.ndarray, values: np.ndarray) -> np.ndarray:
    """Cubic polynomials through the four nearest nodes: nodes `[rows, n]`, x `[points]`."""
    after = np.stack([np.searchsorted(row, x) for row in places])  # [rows, points]
    first = np.clip(after - 2, 0, places.shape[1] - 4)
    four = [first + k for k in range(4)]
    at = [np.take_along_axis(places, index, axis=1) for index in four]
    total = np.zeros(first.shape)
    for k, index in enumerate(four):
        weight = np.take_along_axis(values, index, axis=1)
        for other in range(4):
            if other != k:
                weight = weight * (x - at[other]) / (at[k] - at[other])
        total += weight
    return total
