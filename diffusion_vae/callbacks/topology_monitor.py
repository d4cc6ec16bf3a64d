"""The topology of the encoder while it trains, beside the other metrics."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import keras

from diffusion_vae.callbacks.examples import require_factors, require_fitting
from diffusion_vae.checks import require_integer

if TYPE_CHECKING:
    from diffusion_vae.datasets import Dataset

PREFIX = "topology_"
NAMES = ("degree", "largest_jump", "coverage", "distance_correlation")


class TopologyMonitor(keras.callbacks.Callback):
    """Adds `topology_degree`, `topology_largest_jump`, ... to the logs of an epoch.

    Put it before `ResultsFolder` (or `keras.callbacks.TensorBoard`), which then writes these
    numbers with all others. In the epochs between two measurements the logs repeat the last
    numbers. If the data set has no known factors, nothing is added; a degree that cannot be
    counted is left out.

    Args:
        dataset: A `Dataset` with known factors and `render`.
        every: Epochs between two measurements.
        seed: Seed of loops and points, the same each time.

    Example:
        >>> from diffusion_vae import datasets
        >>> from diffusion_vae.callbacks import TopologyMonitor
        >>> data = datasets.load("periodic_pictures", size=8, train_size=16, test_size=4)
        >>> monitor = TopologyMonitor(data, every=5)
        >>> history = model.fit(data.train, epochs=20, callbacks=[monitor])  # doctest: +SKIP
        >>> history.history["topology_degree"][-1]  # doctest: +SKIP
        1.0
    """

    def __init__(self, dataset: Dataset, every: int = 1, seed: int = 0) -> None:
        super().__init__()
        self.every = require_integer("every", every, 1)
        self.dataset = require_factors(dataset)
        self.seed = seed
        self._last: dict[str, float] = {}

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        require_fitting(self.model, self.dataset)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        known = {name: value for name, value in (logs or {}).items() if name.startswith(PREFIX)}
        if known:  # an epoch of an earlier training is shown again
            self._last = known
            return
        if (epoch + 1) % self.every == 0 or not self._last:
            self._last = self._measured()
        if logs is not None:
            logs.update(self._last)

    def _measured(self) -> dict[str, float]:
        from diffusion_vae.evaluation import measure_topology

        topology = measure_topology(self.model, self.dataset, self.seed)
        values = {} if topology is None else topology.as_dict()
        return {
            f"{PREFIX}{name}": float(values[name])
            for name in NAMES
            if values.get(name) is not None
        }
