"""Types that annotations share."""

from typing import Any, TypeAlias

__all__ = ["Seed", "Shape", "Tensor"]

Tensor: TypeAlias = Any
"""A tensor of the active Keras backend, or an array that the backend converts to one."""

Shape: TypeAlias = tuple[int | None, ...]
"""A shape; `None` where a length is not known yet."""

Seed: TypeAlias = Any
"""An integer, a `keras.random.SeedGenerator`, or `None`."""
