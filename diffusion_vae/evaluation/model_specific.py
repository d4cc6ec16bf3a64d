"""Held-out numbers that only some kinds of model have."""

from functools import singledispatch
from typing import Any

from diffusion_vae.datasets import Dataset
from diffusion_vae.divergences import MMDToPrior, mmd
from diffusion_vae.evaluation.clustering import (
    cluster_scores,
    consistency_ceiling,
    live_clusters,
    self_consistency,
)
from diffusion_vae.manifolds import Hyperbolic
from diffusion_vae.models import DiffusionVAE, InfoCatVAE
from diffusion_vae.priors import HeatKernelPrior

MMD_POINTS = 2000  # all pairs are in memory at the same time


@singledispatch
def model_specific_metrics(model: Any, dataset: Dataset) -> dict[str, float]:
    """Numbers by name beyond the metrics of `evaluate`; a kind of model registers its own.

    Args:
        model: A trained model.
        dataset: The `Dataset` it was trained on.

    Returns:
        A dictionary of floats.

    Example:
        >>> from diffusion_vae.evaluation import model_specific_metrics
        >>> list(model_specific_metrics(model, digits))  # doctest: +SKIP
        ['prior_mmd']
    """
    return {}


@model_specific_metrics.register
def prior_numbers(model: DiffusionVAE, dataset: Any) -> dict[str, float]:
    """The distance of the held-out latent points from the prior, and a learned curvature."""
    prior = model.latent.prior
    learned = isinstance(prior, HeatKernelPrior) and isinstance(model.manifold, Hyperbolic)
    curvature = {"learned_curvature": prior.curvature()} if learned else {}
    return {**prior_mmd(model, dataset), **curvature}


def prior_mmd(model: DiffusionVAE, dataset: Any) -> dict[str, float]:
    """The distance of the held-out latent points from the prior.

    `prior_mmd` is the unbiased squared MMD (Gaussian kernel, ambient distances) between one
    draw for each of at most 2,000 test examples and the model's prior, a learned one as well. It
    needs two examples.
    """
    if len(dataset.test) < 2:
        return {}
    z = model.sample_posterior(dataset.test[:MMD_POINTS])[0]
    manifold = model.manifold
    if model.latent.prior is not None:
        drawn = model.latent.prior_sample(len(z))
        p, q = manifold.even_embedding(drawn), manifold.even_embedding(z)
        return {"prior_mmd": float(mmd(p, q, manifold.ambient_dim, statistic="u"))}
    divergence = MMDToPrior(statistic="u", prior_samples=len(z))
    return {"prior_mmd": float(divergence(z, manifold, model.seed_generator))}


@model_specific_metrics.register
def clustering_numbers(model: InfoCatVAE, dataset: Any) -> dict[str, float]:
    """Clusters of the held-out examples against their labels, and generated pictures.

    Without labels there are only `live_clusters`, `self_consistency` and its ceiling.
    """
    clusters = model.predict_cluster(dataset.test)
    labels = dataset.test_labels
    scores = {} if labels is None else cluster_scores(labels, clusters).as_dict()
    return {
        **scores,
        "live_clusters": float(live_clusters(clusters, model.latent.clusters)),
        "self_consistency": self_consistency(model),
        "consistency_ceiling": consistency_ceiling(model.latent),
    }
