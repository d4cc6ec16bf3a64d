"""The result of a comparison: verdict, table, page."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from diffusion_vae.comparison.candidate import Candidate
from diffusion_vae.comparison.examples import Prepared
from diffusion_vae.comparison.objections import objections
from diffusion_vae.comparison.verdict import Margin, Verdict, judge, leading, margin


@dataclass(frozen=True)
class Comparison:
    """How well several manifolds explain the same data.

    Attributes:
        candidates: What is known of each, in the order that was asked for.
        verdict: Which one it is, as far as can be said; `print(result.verdict)`.
        baseline: Log-likelihood of the test examples under independent normal columns, `[n]`, in
            nats: what a model without a latent space would say. `None` for other likelihoods.
        cloud: Dimension and holes of the data, a `CloudEvidence`; `None` for too few examples.
        data: Name of the data.
        settings: What the comparison was made with.
        seconds: Time that it took.
        examples: The test examples as the networks saw them, `[n, *event]`.
        test_rows: Which rows of `x`, or of its test set, they are, `[n]`.
    """

    candidates: tuple[Candidate, ...]
    verdict: Verdict
    baseline: np.ndarray | None
    cloud: Any
    data: str
    settings: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0
    examples: np.ndarray | None = None
    test_rows: np.ndarray | None = None

    @classmethod
    def of(
        cls,
        candidates: Sequence[Candidate],
        data: Prepared,
        *,
        homology: bool,
        settings: dict[str, Any],
        seconds: float,
    ) -> "Comparison":
        """The comparison of candidates that were measured."""
        baseline = None
        if settings["likelihood"] == "gaussian":
            baseline = independent_columns(data.split.train, data.split.test) - data.log_scale
        cloud = _cloud(data, homology)
        standings = [each.standing for each in candidates]
        leader = leading(standings)
        verdict = judge(standings, objections(leader, standings, baseline, cloud))
        return cls(
            tuple(candidates), verdict, baseline, cloud, data.name, settings, seconds,
            data.split.test, data.test_rows,
        )  # fmt: skip

    @property
    def best(self) -> str | None:
        """Text form of the manifold that is named, or `None`."""
        return self.verdict.best

    @property
    def decided(self) -> bool:
        """Whether it is ahead of the others by more than two standard errors."""
        return self.verdict.decided

    def __getitem__(self, manifold: str) -> Candidate:
        for candidate in self.candidates:
            if candidate.manifold == manifold:
                return candidate
        known = ", ".join(each.manifold for each in self.candidates)
        raise ValueError(f"Expected a candidate among {known}. Received: {manifold!r}.")

    def margin(self, first: str, second: str) -> Margin:
        """How much better one candidate explains the data than another, with its error."""
        return margin(self[first].scores, self[second].scores)

    def rows(self) -> list[dict[str, Any]]:
        """One dictionary a candidate, best first: the columns of the table."""
        ordered = sorted(self.candidates, key=lambda each: -each.log_likelihood)
        rows = []
        for each in ordered:
            behind = self.margin(ordered[0].manifold, each.manifold)
            rows.append(
                {
                    "manifold": each.manifold,
                    "dim": each.dim,
                    "log_likelihood": each.log_likelihood,
                    "standard_error": each.standard_error,
                    "behind": behind.difference,
                    "behind_error": behind.standard_error,
                    "elbo": float(np.mean(each.elbo)),
                    "kl": float(np.mean(each.kl)),
                    "torn": None if each.tears is None else each.tears["share"],
                    "continuity": each.neighbourhoods.get("continuity"),
                    "trustworthiness": each.neighbourhoods.get("trustworthiness"),
                    "finished": each.finished,
                    "seconds": each.seconds,
                }
            )
        return rows

    def table(self) -> str:
        """A row a manifold, best first, for the terminal."""
        lines = [
            f"{'manifold':<24}{'dim':>4}{'log-likelihood':>18}{'behind by':>16}{'ELBO':>10}"
            f"{'torn':>8}"
        ]
        for row in self.rows():
            value = f"{row['log_likelihood']:.2f} ± {row['standard_error']:.2f}"
            behind = (
                "" if not row["behind"] else f"{row['behind']:.2f} ± {row['behind_error']:.2f}"
            )
            torn = "" if row["torn"] is None else f"{100 * row['torn']:.1f} %"
            lines.append(
                f"{row['manifold']:<24}{row['dim']:>4}{value:>18}{behind:>16}{row['elbo']:>10.2f}"
                f"{torn:>8}"
            )
        return "\n".join(lines)

    def to_pandas(self) -> Any:
        """The table as a `pandas.DataFrame`."""
        try:
            import pandas
        except ImportError as error:
            raise ImportError(
                "Expected pandas to be installed. `pip install pandas`, or take `rows()`."
            ) from error
        return pandas.DataFrame(self.rows()).set_index("manifold")

    def as_dict(self) -> dict[str, Any]:
        """Everything but arrays, as JSON can hold it."""
        return {
            "data": self.data,
            "best": self.best,
            "decided": self.decided,
            "verdict": list(self.verdict.sentences),
            "baseline": None if self.baseline is None else float(self.baseline.mean()),
            "cloud": None if self.cloud is None else self.cloud.as_dict(),
            "candidates": [each.numbers() for each in self.candidates],
            "settings": self.settings,
            "seconds": self.seconds,
        }

    def save(self, path: str | Path) -> Path:
        """Writes a page with verdict, numbers and pictures, which needs no network.

        Args:
            path: An `.html` file.
        """
        from diffusion_vae.comparison.page import write_page

        return write_page(self, path)

    def __repr__(self) -> str:
        return f"<Comparison of {len(self.candidates)} manifolds: {self.verdict}>"


def independent_columns(train: np.ndarray, test: np.ndarray) -> np.ndarray:
    """Log density of test examples under independent normal columns fitted to others, `[n]`.

    As in the candidates, columns of tables have deviations of their own; pixels share one.
    """
    pictures = train.ndim > 2
    train, test = (part.reshape(len(part), -1).astype("float64") for part in (train, test))
    variance = np.maximum(train.var(axis=0), 1e-6)
    variance = np.full_like(variance, variance.mean()) if pictures else variance
    squares = np.square(test - train.mean(axis=0)) / variance
    return -0.5 * (squares + np.log(2 * np.pi * variance)).sum(axis=1)


def _cloud(data: Prepared, homology: bool) -> Any:
    """What the data look like without a model, or `None`."""
    from diffusion_vae.evaluation.topology import cloud_evidence

    split = data.split
    everything = np.concatenate([split.train, split.validation, split.test])
    try:
        return cloud_evidence(everything, primes=(2, 3) if homology else ())
    except ImportError:
        return cloud_evidence(everything, primes=())
    except ValueError:  # too few different examples
        return None
