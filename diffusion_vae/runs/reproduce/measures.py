"""Numbers of a trained run that a table asks for beyond those that every run has."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from diffusion_vae.evaluation import cluster_scores, parzen_window
from diffusion_vae.likelihoods import Gaussian

if TYPE_CHECKING:
    from diffusion_vae.datasets import Dataset
    from diffusion_vae.runs.training import TrainedRun

MANY = 10_000  # examples that are drawn, or read of a data set that is streamed
HELD_OUT = 1000  # pictures that choose the width of Parzen windows


def above_constant(run: "TrainedRun") -> dict[str, float]:
    """`above_constant`: the test ELBO above that of the best constant picture.

    Raises:
        ValueError: If the likelihood is no Gaussian of a given variance.
    """
    likelihood = run.model.likelihood
    if not isinstance(likelihood, Gaussian) or likelihood.scale != "fixed":
        raise ValueError(
            "Expected a Gaussian likelihood of a given variance, for the ELBO of a constant "
            f"picture. Received: {type(likelihood).__name__}."
        )
    constant = constant_elbo(run.dataset, likelihood.variance)
    return {"above_constant": run.metrics["elbo"] - constant, "constant_elbo": constant}


def constant_elbo(dataset: "Dataset", variance: float = 1.0) -> float:
    """Test ELBO of the best decoder that ignores z: the mean training picture, KL 0."""
    train = dataset.train if isinstance(dataset.train, np.ndarray) else dataset.train[:MANY]
    errors = np.square(np.asarray(dataset.test) - train.mean(axis=0))
    size = math.prod(dataset.event_shape)
    squares = float(errors.reshape(len(errors), -1).sum(axis=1).mean())
    return -0.5 * squares / variance - 0.5 * size * math.log(2.0 * math.pi * variance)


def parzen(run: "TrainedRun") -> dict[str, Any]:
    """`parzen`: log density of test pictures under windows around generated ones.

    The first test pictures choose the width of the windows, 1,000 or half of them; the density
    is that of the others.
    """
    test = np.asarray(run.dataset.test[:MANY])
    count = min(HELD_OUT, len(test) // 2)
    estimate = parzen_window(run.model.sample(MANY), test[:count], test[count:])
    return {
        "parzen": estimate.mean,
        "parzen_sigma": estimate.sigma,
        "parzen_estimate": estimate.as_dict(),
    }


def sizes(run: "TrainedRun") -> dict[str, float]:
    """`latent_values` of a point, and `weights` of the model."""
    return {
        "latent_values": float(math.prod(run.model.latent.point_shape)),
        "weights": float(run.model.count_params()),
    }


def training_clusters(run: "TrainedRun") -> dict[str, float]:
    """Scores on training pictures, by which settings and starts can be chosen.

    `training_hungarian_accuracy` needs labels; `training_mutual_information`, I(x; c) of at
    most 10,000 pictures, does without.
    """
    train, labels = run.dataset.train, run.dataset.train_labels
    numbers = run.model.evaluate(train[:MANY], batch_size=200, return_dict=True, verbose=0)
    found = {"training_mutual_information": float(numbers["mutual_information"])}
    if labels is not None:
        scores = cluster_scores(labels, run.model.predict_cluster(train))
        found["training_hungarian_accuracy"] = scores.hungarian_accuracy
    return found
