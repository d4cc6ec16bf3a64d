"""The cover of a quotient: a manifold, and the points of it that count as one."""

import dataclasses
import functools
import math
from collections.abc import Callable

import numpy as np

from diffusion_vae.manifolds.base import Manifold
from diffusion_vae.manifolds.sphere import Sphere
from diffusion_vae.typing import Tensor


def _same(points: Tensor) -> Tensor:
    return points


@dataclasses.dataclass(frozen=True, eq=False)
class Cover:
    """A manifold that covers a quotient, with the same geometry up to a scale.

    A quotient is its cover with the points `g z` for all g of `group` taken as one point,
    with all lengths multiplied by `scale`; there may be several copies of it. Times are
    then multiplied by `scale^2` and volumes by `scale^dim`.

    Example:
        >>> from diffusion_vae.manifolds import SO3
        >>> cover = SO3().cover  # unit quaternions, of which q and -q are one rotation
        >>> cover.manifold, cover.order, cover.antipodal, round(cover.scale, 4)
        (Sphere(dim=3), 2, True, 2.8284)
        >>> round(cover.volume / SO3().volume, 6)
        1.0

    Attributes:
        manifold: The covering manifold, of the dimension of the quotient.
        group: Orthogonal matrices under which points of the cover are identified,
            `[order, n, n]` with n the cover's number of coordinates.
        scale: Length of a path in the quotient over its length in the cover.
        copies: Number of connected components, each of them such a quotient.
        lift: One point of the cover for each point of the quotient,
            `[..., ambient_dim] -> [..., n]`; the others are its images under the group.
            With several copies, points of all of them are lifted to the same cover.
        push: The point of the quotient (of its first copy) for a point of the cover,
            `[..., n] -> [..., ambient_dim]`.
    """

    manifold: Manifold
    group: np.ndarray
    scale: float = 1.0
    copies: int = 1
    lift: Callable[[Tensor], Tensor] = _same
    push: Callable[[Tensor], Tensor] = _same

    @property
    def order(self) -> int:
        """Number of points of the cover for each point of the quotient."""
        return len(self.group)

    @functools.cached_property
    def antipodal(self) -> bool:
        """Whether z and -z are one point, and no others are."""
        return self.order == 2 and bool(np.allclose(np.sum(self.group, axis=0), 0.0))

    @property
    def volume(self) -> float:
        """Riemannian volume of all copies of the quotient."""
        return math.exp(self.log_volume)

    @property
    def log_volume(self) -> float:
        """Logarithm of `volume`."""
        enlarged = self.manifold.dim * math.log(self.scale) + self.manifold.log_volume
        return enlarged + math.log(self.copies / self.order)


def cover_by_sphere(manifold: Manifold) -> Cover | None:
    """The sphere that covers a manifold, where at most antipodes are identified.

    Args:
        manifold: Any manifold.

    Returns:
        The `Cover`, which of a sphere is the sphere itself; `None` for other manifolds.
    """
    cover = manifold.cover
    if cover is None:
        cover = Cover(manifold, np.eye(manifold.ambient_dim)[None])
    is_sphere = cover.manifold == Sphere(cover.manifold.dim)
    return cover if is_sphere and (cover.order == 1 or cover.antipodal) else None
