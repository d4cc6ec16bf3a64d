"""The topology of the encoder while it trains, beside the other metrics."""

import keras

from diffusion_vae.checks import require_integer
from diffusion_vae.evaluation import measure_topology

PREFIX = "topology_"
NAMES = ("degree", "largest_jump", "coverage", "distance_correlation")


class TopologyMonitor(keras.callbacks.Callback):
    """Adds `topology_degree`, `topology_largest_jump`, ... to the logs of an epoch.

    Put it before `ResultsFolder` (or `keras.callbacks.TensorBoard`), which then writes the
    numbers with all others. Between measurements the last ones stand. Without known
    factors to measure by it does nothing; a degree that is not counted is left out.

    Args:
        dataset: A `Dataset` with known factors and `render`.
        every: Measure after every so many epochs.
        seed: Of loops and points, the same each time.
    """

    def __init__(self, dataset, every=1, seed=0):
        super().__init__()
        self.dataset = dataset
        self.every = require_integer("every", every, 1)
        self.seed = seed
        self._last: dict[str, float] = {}

    def on_epoch_end(self, epoch, logs=None):
        known = {name: value for name, value in (logs or {}).items() if name.startswith(PREFIX)}
        if known:  # an epoch of an earlier training is shown again
            self._last = known
            return
        if (epoch + 1) % self.every == 0 or not self._last:
            measured = measure_topology(self.model, self.dataset, self.seed)
            values = {} if measured is None else measured.as_dict()
            self._last = {
                f"{PREFIX}{name}": float(values[name])
                for name in NAMES
                if values.get(name) is not None
            }
        if logs is not None:
            logs.update(self._last)
