"""Statistics of random draws, to be judged by their standard error."""

import numpy as np


def assert_mean(draws, expected, errors=4.0):
    """Asserts that the mean of independent draws `[count, ...]` is the expected one."""
    draws = np.asarray(draws, dtype="float64")
    standard_error = np.std(draws, axis=0, ddof=1) / np.sqrt(len(draws))
    deviation = np.abs(np.mean(draws, axis=0) - expected) / np.maximum(standard_error, 1e-9)
    if np.max(deviation) > errors:
        raise AssertionError(
            f"mean {np.mean(draws, axis=0)} is {np.max(deviation):.1f} standard errors "
            f"from {expected}"
        )
