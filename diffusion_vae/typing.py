"""Types that annotations share."""

from collections.abc import Sequence
from typing import Any, TypeAlias

__all__ = ["LogTimeRange", "Seed", "Shape", "Tensor"]

Tensor: TypeAlias = Any
"""A tensor of the active Keras backend, or an array that the backend converts to one."""

Shape: TypeAlias = tuple[Any, ...]
"""A shape, a tuple of integers; `None` where a length is not known yet."""

Seed: TypeAlias = Any
"""A seed of random draws: an integer, a `keras.random.SeedGenerator` or `None`."""

LogTimeRange: TypeAlias = Sequence[float] | Sequence[Sequence[float] | None] | None
"""Limits on log time: `(low, high)`, `None` for no limits, or a list of these, one per time."""
