"""Targets beside what was measured, and tables in Markdown."""

from dataclasses import dataclass

HEADER = ("what", "where", "measured", "target", "held")


@dataclass(frozen=True)
class Verdict:
    """A target and what was measured for it.

    Attributes:
        what: What was measured, in words.
        where: Under which circumstances.
        measured: The number.
        target: The number it is held against.
        digits: Decimals of both; the measured number is rounded before it is compared.
        at_least: Whether the target is the smallest good value, or else the largest.
    """

    what: str
    where: str
    measured: float
    target: float
    digits: int = 2
    at_least: bool = False

    @property
    def held(self):
        """Whether the target is reached."""
        measured = round(self.measured, self.digits)
        return measured >= self.target if self.at_least else measured <= self.target

    def row(self):
        """The cells of `HEADER`, as texts."""
        sign = "≥" if self.at_least else "≤"
        measured, target = (f"{v:.{self.digits}f}" for v in (self.measured, self.target))
        return [
            self.what,
            self.where,
            measured,
            f"{sign} {target}",
            "yes" if self.held else "**no**",
        ]


def verdict_table(verdicts):
    """All targets as a table, those that are missed first."""
    return markdown_table(HEADER, [one.row() for one in sorted(verdicts, key=lambda v: v.held)])


def markdown_table(header, rows):
    """A table in Markdown; numbers with five digits, `None` as a dash."""
    lines = ["| " + " | ".join(header) + " |", "|" + "---|" * len(header)]
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def _cell(value):
    if value is None:
        return "–"
    return f"{value:.5g}" if isinstance(value, float) else str(value)
