"""Spectrum of an embedded torus, and Brownian motion from it, in float64.

The metric is a^2 dv^2 + w^2 dphi^2 with w = c + a cos v. Waves cos(m phi) about the axis
separate; what is left, times sqrt(w), is a Schroedinger operator on the tube,

    H_m = 1/2 [-d^2/dv^2 + (sqrt w)'' / sqrt w + m^2 / w^2]    (unit tube: a = 1, t / a^2),

solved on equally spaced nodes. Closed circles have a Fourier basis of an odd number of nodes
(the second derivative of an even one misses a wave). A piece of the tube has a sine basis; it
serves while the motion does not come round.
"""

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import ArrayLike

REACH = 9.0  # in sqrt(t): farther out the density is below exp(-40) of its peak
BATCH = 64  # waves diagonalised at once


class Circle:
    """Nodes on the closed tube; functions by Fourier series."""

    def __init__(self, count: int) -> None:
        self.count = count | 1
        self.step = 2.0 * math.pi / self.count
        self.nodes = self.step * np.arange(self.count)
        self._waves = np.fft.fftfreq(self.count, 1.0 / self.count)
        self._basis = np.exp(1j * np.outer(self.nodes, self._waves))
        self.kinetic = np.real(self.twisted(0.0))

    def twisted(self, twist: float) -> np.ndarray:
        """Minus the second derivative of functions that gain exp(2 pi i twist) in a turn.

        It acts on their periodic parts, that is on the functions without exp(i twist v).
        """
        squares = np.square(self._waves + twist)
        return (self._basis * squares) @ self._basis.conj().T / self.count

    def interpolation(self, v: ArrayLike) -> np.ndarray:
        """Matrix from values at the nodes to values at `v`, `[len(v), count]`."""
        turn = 0.5 * (np.ravel(v)[:, None] - self.nodes)
        sine = np.sin(turn)
        at_node = np.abs(sine) < 1e-13
        ratio = np.sin(self.count * turn) / (self.count * np.where(at_node, 1.0, sine))
        return np.where(at_node, 1.0, ratio)


class Piece:
    """Nodes on a piece of the tube, at whose ends functions vanish: a sine series."""

    def __init__(self, start: float, stop: float, count: int) -> None:
        self.start, self.length, self.count = start, stop - start, count
        self.step = self.length / (count + 1)
        self.nodes = start + self.step * np.arange(1, count + 1)
        self._waves = math.pi / self.length * np.arange(1, count + 1)
        self._basis = np.sin(np.outer(self.nodes - start, self._waves))
        self.kinetic = (self._basis * self._waves**2) @ self._basis.T * (2.0 / (count + 1))

    def interpolation(self, v: ArrayLike) -> np.ndarray:
        """Matrix from values at the nodes to values at `v`, `[len(v), count]`."""
        waves = np.sin(np.outer(np.ravel(v) - self.start, self._waves))
        return waves @ self._basis.T * (2.0 / (self.count + 1))


class TubeWaves:
    """Schroedinger operators of the waves about the axis, on nodes of the unit tube.

    Args:
        ratio: c / a.
        nodes: A `Circle` or a `Piece`.
        wave_numbers: The m, `[waves]`, not necessarily integers.
    """

    def __init__(self, ratio: float, nodes: Circle | Piece, wave_numbers: ArrayLike) -> None:
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

    def readings(self, v: ArrayLike) -> np.ndarray:
        """Matrix from functions at the nodes to them at `v` against w dv, `[len(v), count]`."""
        v = np.ravel(v)
        return self.nodes.interpolation(v) / np.sqrt(self.ratio + np.cos(v))[:, None]

    def sum(self, kernels: np.ndarray, phi: np.ndarray) -> np.ndarray:
        """Density against the area of the unit torus from the kernels of all waves.

        The angle about the axis has the period 2 pi / m of the first wave m > 0.

        Args:
            kernels: Of all waves, `[waves, ...]`.
            phi: Angles about the axis, `[..., angles]`.

        Returns:
            `[..., angles]`.
        """
        total = 0.5 * kernels[0][..., None]
        for number, kernel in zip(self.wave_numbers[1:], kernels[1:], strict=True):
            total = total + kernel[..., None] * np.cos(number * phi)
        return total * (self.wave_numbers[1] / math.pi)


