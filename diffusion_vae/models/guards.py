"""Callbacks of every `fit` of a model: they report a loss of NaN, and what came out poor."""

import math
import warnings
from typing import Any

import keras

from diffusion_vae.signatures import arguments

SHARE_TO_WARN = 0.9
# A training that is shorter than a tenth of the warm-up is a trial; so is one of fewer than 10
# steps, and one of 100 is none.
TRIAL_STEPS = (10, 100)
COLLAPSED = 0.1  # nats of KL
STEPS_TO_COLLAPSE = 50


class NaNGuard(keras.callbacks.Callback):
    """Stops training at the first loss that is not a finite number.

    `message` is then a sentence with the step, the epoch and the batch. `fit` raises it after
    the other callbacks have closed their files.
    """

    def __init__(self) -> None:
        super().__init__()
        self.message: str | None = None
        self._epoch = 0
        self._earlier = 0  # steps of earlier epochs
        self._step = 0

    def on_epoch_begin(self, epoch: int, logs: Any = None) -> None:
        self._epoch = epoch
        self._earlier = self._step

    def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
        # Called once for several batches under `steps_per_execution`.
        self._step = self._earlier + batch + 1
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(float(loss)) or self.message:
            return
        self.message = (
            f"Training stopped: the loss became {float(loss)} at step {self._step} "
            f"(epoch {self._epoch + 1}, batch {batch + 1}). Look for NaN or very large "
            "values in the data, or lower the learning rate."
        )
        self.model.stop_training = True


class TimeLimitWarning(keras.callbacks.Callback):
    """Warns once when most diffusion times end an epoch at a limit."""

    def __init__(self) -> None:
        super().__init__()
        self._warned = False

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        share = (logs or {}).get("time_at_limit", 0.0)
        if self._warned or share <= SHARE_TO_WARN:
            return
        self._warned = True
        warnings.warn(
            f"{100 * share:.0f} % of the diffusion times are within 1 % of a limit at the "
            f"end of epoch {epoch + 1} (mean log time {logs['log_time']:.2f}): the limits "
            "set the KL now, not the data. Widen `log_time_range`.",
            UserWarning,
            stacklevel=2,
        )


class EndWarning(keras.callbacks.Callback):
    """Warns at the end of a training that was not stopped by NaN; subclasses say of what.

    Args:
        guard: The training's `NaNGuard`.
    """

    def __init__(self, guard: NaNGuard) -> None:
        super().__init__()
        self._guard = guard
        self._first_step = 0
        self._epochs = 0  # of this `fit`
        self._logs: dict[str, Any] = {}

    def sentence(self, steps: int, logs: dict[str, Any]) -> str | None:
        """What to warn of, or `None`.

        Args:
            steps: Training steps of this `fit`.
            logs: The latest value of every metric.
        """
        raise NotImplementedError

    def on_train_begin(self, logs: Any = None) -> None:
        self._first_step = self._step()

    def on_epoch_end(self, epoch: int, logs: Any = None) -> None:
        self._epochs += 1
        self._logs.update(logs or {})

    def on_train_end(self, logs: Any = None) -> None:
        sentence = self.sentence(self._step() - self._first_step, self._logs)
        if sentence is not None and not self._guard.message:
            warnings.warn(sentence, UserWarning, stacklevel=2)

    def _step(self) -> int:
        return int(float(self.model._step()))  # the count itself is one of each replica


class WarmupWarning(EndWarning):
    """Warns if the KL has not reached its full weight.

    A short `fit` may be a round of a loop, whose last round nobody can tell: the steps of all
    rounds count, and a model's short rounds are warned of once.
    """

    def sentence(self, steps: int, logs: dict[str, Any]) -> str | None:
        model, warmup = self.model, self.model.kl_warmup_steps
        share = float(model.warmup_share())
        least, most = TRIAL_STEPS
        enough = min(max(warmup / 10, least), most)
        if share >= 1.0 or self._step() < enough or model.kl_weight == 0:
            return None
        is_round = steps < enough or self._epochs == 1
        if is_round and model._warned_of_warmup:
            return None
        model._warned_of_warmup = True
        return (
            f"The training ended during the warm-up of the KL, after {share * warmup:.0f} of "
            f"kl_warmup_steps={warmup} steps: the KL's weight in the loss reached {share:.2f} of "
            f"its full value. Train longer, or choose `kl_warmup_steps` below the number of steps."
            + (" Of a loop of short trainings this is said once." if is_round else "")
        )


class CollapseWarning(EndWarning):
    """Warns if the posterior is the prior: the latent points say nothing about the data."""

    def sentence(self, steps: int, logs: dict[str, Any]) -> str | None:
        held_out = "val_kl_loss" in logs
        kl = logs.get("val_kl_loss", logs.get("kl_loss", math.inf))
        if not kl < COLLAPSED or steps < STEPS_TO_COLLAPSE or not self._is_wanted():
            return None
        return (
            f"The posterior has collapsed to the prior: the {'held-out ' if held_out else ''}KL "
            f"is {kl:.3f} nats at the end of training, so the latent points say nothing about "
            f"the data. {self._cure()}"
        )

    def _is_wanted(self) -> bool:
        """Whether the loss asks for a KL at all."""
        model = self.model
        if model.kl_capacity is not None and float(model.current_kl_capacity()) < COLLAPSED:
            return False
        return float(model.current(model.kl_weight)) > 0.0

    def _cure(self) -> str:
        weight = "beta" if "beta" in arguments(type(self.model)) else "kl_weight"
        cures = ["train with a longer `kl_warmup_steps`", f"a smaller `{weight}`"]
        if getattr(self.model.latent, "fixed_time", None) is not None:
            cures.insert(0, "choose a smaller `fixed_time`")
        likelihood = self.model.likelihood
        if getattr(likelihood, "scale", None) == "fixed":
            cures.insert(
                0,
                f"give the data a smaller variance than {likelihood.variance:g}, such as "
                '`likelihood=Gaussian(scale="learned")` or `Gaussian(variance=0.01)`',
            )
        first = cures[0][0].upper() + cures[0][1:]
        return "; or ".join([first, *cures[1:]]) + "."
