"""Trainings of one model from several initial weights, all at once in one compiled step."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.comparison.stacked import block_of_steps, each_start, gradients
from diffusion_vae.models import VariationalAutoencoder
from diffusion_vae.typing import Tensor


class Starts:
    """Trainings of one model from several initial weights, all at once.

    A small network does not keep a processor busy: most of a step goes into calling it. With
    the weights of all starts stacked, one call serves them all, and the step is compiled once.
    Every start has initial weights, noise and an order of the examples of its own, which follow
    from its seed. Starts do not meet: Adam works on each number by itself.

    Args:
        make_model: A function from a seed to a new model; models differ in nothing else.
        seeds: Seed of each start.
        train: Training examples, `[N, *event]`.
        validation: Examples that judge the starts, `[M, *event]`.
        batch_size: Examples a step.
        fused: Whether TensorFlow compiles the step by XLA, which pays from about 2,000 steps on.

    Attributes:
        model: The model that computes. `give` hands it the weights of a start.
        seeds: Seeds of the starts that still train.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import SphereVAE
        >>> from diffusion_vae.comparison.starts import Starts
        >>> x = np.random.default_rng(0).normal(size=(60, 4)).astype("float32")
        >>> starts = Starts(lambda seed: SphereVAE(1, seed=seed), [0, 1, 2], x[:40], x[40:], 20)
        >>> loss, validation_loss = starts.run(steps=2, learning_rate=1e-3)
        >>> loss.shape, validation_loss.shape
        ((3,), (3,))
    """

    def __init__(
        self,
        make_model: Callable[[int], VariationalAutoencoder],
        seeds: Sequence[int],
        train: np.ndarray,
        validation: np.ndarray,
        batch_size: int,
        fused: bool = True,
    ) -> None:
        self._fused = fused
        models = [make_model(seed) for seed in seeds]
        for model in models:
            model.build(train.shape)
        self.model = models[0]
        self.seeds = list(seeds)
        self._train = ops.convert_to_tensor(train)
        self._validation = ops.convert_to_tensor(validation)
        size = min(batch_size, len(train))
        self._orders = [_orders(len(train), size, seed) for seed in seeds]
        self._state = _stacked([model.non_trainable_variables for model in models])
        self._own = self.model.trainable_variables
        self._set_variables(_stacked([model.trainable_variables for model in models]))

    def __len__(self) -> int:
        return len(self.seeds)

    def run(self, steps: int, learning_rate: float) -> tuple[np.ndarray, np.ndarray]:
        """Trains all starts for some steps.

        Args:
            steps: Number of steps; another number of them is compiled anew.
            learning_rate: Of Adam.

        Returns:
            The mean loss of the steps and the validation loss after them, each `[starts]`, in
            nats an example. A start whose loss is not finite has failed.
        """
        rows = [[next(order) for _ in range(steps)] for order in self._orders]
        order = np.swapaxes(np.array(rows, "int32"), 0, 1)  # [steps, starts, batch]
        self._optimizer.learning_rate.assign(learning_rate)
        loss, self._state = self._train_block(self._state, ops.convert_to_tensor(order))
        validation, self._state = self._judge([v.value for v in self._weights], self._state)
        return ops.convert_to_numpy(loss), ops.convert_to_numpy(validation)

    def weights(self) -> list[np.ndarray]:
        """The weights of all starts, arrays `[starts, ...]`."""
        return [np.array(variable) for variable in self._weights]

    def set_weights(self, weights: Sequence[np.ndarray]) -> None:
        """Takes what `weights` returned."""
        for variable, value in zip(self._weights, weights, strict=True):
            variable.assign(value)

    def keep(self, starts: Sequence[int]) -> None:
        """Ends the training of all other starts."""
        indices = np.array(starts)
        count = len(self.seeds)
        moments = [np.array(variable) for variable in self._optimizer.variables]
        self.seeds = [self.seeds[s] for s in indices]
        self._orders = [self._orders[s] for s in indices]
        self._state = [ops.take(value, indices, axis=0) for value in self._state]
        self._set_variables([value[indices] for value in self.weights()])
        for variable, value in zip(self._optimizer.variables, moments, strict=True):
            stacked = value.ndim > 0 and len(value) == count
            variable.assign(value[indices] if stacked else value)

    def give(self, start: int) -> VariationalAutoencoder:
        """The model with weights and state of a start; the same object each time."""
        own = [*self._own, *self.model.non_trainable_variables]
        for variable, value in zip(own, [*self._weights, *self._state], strict=True):
            variable.assign(value[start])
        return self.model

    # -- pieces ------------------------------------------------------------------

    def _set_variables(self, weights: Sequence[Any]) -> None:
        """Makes the stacked weights, their optimizer, and the steps that go with them."""
        self._weights = [keras.Variable(value, name="stacked") for value in weights]
        self._optimizer = keras.optimizers.Adam()
        self._optimizer.build(self._weights)
        slopes = gradients(lambda weights, state, x: self._loss(weights, state, x, True))
        self._train_block = block_of_steps(
            each_start(slopes), self._weights, self._optimizer, self._train, self._fused
        )
        self._judge = each_start(
            lambda weights, state: self._loss(weights, state, self._validation, False),
            compiled=True,
        )

    def _loss(
        self, weights: list[Tensor], state: list[Tensor], x: Tensor, training: bool
    ) -> tuple[Tensor, list[Tensor]]:
        """Mean loss of examples for the weights of one start, and its state after them."""
        model = self.model
        mapping = [
            *zip(self._own, weights, strict=True),
            *zip(model.non_trainable_variables, state, strict=True),
            *((metric, metric.value) for metric in model.metrics_variables),
        ]
        with keras.StatelessScope(state_mapping=mapping) as scope:
            outputs = model(x, training=training)
            loss = model.compute_loss(x=x, y_pred=outputs, training=training)
        return loss, [scope.get_current_value(v) for v in model.non_trainable_variables]


def _stacked(variables: Sequence[Sequence[Any]]) -> list[Tensor]:
    """Variables of several models, stacked one by one."""
    return [ops.stack([v.value for v in same]) for same in zip(*variables, strict=True)]


def _orders(count: int, size: int, seed: int) -> Iterator[np.ndarray]:
    """Batches of rows without end, every row once in each pass but for the rest of it."""
    rng = np.random.default_rng(seed)
    while True:
        order = rng.permutation(count)
        yield from order[: count - count % size].reshape(-1, size)
