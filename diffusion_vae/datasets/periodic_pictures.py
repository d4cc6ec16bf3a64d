"""Translations of one periodic picture: data that live on a flat torus."""

from pathlib import Path
from typing import Literal

import numpy as np

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.datasets.angles import split_angles
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.fourier_picture import (
    FourierPicture,
    cosines,
    random_coefficients,
    read_coefficients,
)
from diffusion_vae.datasets.registry import register


@register("periodic_pictures", "all translations of a periodic picture (flat torus)")
def make_periodic_pictures(
    picture: Literal["cosines", "random"] = "cosines",
    order: int = 1,
    gamma: float = 1.0,
    coefficients: str | Path | list | np.ndarray | None = None,
    size: int = 64,
    shifts: Literal["random", "regular"] = "random",
    train_size: int = 6400,
    test_size: int = 1600,
    picture_seed: int = 0,
    seed: int = 0,
) -> Dataset:
    """Translations of one periodic picture, events `(size, size, 1)` in [-1, 1].

    The factors are the shifts as angles in radians, `[N, 2]`: first the shift down
    the rows, then the shift along the columns. The default picture, moved by
    (2 pi s0, 2 pi s1), is (cos(2 pi (k/size - s0)) + cos(2 pi (l/size - s1))) / 2.

    Args:
        picture: `"cosines"` (cos + cos) or `"random"` (random Fourier coefficients).
        order: N, the highest frequency of a random picture.
        gamma: Discount of high frequencies, in (0, 1].
        coefficients: Instead of `picture`: Fourier coefficients `[2N+1, 2N+1]` or the
            path of an `.npy` file with them (`extras["fourier_coefficients"]`, saved).
        size: Pixels a side.
        shifts: Training shifts `"random"` (uniform), or `"regular"`: a square grid of
            `train_size` points (a square number) without a duplicated end point.
        train_size: Training examples.
        test_size: Test examples; their shifts are always uniform.
        picture_seed: Seed of the random picture.
        seed: Seed of the shifts.
    """
    from diffusion_vae.manifolds import FlatTorus

    require_choice("picture", picture, ("cosines", "random"))
    require_choice("shifts", shifts, ("random", "regular"))
    if not (isinstance(gamma, (int, float)) and 0 < gamma <= 1):
        raise ValueError(f"Expected `gamma` to be in (0, 1]. Received: {gamma!r}.")
    size = require_integer("size", size, 2)
    train_size = require_integer("train_size", train_size, 1)
    test_size = require_integer("test_size", test_size, 1)
    if coefficients is not None:
        chosen = read_coefficients(coefficients)
    elif picture == "cosines":
        chosen = cosines()
    else:
        chosen = random_coefficients(require_integer("order", order, 1), picture_seed)
    fourier_picture = FourierPicture(chosen, float(gamma))
    train_factors, test_factors = split_angles(shifts, train_size, test_size, 2, seed)

    def render(factors: np.ndarray) -> np.ndarray:
        return fourier_picture.images(factors, size)

    extras = {"fourier_coefficients": chosen}
    return Dataset.from_factors(
        render, train_factors, test_factors, FlatTorus(2), "torus", extras=extras
    )
