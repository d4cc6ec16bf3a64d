"""Brownian motion on a torus of revolution from its spectrum, in float64.

The metric is a^2 dv^2 + w^2 dphi^2 with w = c + a cos v. Waves cos(m phi) about the axis
separate; what is left, times sqrt(w), is a Schroedinger operator on the tube,

    H_m = 1/2 [-d^2/dv^2 + (sqrt w)'' / sqrt w + m^2 / w^2]    (unit tube: a = 1, t / a^2),

solved on equally spaced nodes: a Fourier basis on closed circles (of an odd number of
nodes: an even one has a wave that its second derivative does not see), a sine basis on a
piece of the tube when the motion does not come round.
"""

import math

import numpy as np

from diffusion_vae.heat_kernels.numeric import relative_entropy_term

REACH = 9.0  # in sqrt(t): what lies farther is below exp(-40) of the peak
AGREEMENT = 1e-9  # between a resolution and its double
DOUBLINGS = 5
BATCH = 64  # waves diagonalised at once


class Circle:
    """Nodes on the closed tube; functions by Fourier series."""

    def __init__(self, count):
        self.count = count | 1
        self.step = 2.0 * math.pi / self.count
        self.nodes = self.step * np.arange(self.count)
        self._waves = np.fft.fftfreq(self.count, 1.0 / self.count)
        self._basis = np.exp(1j * np.outer(self.nodes, self._waves))
        self.kinetic = np.real(self.twisted(0.0))

    def twisted(self, twist):
        """Second derivative, with the sign of an energy, of what gains exp(2 pi i twist) a turn.

        It acts on the periodic part of such a function, which is without exp(i twist v).
        """
        squares = np.square(self._waves + twist)
        return (self._basis * squares) @ self._basis.conj().T / self.count

    def interpolation(self, v):
        """Matrix from values at the nodes to values at `v`, `[len(v), count]`."""
        turn = 0.5 * (np.ravel(v)[:, None] - self.nodes)
        sine = np.sin(turn)
        at_node = np.abs(sine) < 1e-13
        ratio = np.sin(self.count * turn) / (self.count * np.where(at_node, 1.0, sine))
        return np.where(at_node, 1.0, ratio)


class Piece:
    """Nodes on a piece of the tube, at whose ends functions vanish: a sine series."""

    def __init__(self, start, stop, count):
        self.start, self.length, self.count = start, stop - start, count
        self.step = self.length / (count + 1)
        self.nodes = start + self.step * np.arange(1, count + 1)
        self._waves = math.pi / self.length * np.arange(1, count + 1)
        self._basis = np.sin(np.outer(self.nodes - start, self._waves))
        self.kinetic = (self._basis * self._waves**2) @ self._basis.T * (2.0 / (count + 1))

    def interpolation(self, v):
        """Matrix from values at the nodes to values at `v`, `[len(v), count]`."""
        waves = np.sin(np.outer(np.ravel(v) - self.start, self._waves))
        return waves @ self._basis.T * (2.0 / (self.count + 1))


