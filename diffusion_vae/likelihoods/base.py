"""The base of likelihoods p(x | z): laws of the data, given the raw output of a decoder."""

from typing import Any

import numpy as np
from keras import ops

from diffusion_vae.checks import require_choice, require_finite
from diffusion_vae.layers.full_precision import FullPrecisionLayer
from diffusion_vae.typing import Seed, Shape, Tensor

MISSING = ("refuse", "ignore")


class Likelihood(FullPrecisionLayer):
    """A distribution over data, given the raw output of a decoder.

    Like geometry it is computed in full precision under a policy of half precision. Data are
    cast to the dtype of the outputs.

    The raw output has `outputs_per_value` numbers per data value, side by side on
    the last axis: `[..., *event[:-1], outputs_per_value * event[-1]]`.

    A law of independent data values is its `outputs`, its `terms` and its `sample`; a law of
    another kind overrides `log_prob`.

    Args:
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (a value that nobody
            measured, which is left out of `log_prob`).

    Attributes:
        outputs_per_value: Numbers of a decoder's output per data value.
        takes_exposure: Whether `outputs` takes an exposure for each example.
        takes_scaled_data: Whether data may be standardised, as real numbers may and counts may
            not.
        inside: A number in the support, which stands in for values that are missing.
        columns: Length of the last axis of the data, where the law says it; else `None`.

    Raises:
        ValueError: If `missing` is neither.

    Example:
        >>> from diffusion_vae import likelihoods
        >>> likelihood = likelihoods.get("bernoulli")
        >>> isinstance(likelihood, likelihoods.Likelihood)
        True
        >>> likelihood.event_shape((None, 28, 28, 1))  # of the data
        (None, 28, 28, 1)
    """

    outputs_per_value: int = 1
    takes_exposure: bool = False
    takes_scaled_data: bool = False
    inside: float = 0.0
    columns: int | None = None

    def __init__(self, *, missing: str = "refuse", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.missing = require_choice("missing", missing, MISSING)

    @property
    def support(self) -> str:
        """What the data are, in words: `"counts"`."""
        return "real numbers"

    @property
    def ignores_missing(self) -> bool:
        """Whether NaN in the data is a value that nobody measured."""
        return self.missing == "ignore"

    @property
    def unbounded_output(self) -> str:
        """What a decoder's raw output is if it must be free to take any value, such as
        `"logits"`: then a decoder that ends in a sigmoid is warned of. Empty if any decoder will
        do."""
        return ""

    # -- shapes --------------------------------------------------------------------

    def event_shape(self, raw_shape: Shape) -> Shape:
        """Shape of the data whose raw decoder output has the shape `raw_shape`.

        Raises:
            ValueError: If its last axis is not a multiple of `outputs_per_value`.
        """
        last = raw_shape[-1]
        if last is not None and last % self.outputs_per_value:
            raise ValueError(
                f"Expected the decoder's last axis to be a multiple of "
                f"{self.outputs_per_value}, the outputs per value of {type(self).__name__}. "
                f"Received shape: {tuple(raw_shape)}."
            )
        return (*raw_shape[:-1], None if last is None else last // self.outputs_per_value)

    def raw_shape(self, event_shape: Shape) -> Shape:
        """Shape of the raw decoder output for data of the shape `event_shape`.

        The inverse of `event_shape`, with or without the axes of a batch.
        """
        last = event_shape[-1]
        return (*event_shape[:-1], None if last is None else last * self.outputs_per_value)

    def build(self, input_shape: Shape) -> None:
        """Remembers the event's rank; `input_shape` is `[batch, *event]`, of the data."""
        self._event_axes = tuple(range(-(len(input_shape) - 1), 0))
        self.built = True

    def __call__(self, raw: Tensor, *args: Any, **kwargs: Any) -> Any:
        if not self.built and hasattr(raw, "shape"):
            self.build(self.event_shape(tuple(raw.shape)))  # Keras would take the raw shape
        return super().__call__(raw, *args, **kwargs)

    def call(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        return self.outputs(raw) if exposure is None else self.outputs(raw, exposure)

    # -- the law -------------------------------------------------------------------

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        """Named arrays of a raw decoder output, as `log_prob` takes them.

        Args:
            raw: `[..., *raw_event]`.
            exposure: Positive numbers by which the means of each example are multiplied,
                `[batch]` or as many leading axes as `raw` has; a law of counts alone takes them.

        Returns:
            A dictionary whose `reconstruction` is the mean of the data,
            `[..., *event]`.

        Raises:
            ValueError: If an exposure is given to a law that takes none.
        """
        raise NotImplementedError

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """Log density of each data value in nats, all constants included.

        Args:
            x: Data without missing values, `[..., *event]`, in the dtype of the outputs.
            outputs: Result of `outputs`.

        Returns:
            `[..., *event]`.
        """
        raise NotImplementedError

    def log_prob(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """Log density of the data in nats, all constants included.

        Args:
            x: Data, `[..., *event]`; values that are missing are left out of the sum.
            outputs: Result of `outputs`.

        Returns:
            `[...]`, summed over the event (as many axes as the layer was built for).
        """
        x = ops.cast(x, outputs["reconstruction"].dtype)
        return ops.sum(self.known_terms(x, outputs, self.ignores_missing), axis=self._event_axes)

    def known_terms(self, x: Tensor, outputs: dict[str, Tensor], ignore: bool) -> Tensor:
        """The terms of `log_prob`, with 0 for each value that is missing.

        Args:
            x: Data, `[..., *event]`, in the dtype of the outputs.
            outputs: Result of `outputs`.
            ignore: Whether NaN in the data is a value that is missing.

        Returns:
            `[..., *event]`.
        """
        if not ignore:
            return self.terms(x, outputs)
        unknown = ops.isnan(x)
        # What is masked must have finite slopes, too: 0 times NaN is NaN.
        terms = self.terms(ops.where(unknown, self.inside, x), outputs)
        return ops.where(unknown, 0.0, terms)

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        """A draw of the data.

        Args:
            outputs: Result of `outputs`.
            seed: An integer, a `keras.random.SeedGenerator` or `None`.

        Returns:
            `[..., *event]`.
        """
        raise NotImplementedError

    def error(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """Difference of the data and their reconstruction, `[..., *event]`.

        Args:
            x: Data, `[..., *event]`; the error of a missing value is NaN.
            outputs: Result of `outputs`.
        """
        reconstruction = outputs["reconstruction"]
        return ops.cast(x, reconstruction.dtype) - reconstruction

    # -- checks --------------------------------------------------------------------

    def check_data(self, x: np.ndarray) -> None:
        """Checks that NumPy data can come from this distribution.

        Raises:
            ValueError: If a value is infinite or outside the support, or is NaN and
                `missing="refuse"`.
        """
        unknown = np.isnan(x) if np.issubdtype(x.dtype, np.floating) else np.False_
        if not unknown.any():
            require_finite("data", x)
            self.check_values(x)
        elif self.ignores_missing:
            require_finite("data", x[~unknown])
            self.check_values(x[~unknown])
        else:
            advice = 'If NaN stands for a missing value, give the likelihood `missing="ignore"`.'
            try:
                require_finite("data", x)
            except ValueError as error:
                raise ValueError(f"{error} {advice}") from None

    def check_values(self, x: np.ndarray) -> None:
        """Checks that finite NumPy data of any shape are in the support; overridden by laws.

        Raises:
            ValueError: If a value is not.
        """

    def check_exposure(self, exposure: np.ndarray) -> None:
        """Checks NumPy exposures.

        Raises:
            ValueError: If the law takes none, or if one is not positive and finite.
        """
        self._refuse_exposure(exposure)
        good = np.isfinite(exposure) & (np.asarray(exposure) > 0)
        if not good.all():
            raise ValueError(
                "Expected exposures to be positive and finite. Received: an array with "
                f"{int((~good).sum())} that are not."
            )

    def _refuse_exposure(self, exposure: Any) -> None:
        if exposure is not None and not self.takes_exposure:
            raise ValueError(
                f"Expected no exposure for {type(self).__name__}, whose data are no counts. "
                "Received: one for each example. Take a law of counts, such as "
                "`likelihood='poisson'`."
            )

    def _log_exposure(self, exposure: Tensor, raw: Tensor) -> Tensor:
        """Log of exposures `[..., batch]`, with an axis of length 1 for each axis of the event."""
        exposure = ops.cast(exposure, raw.dtype)
        axes = len(raw.shape) - 1 if not self.built else len(self._event_axes)
        shape = ops.shape(exposure)
        return ops.reshape(ops.log(exposure), (*shape, *[1] * axes))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "missing": self.missing}
