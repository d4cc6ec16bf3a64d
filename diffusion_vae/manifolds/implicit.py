"""A manifold given as the zero set of a function, such as an ellipsoid."""

import dataclasses
import functools
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import compiled, detached, run_eagerly
from diffusion_vae.checks import require_integer, require_positive
from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.numerics import level_set
from diffusion_vae.manifolds.numerics.atlas import Atlas, build_atlas
from diffusion_vae.manifolds.numerics.closest_point import closest_point
from diffusion_vae.manifolds.numerics.pool import draw_from_pool
from diffusion_vae.progress import telling
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor


@serializable
class ImplicitManifold(Manifold):
    """The zero set of a smooth function f, with the metric of the ambient space.

    The gradients of the components of f must be independent on f = 0, and the
    whole of f = 0 must lie inside `bounds` and be closed.

    - `project` is the closest point in a tube about the manifold (see
      `numerics.closest_point`); farther away it is a point of the manifold that is
      locally closest. Its gradient is that of the implicit function theorem; its
      second derivatives are not available (they are zero).
    - `tangent_project` and `scalar_curvature` are exact, from the derivatives of f.
    - `volume` is computed by the coarea formula, `volume_error` is its relative
      standard error: about 1e-4 for a surface in R^3, 3e-3 in codimension 2.
    - `random_uniform` draws from up to 32768 points, uniform by rejection with the
      coarea weight, and moves each by a small step of the random walk.
    - `exp`, `distance` and `geodesic` are the approximations of `Manifold`.

    The first use samples the level set, which takes seconds; the result is kept
    for all equal manifolds of the process.

    Args:
        f: Function of Keras tensors, `[..., ambient_dim] -> [..., ambient_dim - dim]`
            (or `[...]` in codimension 1), each point on its own. It must be
            registered with `keras.saving.register_keras_serializable`.
        dim: Intrinsic dimension, at least 1.
        ambient_dim: Number of coordinates, larger than `dim`.
        bounds: Box `(low, high)` around the manifold; each a number or one per
            coordinate.
        volume: The volume, if it is known; otherwise it is computed.
        seed: Integer seed of the points at which the level set is sampled.

    Example:
        >>> @keras.saving.register_keras_serializable("my_project")
        ... def ellipsoid(x):
        ...     return (x[..., 0] / 2.0) ** 2 + x[..., 1] ** 2 + x[..., 2] ** 2 - 1.0
        >>> ImplicitManifold(ellipsoid, dim=2, ambient_dim=3, bounds=(-2.1, 2.1))
        ImplicitManifold(my_project>ellipsoid, dim=2, ambient_dim=3)
    """

    approximate = frozenset({"project", "exp", "distance", "geodesic", "random_uniform"})

    def __init__(
        self,
        f: Callable[[Tensor], Tensor],
        dim: int,
        ambient_dim: int,
        bounds: Sequence[Any],
        volume: float | None = None,
        seed: int = 0,
    ) -> None:
        self.f = _require_registered(f)
        self.dim = require_integer("dim", dim, 1)
        self.ambient_dim = require_integer("ambient_dim", ambient_dim, self.dim + 1)
        self.bounds = _require_box(bounds, self.ambient_dim)
        self._given_volume = None if volume is None else require_positive("volume", volume)
        self.seed = require_integer("seed", seed, 0)
        self._level_set = _LevelSet(self.f, self.ambient_dim - self.dim)
        self._level_set.require_shape(np.mean(self.bounds, axis=0))
        self._sampling = (self._level_set, self._level_set.codimension, *self.bounds, self.seed)

    # -- the contract ----------------------------------------------------------

    def project(self, x: Tensor) -> Tensor:
        dtype = keras.backend.standardize_dtype(x.dtype)
        wide = "float64" if dtype == "float64" else "float32"
        flat = ops.cast(ops.reshape(x, (-1, self.ambient_dim)), wide)  # [batch, n]
        y, derivative = _solver(self._sampling, wide)(detached(flat))  # [batch, n], [batch, n, n]
        # The value is y; the derivative is the matrix.
        moved = flat - detached(flat)
        y = y + ops.sum(derivative * moved[..., None, :], axis=-1)
        return ops.cast(ops.reshape(y, ops.shape(x)), dtype)

    def tangent_project(self, z: Tensor, v: Tensor) -> Tensor:
        return level_set.tangent_part(self._level_set, z, v)

    @property
    def volume(self) -> float:
        return self._atlas.volume if self._given_volume is None else self._given_volume

    @property
    def volume_error(self) -> float:
        """Relative standard error of the computed volume; 0 where it was given."""
        return self._atlas.standard_error if self._given_volume is None else 0.0

    def scalar_curvature(self, z: Tensor) -> Tensor:
        return level_set.scalar_curvature(self._level_set, z)

    def random_uniform(self, shape: tuple[int, ...] = (), seed: Seed = None) -> Tensor:
        return draw_from_pool(self, self._atlas.pool, shape, seed)

    # -- identity --------------------------------------------------------------

    def get_config(self) -> dict:
        return {
            "f": keras.saving.serialize_keras_object(self.f),
            "dim": self.dim,
            "ambient_dim": self.ambient_dim,
            "bounds": [list(side) for side in self.bounds],
            "volume": self._given_volume,
            "seed": self.seed,
        }

    @classmethod
    def from_config(cls, config: dict) -> Self:
        f = keras.saving.deserialize_keras_object(config["f"])
        return cls(**{**config, "f": f})

    def __repr__(self) -> str:
        return f"ImplicitManifold({_name(self.f)}, dim={self.dim}, ambient_dim={self.ambient_dim})"

    def __reduce__(self) -> tuple:
        return (type(self).from_config, (self.get_config(),))

    @functools.cached_property
    def _atlas(self) -> Atlas:
        with telling("Covering the level set with charts ..."):
            return build_atlas(*self._sampling)


