"""Positive numbers that a law needs beside the mean, learned or predicted: scales, dispersions."""

import math
from dataclasses import dataclass
from typing import Any

from keras import ops

from diffusion_vae.checks import require_choice, require_positive
from diffusion_vae.likelihoods.base import Likelihood
from diffusion_vae.typing import Shape, Tensor

MODES = ("learned", "predicted")


@dataclass(frozen=True)
class PositiveParameter:
    """A positive number within limits, made of a free number.

    Attributes:
        mode: `"learned"`, a trained constant for each data value, or `"predicted"` by the decoder.
        start: The number at a free number of 0, where its log has slope 1.
        low: The smallest.
        high: The largest.
    """

    mode: str
    start: float
    low: float
    high: float

    @classmethod
    def of(
        cls, name: str, mode: Any, start: Any, limits: tuple[float, float]
    ) -> "PositiveParameter":
        """From arguments of a law.

        Raises:
            TypeError: If `start` is not a number.
            ValueError: If the mode is unknown, or `start` is outside the limits.
        """
        require_choice(name, mode, MODES)
        low, high = limits
        start = require_positive(f"initial_{name}", start)
        if not low < start < high:
            raise ValueError(
                f"Expected `initial_{name}` to be between {low:g} and {high:g}. Received: {start}."
            )
        return cls(mode, start, low, high)

    def log(self, free: Tensor) -> Tensor:
        """Log of the number that a free number stands for, however large that is."""
        low, width = math.log(self.low), math.log(self.high) - math.log(self.low)
        share = (math.log(self.start) - low) / width
        slope = width * share * (1.0 - share)
        return low + width * ops.sigmoid(math.log(share / (1.0 - share)) + free / slope)


class LawWithParameters(Likelihood):
    """A law with positive numbers beside its mean, each of them learned or predicted.

    The raw output has `means_per_value` numbers a data value for the mean, and then one for each
    parameter that is predicted, in their order.

    Attributes:
        means_per_value: Raw numbers of the mean.
    """

    means_per_value: int = 1

    def _set_parameters(self, **parameters: PositiveParameter) -> None:
        """Takes the parameters, by the names under which `outputs` gives their logs."""
        self._positive = parameters
        predicted = [each for each in parameters.values() if each.mode == "predicted"]
        self.outputs_per_value = self.means_per_value + len(predicted)

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        self._free = {
            name: self.add_weight(name=name, shape=tuple(input_shape[1:]), initializer="zeros")
            for name, each in self._positive.items()
            if each.mode == "learned"
        }

    def _split(self, raw: Tensor) -> tuple[list[Tensor], dict[str, Tensor]]:
        """Raw numbers of the mean, and logs of the predicted parameters, by the name of output."""
        if self.outputs_per_value == 1:
            return [raw], {}
        parts = ops.split(raw, self.outputs_per_value, axis=-1)
        count = self.means_per_value
        predicted = [name for name, each in self._positive.items() if each.mode == "predicted"]
        logs = {
            f"log_{name}": self._positive[name].log(part)
            for name, part in zip(predicted, parts[count:], strict=True)
        }
        return list(parts[:count]), logs

    def _log(self, name: str, outputs: dict[str, Tensor]) -> Tensor:
        """Log of a parameter, `[*event]` or `[..., *event]`, in the dtype of the outputs."""
        given = outputs.get(f"log_{name}")
        if given is None:
            given = self._positive[name].log(self._free[name])
        return ops.cast(given, outputs["reconstruction"].dtype)
