"""How well clusters agree with labels, and generated pictures with their clusters."""

import math
from dataclasses import asdict, dataclass
from functools import singledispatch

import numpy as np
from scipy import integrate, optimize, stats
from sklearn import metrics
from sklearn.metrics.cluster import contingency_matrix

from diffusion_vae.checks import require_finite, require_integer
from diffusion_vae.latents import AnchoredMixtureLatent, CategoricalMixtureLatent

CEILING_DRAWS = 10_000  # of each cluster
SHARE = 0.1  # of the examples that an equal division would give a cluster


@dataclass(frozen=True)
class ClusterScores:
    """Agreement of clusters with labels, all unchanged when clusters are renamed.

    Attributes:
        hungarian_accuracy: Share of examples whose cluster stands for their label, under
            the best assignment of each cluster to at most one label and each label to at
            most one cluster.
        majority_accuracy: The same where each cluster stands for its most frequent label;
            with many clusters it is high whatever the clusters are.
        adjusted_rand_index: 0 in expectation for independent clusters, 1 for equal ones
            (Hubert and Arabie 1985).
        normalized_mutual_information: I / arithmetic mean of the entropies.
    """

    hungarian_accuracy: float
    majority_accuracy: float
    adjusted_rand_index: float
    normalized_mutual_information: float

    def as_dict(self):
        """The same as a JSON-able dictionary."""
        return asdict(self)


def cluster_scores(labels, clusters):
    """Scores of clusters against labels.

    Args:
        labels: Integers or names, `[n]`.
        clusters: Integers or names, `[n]`.

    Returns:
        A `ClusterScores`.

    Raises:
        ValueError: If there is no example, or not one cluster for each label.
    """
    labels, clusters = np.asarray(labels), np.asarray(clusters)
    if labels.ndim != 1 or labels.shape != clusters.shape or not len(labels):
        raise ValueError(
            "Expected a cluster for each label, both of shape [n]. "
            f"Received shapes: {clusters.shape} and {labels.shape}."
        )
    for name, values in (("labels", labels), ("clusters", clusters)):
        if values.dtype.kind == "f":
            require_finite(f"`{name}`", values)
    counts = contingency_matrix(labels, clusters)  # [labels, clusters]
    best = counts[optimize.linear_sum_assignment(counts, maximize=True)].sum()
    return ClusterScores(
        hungarian_accuracy=float(best / len(labels)),
        majority_accuracy=float(counts.max(axis=0).sum() / len(labels)),
        adjusted_rand_index=float(metrics.adjusted_rand_score(labels, clusters)),
        normalized_mutual_information=float(
            metrics.normalized_mutual_info_score(labels, clusters)
        ),
    )


def live_clusters(clusters, count, share=SHARE):
    """Number of clusters that are in use.

    Args:
        clusters: The cluster of each example, integers `[n]`.
        count: Number of clusters there are.
        share: A cluster is alive with at least this share of the examples that an equal
            division would give it, and at least one.
    """
    clusters, count = np.asarray(clusters), require_integer("count", count, 1)
    whole = clusters.ndim == 1 and clusters.size and clusters.dtype.kind in "iu"
    if not whole or clusters.min() < 0 or clusters.max() >= count:
        raise ValueError(
            f"Expected `clusters` to be whole numbers below {count}, of shape [n], at least one. "
            f"Received: {clusters.dtype} of shape {clusters.shape}"
            + (f", from {clusters.min()} to {clusters.max()}." if whole else ".")
        )
    sizes = np.bincount(clusters, minlength=count)
    return int(np.sum(sizes >= max(1.0, share * len(clusters) / count)))


def self_consistency(model, draws=100):
    """Share of generated pictures that the model puts into the cluster they came from.

    `draws` points of each cluster's prior are decoded to means and classified by q(c | x).
    No decoder and no encoder can expect more than `consistency_ceiling`.

    Args:
        model: A model with `sample_cluster`, `predict_cluster` and a latent of `clusters`.
        draws: Pictures of each cluster.

    Returns:
        A float. Its standard error is at most 0.5 / sqrt(draws x clusters).
    """
    if not hasattr(model, "predict_cluster"):
        raise TypeError(f"Expected a model with clusters. Received: {type(model).__name__}.")
    right = [
        model.predict_cluster(model.sample_cluster(c, draws)) == c
        for c in range(model.latent.clusters)
    ]
    return float(np.mean(right))


@singledispatch
def consistency_ceiling(latent):
    """Accuracy of the best guess of c from z under the prior, which bounds `self_consistency`.

    Args:
        latent: The latent of a model with clusters.

    Returns:
        A float between 1 / clusters and 1.
    """
    raise TypeError(f"Expected a latent with clusters. Received: {type(latent).__name__}.")


@consistency_ceiling.register
def equidistant_ceiling(latent: CategoricalMixtureLatent):
    """Of unit Gaussians around K orthogonal means of one length r.

    The best guess is the mean of largest inner product with z. Along the unit vectors of
    the means z has independent coordinates, N(r, 1) for its own cluster and N(0, 1) for the
    others: integral of phi(t - r) Phi(t)^(K - 1) dt.
    """
    length = latent.separation * math.sqrt(latent.cluster_dim)

    def all_others_smaller(t):
        return stats.norm.pdf(t - length) * stats.norm.cdf(t) ** (latent.clusters - 1)

    return float(integrate.quad(all_others_smaller, length - 12.0, length + 12.0)[0])


@consistency_ceiling.register
def anchored_ceiling(latent: AnchoredMixtureLatent):
    """Of heat kernels around orthonormal anchors, by draws with a fixed seed.

    The density falls with the distance, so the best guess is the nearest anchor. The
    standard error is at most 0.5 / sqrt(10,000 x clusters).
    """
    labels = np.repeat(np.arange(latent.clusters), CEILING_DRAWS)
    z = np.asarray(latent.prior_sample_of(labels, seed=0))
    return float(np.mean((z @ latent.centres.T).argmax(axis=-1) == labels))
