"""Landmarks of trilobites: shapes of heads, from the package ktch."""

import numpy as np

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.landmarks import shape_features
from diffusion_vae.datasets.registry import register

TEST_SHARE = 0.2
EVERY = 3  # points of the curves between landmarks that are kept


@register("trilobites", "shapes of trilobites' heads by landmarks (complex projective space)")
def load_trilobites(seed: int = 0) -> Dataset:
    """Shapes of 285 heads of trilobites, of as many species, by 38 landmarks in the plane.

    Landmarks and every third point of the curves between them as the package ktch ships them
    (`pip install "diffusion-vae[shapes]"`; Serra et al. 2023); specimens with landmarks missing
    are left out. Examples are `shape_features`; `extras` has the landmarks, `train_landmarks`
    and `test_landmarks`, `[N, k, 2]`, in the order of their places along the head.

    Args:
        seed: Seed of the split.

    Raises:
        ImportError: If ktch is not installed.
    """
    seed = require_integer("seed", seed, 0)
    landmarks = _read()
    order = np.random.default_rng(seed).permutation(len(landmarks))
    count = round(TEST_SHARE * len(landmarks))
    train, test = landmarks[order[count:]], landmarks[order[:count]]
    return Dataset(
        "trilobites",
        train=shape_features(train),
        test=shape_features(test),
        extras={"train_landmarks": train, "test_landmarks": test},
    )


def _read() -> np.ndarray:
    """Landmarks of all complete specimens, `[n, k, 2]`."""
    try:
        from ktch.datasets import load_landmark_trilobite_cephala
    except ImportError:
        raise ImportError(
            "The data set 'trilobites' comes with the package ktch. "
            'Install it: pip install "diffusion-vae[shapes]".'
        ) from None
    read = load_landmark_trilobite_cephala()
    rows = [
        np.concatenate(
            [fixed, *(np.asarray(c, float)[EVERY - 1 :: EVERY] for c in curves)], dtype=float
        )
        for fixed, curves in zip(read.landmarks, read.curves, strict=True)
    ]
    landmarks = np.stack(rows)
    landmarks = landmarks[np.isfinite(landmarks).all(axis=(1, 2))]
    return landmarks[np.ptp(landmarks, axis=1).max(axis=-1) > 0.0]
