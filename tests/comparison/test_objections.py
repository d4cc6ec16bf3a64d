"""What speaks against every candidate."""

import numpy as np
import pytest

from diffusion_vae.comparison.comparison import independent_columns
from diffusion_vae.comparison.objections import objections
from diffusion_vae.comparison.verdict import Standing, judge
from diffusion_vae.evaluation.topology import cloud_evidence

N = 200
NOISE = np.random.default_rng(0).normal(size=N)


def standing(manifold, mean, dim=2, torn=0.0):
    """A candidate of two trainings whose log-likelihoods differ little between examples."""
    return Standing(manifold, dim, mean + 0.1 * np.stack([NOISE, NOISE]), torn=torn)


def found(leader, *others, baseline=None, cloud=None):
    return objections(leader, [leader, *others], baseline, cloud)


def circle(n, seed, centre=0.0):
    angle = np.random.default_rng(seed).uniform(0.0, 2.0 * np.pi, n)
    return np.stack([np.cos(angle) + centre, np.sin(angle)], axis=1)


def test_nothing_speaks_against_a_good_leader():
    leader, other = standing("sphere:1", 3.0, 1), standing("euclidean:1", 1.0, 1, torn=0.1)
    cloud = cloud_evidence(circle(600, 0), primes=(2,))
    assert found(leader, other, baseline=np.zeros(N), cloud=cloud) == []
    assert judge([leader, other]).decided


def test_a_leader_no_better_than_independent_columns():
    leader = standing("sphere:2", 0.0)
    (sentence,) = found(leader, baseline=0.1 * NOISE + 0.001)
    assert sentence == (
        "sphere:2 explains the data no better than independent columns do (-0.00 ± 0.00 nats "
        "an example): nothing speaks for any manifold."
    )
    verdict = judge([leader, standing("euclidean:2", -5.0)], [sentence])
    assert verdict.best == "sphere:2" and not verdict.decided


def test_the_baseline_is_the_density_of_a_normal_law():
    train, test = np.array([[0.0, 1.0], [2.0, 5.0]]), np.array([[1.0, 3.0], [2.0, 3.0]])
    at_the_mean = -0.5 * np.log(2.0 * np.pi * np.array([1.0, 4.0])).sum()
    np.testing.assert_allclose(independent_columns(train, test), at_the_mean - [0.0, 0.5])


@pytest.mark.parametrize(("others", "spoken"), [((0.0, 0.04), True), ((0.03, 0.1), False)])
def test_tears_count_where_another_candidate_tears_far_less(others, spoken):
    leader = standing("sphere:1", 3.0, 1, torn=0.06)
    sentences = found(leader, *(standing("euclidean:2", 0.0, torn=torn) for torn in others))
    assert bool(sentences) == spoken
    assert not spoken or sentences[0].startswith("6 % of the examples are torn")


def test_two_circles_are_two_pieces():
    x = np.concatenate([circle(600, 0), circle(600, 1, centre=10.0)])
    sentences = found(standing("sphere:1", 3.0, 1), cloud=cloud_evidence(x, primes=(2,)))
    assert sentences[0] == (
        "The data fall into 2 separate pieces, sphere:1 does not: the data may live on none of "
        "these."
    )
    assert found(standing("o3", 3.0, 3), cloud=cloud_evidence(x, primes=(2,)))[:1] != sentences[:1]


def test_a_ring_fills_only_a_part_of_the_plane():
    cloud = cloud_evidence(circle(2000, 0), primes=(2,))
    assert found(standing("euclidean:2", 3.0), cloud=cloud) == [
        "The data have 1 loop, euclidean:2 has 0: they fill only a part of it, or live on none of "
        "these."
    ]
    assert found(standing("a manifold of one's own", 3.0), cloud=cloud) == []
