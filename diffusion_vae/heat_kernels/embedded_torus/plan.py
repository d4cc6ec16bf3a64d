"""Plan of the tables: which serves which times, how far it reaches, and how fine it is.

A torus has the ratio c / a of its radii, and times are in units of a^2. Each threshold in
c / a stands here, once.
"""

import dataclasses
import itertools
import math
from typing import Any

import numpy as np

# Modules from whose text the numbers of the tables follow.
SOURCES = tuple(
    f"diffusion_vae.heat_kernels.{name}"
    for name in (
        "numeric",
        "radial",
        *(
            f"embedded_torus.{own}"
            for own in (
                "chebyshev",
                "kl_table",
                "log_density",
                "plan",
                "sample_table",
                "slow_waves",
                "spectrum",
                "tube_table",
                "unrolled_spectrum",
                "unrolled_table",
            )
        ),
    )
)

EXACT_FROM = 2.4  # c / a from which the log density is within 1e-3
THIN_FROM = 5.0  # c / a from which no way over the inner circle is much of a short cut
REGULARISED_BELOW = 2.0  # c / a below which the density is unknown at many nodes of a fit
NARROW_HOLE_BELOW = 1.5  # c / a below which the KL needs more places along the tube

OVERLAP = 1.2  # factor of time over which a table hands over to the next
LARGEST_STEP = 3.5  # factor of time of one table on the unrolled torus, at most

# Tables on the torus unrolled both ways.
FIRST_REACH, FIRST_DEGREE = 56.0, 14  # largest x + y of the table from time 0 on; its degree
REACH, DEGREE = 72.0, 14  # the same of later tables
REACH_PER_RATIO = 11.0  # by which the reach grows for each unit of c / a below THIN_FROM
SHORT_CUTS_FROM = 0.4  # time from which it does: ways over the inner circle are short cuts

# The table on the torus whose tube is closed.
TUBE_REACH = 60.0  # largest y
TUBE_STARTS = 2.0, 10.0 / 3.0  # its earliest time: on fat tori at the least, on thin ones
TUBE_SIZES = 20, 36, 19  # polynomials in u, d / 2 and y
THIN_TUBE_SIZES = 12, 26, 16  # the same on thin tori, where it begins later


@dataclasses.dataclass(frozen=True)
class TablePlan:
    """Times that each table of the log density serves; neighbours overlap.

    Attributes:
        unrolled: Intervals of the tables on the torus unrolled both ways; the first
            begins at 0.
        tube: Interval of the table on the torus whose tube is closed.
        slow: Time from which the slowest eigenfunctions are enough.
    """

    unrolled: list[tuple[float, float]]
    tube: tuple[float, float]
    slow: float


def plan_tables(ratio: float) -> TablePlan:
    """The `TablePlan` of the torus with c / a = `ratio`."""
    start = tube_start(ratio)
    last = OVERLAP * start
    gone_round = 0.8 * ratio * math.sqrt(ratio**2 - 1.0)  # time to go round the axis
    tube = (start, max(gone_round, last + 0.5))
    return TablePlan(unrolled_intervals(ratio, last), tube, tube[1] / OVERLAP)


def unrolled_intervals(ratio: float, last: float) -> list[tuple[float, float]]:
    """Intervals of time of the tables on the unrolled torus, up to `last`."""
    short = min(1.2, 0.4 * (ratio - 1.0), last)
    count = math.ceil(math.log(last / short) / math.log(LARGEST_STEP) - 1e-9)
    edges = short * (last / short) ** (np.arange(count + 1) / max(count, 1))
    middle = [(float(a) / OVERLAP, float(b)) for a, b in itertools.pairwise(edges)]
    return [(0.0, float(short)), *middle]


def unrolled_extent(ratio: float, low: float) -> tuple[float, int]:
    """Largest x + y of the table that begins at `low`, and its degree in them.

    Both are larger on fat tori at later times. Half-way round the outer circle y is there far
    larger than -2 log K, because shorter ways lead over the inner circle.
    """
    if low == 0:
        return FIRST_REACH, FIRST_DEGREE
    if ratio >= THIN_FROM or low < SHORT_CUTS_FROM:
        return REACH, DEGREE
    return REACH + REACH_PER_RATIO * (THIN_FROM - ratio), DEGREE + 2


def mean_rate(ratio: float, cosine: Any, other: Any) -> Any:
    """S, the mean of the mean of w^-2 over the torus and that at the two ends."""
    ends = (ratio + cosine) ** -2.0 + (ratio + other) ** -2.0
    return 0.25 * ends + 0.5 / (ratio * math.sqrt(ratio**2 - 1.0))


def tube_start(ratio: float) -> float:
    """Earliest time of the table whose tube is closed: sooner on fat tori.

    Half-way round the outer circle y is then no larger than the table.
    """
    if ratio >= THIN_FROM:
        return TUBE_STARTS[1]
    half_way = math.pi**2 / (0.86 * TUBE_REACH * mean_rate(ratio, 1.0, 1.0))
    return min(max(half_way, TUBE_STARTS[0]), TUBE_STARTS[1])


def tube_sizes(ratio: float) -> tuple[int, int, int]:
    """Numbers of polynomials in u, d / 2 and y."""
    return THIN_TUBE_SIZES if ratio >= THIN_FROM else TUBE_SIZES
