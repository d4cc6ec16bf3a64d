"""Random rotations: matrices themselves, and functions on the sphere seen under them."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.registry import register


def haar_rotations(count: int, seed: int | Sequence[int], reflections: bool = False) -> np.ndarray:
    """Haar-random matrices of SO(3), or of O(3), row-major float32 `[count, 9]`.

    A normalised Gaussian quaternion is uniform on S^3, of which SO(3) is the quotient;
    a reflection is a rotation times -1.
    """
    from scipy.spatial.transform import Rotation

    rng = np.random.default_rng(seed)
    matrices = Rotation.from_quat(rng.standard_normal((count, 4))).as_matrix()
    if reflections:
        matrices *= rng.choice([-1.0, 1.0], count)[:, None, None]
    return matrices.reshape(count, 9).astype(np.float32)


@register("random_rotations", "random matrices of SO(3) or O(3), the group itself")
def make_random_rotations(
    group: Literal["so3", "o3"] = "so3",
    train_size: int = 6400,
    test_size: int = 1600,
    seed: int = 0,
) -> Dataset:
    """Haar-random orthogonal matrices, events `(9,)`; example and factor are the same.

    Args:
        group: `"so3"` or `"o3"`.
        train_size: Training examples.
        test_size: Test examples.
        seed: Seed of the matrices.
    """
    from diffusion_vae.manifolds import O3, SO3

    require_choice("group", group, ("so3", "o3"))
    train, test = (
        haar_rotations(require_integer(name, size, 1), [seed, split], reflections=group == "o3")
        for split, (name, size) in enumerate(
            [("train_size", train_size), ("test_size", test_size)]
        )
    )

    def render(factors: np.ndarray) -> np.ndarray:
        return np.asarray(factors, np.float32)

    manifold = SO3() if group == "so3" else O3()
    return Dataset.from_factors(render, train, test, manifold, "rotation")


def sphere_grid(count: int) -> np.ndarray:
    """Well-spread unit vectors, `[count, 3]`: a Fibonacci lattice."""
    index = np.arange(count)
    z = 1.0 - (2.0 * index + 1.0) / count
    longitude = math.pi * (3.0 - math.sqrt(5.0)) * index
    radius = np.sqrt(1.0 - z * z)
    return np.stack([radius * np.cos(longitude), radius * np.sin(longitude), z], axis=-1)


def cubic_function(channel: int = 0) -> np.ndarray:
    """Coefficients `[4, 4, 4]` of x^3 + 0.3 x + z^3; entry [i, j, k] is that of x^i y^j z^k.

    In the next channels x, y and z change places in a circle.
    """
    coefficients = np.zeros((4, 4, 4))
    coefficients[3, 0, 0] = coefficients[0, 0, 3] = 1.0
    coefficients[1, 0, 0] = 0.3
    return np.transpose(coefficients, np.roll(range(3), channel))


def random_function(seed: int, channel: int = 0) -> np.ndarray:
    """Gaussian coefficients `[4, 4, 4]` of a polynomial of degree 3.

    Degrees 0 to 3 carry the weights 1, 1, 0.8 and 0.3.
    """
    degree = np.indices((4, 4, 4)).sum(axis=0)
    weights = np.array([1.0, 1.0, 0.8, 0.3] + [0.0] * 6)[degree]  # [4, 4, 4]
    rng = np.random.default_rng((seed, channel) if channel else seed)
    return weights * rng.standard_normal((4, 4, 4))


def polynomial(coefficients: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of a polynomial at points, `[..., 3] -> [...]`."""
    return np.polynomial.polynomial.polyval3d(
        points[..., 0], points[..., 1], points[..., 2], coefficients
    )


@register("so3_functions", "a function on the sphere seen under random rotations (SO(3))")
def make_so3_functions(
    function: Literal["cubic", "random"] = "cubic",
    points: int = 100,
    channels: int = 1,
    train_size: int = 6400,
    test_size: int = 1600,
    function_seed: int = 0,
    seed: int = 0,
) -> Dataset:
    """A function f on the sphere, turned: the values f(R^-1 g) at fixed unit vectors g.

    Events are `(points,)`, within [-1, 1] up to 1e-3 (f is divided by its largest
    value on a fine grid of the sphere). The factors are the Haar-random rotations R as
    row-major matrices, `[N, 9]`. Only the identity leaves f unchanged, so the data are a
    faithful picture of SO(3).

    With several channels the sphere is coloured: each channel is a function of its own, and
    events are `(channels * points,)`, one function after the other. The part of f that is
    linear in g is a vector that turns with R; three channels have three of them, from which R
    follows linearly, while a single function hides the turn about its vector in the cubic part.

    Args:
        function: `"cubic"` (x^3 + 0.3 x + z^3; in further channels with the axes in
            other places, so at most 3 of them) or `"random"` (random polynomials of degree 3).
        points: Number of unit vectors, on a Fibonacci lattice (`extras["grid"]`).
        channels: Number of functions.
        train_size: Training examples.
        test_size: Test examples.
        function_seed: Seed of the random polynomials.
        seed: Seed of the rotations.
    """
    from diffusion_vae.manifolds import SO3

    require_choice("function", function, ("cubic", "random"))
    channels = require_integer("channels", channels, 1)
    if function == "cubic" and channels > 3:
        raise ValueError(
            "Expected at most 3 `channels` of cubic functions. "
            f"Received: {channels}. Use function='random'."
        )
    functions = [
        cubic_function(channel) if function == "cubic" else random_function(function_seed, channel)
        for channel in range(channels)
    ]
    fine = sphere_grid(20_000)
    coefficients = np.stack([f / np.abs(polynomial(f, fine)).max() for f in functions])
    grid = sphere_grid(require_integer("points", points, 1))

    def render(factors: np.ndarray) -> np.ndarray:
        rotations = np.asarray(factors, float).reshape(-1, 3, 3)
        seen = grid @ rotations  # [n, points, 3]: the rows are R^-1 g = R^T g
        values = [polynomial(f, seen) for f in coefficients]  # [n, points] each
        return np.concatenate(values, axis=-1).astype(np.float32)

    train_factors = haar_rotations(require_integer("train_size", train_size, 1), [seed, 0])
    test_factors = haar_rotations(require_integer("test_size", test_size, 1), [seed, 1])
    extras = {"grid": grid, "coefficients": coefficients}
    return Dataset.from_factors(
        render, train_factors, test_factors, SO3(), "rotation", extras=extras
    )
