"""Agreement of clusters with labels, and of generated pictures with their clusters."""

import math
from dataclasses import asdict, dataclass
from functools import singledispatch
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import integrate, optimize, stats

from diffusion_vae.checks import require_finite, require_integer
from diffusion_vae.latents import AnchoredMixtureLatent, CategoricalMixtureLatent

CEILING_DRAWS = 10_000  # draws of each cluster
SHARE = 0.1  # share of the examples that an equal division would give a cluster


@dataclass(frozen=True)
class ClusterScores:
    """Agreement of clusters with labels; renaming the clusters changes none of the scores.

    Example:
        >>> from diffusion_vae.evaluation import cluster_scores
        >>> scores = cluster_scores(labels=[0, 0, 1, 1], clusters=[5, 5, 3, 3])
        >>> scores.hungarian_accuracy
        1.0

    Attributes:
        hungarian_accuracy: Share of examples whose cluster is assigned to their label, under
            the best assignment of each cluster to at most one label and each label to at
            most one cluster.
        majority_accuracy: The same where each cluster is assigned to its most frequent label;
            with many clusters it is always high.
        adjusted_rand_index: 0 in expectation for independent clusters, 1 for equal ones
            (Hubert and Arabie 1985).
        normalized_mutual_information: I / arithmetic mean of the entropies.
    """

    hungarian_accuracy: float
    majority_accuracy: float
    adjusted_rand_index: float
    normalized_mutual_information: float

    def as_dict(self) -> dict[str, float]:
        """The scores as a JSON-able dictionary."""
        return asdict(self)


def cluster_scores(labels: ArrayLike, clusters: ArrayLike) -> ClusterScores:
    """Scores of clusters against labels.

    Args:
        labels: Integers or names, `[n]`.
        clusters: Integers or names, `[n]`.

    Returns:
        A `ClusterScores`.

    Raises:
        ValueError: If there is no example, or not one cluster for each label.
    """
    from sklearn import metrics
    from sklearn.metrics.cluster import contingency_matrix

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


def live_clusters(clusters: ArrayLike, count: int, share: float = SHARE) -> int:
    """Number of clusters that are in use.

    Args:
        clusters: The cluster of each example, integers `[n]`.
        count: Number of all clusters.
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


def self_consistency(model: Any, draws: int = 100) -> float:
    """Share of generated pictures that the model assigns to the cluster they came from.

    `draws` points of each cluster's prior are decoded to means and classified by q(c | x).
    `consistency_ceiling` bounds its expectation for every encoder and decoder.

    Args:
        model: A model with `sample_cluster`, `predict_cluster` and a latent of `clusters`.
        draws: Number of pictures of each cluster.

    Returns:
        A float. Its standard error is at most 0.5 / sqrt(draws x clusters).
    """
    if not hasattr(model, "predict_cluster"):
        raise TypeError(f"Expected a model with clusters. Received: {type(model).__name__}.")
    correct = [
        model.predict_cluster(model.sample_cluster(c, draws)) == c
        for c in range(model.latent.clusters)
    ]
    return float(np.mean(correct))


@singledispatch
def consistency_ceiling(latent: Any) -> float:
    """Accuracy of the best guess of c from z under the prior, which bounds `self_consistency`.

    Args:
        latent: The latent of a model with clusters.

    Returns:
        A float between 1 / clusters and 1.
    """
    raise TypeError(f"Expected a latent with clusters. Received: {type(latent).__name__}.")


@consistency_ceiling.register
def equidistant_ceiling(latent: CategoricalMixtureLatent) -> float:
    """The ceiling of unit Gaussians around K orthogonal means of one length r.

    The best guess is the mean of largest inner product with z. Along the unit vectors of
    the means z has independent coordinates, N(r, 1) for its own cluster and N(0, 1) for the
    others: integral of phi(t - r) Phi(t)^(K - 1) dt.
    """
    length = latent.separation * math.sqrt(latent.cluster_dim)

    def density_of_the_best(t: float) -> float:
        return stats.norm.pdf(t - length) * stats.norm.cdf(t) ** (latent.clusters - 1)

    return float(integrate.quad(density_of_the_best, length - 12.0, length + 12.0)[0])


@consistency_ceiling.register
def anchored_ceiling(latent: AnchoredMixtureLatent) -> float:
    """The ceiling of heat kernels around orthonormal anchors, by draws with a fixed seed.

    The density falls with the distance, so the best guess is the nearest anchor. The
    standard error is at most 0.5 / sqrt(10,000 x clusters).
    """
    labels = np.repeat(np.arange(latent.clusters), CEILING_DRAWS)
    z = np.asarray(latent.prior_sample_of(labels, seed=0))
    return float(np.mean((z @ latent.centres.T).argmax(axis=-1) == labels))
