"""Heat kernel of the embedded torus from its spectrum: an oracle for tests.

Separate the angle phi about the axis, cos(m phi). For each m there is a periodic
eigenproblem in the tube angle v with the weight w = c + a cos v, solved on an odd number
of Fourier nodes (an even number leaves a spurious zero mode) in its symmetric form.
"""

import math

import numpy as np


class TorusSpectrum:
    """Kernel and KL of `EmbeddedTorus(c, a)` at times of, say, a^2 / 20 and more.

    Args:
        c: Radius of the core circle.
        a: Radius of the tube.
        nodes: Odd number of nodes in the tube angle.
        modes: Number of modes m = 0, 1, ... in the angle about the axis.
    """

    def __init__(self, c, a, nodes=61, modes=60):
        self.v = 2.0 * math.pi * np.arange(nodes) / nodes  # [nodes]
        w = c + a * np.cos(self.v)
        self.volume = 4.0 * math.pi**2 * c * a
        self.area = 2.0 * math.pi * a * w * (2.0 * math.pi / nodes)  # of a ring
        k = np.arange(nodes)
        apart = k[:, None] - k
        with np.errstate(divide="ignore"):
            derivative = 0.5 * (-1.0) ** apart / np.sin(math.pi * apart / nodes)
        np.fill_diagonal(derivative, 0.0)
        # In the function g = sqrt(w) f the operator is symmetric.
        root = np.sqrt(w)
        along = derivative.T @ (w[:, None] * derivative) / a**2
        tube = along / (root[:, None] * root)
        self.rates, self.functions = [], []
        for m in range(modes):
            values, vectors = np.linalg.eigh(0.5 * (tube + np.diag((m / w) ** 2)))
            self.rates.append(values)
            self.functions.append(vectors / np.sqrt(self.area)[:, None])

    def density(self, start, t, phi):
        """Density at `(phi, v)` for all nodes v, started at (0, v[start]), `[phi, nodes]`."""
        total = 0.0
        for m, (rates, functions) in enumerate(zip(self.rates, self.functions, strict=True)):
            radial = functions @ (np.exp(-rates * t) * functions[start])  # [nodes]
            weight = 1.0 if m == 0 else 2.0
            total = total + weight * np.cos(m * phi)[:, None] * radial
        return total

    def kl(self, start, t, angles=401):
        """KL to the uniform law, and the total mass, which tells of too few modes."""
        phi = 2.0 * math.pi * np.arange(angles) / angles
        q = self.density(start, t, phi)
        area = self.area / angles
        relative = np.where(q > 0.0, q * self.volume, 1.0)
        return float(np.sum(area * q * np.log(relative))), float(np.sum(area * q))
