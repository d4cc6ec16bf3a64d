"""Known factors of data: how they are written, drawn, looped through and acted on.

Factors on a flat torus are angles in radians; on spheres, projective spaces and SO(3)
they are points of the manifold itself.
"""

from functools import singledispatch

import numpy as np
from keras import ops
from scipy.spatial.transform import Rotation
from scipy.stats import special_ortho_group

from diffusion_vae.manifolds import SO3, FlatTorus, Manifold, RealProjective, Sphere


class Factors:
    """Spheres and projective spaces: factors are points, loops are great circles.

    On RP^d a loop is half a great circle, the one that cannot be contracted.

    Args:
        manifold: Where the factors live.
    """

    def __init__(self, manifold: Manifold) -> None:
        self.manifold = manifold

    def points(self, factors: np.ndarray) -> np.ndarray:
        """Points of the manifold, `[..., f] -> [..., ambient_dim]`."""
        return np.asarray(factors, np.float32)

    def random(self, count: int, rng: np.random.Generator) -> np.ndarray:
        """Uniform factors, `[count, f]`."""
        draws = rng.standard_normal((count, self.manifold.ambient_dim))
        return _unit(draws).astype(np.float32)

    def loops(self, count: int, steps: int, rng: np.random.Generator) -> np.ndarray:
        """Closed loops, `[classes, count, steps + 1, f]`, a class a generator of the group."""
        start = self.random(count, rng).astype(float)[:, None]  # [count, 1, n]
        other = self.random(count, rng).astype(float)[:, None]
        across = _unit(other - start * (other * start).sum(axis=-1, keepdims=True))
        if self.manifold.ambient_dim == 2:  # all the same way round: their windings are compared
            across = np.stack([-start[..., 1], start[..., 0]], axis=-1)
        turn = 2.0 * np.pi if self.manifold.cover is None else np.pi
        angle = np.linspace(0.0, turn, steps + 1)[:, None]  # [steps + 1, 1]
        return (np.cos(angle) * start + np.sin(angle) * across).astype(np.float32)[None]

    def acted_on(self, factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The factors after a random element of the symmetry group, the same for all."""
        rotation = special_ortho_group(self.manifold.ambient_dim, seed=rng).rvs()
        return (np.asarray(factors, float) @ rotation.T).astype(np.float32)


class TorusFactors(Factors):
    """Angles on a flat torus: a class of loops for each angle, going round once."""

    manifold: FlatTorus

    def points(self, factors: np.ndarray) -> np.ndarray:
        return ops.convert_to_numpy(self.manifold.from_angles(np.asarray(factors, np.float32)))

    def random(self, count: int, rng: np.random.Generator) -> np.ndarray:
        return rng.uniform(0.0, 2.0 * np.pi, (count, self.manifold.dim)).astype(np.float32)

    def loops(self, count: int, steps: int, rng: np.random.Generator) -> np.ndarray:
        dim = self.manifold.dim
        base = rng.uniform(0.0, 2.0 * np.pi, (dim, count, 1, dim))
        paths = np.repeat(base, steps + 1, axis=2)  # [dim, count, steps + 1, dim]
        for factor in range(dim):
            paths[factor, ..., factor] += np.linspace(0.0, 2.0 * np.pi, steps + 1)
        return paths

    def acted_on(self, factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        return np.asarray(factors, float) + rng.uniform(0.0, 2.0 * np.pi, self.manifold.dim)


class RotationFactors(Factors):
    """Rotation matrices, row-major `[..., 9]`; a loop is a whole turn about some axis."""

    def random(self, count: int, rng: np.random.Generator) -> np.ndarray:
        return _flat(Rotation.from_quat(_unit(rng.standard_normal((count, 4)))))

    def loops(self, count: int, steps: int, rng: np.random.Generator) -> np.ndarray:
        starts = Rotation.from_quat(_unit(rng.standard_normal((count, 4))))
        axes = _unit(rng.standard_normal((count, 3)))
        angles = np.linspace(0.0, 2.0 * np.pi, steps + 1)[:, None]
        paths = [
            _flat(Rotation.from_rotvec(angles * axis) * start)
            for start, axis in zip(starts, axes, strict=True)
        ]
        return np.stack(paths)[None]

    def acted_on(self, factors: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        turn = Rotation.from_quat(_unit(rng.standard_normal(4)))
        matrices = np.asarray(factors, float).reshape(-1, 3, 3)
        return (turn.as_matrix() @ matrices).reshape(-1, 9).astype(np.float32)


@singledispatch
def factors_on(manifold: Manifold | None) -> Factors | None:
    """The factors on a manifold, or `None` where no loops are known."""
    return None


@factors_on.register
def _(manifold: FlatTorus) -> Factors:
    return TorusFactors(manifold)


@factors_on.register
def _(manifold: SO3) -> Factors:
    return RotationFactors(manifold)


@factors_on.register(Sphere)
@factors_on.register(RealProjective)
def _(manifold: Manifold) -> Factors:
    return Factors(manifold)


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=-1, keepdims=True)


def _flat(rotations: Rotation) -> np.ndarray:
    return rotations.as_matrix().reshape(-1, 9).astype(np.float32)
