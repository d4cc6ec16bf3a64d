"""What the laws of labels share: whole numbers from 0 to below the number of classes."""

from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.likelihoods.base import Likelihood
from diffusion_vae.typing import Seed, Tensor


class LabelLaw(Likelihood):
    """A law of labels 0, 1, ..., whose outputs have the log probability of each class.

    Args:
        classes: Number of classes, at least 2.

    Raises:
        TypeError: If it is not a whole number.
        ValueError: If it is less than 2.
    """

    def __init__(self, classes: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.classes = require_integer("classes", classes, 2)

    @property
    def support(self) -> str:
        return f"labels from 0 to {self.classes - 1}"

    def check_values(self, x: np.ndarray) -> None:
        if not x.size:
            return
        whole = x == np.round(x) if x.dtype.kind == "f" else np.True_
        bad = ~(whole & (x >= 0) & (x < self.classes))
        if bad.any():
            raise ValueError(
                f"Expected labels from 0 to {self.classes - 1} for {type(self).__name__}"
                f"(classes={self.classes}). Received: {int(bad.sum())} values that are none, such "
                f"as {x[bad].flat[0]:g}."
            )

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        log_probabilities = outputs["log_probabilities"]
        chosen = ops.one_hot(ops.cast(x, "int32"), self.classes, dtype=log_probabilities.dtype)
        return ops.sum(chosen * log_probabilities, axis=-1)

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        logits = outputs["log_probabilities"]
        uniform = keras.random.uniform(ops.shape(logits), dtype=logits.dtype, seed=seed)
        gumbel = -ops.log(-ops.log(ops.maximum(uniform, keras.config.epsilon() ** 4)))
        return ops.cast(ops.argmax(logits + gumbel, axis=-1), logits.dtype)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "classes": self.classes}
