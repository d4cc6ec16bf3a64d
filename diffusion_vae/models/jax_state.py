"""A model on JAX keeps its weights, however a call of Keras's methods ends.

Keras takes the values out of a model's variables while it trains, evaluates or predicts on JAX,
gives them to compiled steps that may overwrite them, and puts them back at the end. An error or
Ctrl-C in between leaves variables without values.
"""

import contextlib
from collections.abc import Iterator
from typing import Any

import keras


class StateMethods(keras.Model):
    """A model whose variables have values again after every call."""

    _kept: Any = None  # a `KeptValues` while Keras has the values
    _jax_state: Any  # Keras's own: the values after the latest step
    _jax_state_synced: bool

    def jax_state_sync(self) -> None:
        """Puts the values back into the variables. Keras calls it on JAX.

        Values that are lost are those of `_keeping`, from before the call or the epoch.
        """
        if self._kept is None:
            super().jax_state_sync()
            return
        if getattr(self, "_jax_state_synced", True):
            return
        if self._jax_state is None or any(map(_is_lost, keras.tree.flatten(self._jax_state))):
            self._jax_state = None
        else:
            super().jax_state_sync()
        self._kept.give_back()
        self._jax_state_synced = True

    @contextlib.contextmanager
    def _keeping(self, with_optimizer: bool = False) -> Iterator[None]:
        """Gives the variables their values back if the block raises."""
        if keras.backend.backend() != "jax":
            yield
            return
        before, self._jax_state = self._kept, None
        self._separate_values()
        self._kept = KeptValues(self, with_optimizer)
        try:
            yield
        except BaseException:
            self.jax_state_sync()
            self._jax_state = None
            raise
        finally:
            self._kept = before

    @contextlib.contextmanager
    def _one_step(self) -> Iterator[None]:
        """The same for a single step, which leaves the values where they are until it is done."""
        if keras.backend.backend() != "jax":
            yield
            return
        self._separate_values()
        try:
            yield
        except BaseException:
            self._jax_state, self._jax_state_synced = None, True
            raise

    def _separate_values(self) -> None:
        """Copies values that two variables share: a step cannot overwrite one of them twice.

        Weights and their moving averages share them after a training with `use_ema`.
        """
        seen: set[int] = set()
        for variable in _variables(self, with_optimizer=True):
            if id(variable.value) in seen:
                variable.assign(variable.value.copy())
            seen.add(id(variable.value))


class KeptValues:
    """Copies of a model's values, which steps on JAX cannot overwrite."""

    def __init__(self, model: StateMethods, with_optimizer: bool) -> None:
        self._model = model
        self._with_optimizer = with_optimizer
        self.renew()

    def renew(self) -> None:
        """Takes the values of now."""
        variables = _variables(self._model, self._with_optimizer)
        self._values = [(variable, variable.value.copy()) for variable in variables]

    def give_back(self) -> None:
        """Gives all variables their values back if one of them is lost."""
        if any(_is_lost(variable._value) for variable, _ in self._values):
            for variable, value in self._values:
                variable.assign(value.copy())


class KeepEpochs(keras.callbacks.Callback):
    """Keeps the values at the start of every epoch: what a Ctrl-C in a step can cost."""

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        kept = self.model._kept
        if kept is not None:
            kept.renew()


def _variables(model: keras.Model, with_optimizer: bool) -> list[Any]:
    """The variables whose values Keras takes, each once."""
    variables = [*model.variables, *model.metrics_variables]
    if with_optimizer and getattr(model, "optimizer", None) is not None:
        variables += model.optimizer.variables
    return list({id(variable): variable for variable in variables}.values())


def _is_lost(value: Any) -> bool:
    return value is None or getattr(value, "is_deleted", bool)()
