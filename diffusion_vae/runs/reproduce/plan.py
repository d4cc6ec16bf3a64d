"""A table as runs to be made: rows, seeds, settings."""

import dataclasses
import re
from dataclasses import dataclass, field

from diffusion_vae import datasets
from diffusion_vae.checks import did_you_mean
from diffusion_vae.runs.config import ExperimentConfig


@dataclass(frozen=True)
class Job:
    """One training of a table.

    Attributes:
        row: Row of the table it belongs to.
        config: What to train.
        importance_samples: Draws per example for the log-likelihood.
        prior_share: Share of them that comes from the prior.
    """

    row: str
    config: ExperimentConfig
    importance_samples: int
    prior_share: float = 0.0

    @property
    def name(self):
        """Name of the run and of its JSON file."""
        row = re.sub(r"[^A-Za-z0-9]+", "-", self.row).strip("-")
        return f"{row}-seed-{self.config.seed}"


# metric: (heading, form, whether more is better; `None`: neither). A form of `None` is for
# numbers that are 0 or 1, of which the report says how many are 1.
EVIDENCE = {
    "log_likelihood": ("LL", "{:.2f}", True),
    "elbo": ("ELBO", "{:.2f}", True),
    "kl_loss": ("KL", "{:.2f}", None),
    "mse": ("MSE", "{:.5f}", False),
}
# With draws from the prior among those of the log-likelihood: also without, as it is published.
TWO_ESTIMATES = {
    "log_likelihood": ("LL", "{:.2f}", True),
    "log_likelihood_encoder": ("LL (encoder)", "{:.2f}", True),
    **{name: EVIDENCE[name] for name in ("elbo", "kl_loss", "mse")},
}
TOPOLOGY = {
    "captured": ("captured", None, None),
    "largest_jump": ("largest jump", "{:.2f}", None),
    "coverage": ("coverage", "{:.1%}", None),
    "distance_correlation": ("distance correlation", "{:.2f}", None),
    "restarts": ("restarts", "{:.1f}", None),
    "elbo": ("ELBO", "{:.1f}", None),
}


@dataclass(frozen=True)
class Table:
    """Runs that stand side by side, as configurations.

    Attributes:
        name: As on the command line.
        title: What it is, for the report.
        rows: Row name to the fields of `ExperimentConfig` that make the row.
        published: Row name to published numbers.
        corrected: Row name to those that differ once the constants are right.
        settings: Fields of `ExperimentConfig` common to all rows.
        importance_samples: Draws per example for the log-likelihood.
        prior_share: Share of them that comes from the prior.
        metrics: What the report shows of each run: name to heading, form, and whether more
            is better (`None`: neither).
        seeded: Options of the data set that take the seed of the run, so that each run has
            data of its own.
    """

    name: str
    title: str
    rows: dict
    published: dict = field(default_factory=dict)
    corrected: dict = field(default_factory=dict)
    settings: dict = field(default_factory=dict)
    importance_samples: int = 100
    prior_share: float = 0.0
    metrics: dict = field(default_factory=lambda: EVIDENCE)
    seeded: tuple = ()

    def jobs(self, rows=None, runs=10, epochs=None, first_seed=0):
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
        return [
            Job(row, self._config(row, seed, epochs), self.importance_samples, self.prior_share)
            for seed in range(first_seed, first_seed + runs)
            for row in rows
        ]

    def _config(self, row, seed, epochs):
        settings = {**self.settings, **self.rows[row], "seed": seed}
        if epochs is not None:
            settings["epochs"] = epochs
        config = ExperimentConfig(**settings)
        known = [name for name in self.seeded if name in datasets.loader_options(config.dataset)]
        options = {**config.dataset_options, **dict.fromkeys(known, seed)}
        return dataclasses.replace(config, dataset_options=options)
