"""The report of `check_manifold`."""

import dataclasses
from collections.abc import Callable
from typing import Any

PASSED, FAILED, SKIPPED = "passed", "FAILED", "skipped"


@dataclasses.dataclass(frozen=True)
class CheckResult:
    """Outcome of one check.

    Attributes:
        name: What was checked, such as "volume".
        status: "passed", "FAILED" or "skipped".
        detail: The measured numbers and their tolerance, or why it was skipped.
    """

    name: str
    status: str
    detail: str

    def __str__(self) -> str:
        return f"{self.status:8}{self.name:22}{self.detail}"


@dataclasses.dataclass(frozen=True, repr=False)
class CheckReport:
    """All outcomes for one manifold; prints as a table.

    Attributes:
        subject: The manifold, in words.
        results: `CheckResult`s in the order of the checks.
    """

    subject: str
    results: tuple[CheckResult, ...]

    @property
    def passed(self) -> bool:
        """Whether no check failed."""
        return not self.failed

    @property
    def failed(self) -> tuple[str, ...]:
        """Names of the checks that failed."""
        return self._names(FAILED)

    @property
    def skipped(self) -> tuple[str, ...]:
        """Names of the checks that do not apply."""
        return self._names(SKIPPED)

    def __str__(self) -> str:
        verdict = f"{len(self.failed)} of {len(self.results)} checks failed"
        if self.passed:
            verdict = f"{len(self.results) - len(self.skipped)} checks passed"
            verdict += f", {len(self.skipped)} skipped" if self.skipped else ""
        return "\n".join([f"{self.subject}: {verdict}", *(f"  {r}" for r in self.results)])

    __repr__ = __str__  # so that a notebook shows the table

    def _names(self, status: str) -> tuple[str, ...]:
        return tuple(result.name for result in self.results if result.status == status)


class Skip(Exception):
    """Raised by a check that does not apply; its message says why."""


class Failure(Exception):
    """Raised by a check that fails; its message says what was measured."""


def run_check(name: str, check: Callable[..., str], *args: Any) -> CheckResult:
    """Runs one check, which returns its detail or raises `Skip` or `Failure`."""
    try:
        return CheckResult(name, PASSED, check(*args))
    except Skip as skip:
        return CheckResult(name, SKIPPED, str(skip))
    except Failure as failure:
        return CheckResult(name, FAILED, str(failure))
    except Exception as error:  # whatever a user's manifold raises is a finding
        return CheckResult(name, FAILED, f"raised {type(error).__name__}: {error}")


def within(*measures: tuple[str, float, float]) -> str:
    """Checks that measured numbers are small.

    Args:
        *measures: Triples (what it is, measured, tolerance).

    Returns:
        The measure that comes closest to its tolerance, in words.

    Raises:
        Failure: With the first measure beyond its tolerance; NaN is beyond.
    """
    for what, measured, tolerance in measures:
        if not measured <= tolerance:
            raise Failure(_in_words(what, measured, tolerance))
    return _in_words(*max(measures, key=lambda measure: measure[1] / measure[2]))


def _in_words(what: str, measured: float, tolerance: float) -> str:
    return f"{what}: {measured:.1e} (tolerance {tolerance:.1e})"
