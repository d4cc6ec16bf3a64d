"""Spectrum of an embedded torus unrolled, on which no way comes round, in float64."""

import math

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.heat_kernels.embedded_torus.spectrum import (
    Circle,
    TubeWaves,
    Waves,
    node_count,
    wave_count,
)

RARE = 28.0  # nats, as 7.5 standard deviations


class UnrolledWaves(TubeWaves):
    """Waves on a tube unrolled `turns` times and then closed.

    By Bloch's theorem its functions are periodic ones times exp(i twist v), with `turns`
    different twists. Each twist is a small problem on one turn.

    Args:
        ratio: c / a.
        circle: A `Circle`, one turn.
        wave_numbers: The m, `[waves]`, not necessarily integers.
        turns: Number of turns.
    """

    def __init__(self, ratio: float, circle: Circle, wave_numbers: ArrayLike, turns: int) -> None:
        super().__init__(ratio, circle, wave_numbers)
        self.turns = turns
        self._circle = circle
        # A twist and its negative belong to conjugate functions.
        self._twists = np.arange(turns // 2 + 1) / turns
        self._shares = np.where((self._twists == 0.0) | (self._twists == 0.5), 1.0, 2.0) / turns
        kinetic = np.stack([circle.twisted(twist) for twist in self._twists])
        self._twisted = self._base - 0.5 * circle.kinetic + 0.5 * kinetic

    def alone(self, wave_number: float) -> "UnrolledWaves":
        """The same torus with one wave."""
        return UnrolledWaves(self.ratio, self._circle, [wave_number], self.turns)

    def pair_kernels(self, t: float, start: ArrayLike, end: ArrayLike) -> np.ndarray:
        """Kernel of each wave between pairs of unrolled angles, `[waves, pairs]`."""
        before, after = self.readings(start), self.readings(end)
        back = np.ravel(start) - np.ravel(end)
        phases = np.exp(1j * np.outer(self._twists, back))  # [twists, pairs]
        result = np.zeros((len(self.wave_numbers), len(back)))
        for row, number in zip(result, self.wave_numbers, strict=True):
            rates, functions = np.linalg.eigh(
                self._twisted + np.diag(number**2 * self._barrier)
            )  # [twists, count], [twists, count, count]
            decayed = functions * np.exp(-t * rates)[:, None, :]
            motions = decayed @ functions.conj().transpose(0, 2, 1)
            for share, phase, motion in zip(self._shares, phases, motions, strict=True):
                product = np.sum((before @ motion) * after, axis=-1)
                row += share * np.real(phase * product)
        return result / self.nodes.step


def unrolled(ratio: float, t: float, period: float | None = None) -> UnrolledWaves:
    """Waves on the unit torus, unrolled far enough both ways that nothing comes round.

    Args:
        ratio: c / a.
        t: Time in units of a^2.
        period: About the axis; `None`: such that not even a way along the inner circle of
            7.5 sqrt(t) comes round.
    """
    reach = 7.5 * math.sqrt(t)
    turns = 1
    while (2.0 * math.pi * turns - reach) ** 2 - reach**2 < 30.0 * t:
        turns += 1
    period = period or 2.3 * reach / (ratio - 1.0)
    count = wave_count(ratio, t, period)
    circle = Circle(node_count(ratio, t, 2.0 * math.pi))
    return UnrolledWaves(ratio, circle, 2.0 * math.pi / period * np.arange(count), turns)


def angle_reach(ratio: float, t: float) -> float:
    """Angle about the axis that is passed with a probability below exp(-RARE).

    Chernoff's bound, exp(-angle x) E exp(x phi) at the best x; the mean grows at the rate of
    the lowest state in the potential turned over. On fat tori the motion does not stay on the
    inner circle, and the angle is far smaller than one along it.
    """
    waves = Waves(ratio, Circle(node_count(ratio, t, 2.0 * math.pi)), np.zeros(1))
    tilts = np.geomspace(0.02, 1.5, 24) * (ratio - 1.0) * math.sqrt(2.0 * RARE / t)
    growth = [-waves.lowest_rate(-np.square(tilt)) for tilt in tilts]
    return float(np.min((np.array(growth) * t + RARE) / tilts))
