"""What the numbers of several candidates say, in words."""

import itertools
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from diffusion_vae.comparison.candidates import contained_in, space_key

SURE = 2.0  # standard errors
SMALL = 1.0  # nats an example: by which a training may be luckier than another
IMITATES = 0.03  # share of what a decoder sees; below it, nothing
TORN = 0.02  # share of torn examples that needs an explanation
SHARE_OF_ANOTHER = 0.25  # what another candidate tears of it, if the data can lie without


@dataclass(frozen=True)
class Margin:
    """How much better one candidate explains the data than another.

    Attributes:
        difference: Mean over the test examples of the paired differences of log-likelihood, in
            nats an example.
        standard_error: Of that mean, over examples and over trainings together.
    """

    difference: float
    standard_error: float

    @property
    def sure(self) -> bool:
        """Whether the difference is over two standard errors, either way."""
        return abs(self.difference) > SURE * self.standard_error

    def __str__(self) -> str:
        return f"{self.difference:.2f} ± {self.standard_error:.2f}"


def margin(first: np.ndarray, second: np.ndarray) -> Margin:
    """The margin of one candidate over another.

    Args:
        first: Log-likelihoods of the trainings of the one, `[seeds, n]`, in nats.
        second: Of the other, of the same examples.

    Example:
        >>> first = np.array([[3.0, 5.0], [3.0, 5.0]])
        >>> str(margin(first, first - np.array([1.0, 1.5])))
        '1.25 ± 0.25'
    """
    paired = first.mean(axis=0) - second.mean(axis=0)  # [n]
    variance = paired.var(ddof=1) / len(paired)
    for scores in (first, second):
        if len(scores) > 1:
            variance += scores.mean(axis=1).var(ddof=1) / len(scores)
    return Margin(float(paired.mean()), math.sqrt(variance))


@dataclass(frozen=True)
class Standing:
    """What the verdict needs to know of a candidate.

    Attributes:
        manifold: Text form.
        dim: Dimension.
        scores: Log-likelihoods, `[seeds, n]`, in nats.
        sees_beyond: For each smaller space, the share of what the decoder sees that the smaller
            one cannot hold (`imitation.sees_beyond`).
        finished: Whether training had stopped improving.
        torn: Share of the examples that are torn, or `None`.
    """

    manifold: str
    dim: int
    scores: np.ndarray
    sees_beyond: Mapping[str, float] = field(default_factory=dict)
    finished: bool = True
    torn: float | None = None

    @property
    def mean(self) -> float:
        """Mean log-likelihood, in nats an example."""
        return float(self.scores.mean())


@dataclass(frozen=True)
class Verdict:
    """Which manifold the data live on, as far as can be said.

    Attributes:
        best: Text form of the manifold that is named, or `None`.
        decided: Whether it is ahead of every other by more than two standard errors, apart from
            larger spaces that contain it, with nothing that speaks against all of them.
        sentences: The verdict in words, the main one first.
    """

    best: str | None
    decided: bool
    sentences: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join(self.sentences)


def judge(standings: Sequence[Standing], objections: Sequence[str] = ()) -> Verdict:
    """The verdict on candidates that were scored on the same examples.

    The largest mean leads. It hands over to a smaller space that it contains if it is not
    better by more than two standard errors, or if its decoder only imitates the smaller space.
    The leader is named if it is ahead of all others by more than two standard errors. Larger
    spaces that contain it do not count where they would hand over to it: with perfect training
    they are level with it. Of candidates that are level, those that tear the data are left out
    where another does not, and of the rest the one of the fewest dimensions is named by choice.

    Args:
        standings: At least one candidate.
        objections: Sentences that speak against every candidate.
    """
    line = _succession(standings)
    words = [_handing_over(larger, smaller) for larger, smaller in itertools.pairwise(line)]
    leader = line[-1]
    rivals = [each for each in standings if each is not leader and not _hands_over(each, leader)]
    level = [each for each in rivals if not _clearly(leader, each)]
    sentence, best = _main_sentence(leader, rivals, level, standings)
    unfinished = [each.manifold for each in standings if not each.finished]
    if unfinished:
        words.append(
            f"{_list(unfinished)} still improved when training ended: take a larger "
            "`most_steps` before you rely on this."
        )
    decided = not level and not objections and len(standings) > 1
    return Verdict(best, decided, (sentence, *words, *objections))


def leading(standings: Sequence[Standing]) -> Standing:
    """The candidate that the likelihoods name, whether for certain or not."""
    return _succession(standings)[-1]


