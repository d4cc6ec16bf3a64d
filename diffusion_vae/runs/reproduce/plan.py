"""A table as runs to be made: rows, seeds, settings."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, TypeAlias

from diffusion_vae import datasets
from diffusion_vae.checks import did_you_mean
from diffusion_vae.runs.composing import compose
from diffusion_vae.runs.record import Record

if TYPE_CHECKING:
    from diffusion_vae.runs.training import TrainedRun

Measure: TypeAlias = "Callable[[TrainedRun], Mapping[str, Any]]"

# Settings that are arguments of `compose`; all others are given as `--set` takes them.
CHOICES = (
    "model", "manifold", "dataset", "network", "epochs", "batch_size", "learning_rate",
    "schedule", "seed", "restarts",
)  # fmt: skip


@dataclass(frozen=True)
class Job:
    """One training of a table.

    Attributes:
        row: Row of the table it belongs to.
        record: What to train.
        importance_samples: Draws per example for the log-likelihood.
        prior_share: Share of them that comes from the prior.
        measures: Functions that give further numbers of the trained run, by name.
    """

    row: str
    record: Record
    importance_samples: int
    prior_share: float = 0.0
    measures: tuple[Measure, ...] = ()

    @property
    def name(self) -> str:
        """Name of the run and of its JSON file."""
        row = re.sub(r"[^A-Za-z0-9]+", "-", self.row).strip("-")
        return f"{row}-seed-{self.record.seed}"


# metric: (heading, form, whether more is better; `None`: neither). A form of `None` is for
# numbers that are 0 or 1, of which the report says how many are 1.
EVIDENCE: dict[str, Any] = {
    "log_likelihood": ("LL", "{:.2f}", True),
    "elbo": ("ELBO", "{:.2f}", True),
    "kl_loss": ("KL", "{:.2f}", None),
    "mse": ("MSE", "{:.5f}", False),
}
# With draws from the prior among those of the log-likelihood: also without, as it is published.
TWO_ESTIMATES: dict[str, Any] = {
    "log_likelihood": ("LL", "{:.2f}", True),
    "log_likelihood_encoder": ("LL (encoder)", "{:.2f}", True),
    **{name: EVIDENCE[name] for name in ("elbo", "kl_loss", "mse")},
}
TOPOLOGY: dict[str, Any] = {
    "captured": ("captured", None, None),
    "largest_jump": ("largest jump", "{:.2f}", None),
    "coverage": ("coverage", "{:.1%}", None),
    "distance_correlation": ("distance correlation", "{:.2f}", None),
    "restarts": ("restarts", "{:.1f}", None),
    "elbo": ("ELBO", "{:.1f}", None),
}


@dataclass(frozen=True)
class Table:
    """Runs that stand side by side.

    Attributes:
        name: As on the command line.
        title: What it is, for the report.
        rows: Row name to the settings that make the row, as `settings_record` takes them.
        published: Row name to published numbers.
        corrected: Row name to those that differ once the constants are right.
        settings: Settings common to all rows.
        importance_samples: Draws per example for the log-likelihood.
        prior_share: Share of them that comes from the prior.
        metrics: What the report shows of each run: name to heading, form, and whether more
            is better (`None`: neither).
        seeded: Options of the data set that take the seed of the run, so that each run has
            data of its own.
        measures: Functions that give further numbers of each trained run, by name.
        starts: Number n: the report also has each row for the best run among every n seeds.
        start_metric: The number that is largest in the best run.
    """

    name: str
    title: str
    rows: dict[str, dict[str, Any]]
    published: dict[str, Any] = field(default_factory=dict)
    corrected: dict[str, Any] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    importance_samples: int = 100
    prior_share: float = 0.0
    metrics: dict[str, Any] = field(default_factory=lambda: EVIDENCE)
    seeded: tuple[str, ...] = ()
    measures: tuple[Measure, ...] = ()
    starts: int = 1
    start_metric: str = ""

    def jobs(
        self,
        rows: list[str] | None = None,
        runs: int = 10,
        epochs: int | None = None,
        first_seed: int = 0,
    ) -> list[Job]:
        """The trainings of some rows, seed by seed so that every row has some soon.

        Args:
            rows: Names of rows; all by default.
            runs: Trainings a row.
            epochs: Replaces the table's own number of epochs.
            first_seed: Seed of the first training of each row.

        Returns:
            A list of `Job`s.

        Raises:
            ValueError: If there is no such row.
        """
        rows = list(self.rows) if rows is None else list(rows)
        for row in rows:
            if row not in self.rows:
                raise ValueError(
                    f"Unknown row {row!r} of {self.name}.{did_you_mean(row, self.rows)} "
                    f"Expected some of: {', '.join(self.rows)}."
                )
        if runs < 1:
            raise ValueError(f"Expected `runs` to be at least 1. Received: {runs}.")
        records = {row: self._record(row, epochs) for row in rows}
        return [
            Job(
                row,
                self._with_seed(records[row], seed),
                self.importance_samples,
                self.prior_share,
                self.measures,
            )
            for seed in range(first_seed, first_seed + runs)
            for row in rows
        ]

    def _record(self, row: str, epochs: int | None) -> Record:
        settings = {**self.settings, **self.rows[row]}
        return settings_record(settings if epochs is None else {**settings, "epochs": epochs})

    def _with_seed(self, record: Record, seed: int) -> Record:
        """The record with another seed; to compose one takes longer."""
        known = datasets.loader_options(record.dataset["name"]) if self.seeded else {}
        seeds = {name: seed for name in self.seeded if name in known}
        options = {**record.dataset["options"], **seeds}
        return replace(record, seed=seed, dataset={**record.dataset, "options": options})


def settings_record(settings: Mapping[str, Any]) -> Record:
    """The record of settings, of which some are choices of their own (`manifold`, ...)."""
    choices = {name: settings[name] for name in CHOICES if name in settings}
    if callable(choices.get("manifold")):  # made only now: a backend that has worked cannot fork
        choices["manifold"] = choices["manifold"]()
    rest = {name: value for name, value in settings.items() if name not in CHOICES}
    return compose(**choices, settings=rest)
