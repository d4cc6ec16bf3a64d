"""Parzen-window estimate of a generator's log density (Breuleux et al. 2011).

The density is a mixture of Gaussians of width sigma around the generated pictures. The number
depends on sigma, on the range of the data and on the number of generated pictures: only
numbers of equal settings can be compared, and in high dimension they rank blur too well
(Theis et al. 2016, arXiv 1511.01844). It is reported because the published tables have it.
"""

import math
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy.special import logsumexp

from diffusion_vae.checks import real_array

SIGMAS = tuple(float(sigma) for sigma in np.logspace(-1.0, 0.0, 10))
ROWS = 512  # pictures at a time
CENTRES = 1024  # centres at a time


@dataclass(frozen=True)
class ParzenEstimate:
    """Parzen-window log-likelihood of test examples, with its settings.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.evaluation import parzen_window
        >>> centres, held_out, test = np.random.default_rng(0).normal(size=(3, 500, 2))
        >>> round(parzen_window(centres, held_out, test).mean, 1)
        -2.8

    Attributes:
        mean: Mean log density of the test examples, in nats an example.
        standard_error: Standard error of that mean over the test examples.
        sigma: Width of the window, chosen on the held-out examples.
        sigmas: Widths that were tried.
        held_out_means: Mean log density of the held-out examples at each of them.
        at_edge: Whether sigma is the first or last of several: the best may lie beyond.
        centres: Number of generated examples.
        held_out: Number of held-out examples.
        test: Number of test examples.
        dimension: Values an example.
        data_range: Smallest and largest value of the held-out and test examples.
        units: Units of the numbers.
    """

    mean: float
    standard_error: float
    sigma: float
    sigmas: tuple[float, ...]
    held_out_means: tuple[float, ...]
    at_edge: bool
    centres: int
    held_out: int
    test: int
    dimension: int
    data_range: tuple[float, float]
    units: str = "nats per example"

    def as_dict(self) -> dict[str, Any]:
        """The estimate as a JSON-able dictionary."""
        return asdict(self)


def parzen_window(
    centres: ArrayLike,
    held_out: ArrayLike,
    test: ArrayLike,
    sigmas: ArrayLike = SIGMAS,
) -> ParzenEstimate:
    """Log density of test examples under windows around generated ones.

    Of the widths `sigmas`, the one under which the held-out examples have the largest density
    is chosen; the test examples have no part in the choice. Hold out examples on which the
    model was not trained.

    Args:
        centres: Generated examples, `[K, *event]`, such as `model.sample(10_000)`.
        held_out: Training examples that choose the width, `[m, *event]`.
        test: Test examples, `[n, *event]`.
        sigmas: Widths to try, in the units of the data. The default is for data in
            [-1, 1].

    Returns:
        A `ParzenEstimate`.

    Raises:
        ValueError: If the shapes differ, an array is empty or not finite, or a width is not
            positive.
    """
    held_out, test = real_array("the examples", held_out), real_array("the examples", test)
    centres = real_array("the centres", centres)
    widths = tuple(real_array("`sigmas`", sigmas).astype(float).tolist())
    means = parzen_log_density(held_out, centres, widths).mean(axis=1)  # [sigmas]
    best = int(np.argmax(means))
    values = parzen_log_density(test, centres, widths[best])  # [n]
    error = values.std(ddof=1) / math.sqrt(len(values)) if len(values) > 1 else math.nan
    ends = (min(widths), max(widths))
    return ParzenEstimate(
        mean=float(values.mean()),
        standard_error=float(error),
        sigma=widths[best],
        sigmas=widths,
        held_out_means=tuple(float(value) for value in means),
        at_edge=len(widths) > 1 and widths[best] in ends,
        centres=len(centres),
        held_out=len(held_out),
        test=len(test),
        dimension=math.prod(np.shape(test)[1:]),
        data_range=(
            float(min(np.min(held_out), np.min(test))),
            float(max(np.max(held_out), np.max(test))),
        ),
    )


def parzen_log_density(x: ArrayLike, centres: ArrayLike, sigma: ArrayLike) -> np.ndarray:
    """Log density of examples under equal Gaussian windows around centres, in float64.

    log (1/K) sum_k N(x; s_k, sigma^2 I), from |x|^2 + |s|^2 - 2 x.s in blocks of
    512 x 1,024: memory does not grow with the number of examples or centres.

    Args:
        x: Examples, `[n, *event]`.
        centres: Centres, `[K, *event]`.
        sigma: Width of the windows, or a sequence of widths.

    Returns:
        Nats, `[n]`, or `[widths, n]` for a sequence.

    Raises:
        ValueError: If the shapes differ, an array is empty or not finite, or a width is not
            positive.
    """
    x, centres = real_array("the examples", x), real_array("the centres", centres)
    widths = np.atleast_1d(real_array("`sigma`", sigma)).astype(float)  # [widths]
    if x.ndim < 2 or x.shape[1:] != centres.shape[1:] or not (x.size and centres.size):
        raise ValueError(
            "Expected examples [n, ...] and centres [K, ...] of one shape, at least one each. "
            f"Received shapes: {x.shape} and {centres.shape}."
        )
    for array in (x, centres):
        if not np.isfinite(array).all():
            raise ValueError(
                "Expected finite examples and centres. Received: an array with "
                f"{np.count_nonzero(~np.isfinite(array))} NaN or infinite values."
            )
    if widths.size == 0 or not (np.isfinite(widths) & (widths > 0)).all():
        raise ValueError(f"Expected positive widths sigma. Received: {sigma!r}.")
    x, centres = x.reshape(len(x), -1), centres.reshape(len(centres), -1)
    dimension = x.shape[1]
    shift = centres[:CENTRES].mean(axis=0, dtype=float)  # near the data: fewer digits cancel
    sums = np.concatenate(
        [
            _log_sums(x[start : start + ROWS] - shift, centres, shift, widths)
            for start in range(0, len(x), ROWS)
        ],
        axis=1,
    )  # [widths, n]
    constant = dimension * np.log(widths * math.sqrt(2.0 * math.pi)) + math.log(len(centres))
    values = sums - constant[:, None]
    return values if np.ndim(sigma) else values[0]


def _log_sums(
    x: np.ndarray, centres: np.ndarray, shift: np.ndarray, widths: np.ndarray
) -> np.ndarray:
    """log sum_k exp(-|x - s_k|^2 / (2 sigma^2)), `[widths, rows]`, for a block of rows."""
    total = np.full((len(widths), len(x)), -np.inf)
    norms = np.square(x).sum(axis=1)[:, None]  # [rows, 1]
    for start in range(0, len(centres), CENTRES):
        block = centres[start : start + CENTRES] - shift  # [k, D]
        squares = norms + np.square(block).sum(axis=1) - 2.0 * x @ block.T  # [rows, k]
        np.maximum(squares, 0.0, out=squares)
        for i, width in enumerate(widths):
            part = logsumexp(-0.5 / width**2 * squares, axis=1)  # [rows]
            total[i] = np.logaddexp(total[i], part)
    return total
