"""Tables of Brownian motion on spheres and projective spaces, by radius and log time.

Built in float64, once per dimension; smooth in every variable when evaluated.
"""

import dataclasses
import math
from functools import cache

import numpy as np
from keras import ops

from diffusion_vae.heat_kernels import numeric
from diffusion_vae.heat_kernels.expansion import expansion_log_density
from diffusion_vae.heat_kernels.shells import Shells
from diffusion_vae.heat_kernels.zonal import zonal_log_density
from diffusion_vae.manifolds.numerics.spline import UniformSpline
from diffusion_vae.typing import Tensor

SHORTEST, LONGEST = 1e-5, 50.0  # times of the tables
TIME_STEP = 0.06  # of log time
RADII = 128  # intervals of [0, pi]
NOISE_CELLS = 64  # intervals of |v|
NOISE_TAIL = 7.0  # largest |v| - sqrt d


@dataclasses.dataclass(frozen=True)
class RadialTables:
    """Tables of a kernel on S^dim and on its quotient by -1; times are clipped to them.

    Attributes:
        correction: (log t, r) -> log q + r^2 / 2t + (d/2) log(2 pi t) on S^dim.
        stretch: (log t, |v|) -> log of r / (sqrt t |v|), with r the radius that the
            motion exceeds as often as flat noise exceeds the length |v|.
        sphere_divergence: log t -> g, with log(1 + e^g) the KL to the uniform law of
            S^dim: positive, and right in the first digits of the large and of the small.
        projective_divergence: The same on RP^dim.
    """

    dim: int
    correction: UniformSpline
    stretch: UniformSpline
    sphere_divergence: UniformSpline
    projective_divergence: UniformSpline

    def log_density(self, r: Tensor, t: Tensor) -> Tensor:
        """Log density on S^dim at the distance `r`, in nats against the volume."""
        t = ops.minimum(t, LONGEST)
        smooth = self.correction(ops.log(t), r)
        return smooth - ops.square(r) / (2.0 * t) - 0.5 * self.dim * ops.log(2.0 * math.pi * t)

    def kl(self, t: Tensor, projective: bool = False) -> Tensor:
        """KL to the uniform law of S^dim, or of RP^dim, in nats."""
        table = self.projective_divergence if projective else self.sphere_divergence
        log_t = ops.log(t)
        # Below the table the KL is a straight line in log t.
        below = ops.minimum(log_t - math.log(SHORTEST), 0.0)
        return ops.softplus(table(log_t)) - 0.5 * self.dim * below


@cache
def radial_tables(dim: int) -> RadialTables:
    """Tables of S^dim and RP^dim, dim >= 2.

    Raises:
        ArithmeticError: If a density of the tables does not integrate to 1.
    """
    count = math.ceil(math.log(LONGEST / SHORTEST) / TIME_STEP) + 1
    log_time = np.linspace(math.log(SHORTEST), math.log(LONGEST), count)  # [times]
    ends = (log_time[0], log_time[-1])
    correction = _correction_values(dim, np.exp(log_time))  # [times, RADII + 1]
    width = math.sqrt(dim) + NOISE_TAIL
    shells = Shells(dim, np.exp(log_time), correction, width)
    noise = np.linspace(0.0, width, NOISE_CELLS + 1)
    return RadialTables(
        dim,
        UniformSpline(correction, (ends[0], 0.0), (ends[1], math.pi)),
        UniformSpline(shells.stretch(noise), (ends[0], 0.0), (ends[1], width)),
        UniformSpline(inverse_softplus(shells.sphere_log_kl()), ends[:1], ends[1:]),
        UniformSpline(inverse_softplus(shells.projective_log_kl()), ends[:1], ends[1:]),
    )


def _correction_values(dim: int, t: np.ndarray) -> np.ndarray:
    """Smooth part of the log density at every node, `[times, RADII + 1]`."""
    r = np.linspace(0.0, math.pi, RADII + 1)
    short = t < numeric.small_time(dim)
    log_density = np.concatenate(
        [
            expansion_log_density(dim, r, t[short, None]),
            zonal_log_density(dim, r, t[~short]),
        ]
    )
    t = t[:, None]
    return log_density + r**2 / (2.0 * t) + 0.5 * dim * np.log(2.0 * math.pi * t)


def inverse_softplus(log_x: np.ndarray) -> np.ndarray:
    """g with log(1 + e^g) = x, from log x: x where x is large, log x where it is small."""
    x = np.exp(np.maximum(log_x, -20.0))
    return np.where(log_x < -20.0, log_x, x + np.log(-np.expm1(-x)))
