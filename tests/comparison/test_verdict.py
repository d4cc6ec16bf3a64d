"""The verdict in words, on scores made by hand."""

import math

import numpy as np
import pytest

from diffusion_vae.comparison.verdict import Standing, judge, margin

N = 400
# Differences of mean 0 whose mean has the standard error 0.1, and 0.01 with a tenth of them.
NOISE = np.tile([1.0, -1.0], N // 2) * 0.1 * math.sqrt(N - 1)
DIMS = {
    "sphere:1": 1, "torus:1": 1, "euclidean:1": 1, "sphere:2": 2, "projective:2": 2,
    "torus:2": 2, "euclidean:2": 2, "so3": 3, "euclidean:3": 3, "sphere:1 x euclidean:1": 2,
    "euclidean:1 x sphere:1": 2,
}  # fmt: skip


def standing(name, mean, noise=0.0, seen=None, **more):
    """A candidate of a mean; differences between two have the standard error of `noise`."""
    return Standing(name, DIMS[name], (mean + noise * NOISE)[None], seen or {}, **more)


def test_a_margin_is_of_paired_differences_over_examples_and_trainings():
    rng = np.random.default_rng(0)
    first, second = rng.normal(size=(3, 50)) + rng.normal(size=50), rng.normal(size=(2, 50))
    found = margin(first, second)
    paired = first.mean(0) - second.mean(0)
    variance = (
        np.std(paired, ddof=1) ** 2 / 50
        + np.std(first.mean(1), ddof=1) ** 2 / 3
        + np.std(second.mean(1), ddof=1) ** 2 / 2
    )
    assert found.difference == pytest.approx(first.mean() - second.mean())
    assert found.standard_error == pytest.approx(math.sqrt(variance))
    # What all examples share does not count.
    shared = 100 * rng.normal(size=50)
    again = margin(first + shared, second + shared)
    assert again.standard_error == pytest.approx(found.standard_error)


def test_a_clear_winner_is_named_with_its_margin():
    verdict = judge([standing("sphere:1", 3.0, 1.0), standing("euclidean:2", 2.5)])
    assert (verdict.best, verdict.decided) == ("sphere:1", True)
    assert str(verdict) == "sphere:1, by 0.50 ± 0.10 nats an example over euclidean:2."


def test_the_runner_up_is_named_and_not_the_first_of_the_list():
    verdict = judge([standing("euclidean:1", 0.0), standing("torus:2", 2.0), standing("so3", 1.0)])
    assert str(verdict) == "torus:2, by 1.00 ± 0.00 nats an example over so3."


@pytest.mark.parametrize(("difference", "decided"), [(0.199, False), (0.201, True)])
def test_a_winner_needs_two_standard_errors(difference, decided):
    verdict = judge([standing("sphere:1", difference, 1.0), standing("euclidean:1", 0.0)])
    assert verdict.decided == decided
    assert verdict.best == ("sphere:1" if decided else None)


def test_spread_between_trainings_keeps_from_deciding():
    scores = np.stack([np.full(N, 1.0), np.full(N, 3.0)])  # mean 2, standard error 1
    verdict = judge([Standing("sphere:1", 1, scores), standing("euclidean:1", 0.5)])
    assert not verdict.decided


def test_equal_evidence_of_equal_dimension_is_undecided():
    verdict = judge([standing("sphere:2", 0.1, 1.0), standing("euclidean:2", 0.0)])
    assert (verdict.best, verdict.decided) == (None, False)
    assert str(verdict) == (
        "Undecided between sphere:2 and euclidean:2: sphere:2 is ahead of euclidean:2 by "
        "0.10 ± 0.10 nats an example."
    )


def test_of_equal_evidence_the_lower_dimension_is_named_by_choice():
    verdict = judge(
        [standing("sphere:2", 0.1, 1.0), standing("euclidean:2", 0.0), standing("sphere:1", 0.05)]
    )
    assert (verdict.best, verdict.decided) == ("sphere:1", False)
    assert str(verdict) == (
        "Undecided between sphere:2, euclidean:2 and sphere:1: sphere:2 is ahead of euclidean:2 "
        "by 0.10 ± 0.10 and ahead of sphere:1 by 0.05 ± 0.10 nats an example. sphere:1 has the "
        "fewest dimensions and is named by choice."
    )


def test_of_equal_evidence_a_candidate_that_tears_the_data_is_not_named():
    circle, line = (
        standing("sphere:1", 0.01, 1.0, torn=0.002),
        standing("euclidean:1", 0.0, torn=0.12),
    )
    sentence = (
        "Undecided between {} and {}: {} is ahead of {} by 0.01 ± 0.10 nats an example. "
        "euclidean:1 tears 12 % of the examples from their neighbours. sphere:1 does not and is "
        "named by choice."
    )
    for standings in ([circle, line], [line, circle]):
        verdict = judge(standings)
        assert (verdict.best, verdict.decided) == ("sphere:1", False)
        assert str(verdict) == sentence.format(*2 * ["sphere:1", "euclidean:1"])
    # Also if the line leads, and if the circle has a rival of more dimensions.
    assert judge([circle, standing("euclidean:1", 0.02, torn=0.12)]).best == "sphere:1"
    plane = standing("projective:2", 0.0, torn=0.001)
    assert judge([circle, standing("euclidean:1", 0.0, torn=0.12), plane]).best == "sphere:1"


def test_where_all_tear_alike_tears_decide_nothing():
    standings = [
        standing("sphere:1", 0.01, 1.0, torn=0.05),
        standing("euclidean:1", 0.0, torn=0.12),
    ]
    verdict = judge(standings)
    assert verdict.best is None
    assert "tears" not in str(verdict)


def test_a_larger_space_that_is_level_hands_over():
    verdict = judge(
        [
            standing("so3", 5.0, 1.0, {"sphere:2": 0.2, "projective:2": 0.3}),
            standing("sphere:2", 4.9, 0.0, {"projective:2": 0.9}),
            standing("projective:2", 1.0),
        ]
    )
    assert (verdict.best, verdict.decided) == ("sphere:2", True)
    assert verdict.sentences == (
        "sphere:2, by 3.90 ± 0.00 nats an example over projective:2.",
        "so3 does as well; its decoder changes by 20.0 % in the further directions.",
    )


def test_a_larger_space_that_imitates_hands_over_though_it_is_ahead():
    verdict = judge(
        [
            standing("sphere:2", 5.0, 0.1, {"projective:2": 0.004}),
            standing("projective:2", 4.7),
            standing("euclidean:2", 4.0),
        ]
    )
    assert (verdict.best, verdict.decided) == ("projective:2", True)
    assert verdict.sentences == (
        "projective:2, by 0.70 ± 0.00 nats an example over euclidean:2.",
        "sphere:2 does better by 0.30 ± 0.01 nats an example, but its decoder differs by 0.4 % "
        "between points that are one in projective:2: it imitates projective:2.",
    )


def test_level_and_imitating_is_said_in_one_sentence():
    verdict = judge(
        [standing("sphere:2", 5.0, 1.0, {"projective:2": 0.004}), standing("projective:2", 4.9)]
    )
    assert str(verdict) == (
        "projective:2: all other candidates contain it. sphere:2 does as well, but its decoder "
        "differs by 0.4 % between points that are one in projective:2: it imitates projective:2."
    )


def test_a_larger_space_that_is_better_and_sees_more_stays():
    verdict = judge([standing("torus:2", 5.0, 0.1, {"sphere:1": 0.3}), standing("sphere:1", 4.7)])
    assert (verdict.best, verdict.decided) == ("torus:2", True)
    assert len(verdict.sentences) == 1


def test_a_larger_space_that_is_better_by_far_stays_however_little_more_it_sees():
    # A thin torus: one of its angles moves the data by a hundredth, far above the noise.
    verdict = judge([standing("torus:2", 8.0, 0.1, {"sphere:1": 0.01}), standing("sphere:1", 5.0)])
    assert (verdict.best, verdict.decided) == ("torus:2", True)


def test_a_larger_space_that_is_worse_is_no_rival():
    verdict = judge(
        [standing("sphere:1", 5.0), standing("torus:2", 4.99, 1.0), standing("euclidean:1", 1.0)]
    )
    assert (verdict.best, verdict.decided) == ("sphere:1", True)
    assert verdict.sentences == ("sphere:1, by 4.00 ± 0.00 nats an example over euclidean:1.",)


def test_spaces_hand_over_down_a_chain():
    names = ["euclidean:3", "euclidean:2", "euclidean:1"]
    ahead = [standing(name, 5.0 - 0.1 * i, 1.0 + i) for i, name in enumerate(names)]
    verdict = judge(ahead)
    assert (verdict.best, verdict.decided) == ("euclidean:1", True)
    assert verdict.sentences[1].startswith("euclidean:3 does as well, and contains euclidean:2.")


def test_a_space_that_imitates_hands_over_to_the_best_of_the_smaller_ones():
    # S^2 is worse than RP^2, which it contains: it must not be named. That SO(3) is better
    # than RP^2, and sees more, keeps from deciding.
    verdict = judge(
        [
            standing("so3", 3.9, 0.0, {"sphere:2": 0.001, "projective:2": 0.2}),
            standing("sphere:2", 3.0, 0.0, {"projective:2": 0.5}),
            standing("projective:2", 3.5),
        ]
    )
    assert (verdict.best, verdict.decided) == ("projective:2", False)
    assert "projective:2 is behind so3 by 0.40 ± 0.00 nats an example" in str(verdict)
    assert verdict.sentences[1:] == (
        "so3 does better by 0.90 ± 0.00 nats an example, but its decoder changes by 0.1 % in the "
        "further directions: it imitates sphere:2.",
        "sphere:2 does no better; its decoder differs by 50.0 % between points that are one in "
        "projective:2.",
    )


def test_another_larger_space_that_is_surely_better_keeps_from_deciding():
    verdict = judge(
        [
            standing("torus:2", 5.0, 0.0, {"sphere:1": 0.001}),
            standing("sphere:1 x euclidean:1", 4.5, 0.0, {"sphere:1": 0.5}),
            standing("sphere:1", 4.2),
        ]
    )
    assert not verdict.decided
    assert (
        "sphere:1 is behind sphere:1 x euclidean:1 by 0.30 ± 0.00 nats an example."
        in verdict.sentences[0]
    )


@pytest.mark.parametrize("product", ["sphere:1 x euclidean:1", "euclidean:1 x sphere:1"])
@pytest.mark.parametrize("circle", ["sphere:1", "torus:1"])
def test_nesting_does_not_depend_on_names_and_on_order(product, circle):
    verdict = judge([standing(product, 5.0, 1.0, {"sphere:1": 0.002}), standing(circle, 4.9)])
    assert (verdict.best, verdict.decided) == (circle, True)
    assert f"0.2 % in the further directions: it imitates {circle}." in str(verdict)


def test_unfinished_training_is_said():
    stands = [standing("sphere:1", 5.0, finished=False), standing("euclidean:1", 1.0)]
    assert judge(stands).sentences[1] == (
        "sphere:1 still improved when training ended: take a larger `most_steps` before you rely "
        "on this."
    )
    stands[1] = standing("euclidean:1", 1.0, finished=False)
    assert judge(stands).sentences[1].startswith("sphere:1 and euclidean:1 still improved")


def test_an_objection_leaves_it_undecided():
    stands = [standing("sphere:1", 5.0), standing("euclidean:1", 1.0)]
    verdict = judge(stands, ["The data fall into 2 separate pieces."])
    assert (verdict.best, verdict.decided) == ("sphere:1", False)
    assert verdict.sentences[-1] == "The data fall into 2 separate pieces."


def test_a_single_candidate_decides_nothing():
    verdict = judge([standing("sphere:1", 5.0)])
    assert (str(verdict), verdict.decided) == ("sphere:1 is the only candidate.", False)


def test_candidates_that_are_exactly_equal_are_undecided():
    verdict = judge([standing("sphere:2", 1.0), standing("euclidean:2", 1.0)])
    assert (verdict.best, verdict.decided) == (None, False)