class Waves:
    """Kernels exp(-t H_m) of the waves about the axis, on nodes of the unit tube.

    Args:
        ratio: c / a.
        nodes: A `Circle` or a `Piece`.
        wave_numbers: The m, `[waves]`, not necessarily integers.
    """

    def __init__(self, ratio, nodes, wave_numbers):
        self.nodes = nodes
        self.wave_numbers = np.asarray(wave_numbers, dtype=np.float64)
        cosine = np.cos(nodes.nodes)
        w = ratio + cosine
        self._root = np.sqrt(w)
        self._base = 0.5 * nodes.kinetic
        self._base[np.diag_indices(nodes.count)] += 0.5 * (
            -cosine / (2.0 * w) - np.square(np.sin(nodes.nodes) / (2.0 * w))
        )
        self._barrier = 0.5 / w**2
        self.ratio = ratio

    def spectrum(self, wave_number):
        """Rates `[count]` and functions at the nodes `[count, count]`, orthonormal in w dv."""
        matrix = self._base + np.diag(self._barrier * wave_number**2)
        rates, functions = np.linalg.eigh(matrix)
        return rates, functions / (self._root[:, None] * math.sqrt(self.nodes.step))

    def lowest_rate(self, square):
        """Lowest rate of the wave of a squared wave number, which may be negative."""
        return np.linalg.eigvalsh(self._base + np.diag(self._barrier * square))[0]

    def readings(self, v):
        """Matrix from functions at the nodes to them at `v` against w dv, `[len(v), count]`."""
        v = np.ravel(v)
        return self.nodes.interpolation(v) / np.sqrt(self.ratio + np.cos(v))[:, None]

    def sum(self, kernels, phi):
        """Density from `kernels(t, ..., pairs=True)`, `[..., angles]` against the unit torus.

        The angle about the axis has the period 2 pi / m of the first wave m > 0.

        Args:
            kernels: Of all waves, `[waves, ...]`.
            phi: Angles about the axis, `[..., angles]`.
        """
        total = 0.5 * kernels[0][..., None]
        for number, kernel in zip(self.wave_numbers[1:], kernels[1:], strict=True):
            total = total + kernel[..., None] * np.cos(number * phi)
        return total * (self.wave_numbers[1] / math.pi)

    def kernels(self, t, start, end, pairs=False):
        """Kernel of each wave against w dv.

        Args:
            t: Time in units of a^2.
            start: Angles of the tube where the motion starts, `[starts]`.
            end: Angles where it ends, `[ends]`.
            pairs: Whether ends belong to starts one by one.

        Returns:
            `[waves, starts, ends]`, or `[waves, starts]` of pairs.
        """
        before, after = self.readings(start), self.readings(end)
        parts = []
        for some in np.split(self.wave_numbers, range(BATCH, len(self.wave_numbers), BATCH)):
            matrices = np.repeat(self._base[None], len(some), axis=0)
            index = np.arange(self.nodes.count)
            matrices[:, index, index] += np.square(some)[:, None] * self._barrier
            rates, functions = np.linalg.eigh(matrices)
            # Half of the time on either side.
            half = functions * np.exp(-0.5 * t * rates)[:, None, :]
            left, right = before @ half, after @ half  # [waves, points, count]
            if pairs:
                parts.append(np.sum(left * right, axis=-1))
            else:
                parts.append(left @ right.transpose(0, 2, 1))
        return np.concatenate(parts) / self.nodes.step


def wave_count(ratio, t, period):
    """Number of waves of a period about the axis that are alive at the time `t`."""
    return math.ceil(REACH * (ratio + 1.0) / math.sqrt(t) * period / (2.0 * math.pi)) + 2


def node_count(ratio, t, length):
    """Number of nodes on a length of the tube for a motion of the time `t`."""
    finest = max(REACH / math.sqrt(t), 12.0 / math.sqrt(ratio - 1.0))  # wave number
    return math.ceil(finest * length / math.pi) + 8


def closed(ratio, t, period=2.0 * math.pi):
    """Waves on the unit tube, closed, with a period about the axis."""
    count = wave_count(ratio, t, period)
    nodes = Circle(node_count(ratio, t, 2.0 * math.pi))
    return Waves(ratio, nodes, 2.0 * math.pi / period * np.arange(count))


