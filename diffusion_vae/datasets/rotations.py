"""Random rotations: matrices themselves, and functions on the sphere seen under them."""

import math

import numpy as np
from scipy.spatial.transform import Rotation

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.checks import require_choice, require_count
from diffusion_vae.datasets.registry import register
from diffusion_vae.manifolds import O3, SO3


def haar_rotations(count: int, seed, reflections: bool = False) -> np.ndarray:
    """Haar-random matrices of SO(3), or of O(3), row-major float32 `[count, 9]`.

    A normalised Gaussian quaternion is uniform on S^3, of which SO(3) is the quotient;
    a reflection is a rotation times -1.
    """
    rng = np.random.default_rng(seed)
    matrices = Rotation.from_quat(rng.standard_normal((count, 4))).as_matrix()
    if reflections:
        matrices *= rng.choice([-1.0, 1.0], count)[:, None, None]
    return matrices.reshape(count, 9).astype(np.float32)


@register("random_rotations", "random matrices of SO(3) or O(3), the group itself")
def random_rotations(group="so3", train_size=6400, test_size=1600, seed=0):
    """Haar-random orthogonal matrices, events `(9,)`; example and factor are the same.

    Args:
        group: `"so3"` or `"o3"`.
        train_size: Training examples.
        test_size: Test examples.
        seed: Of the matrices.
    """
    require_choice("group", group, ("so3", "o3"))
    train, test = (
        haar_rotations(require_count(name, size), [seed, split], reflections=group == "o3")
        for split, (name, size) in enumerate(
            [("train_size", train_size), ("test_size", test_size)]
        )
    )

    def render(factors):
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


def cubic_function() -> np.ndarray:
    """Coefficients `[4, 4, 4]` of x^3 + 0.3 x + z^3; entry [i, j, k] is that of x^i y^j z^k."""
    coefficients = np.zeros((4, 4, 4))
    coefficients[3, 0, 0] = coefficients[0, 0, 3] = 1.0
    coefficients[1, 0, 0] = 0.3
    return coefficients


def random_function(seed: int) -> np.ndarray:
    """Gaussian coefficients `[4, 4, 4]` of a polynomial of degree 3.

    Degrees 0 to 3 carry the weights 1, 1, 0.8 and 0.3.
    """
    degree = np.indices((4, 4, 4)).sum(axis=0)
    weights = np.array([1.0, 1.0, 0.8, 0.3] + [0.0] * 6)[degree]  # [4, 4, 4]
    return weights * np.random.default_rng(seed).standard_normal((4, 4, 4))


def polynomial(coefficients: np.ndarray, points: np.ndarray) -> np.ndarray:
    """Values of a polynomial at points, `[..., 3] -> [...]`."""
    return np.polynomial.polynomial.polyval3d(
        points[..., 0], points[..., 1], points[..., 2], coefficients
    )


@register("so3_functions", "a function on the sphere seen under random rotations (SO(3))")
def so3_functions(
    function="cubic", points=100, train_size=6400, test_size=1600, function_seed=0, seed=0
):
    """A function f on the sphere, turned: the values f(R^-1 g) at fixed unit vectors g.

    Events are `(points,)`, within [-1, 1] up to 1e-3 (f is divided by its largest
    value on a fine grid of the sphere). The factors are the Haar-random rotations R as
    row-major matrices, `[N, 9]`. No rotation but the identity leaves f as it is, so
    the data are a faithful picture of SO(3).

    Args:
        function: `"cubic"` (x^3 + 0.3 x + z^3) or `"random"` (a random polynomial of
            degree 3).
        points: Number of unit vectors, on a Fibonacci lattice (`extras["grid"]`).
        train_size: Training examples.
        test_size: Test examples.
        function_seed: Of the random polynomial.
        seed: Of the rotations.
    """
    require_choice("function", function, ("cubic", "random"))
    coefficients = cubic_function() if function == "cubic" else random_function(function_seed)
    coefficients = coefficients / np.abs(polynomial(coefficients, sphere_grid(20_000))).max()
    grid = sphere_grid(require_count("points", points))

    def render(factors):
        rotations = np.asarray(factors, float).reshape(-1, 3, 3)
        seen = grid @ rotations  # [n, points, 3]: the rows are R^-1 g = R^T g
        return polynomial(coefficients, seen).astype(np.float32)

    train_factors = haar_rotations(require_count("train_size", train_size), [seed, 0])
    test_factors = haar_rotations(require_count("test_size", test_size), [seed, 1])
    extras = {"grid": grid, "coefficients": coefficients}
    return Dataset.from_factors(
        render, train_factors, test_factors, SO3(), "rotation", extras=extras
    )
