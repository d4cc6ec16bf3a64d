"""Two clouds in the plane: the smallest data that a latent line has to tell apart."""

import numpy as np

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.registry import register

CENTRES = ((-5.0, 3.0), (5.0, 3.0))


@register("gaussian_mixture", "two unit clouds in the plane (512 + 512 points)")
def make_gaussian_mixture(train_size=512, test_size=512, seed=0):
    """Equal halves of points from N((-5, 3), I) and N((5, 3), I), events `(2,)`.

    Their entropy is log 2 + log(2 pi e) = 3.531 nats but for an overlap of 1e-6.

    Args:
        train_size: Number of training points.
        test_size: Number of test points.
        seed: Of the points.
    """
    rng = np.random.default_rng(seed)
    arrays = {}
    for split, size in (("train", train_size), ("test", test_size)):
        labels = np.arange(require_integer(f"{split}_size", size, 1)) % len(CENTRES)  # [n]
        noise = rng.standard_normal((size, 2))
        arrays[split] = (np.asarray(CENTRES)[labels] + noise).astype(np.float32)
        arrays[f"{split}_labels"] = labels
    return Dataset("gaussian_mixture", colouring="labels", **arrays)
