"""Log density of Brownian motion on a compact space of rank one: an integral along a contour.

The series of zonal functions, of sizes exp(-((l + m)^2 - m^2) t / 2), is summed under the
Fourier integral of exp(-(l + m)^2 t / 2) by the generating function of the polynomials
(Poisson's kernel). Integrated by parts, and with w the square of the Fourier variable, it is

    q(r, t) = exp(m^2 t / 2) / (m t Vol) (2 pi t)^(-1/2) Im int exp(-w / 2t) F(w, r) dw,

    F = (2 cos sqrt w - 2 cos r)^(-m) on spheres, m = (d - 1) / 2,
    F = the mean of (2 cos sqrt w - 2 u cos r)^(-m) over the first coordinates u of a fibre's
        points on projective spaces: on CP^n a Legendre function, m = n.

F is analytic in w but for a cut along w >= r^2, and the path comes from below r^2 on the real
axis and goes to infinity above the cut. So it can follow the saddle point, where nothing
cancels: `NODES` equal steps of the parabola w = r^2 - (eta - i u)^2 give 13 digits at every
distance, time and dimension (`docs/theory/heat_kernels.md`).
"""

import math

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.heat_kernels.zonal import Zonal

NODES = 20  # of the parabola
FARTHEST = 8.5  # largest u, in sqrt t
CLEARANCE = 2.5  # least distance eta of the parabola from the cut, in sqrt t
SADDLE_STEPS = 4  # of Newton's method: the path need not hit the saddle point exactly
POINTS_AT_ONCE = 2048  # so that their numbers stay in the processor's cache


def log_correction(space: Zonal, r: ArrayLike, t: ArrayLike, nodes: int = NODES) -> np.ndarray:
    """log q + r^2 / 2t + (d/2) log(2 pi t): the log density less that of flat space.

    Args:
        space: The space, of dimension 2 or more.
        r: Distances from 0 to `space.end`.
        t: Times, positive, broadcast against `r`.
        nodes: Steps of the contour; fewer are enough for a rough value.

    Returns:
        Nats, `[...]`.
    """
    r, t = np.asarray(r, dtype=np.float64), np.asarray(t, dtype=np.float64)
    r, t = np.broadcast_arrays(r, t)
    if space.fibre_dim == 0 and not space.is_sphere:  # the fibres are pairs of points
        sphere = Zonal.sphere(space.dim)
        near = log_correction(sphere, r, t, nodes)
        far = log_correction(sphere, math.pi - r, t, nodes)
        return np.logaddexp(near, far - math.pi * (0.5 * math.pi - r) / t)
    flat_r, flat_t = r.ravel(), t.ravel()
    result = np.empty(flat_r.size)
    for first in range(0, flat_r.size, POINTS_AT_ONCE):
        part = slice(first, first + POINTS_AT_ONCE)
        result[part] = _correction(space, flat_r[part], flat_t[part], nodes)
    return result.reshape(r.shape)


def log_density(space: Zonal, r: ArrayLike, t: ArrayLike) -> np.ndarray:
    """Log density in nats against the volume of the space, `[...]`; as `log_correction`."""
    r, t = np.asarray(r, dtype=np.float64), np.asarray(t, dtype=np.float64)
    gaussian = -(r**2) / (2.0 * t) - 0.5 * space.dim * np.log(2.0 * math.pi * t)
    return log_correction(space, r, t) + gaussian


