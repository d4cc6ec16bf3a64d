"""Clusters against labels, and generated pictures against their clusters."""

import itertools
import math

import numpy as np
import pytest
from scipy import stats

import diffusion_vae as dv
from diffusion_vae.datasets import Dataset
from diffusion_vae.evaluation import (
    cluster_scores,
    consistency_ceiling,
    live_clusters,
    model_specific_metrics,
    self_consistency,
)
from diffusion_vae.latents import CategoricalMixtureLatent
from diffusion_vae.networks import MLPDecoder, MLPEncoder

RNG = np.random.default_rng(0)
LABELS = RNG.integers(0, 4, 200)
CLUSTERS = np.where(RNG.random(200) < 0.6, LABELS, RNG.integers(0, 4, 200))


@pytest.mark.parametrize("seed", range(5))
def test_scores_do_not_depend_on_the_names_of_clusters_or_labels(seed):
    rng = np.random.default_rng(seed)
    renamed = cluster_scores(rng.permutation(4)[LABELS], rng.permutation(4)[CLUSTERS] + 7)
    for name, score in cluster_scores(LABELS, CLUSTERS).as_dict().items():
        assert renamed.as_dict()[name] == pytest.approx(score, abs=1e-12)


def test_hungarian_accuracy_is_the_best_of_all_permutations():
    found = cluster_scores(LABELS, CLUSTERS).hungarian_accuracy
    all_of_them = [
        np.mean(np.array(order)[CLUSTERS] == LABELS) for order in itertools.permutations(range(4))
    ]
    assert found == pytest.approx(max(all_of_them))
    assert 0.5 < found < 1.0


def test_two_clusters_of_one_label_count_once_or_twice():
    labels, clusters = np.array([0, 0, 0, 0, 1, 1]), np.array([0, 0, 1, 1, 2, 2])
    scores = cluster_scores(labels, clusters)
    assert scores.hungarian_accuracy == pytest.approx(4 / 6)
    assert scores.majority_accuracy == 1.0


def test_one_cluster_of_two_labels_is_half_right():
    labels, clusters = np.array([0, 0, 1, 1]), np.zeros(4, int)
    scores = cluster_scores(labels, clusters)
    assert (scores.hungarian_accuracy, scores.majority_accuracy) == (0.5, 0.5)
    assert scores.adjusted_rand_index == pytest.approx(0.0, abs=1e-12)
    assert scores.normalized_mutual_information == pytest.approx(0.0, abs=1e-12)


def test_perfect_clusters_have_perfect_scores():
    assert set(cluster_scores(LABELS, (LABELS + 1) % 4).as_dict().values()) == {1.0}


def test_mutual_information_and_rand_index_by_their_definitions():
    table = np.array(
        [[np.sum((a == LABELS) & (b == CLUSTERS)) for b in range(4)] for a in range(4)]
    )
    p = table / 200
    rows, columns = p.sum(axis=1), p.sum(axis=0)
    information = np.sum(p * np.log(p / np.outer(rows, columns)))
    mean_entropy = (stats.entropy(rows) + stats.entropy(columns)) / 2
    scores = cluster_scores(LABELS, CLUSTERS)
    assert scores.normalized_mutual_information == pytest.approx(information / mean_entropy)

    def pairs(counts):
        return np.sum(counts * (counts - 1) / 2)

    together, a, b = pairs(table), pairs(table.sum(axis=1)), pairs(table.sum(axis=0))
    chance = a * b / math.comb(200, 2)
    expected = (together - chance) / ((a + b) / 2 - chance)
    assert scores.adjusted_rand_index == pytest.approx(expected)


@pytest.mark.parametrize("clusters", [[0, 1], [[0], [1], [2]], []])
def test_a_cluster_is_needed_for_each_label(clusters):
    with pytest.raises(ValueError, match="cluster for each label"):
        cluster_scores([0, 1, 2][: len(clusters) + 1], clusters)


