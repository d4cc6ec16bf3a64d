"""Numbers of the paper, to stand beside ours (arXiv 1901.08991, Tables 1 and 2).

ELBO and KL in nats, unit-variance Gaussian likelihood, test set, 500 epochs, mean of
10 runs. The KL of both tori lacks log 2 pi there, and the ELBO of the flat torus in
Table 2 does not follow from its own KL and MSE (they imply -3788.8).
"""

MNIST = {
    "sphere:2": {"elbo": -739.25, "kl_loss": 5.16, "mse": 0.0348, "log_likelihood": -738.76},
    "embedded-torus": {"elbo": -740.97, "kl_loss": 6.57, "mse": 0.0355, "log_likelihood": -738.58},
    "torus:2": {"elbo": -741.37, "kl_loss": 6.42, "mse": 0.0370, "log_likelihood": -738.97},
    "projective:3": {"elbo": -739.32, "kl_loss": 5.65, "mse": 0.0337, "log_likelihood": -738.81},
    "projective:2": {"elbo": -741.19, "kl_loss": 3.15, "mse": 0.0449, "log_likelihood": -740.17},
    "euclidean:3": {"elbo": -738.85, "kl_loss": 5.74, "mse": 0.0323, "log_likelihood": -738.27},
    "euclidean:2": {"elbo": -739.35, "kl_loss": 4.95, "mse": 0.0356, "log_likelihood": -738.83},
}

PERIODIC_PICTURES = {
    "sphere:2": {"elbo": -3825.11, "kl_loss": 3.45, "mse": 0.0282},
    "embedded-torus": {"elbo": -3809.33, "kl_loss": 11.2, "mse": 0.0185},
    "torus:2": {"elbo": -3813.00, "kl_loss": 6.42, "mse": 0.0090},
    "projective:3": {"elbo": -3821.25, "kl_loss": 3.70, "mse": 0.0262},
    "projective:2": {"elbo": -3850.19, "kl_loss": 3.92, "mse": 0.0402},
    "euclidean:3": {"elbo": -3783.03, "kl_loss": 9.73, "mse": 0.0046},
    "euclidean:2": {"elbo": -3789.60, "kl_loss": 8.26, "mse": 0.0085},
}


def published(dataset, manifold):
    """The paper's row for a `Dataset` and a latent space, or `None`.

    Only for the very data of the paper: MNIST as it is, cos + cos at 64x64.
    """
    from diffusion_vae.manifolds import parse

    options = dataset.options
    if dataset.name == "mnist" and options.get("binarize") is None:
        table = MNIST
    elif (
        dataset.name == "periodic_pictures"
        and options.get("picture") == "cosines"
        and options.get("coefficients") is None
        and options.get("size") == 64
    ):
        table = PERIODIC_PICTURES
    else:
        return None
    return next((row for text, row in table.items() if parse(text) == manifold), None)