def _correction(space: Zonal, r: np.ndarray, t: np.ndarray, nodes: int) -> np.ndarray:
    """`log_correction` at points `[n]`."""
    m, root = space.power, np.sqrt(t)
    eta = np.maximum(np.sqrt(_saddle(m, r, t)), CLEARANCE * root)
    step = FARTHEST / nodes
    u = step * (np.arange(nodes) + 0.5)[:, None]
    # The first row is the place where the path leaves the real axis: it sets the scale.
    p = np.concatenate([eta[None] + 0j, eta - 1j * u * root])  # [1 + nodes, n]
    log_f = _log_kernel(space, r, p)
    s0 = np.sqrt(r * r - p[0] ** 2)
    y = s0.imag  # 0 where the saddle point is between 0 and r^2
    scale = log_f[0].real + m * y
    value = np.exp(-0.5 * u**2 - 1j * u * (eta / root) + (log_f[1:] - (scale - m * y))) * p[1:]
    log_sum = np.log(np.sum(value.real, axis=0) * (2.0 * step * root))
    # m^2 t / 2 - w / 2t - m y as a square, or digits are lost at long times.
    exponent = ((y - m * t) ** 2 + np.where(y > 0.0, r * r, eta * eta)) / (2.0 * t)
    shift = 0.5 * (space.dim - 1) * np.log(2.0 * math.pi * t) - np.log(m * t) - space.log_volume
    return exponent + scale + log_sum + shift


def _log_kernel(space: Zonal, r: np.ndarray, p: np.ndarray) -> np.ndarray:
    """log F at w = r^2 - p^2, up to a multiple of 2 pi i, `[rows, n]`."""
    m, end = space.power, space.end
    s = np.sqrt(r * r - p * p)
    # s - r and s + r without loss of digits where either is small, the second up to a period.
    near = -p * p / (s + r)
    beyond = np.where(r > 0.5 * end, near - 2.0 * (end - r), s + r)
    if space.is_sphere:
        return 1j * m * s - m * np.log(np.expm1(1j * near) * np.expm1(1j * beyond))
    log_square = np.log(np.expm1(2j * near) * np.expm1(2j * beyond))
    x = (1.0 + np.exp(2j * s)) * np.exp(-0.5 * log_square)
    return 1j * m * s - 0.5 * m * log_square + _log_legendre(round(m) - 1, x)


def _log_legendre(degree: int, x: np.ndarray) -> np.ndarray:
    """log P_degree off the cut [-1, 1], up to a multiple of 2 pi i, by ratios of neighbours."""
    total = np.zeros(x.shape, dtype=complex)
    ratio = np.ones(x.shape, dtype=complex)
    for k in range(1, degree + 1):
        ratio = ((2 * k - 1) * x - (k - 1) / ratio) / k
        total += np.log(ratio)
    return total


def _saddle(m: float, r: np.ndarray, t: np.ndarray) -> np.ndarray:
    """r^2 - w, roughly, at the saddle point w of exp(-w / 2t) (2 cos sqrt w - 2 cos r)^(-m)."""
    gap = 2.0 * m * t + (m * t) ** 2
    for _ in range(SADDLE_STEPS):
        w = r * r - gap
        s = np.sqrt(np.abs(w))
        y, x = np.where(w < 0.0, s, 0.0), np.where(w < 0.0, 0.0, s)
        decay = np.exp(-y)  # scales what follows, or cosh overflows
        between = 4.0 * np.sin(0.5 * gap / np.maximum(r + x, 1e-150)) * np.sin(0.5 * (r + x))
        above = np.square(np.expm1(-y)) + 4.0 * decay * np.square(np.sin(0.5 * r))
        difference = np.where(w < 0.0, above, between)  # 2 cos sqrt w - 2 cos r
        cosine = np.where(w < 0.0, 0.5 * (1.0 + decay**2), np.cos(x))
        safe = np.maximum(s, 1e-3)
        sinc = np.where(w < 0.0, -0.5 * np.expm1(-2.0 * np.maximum(y, 1e-3)), np.sin(safe)) / safe
        sinc = np.where(s < 1e-3, decay, sinc)
        # Newton's method for log(difference / sinc) = log(2 m t) in log(gap).
        turn = np.where(
            s < 1e-3, -1.0 / 6.0, (cosine / sinc - 1.0) / np.where(s < 1e-3, 1.0, 2.0 * w)
        )
        slope = gap * (sinc / difference + turn)
        gap = gap * np.exp(np.clip(-np.log(difference / (2.0 * m * t * sinc)) / slope, -2.0, 2.0))
    return gap
