"""Training on several machines at once, each with a part of every batch (JAX only).

Keras 3 has one way for this: `keras.distribution.DataParallel` on the JAX backend. (With
TensorFlow, `MirroredStrategy` covers the devices of one machine; `MultiWorkerMirroredStrategy`
does not work with Keras 3, Keras issue 20585.)
"""

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import keras

PORT = 12321  # of the first machine, where none is given
SILENCE = 30  # seconds without a sign after which a process counts as lost


@dataclass(frozen=True)
class Cluster:
    """The processes that train one model together, and which of them this one is.

    Attributes:
        count: Number of processes.
        rank: Number of this process; the first (0) writes the results.
    """

    count: int = 1
    rank: int = 0

    @property
    def is_first(self) -> bool:
        """Whether this process writes the results."""
        return self.rank == 0

    def share(self, rows: Any) -> Any:
        """This process's part of an array of rows: equal parts, what is left over dropped."""
        part = len(rows) // self.count
        return rows[self.rank * part : (self.rank + 1) * part]

    @cached_property
    def _scratch(self) -> tempfile.TemporaryDirectory:
        return tempfile.TemporaryDirectory(prefix="diffusion_vae_")

    def own_folder(self, results: str | Path) -> str | Path:
        """Where this process writes: to save a model all must take part, but one keeps it."""
        return results if self.is_first else self._scratch.name

    def leave(self) -> None:
        """Ends the common work, once every process has come here."""
        if self.count == 1:
            return
        if not self.is_first:
            self._scratch.cleanup()
        import jax

        jax.distributed.shutdown()
        keras.distribution.set_distribution(None)


ALONE = Cluster()


def join(hosts: Sequence[str], rank: int) -> Cluster:
    """Waits for all processes, and shares batches and weights among them.

    Call it before any computation, in every process with the same hosts.

    Args:
        hosts: Address of each machine, in order, the first with a port (`"10.0.0.1:12321"`)
            or without.
        rank: Place of this machine in the list, from 0.

    Returns:
        A `Cluster`.

    Raises:
        ValueError: If the backend is not JAX, or the list has no such rank.
    """
    hosts = [host.strip() for host in hosts]
    if keras.backend.backend() != "jax":
        raise ValueError(
            "Expected KERAS_BACKEND=jax for training on several machines, which Keras 3 does on "
            f"JAX only. Received: the backend {keras.backend.backend()!r}."
        )
    if len(hosts) < 2 or not all(hosts):
        raise ValueError(f"Expected the addresses of at least two hosts. Received: {hosts!r}.")
    if not 0 <= rank < len(hosts):
        raise ValueError(
            f"Expected `rank` to be from 0 to {len(hosts) - 1}, for {len(hosts)} hosts. "
            f"Received: {rank}."
        )
    first = hosts[0] if ":" in hosts[0] else f"{hosts[0]}:{PORT}"
    import jax

    # As keras.distribution.initialize, which would wait 100 seconds for a lost process; `train`
    # seeds all processes alike.
    jax.distributed.initialize(first, len(hosts), rank, heartbeat_timeout_seconds=SILENCE)
    parallel = keras.distribution.DataParallel(auto_shard_dataset=False)
    keras.distribution.set_distribution(parallel)
    return Cluster(len(hosts), rank)
