"""Tables of Brownian motion on spaces of rank one, by radius and log time.

Built in float64, once on a machine; smooth in every variable when evaluated.
"""

import math
from functools import cache, cached_property

import numpy as np
from keras import ops

from diffusion_vae.cache import cached
from diffusion_vae.heat_kernels.cut_locus import CutLocus, cut_locus
from diffusion_vae.heat_kernels.zonal import Zonal
from diffusion_vae.manifolds.numerics.spline import UniformSpline
from diffusion_vae.typing import Tensor

SHORTEST, LONGEST = 1e-5, 50.0  # times of the tables in low dimension
SHORT_CURVATURE = 1e-2  # largest d^2 t of the shortest time
LONG_DECAY = 100.0  # largest rate times time of the longest
TIME_STEP = 0.06  # of log time
FINER = 4  # steps of the KL's table for one of the others
RADII = 128  # intervals of the distance
NOISE_CELLS = 64  # intervals of |v|
NOISE_TAIL = 7.0  # largest | |v| - sqrt d |
SOURCES = (
    *(
        f"diffusion_vae.heat_kernels.{name}"
        for name in (
            "radial", "zonal", "contour", "cut_locus", "shells", "numeric", "radial_building",
        )
    ),
    "diffusion_vae.manifolds.numerics.noise_length",
)  # fmt: skip


class RadialTables:
    """Tables of a kernel, each made at its first use; times are clipped to them.

    Attributes:
        space: The space.
        ends: Shortest and longest time.

    Raises:
        ArithmeticError: If a density of the tables does not integrate to 1.
    """

    def __init__(self, space: Zonal) -> None:
        self.space = space
        shortest = min(SHORTEST, SHORT_CURVATURE / space.dim**2)
        self.ends = shortest, min(LONGEST, LONG_DECAY / space.rate)
        self._count = math.ceil(math.log(self.ends[1] / self.ends[0]) / TIME_STEP) + 1

    def log_density(self, r: Tensor, t: Tensor) -> Tensor:
        """Log density at the distance `r`, in nats against the volume."""
        within = ops.clip(t, *self.ends)
        smooth = self._correction(ops.log(within), r) + self._cut_locus(r, within)
        # Below the table the motion sees the mean curvature at its start.
        below = ops.minimum(t - self.ends[0], 0.0)
        smooth = smooth + self.space.scalar_curvature / 12.0 * below
        t = ops.minimum(t, self.ends[1])
        gaussian = ops.square(r) / (2.0 * t) + 0.5 * self.space.dim * ops.log(2.0 * math.pi * t)
        return smooth - gaussian

    def kl(self, t: Tensor) -> Tensor:
        """KL to the uniform law, in nats."""
        log_t, (shortest, _) = ops.log(t), self.ends
        # Below the table it is that of flat space and a term of the scalar curvature.
        flat = -0.5 * self.space.dim * ops.minimum(log_t - math.log(shortest), 0.0)
        curved = 0.25 * self.space.scalar_curvature * ops.minimum(t - shortest, 0.0)
        return ops.softplus(self._divergence(log_t)) + flat + curved

    def radius(self, length: Tensor, t: Tensor) -> Tensor:
        """Radius that the motion exceeds as often as d-dimensional noise exceeds a length.

        Args:
            length: Lengths of standard normal noise, `[...]`.
            t: Times, `[...]`.

        Returns:
            Radii over `length`, `[...]`.
        """
        t = ops.minimum(t, self.ends[1])
        return ops.sqrt(t) * ops.exp(self.stretch(ops.log(t), length))

    @cached_property
    def stretch(self) -> UniformSpline:
        """(log t, |v|) -> log of r / (sqrt t |v|), with r the radius of noise |v|."""
        low, high = noise_ends(self.space.dim)
        ends = [math.log(t) for t in self.ends]
        return UniformSpline(self._laws["stretch"], (ends[0], low), (ends[1], high))

    @cached_property
    def _divergence(self) -> UniformSpline:
        """log t -> g, with log(1 + e^g) the KL: the first digits of large and small are right."""
        ends = [(math.log(t),) for t in self.ends]
        return UniformSpline(self._laws["divergence"], *ends)

    @cached_property
    def _correction(self) -> UniformSpline:
        """(log t, r) -> log density less that of flat space and what the cut locus adds."""
        ends = [math.log(t) for t in self.ends]
        shape = self._count, RADII + 1
        values = self._cached("density", {"correction": shape})["correction"]
        return UniformSpline(values, (ends[0], 0.0), (ends[1], self.space.end))

    @cached_property
    def _cut_locus(self) -> CutLocus:
        return cut_locus(self.space, *self.ends, self._count)

    @cached_property
    def _laws(self) -> dict[str, np.ndarray]:
        shapes = {
            "stretch": (self._count, NOISE_CELLS + 1),
            "divergence": ((self._count - 1) * FINER + 1,),
        }
        return self._cached("laws", shapes)

    def _cached(self, what: str, shapes: dict[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
        def build() -> dict[str, np.ndarray]:
            # Whoever reads stored tables needs no SciPy.
            from diffusion_vae.heat_kernels import radial_building

            times = np.geomspace(*self.ends, self._count)
            if what == "density":
                return {"correction": radial_building.correction(self.space, times)}
            return radial_building.laws(self.space, times)

        name = f"zonal-{self.space.alpha!r}-{self.space.beta!r}-{what}"
        return cached(name, build, sources=SOURCES, shapes=shapes)


@cache
def radial_tables(space: Zonal) -> RadialTables:
    """Tables of a space, of dimension 2 or more; made at their first use."""
    return RadialTables(space)


def noise_ends(dim: int) -> tuple[float, float]:
    """Lengths of dim-dimensional normal noise that are ever seen, the least and the largest."""
    return max(math.sqrt(dim) - NOISE_TAIL, 0.0), math.sqrt(dim) + NOISE_TAIL


def inverse_softplus(log_x: np.ndarray) -> np.ndarray:
    """g with log(1 + e^g) = x, from log x: x where x is large, log x where it is small."""
    x = np.exp(np.maximum(log_x, -20.0))
    return np.where(log_x < -20.0, log_x, x + np.log(-np.expm1(-x)))
