"""Special functions that Keras lacks, of elementwise operations alone.

They compile with XLA, vectorise, and give the same numbers on every backend.
"""

import math

from keras import ops

from diffusion_vae.typing import Tensor

HALF_LOG_2_PI = 0.5 * math.log(2.0 * math.pi)
# Of Stirling's series, B_2k / (2k (2k - 1)) (Abramowitz and Stegun 1964, 6.1.40).
STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
SHIFT = 8  # from here the series is exact to 1e-14
NEAR = 0.1  # of log ratios, where a series is taken
TERMS = 8  # of it
LARGE_KAPPA = 12.0  # the series of I0 below, the asymptotic one above


def stirling_error(x: Tensor) -> Tensor:
    """log Gamma(x + 1) less Stirling's (x + 1/2) log x - x + log(2 pi) / 2, for x > 0.

    Its differences are those of log-gammas without their cancellation (Loader 2000, "Fast and
    accurate computation of binomial probabilities").
    """
    small = x < SHIFT
    large = ops.where(small, 1.0 * SHIFT, x)
    above = _stirling_series(large)
    # log Gamma(x + 1) = log Gamma(x + 8) - log((x + 1) ... (x + 7))
    low = ops.where(small, x, 1.0)
    product = low + 1.0
    for k in range(2, SHIFT):
        product = product * (low + k)
    y = low + SHIFT
    log_gamma = (y - 0.5) * ops.log(y) - y + _stirling_series(y) - ops.log(product)
    return ops.where(small, log_gamma - (low + 0.5) * ops.log(low) + low, above)


def log_gamma(x: Tensor) -> Tensor:
    """log Gamma(x) for x > 0."""
    return HALF_LOG_2_PI + (x - 0.5) * ops.log(x) - x + stirling_error(x)


def excess(ratio_less_1: Tensor, log_ratio: Tensor) -> Tensor:
    """r - 1 - log r of a ratio r > 0: 0 at 1, and never the difference of two near numbers.

    Args:
        ratio_less_1: r - 1, exact where it is small.
        log_ratio: log r, taken where r is not near 1.
    """
    near = ops.abs(ratio_less_1) < NEAR
    e = ops.where(near, ratio_less_1, 0.0)
    v = e / (2.0 + e)  # log r = 2 artanh v
    square = ops.square(v)
    series = 0.0
    for k in reversed(range(TERMS)):
        series = series * square + 1.0 / (2 * k + 3)
    close = e * v - 2.0 * v * square * series
    return ops.where(near, close, ratio_less_1 - log_ratio)


def log_i0e(kappa: Tensor) -> Tensor:
    """log(exp(-kappa) I0(kappa)) for kappa >= 0, I0 a modified Bessel function.

    To 1e-9 in float64 (Abramowitz and Stegun 1964, 9.6.12 and 9.7.1).
    """
    large = kappa > LARGE_KAPPA
    low = ops.where(large, 1.0, kappa)
    quarter = 0.25 * ops.square(low)
    series = 1.0
    for k in range(30, 0, -1):
        series = 1.0 + series * quarter / k**2
    high = ops.where(large, kappa, LARGE_KAPPA)
    tail = 1.0
    for k in range(14, 0, -1):
        tail = 1.0 + tail * (2 * k - 1) ** 2 / (8.0 * k * high)
    above = ops.log(tail) - 0.5 * ops.log(2.0 * math.pi * high)
    return ops.where(large, above, ops.log(series) - low)


def bounded_log(raw: Tensor, most: float) -> Tensor:
    """Log of a rate from a raw output: itself up to `most`, and beyond that its logarithm grows.

    The exponential of it is finite and its slope is not 0, however large the raw output is.
    """
    above = ops.maximum(raw - most, 0.0)
    return ops.minimum(raw, most) + ops.log1p(above)


def log1p_square(x: Tensor) -> Tensor:
    """log(1 + x^2), whose square does not overflow."""
    large = ops.abs(x) > 1e6
    far = 2.0 * ops.log(ops.where(large, ops.abs(x), 1.0))
    return ops.where(large, far, ops.log1p(ops.square(ops.where(large, 0.0, x))))


def log_softplus(raw: Tensor) -> Tensor:
    """Log of softplus, where softplus itself is 0 in floating point, too."""
    small = raw < -15.0
    usual = ops.log(ops.softplus(ops.where(small, 0.0, raw)))
    return ops.where(small, raw - 0.5 * ops.exp(ops.minimum(raw, -15.0)), usual)


def _stirling_series(x: Tensor) -> Tensor:
    inverse = 1.0 / x
    square = ops.square(inverse)
    series = 0.0
    for coefficient in reversed(STIRLING):
        series = series * square + coefficient
    return series * inverse