@functools.lru_cache(maxsize=64)
def _solver(sampling: tuple, dtype: str) -> Callable[[Tensor], tuple[Tensor, Tensor]]:
    """The compiled search for closest points: one for all equal manifolds."""
    function, low = sampling[0], sampling[2]
    solve = functools.partial(closest_point, function, build_atlas(*sampling).anchors)
    return compiled(solve, (None, len(low)), dtype)


@dataclasses.dataclass(frozen=True)
class _LevelSet:
    """A user's function, with an axis for its values even if there is only one."""

    f: Callable
    codimension: int

    def __call__(self, x: Tensor) -> Tensor:
        value = ops.convert_to_tensor(self.f(x))
        return value[..., None] if len(value.shape) < len(x.shape) else value

    def require_shape(self, point: np.ndarray) -> None:
        x = np.stack([point] * 2).astype(keras.config.floatx())
        received = tuple(run_eagerly(lambda: self(ops.convert_to_tensor(x))).shape)
        if received != (2, self.codimension):
            raise ValueError(
                f"Expected `f` to map points [..., {len(point)}] to [..., {self.codimension}] "
                f"values, ambient_dim - dim of them. Received: shape {received} for two points. "
                "Check `f`, `dim` and `ambient_dim`."
            )


def _name(f: Any) -> str:
    return keras.saving.get_registered_name(f if inspect.isfunction(f) else type(f))


def _require_registered(f: Any) -> Callable[[Tensor], Tensor]:
    if not callable(f):
        raise TypeError(f"Expected `f` to be a function of points. Received: {f!r}.")
    if keras.saving.get_registered_object(_name(f)) is None:
        raise ValueError(
            "Expected `f` to be registered with Keras, so that a saved model can find it. "
            f"Received: {f!r}. Define it with `def` and put "
            "`@keras.saving.register_keras_serializable('my_project')` above it."
        )
    return f


def _require_box(bounds: Any, n: int) -> tuple[tuple[float, ...], tuple[float, ...]]:
    """The corners (low, high) as tuples of n numbers.

    Raises:
        ValueError: If they are not numbers, or not in order.
    """
    try:
        low, high = (np.broadcast_to(np.asarray(side, "float64"), (n,)) for side in bounds)
    except (TypeError, ValueError) as error:
        raise ValueError(
            "Expected `bounds` to be a pair (low, high), each a number or "
            f"{n} numbers. Received: {bounds!r}."
        ) from error
    if not (np.all(np.isfinite([low, high])) and np.all(low < high)):
        raise ValueError(
            f"Expected finite `bounds` with low < high on every axis. Received: {bounds!r}."
        )
    return tuple(low.tolist()), tuple(high.tolist())
