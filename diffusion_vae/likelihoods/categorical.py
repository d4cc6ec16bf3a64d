"""Likelihoods of labels: categories without an order, and ordered grades."""

from typing import Any

import numpy as np
from keras import ops

from diffusion_vae.likelihoods.labels import LabelLaw
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor

SMALLEST_GAP = 1e-4  # of thresholds


@serializable
class Categorical(LabelLaw):
    """Independent labels 0, 1, ... without an order; the decoder's outputs are logits.

    log p = sum log softmax(logits)[x]. Data are labels `[..., *event]`, whole numbers. A label has
    no mean: a reconstruction is the most probable label, as a float, and `error` is 1 where that
    is not the label, so that the mean square of it is the share of wrong labels. The outputs have
    `log_probabilities` and `probabilities` too, `[..., *event, classes]`.

    A raw output has the logits of the first class for all values of the last axis, then those of
    the second, ...

    Args:
        classes: Number of classes, at least 2.
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If `classes` is not a whole number.
        ValueError: If it is less than 2, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import Categorical
        >>> likelihood = Categorical(3)
        >>> raw = np.log([[0.2, 0.5, 0.3]]).astype("float32")  # of one value
        >>> outputs = likelihood(raw)
        >>> float(outputs["reconstruction"][0, 0])
        1.0
        >>> round(float(likelihood.log_prob(np.array([[2]]), outputs)[0]), 3)  # log 0.3
        -1.204
    """

    unbounded_output = "logits"

    def __init__(self, classes: int, **kwargs: Any) -> None:
        super().__init__(classes, **kwargs)
        self.outputs_per_value = self.classes

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        logits = ops.stack(ops.split(raw, self.classes, axis=-1), axis=-1)
        return {
            "reconstruction": ops.cast(ops.argmax(logits, axis=-1), logits.dtype),
            "log_probabilities": ops.log_softmax(logits, axis=-1),
            "probabilities": ops.softmax(logits, axis=-1),
        }

    def error(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """1 where the most probable label is not the label, else 0, `[..., *event]`."""
        difference = super().error(x, outputs)
        return ops.where(ops.isnan(difference), difference, ops.abs(ops.sign(difference)))


@serializable
class Ordinal(LabelLaw):
    """Independent grades 0, 1, ... in an order; the decoder gives one score for each.

    P(x <= k) = sigmoid(t_k - score), with thresholds t_0 < t_1 < ... that are learned for each
    data value (McCullagh 1980, "Regression models for ordinal data"). A reconstruction is the mean
    of the grade. The outputs have `log_probabilities` and `probabilities` too,
    `[..., *event, classes]`.

    Args:
        classes: Number of grades, at least 2. At the start of training all are equally probable
            at score 0.
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If `classes` is not a whole number.
        ValueError: If it is less than 2, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import Ordinal
        >>> likelihood = Ordinal(4)
        >>> outputs = likelihood(np.zeros((1, 2), "float32"))  # a decoder's raw output
        >>> round(float(outputs["reconstruction"][0, 0]), 3)
        1.5
        >>> round(float(likelihood.log_prob(np.array([[0, 3]]), outputs)[0]), 3)  # 2 log 1/4
        -2.773
    """

    unbounded_output = "scores"

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        event = tuple(input_shape[1:])
        self.first = self.add_weight(name="first_threshold", shape=event, initializer="zeros")
        self.gaps = self.add_weight(
            name="gaps", shape=(*event, self.classes - 2), initializer="zeros"
        )

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        first, gaps = (ops.cast(each, raw.dtype) for each in self._thresholds())
        thresholds = ops.concatenate([first, first + ops.cumsum(gaps, axis=-1)], axis=-1)
        below = thresholds - ops.expand_dims(raw, -1)  # [..., *event, classes - 1]
        # sigmoid(b) - sigmoid(a) = sigmoid(b) sigmoid(-a) (1 - exp(a - b))
        up_to, beyond = -ops.softplus(-below), -ops.softplus(below)  # logs of P(x <= k), P(x > k)
        inner = up_to[..., 1:] + beyond[..., :-1] + ops.log(-ops.expm1(-gaps))
        log_probabilities = ops.concatenate([up_to[..., :1], inner, beyond[..., -1:]], axis=-1)
        return {
            "reconstruction": ops.sum(ops.exp(beyond), axis=-1),
            "log_probabilities": log_probabilities,
            "probabilities": ops.exp(log_probabilities),
        }

    def _thresholds(self) -> tuple[Tensor, Tensor]:
        """The first threshold `[*event, 1]`, and the gaps between all `[*event, classes - 2]`."""
        share = np.arange(1, self.classes) / self.classes
        start = np.log(share / (1.0 - share))
        wanted = np.diff(start) - SMALLEST_GAP
        inverse = wanted + np.log(-np.expm1(-wanted))  # softplus(inverse) == wanted
        gaps = SMALLEST_GAP + ops.softplus(self.gaps + ops.cast(inverse, self.gaps.dtype))
        return ops.expand_dims(self.first + float(start[0]), -1), gaps
