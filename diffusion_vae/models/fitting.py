"""Keras's `compile`, `fit`, `evaluate`, `predict` and their kin, whose data are checked first."""

from typing import Any

import keras

from diffusion_vae.checks import (
    of_keras_2,
    require_fraction,
    require_integer,
    require_keras_name,
)
from diffusion_vae.configs import portable
from diffusion_vae.models.arguments import require_callbacks
from diffusion_vae.models.checked_data import CheckedData
from diffusion_vae.models.graphs import KeptGraphs
from diffusion_vae.models.guards import CollapseWarning, NaNGuard, TimeLimitWarning, WarmupWarning
from diffusion_vae.models.jax_state import KeepEpochs
from diffusion_vae.models.monitors import give_directions
from diffusion_vae.models.progress import telling_of_interruption, with_bar


class FittingMethods(CheckedData):
    """Methods of a model with `likelihood`, `event_shape` and `target_shape`.

    Training goes without labels: the data are their own target unless another is given.
    """

    _graphs: KeptGraphs | None  # of `log_likelihood`

    def compile(self, optimizer: Any = "adam", **kwargs: Any) -> None:
        """Keras's `compile`, without `loss` and `metrics`: the model brings its own."""
        for name in ("loss", "loss_weights", "metrics", "weighted_metrics"):
            if kwargs.get(name) is not None:
                raise ValueError(
                    f"Expected no `{name}` in `compile`: the model brings its own loss and "
                    f"metrics. Received: {name}={kwargs[name]!r}. Compute further numbers from "
                    "`model.predict(x)` or in a callback."
                )
        optimizer = require_keras_name("optimizer", optimizer, keras.optimizers)
        rate = getattr(optimizer, "_learning_rate", None)
        if of_keras_2(rate):
            raise TypeError(
                "Expected `optimizer` to have a number or a Keras schedule as its learning rate. "
                f"Received: {rate!r}.{of_keras_2(rate)}"
            )
        super().compile(optimizer=optimizer, **kwargs)
        self._graphs = None

    def get_compile_config(self) -> dict[str, Any]:
        """Keras's config of the arguments of `compile`, readable on every backend."""
        return portable(super().get_compile_config())

    def compile_from_config(self, config: dict[str, Any]) -> None:
        """Compiles the model as the one that a file was written by."""
        self.compile(**keras.saving.deserialize_keras_object(portable(config)))
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

        Warns at the end if the KL's warm-up has not ended, or the posterior has collapsed.

        Raises:
            TypeError: If the data are no array and no source of batches.
            ValueError: If the data are not finite numbers, are outside the likelihood's support,
                or have the wrong shape; if an argument presupposes labels.
            FloatingPointError: If the loss became NaN or infinite. The error names the step.
        """
        if batch_size is not None:
            require_integer("batch_size", batch_size, 1)
        require_integer("epochs", epochs, 0)
        require_fraction("validation_split", kwargs.get("validation_split", 0.0))
        self._refuse_class_weight(kwargs.get("class_weight"))
        x, y, kwargs["sample_weight"] = self._checked_data(x, y, kwargs.get("sample_weight"))
        validation = kwargs.get("validation_data")
        if validation is not None:
            kwargs["validation_data"] = self._checked_validation(validation)
        self._before_fit(x)
        self._build_optimizer()
        options = {"batch_size": batch_size, "epochs": epochs, "verbose": verbose, **kwargs}
        if isinstance(callbacks, keras.callbacks.CallbackList):
            with self._keeping(with_optimizer=True):
                return super().fit(x, y, callbacks=callbacks, **options)
        callbacks = require_callbacks(callbacks)
        give_directions(callbacks, self._trackers)
        guard = NaNGuard()
        warners = [TimeLimitWarning(), WarmupWarning(guard), CollapseWarning(guard)]
        callbacks = with_bar([KeepEpochs(), guard, *warners, *callbacks], verbose)
        consequence = None
        try:
            with telling_of_interruption(callbacks), self._keeping(with_optimizer=True):
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
        """Keras's `evaluate`; the data are their own target by default, as in `fit`.

        The loss has the full weights of the KL, also during a warm-up.
        """
        if batch_size is not None:
            require_integer("batch_size", batch_size, 1)
        if not kwargs.get("_use_cached_eval_dataset"):  # else `fit` has checked them
            x, y, kwargs["sample_weight"] = self._checked_data(x, y, kwargs.get("sample_weight"))
        if not isinstance(kwargs.get("callbacks"), keras.callbacks.CallbackList):
            callbacks = require_callbacks(kwargs.get("callbacks"))
            kwargs["callbacks"] = with_bar(callbacks, kwargs.get("verbose", "auto"))
        with self._keeping():
            return super().evaluate(x, y, batch_size=batch_size, **kwargs)

    def predict(self, x: Any, batch_size: int | None = None, **kwargs: Any) -> Any:
        """Keras's `predict`: what `call` returns, as NumPy arrays."""
        if batch_size is not None:
            require_integer("batch_size", batch_size, 1)
        x = self._checked_inputs("x", x)
        with self._keeping():
            return super().predict(x, batch_size=batch_size, **kwargs)

    def train_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Keras's `train_on_batch`, for data as in `fit`."""
        self._refuse_class_weight(kwargs.pop("class_weight", None))
        x, y, sample_weight = self._checked_data(x, y, sample_weight)
        with self._one_step():
            return super().train_on_batch(x, y, sample_weight, **kwargs)

    def test_on_batch(
        self, x: Any, y: Any = None, sample_weight: Any = None, **kwargs: Any
    ) -> Any:
        """Keras's `test_on_batch`, for data as in `fit`."""
        x, y, sample_weight = self._checked_data(x, y, sample_weight)
        with self._one_step():
            return super().test_on_batch(x, y, sample_weight, **kwargs)

    def predict_on_batch(self, x: Any) -> Any:
        """Keras's `predict_on_batch`, for data as in `predict`."""
        x = self._checked_inputs("x", x)
        with self._one_step():
            return super().predict_on_batch(x)

    def _before_fit(self, x: Any) -> None:
        """Overridden where weights start from data: `x` are checked arrays or a source."""

    def _checked_validation(self, validation: Any) -> Any:
        """Checked validation data: x, (x, y) or (x, y, sample_weight)."""
        parts = validation if isinstance(validation, (tuple, list)) else (validation,)
        if not 1 <= len(parts) <= 3:
            raise ValueError(
                "Expected `validation_data` to be x, (x,), (x, y) or (x, y, sample_weight). "
                f"Received: a {type(validation).__name__} of {len(parts)}."
            )
        x, y, weight = (*parts, None, None)[:3]
        x, y, weight = self._checked_data(x, y, weight, name="validation_data")
        if weight is not None:
            return x, y, weight
        return (x,) if y is None else (x, y)

    def _build_optimizer(self) -> None:
        """Makes the optimizer's variables: made in a step, they cost it a second trace."""
        optimizer = getattr(self, "optimizer", None)  # none before `compile`
        if self.built and optimizer is not None and not optimizer.built:
            with self._placement():
                optimizer.build(self.trainable_variables)