def torus_density(v, end, phi, t, c, a):
    """Density of Brownian motion on a torus of revolution, by doubled resolutions.

    Right to about 1e-13 of the density at the start: in distance, to 7 sqrt(t).

    Args:
        v: Angle of the tube where the motion starts, a number.
        end: Angles of the tube where it ends, `[...]`.
        phi: Angles about the axis from the start, broadcast against `end`.
        t: Time, positive.
        c: Radius of the core circle.
        a: Radius of the tube, smaller than `c`.

    Returns:
        Densities against the Riemannian area, `[...]`.

    Raises:
        ArithmeticError: If twice the nodes and waves give another density.
    """
    end, phi = np.broadcast_arrays(np.asarray(end, np.float64), np.asarray(phi, np.float64))
    ratio, unit_t = c / a, t / a**2
    end = v + np.remainder(end - v + math.pi, 2.0 * math.pi) - math.pi
    places, which = np.unique(end, return_inverse=True)

    def density(doubling):
        waves = _waves(ratio, unit_t, np.append(places, v), 2**doubling)
        kernels = waves.kernels(unit_t, [v], places)[:, 0]  # [waves, places]
        values = waves.sum(kernels[:, which.reshape(-1)], phi.reshape(-1, 1))
        return values[:, 0] / a**2

    scale = 1.0 / (2.0 * math.pi * t)
    return _resolved(density, lambda x: scale).reshape(end.shape)


def torus_kl(v, t, c, a):
    """KL of Brownian motion on a torus of revolution to the uniform law, in nats.

    Args:
        v: Angle of the tube where the motion starts, a number.
        t: Time, positive.
        c: Radius of the core circle.
        a: Radius of the tube, smaller than `c`.

    Raises:
        ArithmeticError: If twice the nodes and waves give another divergence.
    """
    ratio, unit_t = c / a, t / a**2

    def divergence(doubling):
        waves = _waves(ratio, unit_t, np.array([v]), 2**doubling)
        nodes = waves.nodes
        kernels = waves.kernels(unit_t, [v], nodes.nodes)[:, 0]  # [waves, nodes]
        # The trapezoid rule in phi, as far as the motion gets.
        end = min(math.pi, 1.2 * REACH * math.sqrt(unit_t) / (ratio - 1.0))
        count = math.ceil(2.0 * len(kernels) * end / math.pi) + 16
        phi = np.linspace(0.0, end, count + 1)
        weight = np.full(count + 1, 2.0 * end / count)
        weight[[0, -1]] *= 0.5
        x = np.cos(np.outer(phi, np.arange(len(kernels))))
        x[:, 1:] *= 2.0
        x = np.maximum((x @ kernels) * (2.0 * math.pi * ratio), 1e-300)  # [phi, nodes]
        area = weight[:, None] * nodes.step * (ratio + np.cos(nodes.nodes))
        area = area / (4.0 * math.pi**2 * ratio)
        empty = 1.0 - np.sum(area)  # where x = 0 the entropy term is 1
        return np.array(np.sum(area * relative_entropy_term(np.log(x))) + empty)

    return float(_resolved(divergence, lambda x: np.maximum(np.abs(x), 1e-9)))


def _waves(ratio, t, places, finer):
    """Waves of the closed torus, or of a piece of the tube about the places."""
    margin = REACH * math.sqrt(t) * (1.0 + 0.05 * finer)
    low, high = np.min(places) - margin, np.max(places) + margin
    count = finer * wave_count(ratio, t, 2.0 * math.pi)
    if high - low < 2.0 * math.pi:
        nodes = Piece(low, high, finer * node_count(ratio, t, high - low))
    else:
        nodes = Circle(finer * node_count(ratio, t, 2.0 * math.pi))
    return Waves(ratio, nodes, np.arange(count))


def _resolved(compute, scale):
    """`compute(doubling)` at the first resolution that the next one confirms."""
    coarse = compute(0)
    for doubling in range(1, DOUBLINGS + 1):
        fine = compute(doubling)
        difference = float(np.max(np.abs(fine - coarse) / scale(fine), initial=0.0))
        if difference < AGREEMENT:
            return fine
        coarse = fine
    raise ArithmeticError(
        "Expected twice the nodes and waves to change nothing. "
        f"Received: a relative change of {difference:.1e} after {DOUBLINGS} doublings."
    )
