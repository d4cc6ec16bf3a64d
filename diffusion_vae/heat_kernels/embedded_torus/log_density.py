"""Log density of an embedded torus: a chain of tables, each for some times."""

import dataclasses
import itertools
import math
from functools import cache

from keras import ops

from diffusion_vae.cache import cached
from diffusion_vae.heat_kernels.embedded_torus.plan import SOURCES, plan_tables
from diffusion_vae.heat_kernels.embedded_torus.slow_waves import SlowWaves, slow_waves
from diffusion_vae.heat_kernels.embedded_torus.tube_table import TubeTable, fit_tube_table
from diffusion_vae.heat_kernels.embedded_torus.unrolled_table import (
    UnrolledTable,
    fit_unrolled_table,
    turn_back,
)
from diffusion_vae.typing import Tensor


@dataclasses.dataclass(frozen=True)
class LogDensity:
    """Log density on the unit torus from all its tables.

    Attributes:
        unrolled: Tables on the torus unrolled both ways, from short times on.
        tube: The table on the torus whose tube is closed.
        slow: The slowest eigenfunctions.
    """

    unrolled: tuple[UnrolledTable, ...]
    tube: TubeTable
    slow: SlowWaves

    def __call__(self, v: Tensor, d: Tensor, phi: Tensor, t: Tensor) -> Tensor:
        """Log densities: tables blended over the times they share, all `[points]`.

        Args:
            v: Angles of the tube at the start.
            d: Angles of the tube from start to end, in [-pi, pi].
            phi: Angles about the axis from start to end, in [-pi, pi].
            t: Times in units of a^2.
        """
        away = turn_back(phi)
        windings = ops.stack([phi, phi + away, phi - away, phi + 2.0 * away], axis=-1)
        value = self.unrolled[0].log_density(v, d, windings, t)
        tables: tuple[UnrolledTable | TubeTable, ...] = (*self.unrolled, self.tube)
        for before, table in itertools.pairwise(tables):
            following = table.log_density(v, d, windings, t)
            value = value + _share(t, table.low, before.high) * (following - value)
        following = self.slow.log_density(v, d, phi, t)
        return value + _share(t, self.slow.low, self.tube.high) * (following - value)


def _share(t: Tensor, low: float, high: float) -> Tensor:
    """Share of the later table: from 0 at `low` to 1 at `high`, twice differentiable."""
    share = ops.log(t / low) / math.log(high / low)
    share = ops.clip(share, 0.0, 1.0)
    return ops.square(share) * share * (10.0 + share * (6.0 * share - 15.0))


@cache
def log_density_of(ratio: float) -> LogDensity:
    """The `LogDensity` of the torus with c / a = `ratio`, from the cache or built."""
    plan = plan_tables(ratio)

    def build() -> dict:
        arrays = {
            f"unrolled{i}": fit_unrolled_table(ratio, *ends)
            for i, ends in enumerate(plan.unrolled)
        }
        arrays["tube"] = fit_tube_table(ratio, *plan.tube)
        found = slow_waves(ratio, plan.slow)
        return arrays | dict(zip(("numbers", "rates", "functions"), found, strict=True))

    arrays = cached(f"embedded-torus-log-density-{ratio!r}", build, sources=SOURCES)
    return LogDensity(
        tuple(
            UnrolledTable(ratio, *ends, arrays[f"unrolled{i}"])
            for i, ends in enumerate(plan.unrolled)
        ),
        TubeTable(ratio, *plan.tube, arrays["tube"]),
        SlowWaves(plan.slow, arrays["numbers"], arrays["rates"], arrays["functions"]),
    )