def test_dead_and_dying_clusters_are_not_alive():
    clusters = np.repeat([0, 1, 3], [600, 391, 9])  # a tenth of an equal share is 25
    assert live_clusters(clusters, 4) == 2
    assert live_clusters(clusters, 4, share=0.01) == 3
    assert live_clusters(np.array([2]), 3, share=0.0) == 1  # one without examples is dead


@pytest.mark.parametrize(
    ("clusters", "cluster_dim", "separation", "published"),
    [(10, 2, 2.0, 0.876), (10, 1, 2.0, 0.674), (10, 3, 2.0, 0.954), (10, 2, 3.0, 0.990)],
)
def test_ceiling_is_the_accuracy_of_the_best_guess(clusters, cluster_dim, separation, published):
    latent = CategoricalMixtureLatent(clusters, cluster_dim, separation, seed=0)
    labels = np.tile(np.arange(clusters), 20_000)
    rng = np.random.default_rng(1)
    centres = latent.centres
    z = centres[labels] + rng.standard_normal((len(labels), centres.shape[1]))
    distance = np.square(z).sum(axis=1)[:, None] - 2 * z @ centres.T  # + |m|^2, all equal
    right = distance.argmin(axis=1) == labels
    error = right.std() / math.sqrt(len(right))  # at most 0.001
    ceiling = consistency_ceiling(latent)
    assert abs(right.mean() - ceiling) < 4 * error
    assert ceiling == pytest.approx(published, abs=2e-3)  # published estimates: 3 digits


def test_ceiling_of_two_clusters_is_the_closed_form():
    # Two means at distance d: Phi(d / 2), and d = separation sqrt(2 cluster_dim).
    latent = CategoricalMixtureLatent(2, 3, 0.7)
    expected = stats.norm.cdf(0.7 * math.sqrt(6) / 2)
    assert consistency_ceiling(latent) == pytest.approx(expected, abs=1e-8)


def test_only_a_latent_with_clusters_has_a_ceiling():
    with pytest.raises(TypeError, match="latent with clusters"):
        consistency_ceiling("sphere:2")


class Oracle:
    """A model whose pictures are its latent points and whose guess is the best one."""

    def __init__(self, latent):
        self.latent = latent

    def sample_cluster(self, c, n):
        return np.asarray(self.latent.prior_sample_of(np.full(n, c)))

    def predict_cluster(self, x):
        return np.asarray(self.latent.prior_component_log_density(x)).argmax(axis=-1)


def test_the_best_model_reaches_the_ceiling():
    latent = CategoricalMixtureLatent(10, 2, 2.0, seed=0)
    found = self_consistency(Oracle(latent), draws=4000)
    # 40,000 pictures: standard error sqrt(.876 x .124 / 40,000) = 0.0016
    assert found == pytest.approx(consistency_ceiling(latent), abs=4 * 0.0017)


def test_own_metrics_of_an_infocat_vae():
    x = np.random.default_rng(0).random((20, 3, 2), dtype=np.float32)
    labels = np.arange(20) % 3
    model = dv.InfoCatVAE(
        3,
        encoder=MLPEncoder((5,), seed=1),
        decoder=MLPDecoder((5,), event_shape=(3, 2), seed=2),
        seed=0,
    )
    model.build((None, 3, 2))
    scores = ["hungarian_accuracy", "majority_accuracy", "adjusted_rand_index"]
    scores += ["normalized_mutual_information"]
    always = ["live_clusters", "self_consistency", "consistency_ceiling"]
    with_labels = Dataset(name="a", train=x, test=x, train_labels=labels, test_labels=labels)
    numbers = model_specific_metrics(model, with_labels)
    assert list(numbers) == scores + always
    assert numbers["hungarian_accuracy"] == pytest.approx(
        cluster_scores(labels, model.predict_cluster(x)).hungarian_accuracy
    )
    assert list(model_specific_metrics(model, Dataset(name="b", train=x, test=x))) == always