def _succession(standings: Sequence[Standing]) -> list[Standing]:
    """The candidate with the largest mean, and those to whom it hands over in turn."""
    line = [max(standings, key=lambda each: each.mean)]
    while heirs := [each for each in standings if _hands_over(line[-1], each)]:
        line.append(max(heirs, key=lambda each: each.mean))
    return line


def _hands_over(larger: Standing, smaller: Standing) -> bool:
    """Whether one contains the other, and has nothing that the other could not have."""
    key = space_key(smaller.manifold)
    if key not in map(space_key, contained_in(larger.manifold)):
        return False
    if not _clearly(larger, smaller):
        return True
    ahead = margin(larger.scores, smaller.scores).difference
    return ahead < SMALL and _seen_beyond(larger, smaller) < IMITATES


def _seen_beyond(larger: Standing, smaller: Standing) -> float:
    """What `sees_beyond` of the larger one says about the smaller; infinite if nothing."""
    key = space_key(smaller.manifold)
    shares = [share for name, share in larger.sees_beyond.items() if space_key(name) == key]
    return shares[0] if shares else math.inf


def _handing_over(larger: Standing, smaller: Standing) -> str:
    ahead = margin(larger.scores, smaller.scores)
    share = _seen_beyond(larger, smaller)
    how = "as well" if not ahead.sure else f"better by {ahead} nats an example"
    how = "no better" if _clearly(smaller, larger) else how
    sentence = f"{larger.manifold} does {how}"
    if math.isinf(share):
        return f"{sentence}, and contains {smaller.manifold}."
    seen = f"its decoder changes by {100 * share:.1f} % in the further directions"
    if larger.dim == smaller.dim:
        seen = (
            f"its decoder differs by {100 * share:.1f} % between points that are one in "
            f"{smaller.manifold}"
        )
    if share < IMITATES:
        return f"{sentence}, but {seen}: it imitates {smaller.manifold}."
    return f"{sentence}; {seen}."


def _clearly(leader: Standing, other: Standing) -> bool:
    ahead = margin(leader.scores, other.scores)
    return ahead.sure and ahead.difference > 0


def _main_sentence(
    leader: Standing,
    rivals: Sequence[Standing],
    level: Sequence[Standing],
    standings: Sequence[Standing],
) -> tuple[str, str | None]:
    """The first sentence, and the manifold that is named."""
    if len(standings) == 1:
        return f"{leader.manifold} is the only candidate.", leader.manifold
    if not rivals:
        return f"{leader.manifold}: all other candidates contain it.", leader.manifold
    if not level:
        second = max(rivals, key=lambda each: each.mean)
        ahead = margin(leader.scores, second.scores)
        return (
            f"{leader.manifold}, by {ahead} nats an example over {second.manifold}.",
            leader.manifold,
        )
    equal = [leader, *level]
    sentence = (
        f"Undecided between {_list([each.manifold for each in equal])}: {leader.manifold} is "
        f"{_list([_ahead(leader, each) for each in level])} nats an example."
    )
    torn = [each for each in equal if tears_needlessly(each, equal)]
    left = [each for each in equal if each not in torn]
    if torn:
        tears = [f"{each.manifold} tears {100 * (each.torn or 0.0):.0f} %" for each in torn]
        sentence = f"{sentence} {_list(tears)} of the examples from their neighbours."
    least = min(each.dim for each in left)
    simplest = [each for each in left if each.dim == least]
    if len(simplest) > 1:
        return sentence, None
    name = simplest[0].manifold
    reason = "has the fewest dimensions" if len(left) > 1 else "does not"
    return f"{sentence} {name} {reason} and is named by choice.", name


def tears_needlessly(candidate: Standing, others: Sequence[Standing]) -> bool:
    """Whether a candidate tears a share of the examples of which another tears few.

    Where data are few for their dimension, every candidate tears some of them.
    """
    least = min((each.torn for each in others if each.torn is not None), default=0.0)
    torn = candidate.torn
    return torn is not None and torn > TORN and least < SHARE_OF_ANOTHER * torn


def _ahead(leader: Standing, other: Standing) -> str:
    ahead = margin(leader.scores, other.scores)
    if ahead.difference < 0:  # it leads by what an imitation of it has reached
        return f"behind {other.manifold} by {margin(other.scores, leader.scores)}"
    return f"ahead of {other.manifold} by {ahead}"


def _list(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
