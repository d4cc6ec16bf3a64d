"""Compact spaces of rank one by their two Jacobi parameters: volumes, shells, eigenvalues."""

import dataclasses
import math
from functools import cached_property

import numpy as np


@dataclasses.dataclass(frozen=True)
class Zonal:
    """A space on which all directions are alike, by alpha and beta of its Jacobi polynomials.

    Its functions of the distance r from a point are series of the P_k^(alpha, beta). With equal
    parameters it is the unit sphere S^(2 alpha + 2), with cos r for their argument. With others
    their argument is cos 2r, and it is the projective space over the numbers of 2 beta + 2
    coordinates: a quotient of the unit sphere S^(2 alpha + 2 beta + 3) by spheres S^(2 beta + 1)
    (Hopf), with sectional curvatures from 1 to 4 and the diameter pi / 2 (Helgason 1984, V.4).

    | space | alpha | beta |
    |---|---|---|
    | S^d | d/2 - 1 | d/2 - 1 |
    | RP^d | d/2 - 1 | -1/2 |
    | CP^n | n - 1 | 0 |

    CP^1 is the sphere S^2 of radius 1/2, and has no entry of its own.

    Args:
        alpha: At least 0: a multiple of 1/2.
        beta: `alpha`, or -1/2 or 0.

    Example:
        >>> sphere = Zonal.sphere(2)
        >>> sphere.dim, round(math.exp(sphere.log_volume), 3)
        (2, 12.566)
        >>> plane = Zonal.complex_projective(2)
        >>> plane.dim, round(math.exp(plane.log_volume), 3), plane.rate
        (4, 4.935, 12.0)
    """

    alpha: float
    beta: float

    @classmethod
    def sphere(cls, dim: int) -> "Zonal":
        """The unit sphere S^dim, dim >= 2."""
        return cls(0.5 * dim - 1.0, 0.5 * dim - 1.0)

    @classmethod
    def real_projective(cls, dim: int) -> "Zonal":
        """The quotient RP^dim of the unit sphere by -1, dim >= 2."""
        return cls(0.5 * dim - 1.0, -0.5)

    @classmethod
    def complex_projective(cls, complex_dim: int) -> "Zonal":
        """CP^complex_dim with sectional curvatures from 1 to 4, complex_dim >= 2."""
        return cls(complex_dim - 1.0, 0.0)

    @property
    def is_sphere(self) -> bool:
        """Whether it is a sphere, on which the argument of the polynomials is cos r."""
        return self.alpha == self.beta

    @property
    def dim(self) -> int:
        """Real dimension."""
        return round(2.0 * self.alpha) + 2

    @property
    def end(self) -> float:
        """Largest distance."""
        return math.pi if self.is_sphere else 0.5 * math.pi

    @property
    def fibre_dim(self) -> int:
        """Dimension of the spheres that are points of a projective space."""
        return round(2.0 * self.beta) + 1

    @property
    def power(self) -> float:
        """m, with eigenvalues (l + m)^2 - m^2 of the Laplacian, l even on projective spaces."""
        return self.alpha + 0.5 if self.is_sphere else self.alpha + self.beta + 1.0

    @cached_property
    def log_volume(self) -> float:
        """Logarithm of the Riemannian volume."""
        if self.is_sphere:
            return log_sphere_volume(self.dim)
        whole = log_sphere_volume(self.dim + self.fibre_dim)
        return whole - log_sphere_volume(self.fibre_dim)

    @property
    def rate(self) -> float:
        """Smallest positive eigenvalue of the Laplacian: in the end the KL is as exp(-rate t)."""
        return float(self.dim) if self.is_sphere else 4.0 * (self.power + 1.0)

    @property
    def multiplicity(self) -> int:
        """Number of eigenfunctions of `rate`."""
        if self.is_sphere:
            return self.dim + 1
        # Hermitian matrices without a trace, of numbers of `field` coordinates.
        field = self.fibre_dim + 1
        size = self.dim // field + 1
        return size + field * size * (size - 1) // 2 - 1

    @property
    def scalar_curvature(self) -> float:
        """Scalar curvature: the dimension times the Ricci curvature of a direction."""
        field = self.fibre_dim + 1
        ricci = self.dim - 1 if self.is_sphere else self.dim - field + 4 * (field - 1)
        return float(self.dim * ricci)

    def log_shell(self, r: np.ndarray) -> np.ndarray:
        """Logarithm of the volume of the points at the distance r, per unit of r, `[...]`."""
        log_area = log_sphere_volume(self.dim - 1) + (self.dim - 1) * np.log(np.sin(r))
        if self.is_sphere or self.fibre_dim == 0:
            return log_area
        return log_area + self.fibre_dim * np.log(np.cos(r))


def log_sphere_volume(dim: int) -> float:
    """Logarithm of the volume of the unit sphere S^dim, of S^0 the two points."""
    half = 0.5 * (dim + 1)
    return math.log(2.0) + half * math.log(math.pi) - math.lgamma(half)
