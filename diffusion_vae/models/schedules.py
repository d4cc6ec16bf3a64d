"""Weights of the loss that change with the training step: warm-up, schedules, capacity."""

from collections.abc import Callable
from typing import Any, TypeAlias

import keras
from keras import ops

from diffusion_vae.typing import Tensor

Schedule: TypeAlias = keras.optimizers.schedules.LearningRateSchedule
Weight: TypeAlias = float | Schedule | Callable[..., Any]


class ScheduleMethods(keras.Model):
    """Methods of a model with `kl_weight`, `kl_warmup_steps`, `kl_capacity` and `loss_dtype`."""

    _warmed_up = False  # whether the loss being computed is one of held-out data
    _warned_of_warmup = False

    def _add_schedule_step(self) -> None:
        # Schedules count their own steps: the optimiser's cannot be read everywhere. The count
        # is whole, since one of bfloat16 would stay at 256 for ever, and one of float32 at 2^24.
        self.schedule_step = self.add_weight(
            name="schedule_step",
            shape=(),
            initializer="zeros",
            dtype="int",
            trainable=False,
            aggregation="only_first_replica",
        )

    def kl_term(self, kl: Tensor) -> Tensor:
        """The KL as the loss takes it: with its weight, or its distance from the capacity."""
        if self.kl_capacity is not None:
            kl = ops.abs(kl - self.current_kl_capacity())
        return self.current_kl_weight() * kl

    def current_kl_weight(self) -> Tensor:
        """Weight of the KL at this training step: schedule and warm-up."""
        return self.current(self.kl_weight) * self.warmup_share()

    def current(self, weight: Weight) -> Any:
        """A weight, a number or a schedule, at this training step."""
        if not callable(weight):
            return weight
        return ops.cast(weight(self._step()), self.loss_dtype)

    def warmup_share(self) -> Tensor:
        """Share of the warm-up that has passed at this training step, 0 to 1.

        In the loss of held-out data it is 1: a loss whose weights rise would look worse while
        the model gets better, and `EarlyStopping` on `val_loss` would stop it.
        """
        if not self.kl_warmup_steps or self._warmed_up:
            return 1.0
        return ops.minimum(self._step() / self.kl_warmup_steps, 1.0)

    def current_kl_capacity(self) -> Tensor:
        """Target C of the KL at this training step, in nats."""
        start, end, steps = self.kl_capacity
        return start + (end - start) * ops.minimum(self._step() / steps, 1.0)

    def _step(self) -> Tensor:
        """The number of training steps so far, as a float."""
        return ops.cast(ops.convert_to_tensor(self.schedule_step), self.loss_dtype)
