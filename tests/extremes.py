"""Hypothesis strategies of extreme arrays: zeros and 1e-30 to 1e30, of both signs."""

import numpy as np
from hypothesis import Phase, settings
from hypothesis import strategies as st
from keras import ops

ROWS = 16  # an array has so many, for a library that works on arrays
FEW = settings(max_examples=4, phases=[Phase.explicit, Phase.generate])  # of 16 rows each


@st.composite
def extreme_arrays(draw, *shape, rows=ROWS, least=-30, most=30):
    """Float32 arrays `[rows, *shape]`, of which each row has a scale of its own.

    In every other row the values have scales of their own too, and some are zero; some
    rows are zero altogether.

    Args:
        draw: Given by Hypothesis.
        *shape: Shape of a row.
        rows: Number of rows.
        least: Smallest power of ten.
        most: Largest power of ten.
    """
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    scales = 10.0 ** rng.integers(least, most + 1, (rows, *[1] * len(shape)))
    values = rng.uniform(-1.0, 1.0, (rows, *shape)) * scales
    mixed = values[::2]  # a view
    mixed *= 10.0 ** rng.integers(-30, 1, mixed.shape) * (rng.random(mixed.shape) < 0.7)
    values[rng.random(rows) < 0.1] = 0.0
    return values.astype("float32")


@st.composite
def extreme_times(draw, time_dim, rows=ROWS):
    """Float32 times `[rows, time_dim]` from 1e-30 to 1e30."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    return (10.0 ** rng.uniform(-30.0, 30.0, (rows, time_dim))).astype("float32")


def no_nan(**arrays):
    """Says which of the arrays has NaN."""
    for name, array in arrays.items():
        values = ops.convert_to_numpy(array)
        assert not np.isnan(values).any(), f"{name} has NaN: {values}"


def finite(**arrays):
    """Says which of the arrays is not finite."""
    for name, array in arrays.items():
        values = ops.convert_to_numpy(array)
        assert np.isfinite(values).all(), f"{name} is not finite: {values}"
