"""Diffusion time of a posterior, within limits."""

import math
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer, require_number
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import LogTimeRange, Shape, Tensor

MARGIN = 0.01  # share of the limits' width that counts as "at a limit"

Limits: TypeAlias = tuple[float, float] | None


@serializable
class DiffusionTime(FullPrecisionLayer):
    """Dense layer whose output is a time: exp of a log time kept within limits.

    With limits (a, b), centre m and half-width h, log t = m + h tanh((u - m) / h):
    the pre-activation u is a log time too, with slope 1 in the middle. Without
    limits log t = u. The weights start at zero, so that every time starts at
    `exp(initial_log_time)`, and act on features / sqrt(n), so that the times of a wide
    network do not run ahead of everything else it has to learn.

    Args:
        time_dim: Number of times.
        log_time_range: `(low, high)`, `None` for no limits, or a list of `time_dim` of these.
        initial_log_time: Log time of an untrained layer, a number or one per time;
            default: the middle of the limits, or 0.

    Input shape:
        Features, `[..., n]`.

    Output shape:
        Positive times, `[..., time_dim]`.

    Raises:
        TypeError: If `time_dim` is not an integer, or a log time not a number.
        ValueError: If limits are not finite and in order, or a start is not between them.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.layers import DiffusionTime
        >>> layer = DiffusionTime(1, log_time_range=(-8.0, 2.0), initial_log_time=-2.0)
        >>> time = layer(np.ones((1, 4), "float32"))
        >>> np.log(time).round(3)
        array([[-2.]], dtype=float32)
    """

    def __init__(
        self,
        time_dim: int,
        log_time_range: LogTimeRange = None,
        initial_log_time: float | Sequence[float | None] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.time_dim = require_integer("time_dim", time_dim, 1)
        self.log_time_range = one_per_time(log_time_range, self.time_dim)
        self.initial_log_time = _initial(initial_log_time, self.log_time_range)

    def build(self, input_shape: Shape) -> None:
        pairs = zip(self.initial_log_time, self.log_time_range, strict=True)
        bias = [unlimited(start, limits) for start, limits in pairs]
        self.kernel = self.add_weight(
            name="kernel", shape=(input_shape[-1], self.time_dim), initializer="zeros"
        )
        self.bias = self.add_weight(
            name="bias", shape=(self.time_dim,), initializer=_constant(bias)
        )

    def call(self, inputs: Tensor) -> Tensor:
        u = ops.matmul(inputs, self.kernel) / math.sqrt(inputs.shape[-1]) + self.bias
        return ops.exp(limited(u, self.log_time_range))

    def clipped(self, log_time: Tensor) -> Tensor:
        """Log times `[..., time_dim]`, those outside of the limits at the nearer one."""
        middle, half = _columns(self.log_time_range, log_time.dtype)
        return ops.clip(log_time, middle - half, middle + half)

    def share_at_limit(self, time: Tensor) -> Tensor:
        """Share of times within 1 % (of the width, on the log scale) of a limit.

        Args:
            time: `[..., time_dim]`.

        Returns:
            Shares in [0, 1], `[...]`.
        """
        # A log time v has |v - m| <= h; without limits h is infinite.
        middle, half = _columns(self.log_time_range, time.dtype)
        reach = ops.abs(ops.log(time) - middle) / half
        at_limit = ops.cast(reach > 1.0 - 2.0 * MARGIN, time.dtype)
        return ops.mean(at_limit, axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.time_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "time_dim": self.time_dim,
            "log_time_range": self.log_time_range,
            "initial_log_time": self.initial_log_time,
        }


def limited(u: Tensor, ranges: Sequence[Limits]) -> Tensor:
    """Log times within limits, smooth in `u` and with slope 1 in the middle of the limits.

    Args:
        u: Any numbers, `[..., time_dim]`.
        ranges: Limits of each time, `None` for none.
    """
    middle, half = _columns(ranges, u.dtype)
    bounded = middle + half * ops.tanh((u - middle) / half)
    free = [limits is None for limits in ranges]
    if not any(free):
        return bounded
    return ops.where(ops.convert_to_tensor(free), u, bounded)


def unlimited(log_time: float, limits: Limits) -> float:
    """The number from which `limited` makes a log time that is strictly within its limits."""
    if limits is None:
        return log_time
    middle, half = _middle(limits), _half(limits)
    return middle + half * math.atanh((log_time - middle) / half)


def _columns(ranges: Sequence[Limits], dtype: Any) -> tuple[Tensor, Tensor]:
    """Middle and half-width per time, `[time_dim]` each; 0 and 1e30 without limits."""
    middle = [0.0 if r is None else _middle(r) for r in ranges]
    half = [1e30 if r is None else _half(r) for r in ranges]
    return ops.convert_to_tensor(middle, dtype), ops.convert_to_tensor(half, dtype)


def _middle(limits: tuple[float, float]) -> float:
    return 0.5 * (limits[0] + limits[1])


def _half(limits: tuple[float, float]) -> float:
    return 0.5 * (limits[1] - limits[0])


def _constant(values: list[float]) -> Callable[..., Tensor]:
    return lambda shape, dtype=None: ops.reshape(ops.convert_to_tensor(values, dtype), shape)


def one_per_time(ranges: Any, time_dim: int) -> list[Limits]:
    """Limits on log time, checked: a list with `(low, high)` or `None` for each time.

    Raises:
        ValueError: If they are of another form, not finite, or not in order.
    """
    listed = isinstance(ranges, (list, tuple, np.ndarray))
    single = ranges is None or (listed and len(ranges) == 2 and all(map(np.isscalar, ranges)))
    ranges = [ranges] * time_dim if single or not listed else list(ranges)
    if len(ranges) != time_dim:
        raise ValueError(
            f"Expected `log_time_range` to have one entry for each of {time_dim} times. "
            f"Received: {ranges!r}."
        )
    checked: list[Limits] = []
    for limits in ranges:
        if limits is None:
            checked.append(None)
            continue
        try:
            low, high = (float(limit) for limit in limits)
        except (TypeError, ValueError):
            low = high = math.nan
        if not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(
                "Expected `log_time_range` to be (low, high) with low < high, both finite "
                f"and natural logarithms. Received: {limits!r}."
            )
        checked.append((low, high))
    return checked


def _initial(start: Any, ranges: list[Limits]) -> list[float]:
    """Initial log times, checked, one per time."""
    if start is None or np.isscalar(start):
        start = [start] * len(ranges)
    if len(start) != len(ranges):
        raise ValueError(
            f"Expected `initial_log_time` to be a number or {len(ranges)} of them. "
            f"Received: {start!r}."
        )
    checked = []
    for value, limits in zip(start, ranges, strict=True):
        if value is None:
            value = 0.0 if limits is None else _middle(limits)
        value = require_number("initial_log_time", value)
        if limits is not None and not limits[0] < value < limits[1]:
            raise ValueError(
                f"Expected `initial_log_time` strictly between {limits[0]:.4g} and "
                f"{limits[1]:.4g}, the limits on log time. Received: {value}."
            )
        checked.append(value)
    return checked