class Waves(TubeWaves):
    """Kernels exp(-t H_m) of the waves about the axis, on nodes of the unit tube.

    Args:
        ratio: c / a.
        nodes: A `Circle` or a `Piece`.
        wave_numbers: The m, `[waves]`, not necessarily integers.
    """

    def spectrum(self, wave_number: float) -> tuple[np.ndarray, np.ndarray]:
        """Rates `[count]` and functions at the nodes `[count, count]`, orthonormal in w dv."""
        matrix = self._base + np.diag(self._barrier * wave_number**2)
        rates, functions = np.linalg.eigh(matrix)
        return rates, functions / (self._root[:, None] * math.sqrt(self.nodes.step))

    def lowest_rate(self, square: float) -> float:
        """Lowest rate of the wave of a squared wave number, which may be negative."""
        return np.linalg.eigvalsh(self._base + np.diag(self._barrier * square))[0]

    def kernels(self, t: float, start: ArrayLike, end: ArrayLike | None = None) -> np.ndarray:
        """Kernel of each wave against w dv, from every start to every end.

        Args:
            t: Time in units of a^2.
            start: Angles of the tube where the motion starts, `[starts]`.
            end: Angles where it ends, `[ends]`, by default the nodes.

        Returns:
            `[waves, starts, ends]`.
        """
        parts = [left @ right.transpose(0, 2, 1) for left, right in self._half_ways(t, start, end)]
        return np.concatenate(parts) / self.nodes.step

    def pair_kernels(self, t: float, start: ArrayLike, end: ArrayLike) -> np.ndarray:
        """Kernel of each wave against w dv between pairs of angles, `[waves, pairs]`."""
        parts = [np.sum(left * right, axis=-1) for left, right in self._half_ways(t, start, end)]
        return np.concatenate(parts) / self.nodes.step

    def _half_ways(
        self, t: float, start: ArrayLike, end: ArrayLike | None
    ) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Functions at starts and at ends, half of the time on either side, for batches of waves.

        Yields:
            Two arrays `[waves, points, count]`.
        """
        before = self.readings(start)
        after = None if end is None else self.readings(end)
        for some in np.split(self.wave_numbers, range(BATCH, len(self.wave_numbers), BATCH)):
            rates, functions = self._eigenfunctions(some)
            half = functions * np.exp(-0.5 * t * rates)[:, None, :]
            yield before @ half, half / self._root[:, None] if after is None else after @ half

    def _eigenfunctions(self, wave_numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Rates `[waves, count]` and functions `[waves, count, count]`, times sqrt(w).

        Those of a closed tube are even or odd in v, and twice a problem of half the size costs
        a quarter.
        """
        barriers = np.square(wave_numbers)[:, None] * self._barrier  # [waves, count]
        if isinstance(self.nodes, Piece):
            return np.linalg.eigh(self._base + _diagonals(barriers))
        half = self.nodes.count // 2  # nodes 1 to half, and their mirror images count - 1, ...
        base, own = self._base[: half + 1, : half + 1], barriers[:, : half + 1]
        mirrored = self._base[: half + 1, -np.arange(half + 1)]
        even = base + mirrored
        even[0] *= math.sqrt(0.5)  # the node at 0 is its own image
        even[:, 0] *= math.sqrt(0.5)
        odd = (base - mirrored)[1:, 1:]
        even_rates, even_parts = np.linalg.eigh(even + _diagonals(own))
        odd_rates, odd_parts = np.linalg.eigh(odd + _diagonals(own[:, 1:]))
        even_parts[:, 1:] *= math.sqrt(0.5)
        odd_parts *= math.sqrt(0.5)
        functions = np.zeros((len(barriers), self.nodes.count, self.nodes.count))
        functions[:, : half + 1, : half + 1] = even_parts
        functions[:, half + 1 :, : half + 1] = even_parts[:, :0:-1]
        functions[:, 1 : half + 1, half + 1 :] = odd_parts
        functions[:, half + 1 :, half + 1 :] = -odd_parts[:, ::-1]
        return np.concatenate([even_rates, odd_rates], axis=1), functions


def _diagonals(values: np.ndarray) -> np.ndarray:
    """Diagonal matrices `[waves, count, count]` of values `[waves, count]`."""
    return values[..., None] * np.eye(values.shape[-1])


def wave_count(ratio: float, t: float, period: float) -> int:
    """Number of waves of a period about the axis that are alive at the time `t`."""
    return math.ceil(REACH * (ratio + 1.0) / math.sqrt(t) * period / (2.0 * math.pi)) + 2


def node_count(ratio: float, t: float, length: float) -> int:
    """Number of nodes on a length of the tube for a motion of the time `t`."""
    finest = max(REACH / math.sqrt(t), 12.0 / math.sqrt(ratio - 1.0))  # wave number
    return math.ceil(finest * length / math.pi) + 8


def closed(ratio: float, t: float, period: float = 2.0 * math.pi) -> Waves:
    """Waves on the unit tube, closed, with a period about the axis."""
    count = wave_count(ratio, t, period)
    nodes = Circle(node_count(ratio, t, 2.0 * math.pi))
    return Waves(ratio, nodes, 2.0 * math.pi / period * np.arange(count))
