"""Keras's `compile`, `fit`, `evaluate` and `predict`, whose data are checked first."""

import contextlib
from typing import Any

import keras
import numpy as np

from diffusion_vae.checks import require_fraction, require_integer, require_keras_name
from diffusion_vae.models.arguments import (
    check_rows,
    check_source,
    check_weights,
    require_callbacks,
    require_examples,
    require_numbers,
)
from diffusion_vae.models.guards import NaNGuard, TimeLimitWarning
from diffusion_vae.typing import Shape


class FittingMethods(keras.Model):
    """Methods of a model with `likelihood`, `event_shape` and `target_shape`.

    Training goes without labels: the data are their own target unless another is given.
    """

    def compile(self, optimizer: Any = "adam", **kwargs: Any) -> None:
        """Keras's `compile`, without `loss` and `metrics`: the model brings its own."""
        for name in ("loss", "metrics", "weighted_metrics"):
            if kwargs.get(name) is not None:
                raise ValueError(
                    f"Expected no `{name}` in `compile`: the model brings its own loss and "
                    f"metrics. Received: {name}={kwargs[name]!r}. Compute further numbers from "
                    "`model.predict(x)` or in a callback."
                )
        optimizer = require_keras_name("optimizer", optimizer, keras.optimizers)
        super().compile(optimizer=optimizer, **kwargs)

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles the model as the one that a file was written by."""
        self.compile(**keras.saving.deserialize_keras_object(config))
        self._build_optimizer()

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: Any = "auto",
        callbacks: Any = None,
        **kwargs: Any,
    ) -> keras.callbacks.History:
        """Keras's `fit`. Data are checked first, and a loss that is not finite raises.

        Raises:
            TypeError: If the data are no array and no source of batches.
            ValueError: If the data are not finite numbers, are outside the likelihood's support,
                or have the wrong shape.
            FloatingPointError: If the loss became NaN or infinite. The error names the step.
        """
        if batch_size is not None:
            require_integer("batch_size", batch_size, 1)
        require_integer("epochs", epochs, 0)
        require_fraction("validation_split", kwargs.get("validation_split", 0.0))
        x, y = self._checked_data(x, y, kwargs.get("sample_weight"))
        validation = kwargs.get("validation_data")
        if validation is not None:
            parts = dict(zip(("x", "y", "sample_weight"), _as_arguments(validation), strict=False))
            self._checked_data(**parts, name="validation_data")
        self._build_optimizer()
        options = {"batch_size": batch_size, "epochs": epochs, "verbose": verbose, **kwargs}
        if isinstance(callbacks, keras.callbacks.CallbackList):
            return super().fit(x, y, callbacks=callbacks, **options)
        guard = NaNGuard()
        callbacks = [guard, TimeLimitWarning(), *require_callbacks(callbacks)]
        consequence = None
        try:
            history = super().fit(x, y, callbacks=callbacks, **options)
        except Exception as error:
            if not guard.message:
                raise
            consequence = error  # a picture of NaN, for instance
        if guard.message:
            raise FloatingPointError(guard.message) from consequence
        return history

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keras's `save`. The optimizer's variables are made first: else a model that was
        compiled and not yet trained loads with a warning about them."""
        self._build_optimizer()
        super().save(*args, **kwargs)

    def evaluate(
        self, x: Any = None, y: Any = None, batch_size: int | None = None, **kwargs: Any
    ) -> Any:
        """Keras's `evaluate`; the data are their own target by default, as in `fit`."""
        if batch_size is not None:
            require_integer("batch_size", batch_size, 1)
        x, y = self._checked_data(x, y, kwargs.get("sample_weight"))
        return super().evaluate(x, y, batch_size=batch_size, **kwargs)

    def predict(self, x: Any, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Keras's `predict`: what `call` returns, as NumPy arrays."""
        if batch_size is not None:
            require_integer("batch_size", batch_size, 1)
        check_source("x", x)
        if isinstance(x, np.ndarray):
            require_examples("x", x, self.event_shape if self.built else None)
        return super().predict(x, batch_size=batch_size, **kwargs)

    def _checked_data(
        self, x: Any = None, y: Any = None, sample_weight: Any = None, name: str = "x"
    ) -> tuple[Any, Any]:
        """Checks data, builds the model for them if it is not, and returns data and target."""
        check_source(name, x)
        if y is None and sample_weight is not None:
            y = x  # Keras drops weights that come without a target
        if isinstance(x, np.ndarray):
            require_examples(name, x, self.event_shape if self.built else None)
            if not self.built:
                with self._placement():  # now, before callbacks look at the networks
                    self.build((None, *x.shape[1:]))
        self._check_arrays(x, y)
        check_weights(sample_weight, x)
        return x, y

    def _check_arrays(self, x: Any = None, y: Any = None) -> None:
        """Checks NumPy data; what is reconstructed must be in the likelihood's support."""
        if y is not None and isinstance(x, np.ndarray):
            check_source("y", y)
        if isinstance(y, np.ndarray):
            if self.built:
                self._check_target(y.shape)
            require_numbers("y", y)
            check_rows("y", y, x)
            self.likelihood.check_data(y)
        if isinstance(x, np.ndarray) and y is None:
            self.likelihood.check_data(x)

    def _build_optimizer(self) -> None:
        """Makes the optimizer's variables: made in a step, they cost it a second trace."""
        optimizer = getattr(self, "optimizer", None)  # none before `compile`
        if self.built and optimizer is not None and not optimizer.built:
            with self._placement():
                optimizer.build(self.trainable_variables)

    def _placement(self) -> contextlib.AbstractContextManager:
        """Scope of the strategy that the model was made under (TensorFlow only)."""
        strategy = getattr(self, "distribute_strategy", None)
        return contextlib.nullcontext() if strategy is None else strategy.scope()

    def _check_target(self, shape: Shape) -> None:
        if tuple(shape[1:]) != self.target_shape:
            raise ValueError(
                "Expected the target to have the shape of a reconstruction, "
                f"{self.target_shape}. Received: {tuple(shape[1:])}. "
                "The model learns without labels: call `fit(x)`; `fit(x, target)` is for "
                "targets such as clean pictures."
            )


def _as_arguments(validation: Any) -> Any:
    """Validation data as the arguments of `_checked_data`: x, y, weights."""
    parts = validation if isinstance(validation, (tuple, list)) else (validation,)
    if not 1 <= len(parts) <= 3:
        raise ValueError(
            "Expected `validation_data` to be x, (x,), (x, y) or (x, y, sample_weight). "
            f"Received: a {type(validation).__name__} of {len(parts)}."
        )
    return parts
