"""Points that have several coordinates, their names, and what networks read of a point."""

from __future__ import annotations

import numpy as np
from keras import ops

from diffusion_vae.manifolds.arguments import AMBIENT, EVEN, takes
from diffusion_vae.manifolds.numerics.vectors import nearest_pattern
from diffusion_vae.typing import Tensor


class PointNames:
    """The part of `Manifold` that says which coordinates are one point, and what networks see.

    A point of RP^d has two names, z and -z; one of CP^n a circle of them. What all names share is
    the even embedding. Networks read a point by it wherever `reads_embedding` says so: there, and
    on hyperbolic space, whose coordinates grow as the exponential of the distance.
    """

    ambient_dim: int

    def project(self, x: Tensor) -> Tensor:
        """Closest point of the manifold; see `Manifold.project`."""
        raise NotImplementedError

    @property
    def symmetry(self) -> np.ndarray | None:
        """Sign patterns that leave a point as it is, `[group, ambient_dim]`, or `None`.

        `None` also where a point has a continuum of names, as on complex projective space.
        """
        return None

    @property
    def identifies_points(self) -> bool:
        """Whether different coordinates, its names, are one point."""
        return self.symmetry is not None

    @property
    def fibre_volume(self) -> float:
        """Number of names of a point; where they are a continuum, its length or volume."""
        return 1.0 if self.symmetry is None else float(len(self.symmetry))

    @takes(z=AMBIENT, to=AMBIENT)
    def nearest_name(self, z: Tensor, to: Tensor) -> Tensor:
        """Of the names of a point that which is closest; `z` itself where it has one.

        Args:
            z: Points of the manifold, `[..., ambient_dim]`.
            to: Ambient points to be close to, `[..., ambient_dim]`.

        Returns:
            The same points as `z`, `[..., ambient_dim]`.
        """
        z = z + ops.zeros_like(to)
        return z if self.symmetry is None else nearest_pattern(self.symmetry, z, to)

    @property
    def reads_embedding(self) -> bool:
        """Whether networks read a point by its even embedding instead of its coordinates."""
        return self.identifies_points

    @takes(z=AMBIENT)
    def even_embedding(self, z: Tensor) -> Tensor:
        """Coordinates that all names of a point share; `z` itself without symmetry.

        On hyperbolic space, where coordinates grow as the exponential of the distance, the
        velocity that leads to the point from the origin.
        """
        return z

    @property
    def even_embedding_dim(self) -> int:
        """Number of coordinates of `even_embedding`."""
        return self.ambient_dim

    @takes(z=AMBIENT)
    def even_features(self, z: Tensor) -> Tensor:
        """The even embedding as a network should see it, `[..., even_embedding_dim]`.

        Of mean 0 and variance 1 under the uniform law; `z` itself without symmetry.
        """
        return self.even_embedding(z)

    @takes(x=EVEN)
    def project_even(self, x: Tensor) -> Tensor:
        """Points whose even embeddings are closest to `x`, under one of their names.

        Args:
            x: Any coordinates of the space of the even embedding, `[..., even_embedding_dim]`.

        Returns:
            Points of the manifold, `[..., ambient_dim]`.
        """
        return self.project(x)
