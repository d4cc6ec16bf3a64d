"""The contract of a latent space: a Riemannian submanifold of R^n, as pure geometry."""

from __future__ import annotations

import functools
import math
from typing import TYPE_CHECKING, Any, Self

import keras
import numpy as np
from keras import ops

from diffusion_vae.manifolds.arguments import (
    AMBIENT,
    FRACTIONS,
    PRIME,
    SHAPE,
    check_overrides,
    takes,
)
from diffusion_vae.manifolds.names import PointNames
from diffusion_vae.manifolds.numerics.pool import Pool, draw_from_pool, pool_by_projection
from diffusion_vae.manifolds.numerics.vectors import safe_norm
from diffusion_vae.manifolds.numerics.walking import walk_along
from diffusion_vae.progress import telling
from diffusion_vae.serialization import freeze
from diffusion_vae.typing import Seed, Tensor

if TYPE_CHECKING:
    from diffusion_vae.manifolds.cover import Cover

HALVINGS = 5  # of the chord, whose 32 projected pieces stand in for the distance


class Manifold(PointNames):
    """A closed Riemannian manifold embedded in R^n, the home of a latent point.

    Subclasses give `dim`, `ambient_dim` and `project`; a closed manifold also
    gives `volume` and `scalar_curvature`. Everything else has a default built on
    the projection, and the names in `approximate` say which of these defaults
    are approximations. A manifold is immutable: equal configurations are equal
    manifolds with equal hashes.

    Points are arrays of shape `[..., ambient_dim]`; leading axes broadcast.
    All methods work on the tensors of the active Keras backend and keep the
    floating dtype of their input. Their arguments are checked, and lists and arrays made
    tensors, before a method of a subclass sees them.

    Attributes:
        dim: Intrinsic dimension.
        ambient_dim: Number of coordinates of a point.
        time_dim: Number of diffusion times of a posterior on this manifold.
        closed: Whether the manifold is compact without boundary.
        approximate: Names of the methods that are approximations.
        factors: Factors of a product; empty elsewhere.
        radian: Length of a turn by one radian: sqrt 2 on rotation groups, 1 elsewhere.
        shortest_loop: Length of the shortest closed geodesic where it is known to be
            shorter than curvature and volume suggest, such as that around a thin
            handle; `None` elsewhere. It limits the times of the random walk.
        candidates: Text forms of this class that `compare_manifolds` tries by itself.

    Example:
        >>> from diffusion_vae.manifolds import Sphere
        >>> class Globe(Manifold):  # a sphere of radius 2
        ...     dim, ambient_dim = 2, 3
        ...
        ...     def project(self, x: Tensor) -> Tensor:
        ...         return 2.0 * Sphere(2).project(x)
        ...
        ...     @property
        ...     def volume(self):
        ...         return 16.0 * math.pi
        ...
        ...     def scalar_curvature(self, z: Tensor) -> Tensor:
        ...         return ops.full_like(z[..., 0], 0.5)
        >>> float(Globe().project([0.0, 0.0, 5.0])[2])
        2.0
    """

    dim: int
    ambient_dim: int
    time_dim: int = 1
    closed: bool = True
    approximate: frozenset[str] = frozenset(
        {"tangent_project", "exp", "distance", "geodesic", "random_uniform"}
    )
    factors: tuple[Manifold, ...] = ()
    radian: float = 1.0
    shortest_loop: float | None = None
    candidates: tuple[str, ...] = ()

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        check_overrides(cls, Manifold)

    # -- what a subclass gives -------------------------------------------------

    @takes(x=AMBIENT)
    def project(self, x: Tensor) -> Tensor:
        """Closest point of the manifold.

        Args:
            x: Points of the ambient space, `[..., ambient_dim]`.

        Returns:
            Points of the manifold, `[..., ambient_dim]`; finite, with a finite
            gradient, for every finite input.
        """
        raise NotImplementedError(f"{type(self).__name__} must implement `project(x)`.")

    @property
    def volume(self) -> float:
        """Riemannian volume, of the quotient where points are identified."""
        raise NotImplementedError(f"{type(self).__name__} must implement `volume`.")

    @property
    def log_volume(self) -> float:
        """Logarithm of `volume`: of a sphere of dimension 400 the volume itself is 0 in floats."""
        return math.log(self.volume)

    @takes(z=AMBIENT)
    def scalar_curvature(self, z: Tensor) -> Tensor:
        """Scalar curvature at `z`, `[..., ambient_dim] -> [...]`."""
        raise NotImplementedError(f"{type(self).__name__} must implement `scalar_curvature(z)`.")

    # -- what follows from the projection --------------------------------------

    @takes(z=AMBIENT, v=AMBIENT)
    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        """Orthogonal projection of ambient vectors on the tangent space at `z`.

        Where a point has a continuum of names, tangent vectors are orthogonal to it too.
        The default is the derivative of the projection by central differences.

        Args:
            z: Points of the manifold, `[..., ambient_dim]`.
            v: Ambient vectors, `[..., ambient_dim]`.

        Returns:
            Tangent vectors, `[..., ambient_dim]`.
        """
        # The map is linear in v: its length may be a constant for the gradient.
        length = ops.stop_gradient(safe_norm(v, keepdims=True))  # [..., 1]
        # At v = 0 the differences are rounding errors, which this factor makes negligible.
        length = ops.maximum(length, 1e-12)
        direction = v / length  # [..., n]
        h = 1e-2 if keras.backend.standardize_dtype(z.dtype) != "float64" else 1e-4
        slope = (self.project(z + h * direction) - self.project(z - h * direction)) / (2 * h)
        return slope * length

    @takes(z=AMBIENT, slope=AMBIENT)
    def gradient(self, z: Tensor, slope: Tensor) -> Tensor:
        """Riemannian gradient of a function that has these derivatives by the coordinates.

        Args:
            z: Points of the manifold, `[..., ambient_dim]`.
            slope: Derivatives by the ambient coordinates, `[..., ambient_dim]`.

        Returns:
            Tangent vectors, `[..., ambient_dim]`.
        """
        return self.tangent_project(z, slope)

    @takes(z=AMBIENT, v=AMBIENT)
    def exp(self, z: Tensor, v: Tensor) -> Tensor:
        """Point reached from `z` along the geodesic with velocity `v` in unit time.

        The default walks there in short projected steps along the velocity.

        Args:
            z: Points of the manifold, `[..., ambient_dim]`.
            v: Tangent vectors, `[..., ambient_dim]`.

        Returns:
            Points of the manifold, `[..., ambient_dim]`.
        """
        return walk_along(self, z, v)

    @takes(x=AMBIENT, y=AMBIENT, s=FRACTIONS)
    def geodesic(self, x: Tensor, y: Tensor, s: Tensor) -> Tensor:
        """Point at the fraction `s` of the shortest path from `x` to `y`.

        The default is the projected chord, which is not of constant speed.

        Args:
            x: Points of the manifold, `[..., ambient_dim]`.
            y: Points of the manifold, `[..., ambient_dim]`.
            s: Fractions in [0, 1], `[...]`.

        Returns:
            Points of the manifold, `[..., ambient_dim]`.
        """
        s = ops.expand_dims(ops.convert_to_tensor(s, dtype=x.dtype), -1)
        return self.project((1.0 - s) * x + s * y)

    @takes(x=AMBIENT, y=AMBIENT)
    def distance(self, x: Tensor, y: Tensor) -> Tensor:
        """Geodesic distance, `[..., ambient_dim] x [..., ambient_dim] -> [...]`.

        The default halves the way five times and adds up the pieces.
        """
        x, y = x + ops.zeros_like(y), y + ops.zeros_like(x)
        curve = ops.stack([x, y], axis=-2)  # [..., points, n]
        for _ in range(HALVINGS):
            ahead, behind = curve[..., :-1, :], curve[..., 1:, :]
            middle = self.geodesic(ahead, behind, 0.5)
            halved = ops.stack([ahead, middle], axis=-2)  # [..., points - 1, 2, n]
            halved = ops.reshape(halved, (*ops.shape(ahead)[:-2], -1, x.shape[-1]))
            curve = ops.concatenate([halved, curve[..., -1:, :]], axis=-2)
        return ops.sum(safe_norm(curve[..., 1:, :] - curve[..., :-1, :]), axis=-1)

    @takes(z=AMBIENT, noise=AMBIENT)
    def step(self, z: Tensor, noise: Tensor) -> Tensor:
        """One step of the random walk: the ambient jump `noise`, brought back.

        The paper projects `z + noise`. A manifold may take another step with the
        same limit law (SO(3) walks along tangent vectors and needs no SVD).

        Args:
            z: Points of the manifold, `[..., ambient_dim]`.
            noise: Ambient Gaussian noise, `[..., ambient_dim]`.

        Returns:
            Points of the manifold, `[..., ambient_dim]`.
        """
        return self.project(z + noise)

    @takes(shape=SHAPE)
    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        """Draws from the uniform law (normalised Riemannian volume).

        The default samples the manifold once, through its projection, and then
        draws from up to 32768 uniform points, each moved by a small step.

        Args:
            shape: Batch shape, a tuple of integers.
            seed: An integer, a `keras.random.SeedGenerator` or `None`.

        Returns:
            Points of the manifold, `[*shape, ambient_dim]`.
        """
        return draw_from_pool(self, self._pool, shape, seed)

    @functools.cached_property
    def _pool(self) -> Pool:
        with telling("Measuring the volume of the manifold ..."):
            return pool_by_projection(self)

    # -- the prior -------------------------------------------------------------

    @takes(shape=SHAPE)
    def prior_sample(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        """Draws from the prior: the uniform law on a closed manifold."""
        return self.random_uniform(shape, seed=seed)

    @takes(z=AMBIENT)
    def prior_log_density(self, z: Tensor) -> Tensor:
        """Log density of the prior in nats, against the Riemannian volume.

        Args:
            z: Points of the manifold, `[..., ambient_dim]`.

        Returns:
            Log densities, `[...]`.
        """
        return ops.zeros_like(z[..., 0]) - self.log_volume

    # -- the ambient space -----------------------------------------------------

    @property
    def ambient_metric(self) -> np.ndarray:
        """Diagonal of the inner product of ambient vectors, `[ambient_dim]`: ones.

        On hyperbolic space, which lies in Minkowski space, -1 for the time coordinate.
        """
        return np.ones(self.ambient_dim)

    # -- beside other spaces ----------------------------------------------------

    @takes(prime=PRIME)
    def betti_numbers(self, prime: int = 2) -> tuple[int, ...] | None:
        """Components, loops, voids, ... over Z/prime, up to `dim`; `None` if not known."""
        return None

    @property
    def cover(self) -> Cover | None:
        """The manifold that covers this one, a `Cover`; `None` where it is no quotient."""
        return None

    @property
    def stands_in_for(self) -> tuple[str, ...]:
        """Text forms of smaller spaces that a decoder on this one can see in its place."""
        return ()

    @property
    def prior_motion(self) -> tuple[np.ndarray, float] | None:
        """Point `[ambient_dim]` and time of the Brownian motion whose law is the prior, on an
        open space; `None` where there is none or it is not known."""
        return None

    # -- identity --------------------------------------------------------------

    def get_config(self) -> dict:
        """Constructor arguments, from which `from_config` rebuilds the manifold."""
        return {}

    @classmethod
    def from_config(cls, config: dict) -> Self:
        """Rebuilds a manifold from `get_config()`."""
        return cls(**config)

    def _identity(self) -> tuple:
        return (type(self), freeze(self.get_config()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Manifold) and self._identity() == other._identity()

    def __hash__(self) -> int:
        return hash(self._identity())

    def __repr__(self) -> str:
        arguments = ", ".join(f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({arguments})"
