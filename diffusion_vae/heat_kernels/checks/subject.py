"""The law under test, with starting points, times and draws to test it at."""

import functools
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.heat_kernels.base import Law
from diffusion_vae.manifolds.checks.subject import to_numpy

STARTS = 3  # starting points
TARGET = 1.0  # nats from the prior at the longest time: its draws still cover the law
UNLIMITED = (-6.0, -0.5)  # log times that are tested where a law has no limits
HALVINGS = 3  # from the longest time to the shortest one
BISECTIONS = 20
LOOKS = 9  # for the time at which the law is nearest to the prior


class LawSubject:
    """A law with starting points and times; everything it returns is a float64 array.

    Attributes:
        law: The law.
        manifold: Its manifold.
        seed: Integer seed.
        samples: Number of draws for each starting point.
    """

    def __init__(self, law: Law, seed: int, samples: int) -> None:
        self.law = law
        self.manifold = law.manifold
        self.seed = seed
        self.samples = samples

    @functools.cached_property
    def prior_draws(self) -> np.ndarray:
        """Draws from the prior, `[samples, n]`."""
        return to_numpy(self.manifold.prior_sample((self.samples,), seed=self.seed_of(0)))

    @functools.cached_property
    def more_prior_draws(self) -> np.ndarray:
        """Further draws from the prior, where a single mean decides, `[3 samples, n]`."""
        shape = (3 * self.samples,)
        return to_numpy(self.manifold.prior_sample(shape, seed=self.seed_of(1)))

    @functools.cached_property
    def starts(self) -> np.ndarray:
        """Starting points, `[STARTS, n]`.

        From far out in an open space a law covers places that draws from the prior hardly reach:
        there they are those of more draws where the prior is densest.
        """
        if self.manifold.closed:
            return to_numpy(self.manifold.prior_sample((STARTS,), seed=self.seed_of(2)))
        draws = to_numpy(self.manifold.prior_sample((4 * STARTS,), seed=self.seed_of(2)))
        return draws[np.argsort(-self.log_prior(draws))[:STARTS]]

    @functools.cached_property
    def limits(self) -> list[tuple[float, float]]:
        """Limits on log time, one pair for each of the law's times."""
        try:
            limits = self.law.default_log_time_range()
        except NotImplementedError:
            limits = [None] * self.manifold.time_dim
        return [UNLIMITED if pair is None else pair for pair in limits]

    @functools.cached_property
    def longest(self) -> np.ndarray:
        """Times at which the law is `TARGET` nats from the prior, or as near as it comes."""
        shares = np.linspace(0.5, 1.0, LOOKS)  # of the limits' width
        # On a closed space the nearest is the last; elsewhere the prior is left again.
        low, high = 0.0, float(shares[np.argmin([self._mean_kl(share) for share in shares])])
        if not self._mean_kl(high) < TARGET:
            return self._time(high)
        for _ in range(BISECTIONS):
            middle = 0.5 * (low + high)
            low, high = (low, middle) if self._mean_kl(middle) < TARGET else (middle, high)
        return self._time(high)

    @functools.cached_property
    def times(self) -> list[np.ndarray]:
        """Times `[time_dim]` from the longest one on, each half of the one before."""
        return [self.longest / 2.0**k for k in range(HALVINGS + 1)]

    def draws(self, time: np.ndarray, stream: int) -> np.ndarray:
        """Draws from the law at each start, `[samples, STARTS, n]`."""
        start = np.broadcast_to(self.starts, (self.samples, *self.starts.shape))
        return self.call("sample", start, time, seed=self.seed_of(stream))

    def log_prior(self, z: np.ndarray) -> np.ndarray:
        """Log density of the prior, `[..., n] -> [...]`."""
        return to_numpy(self.manifold.prior_log_density(tensor(z)))

    def call(self, method: str, *arrays: Any, **options: Any) -> np.ndarray:
        """A method of the law at arrays, in the float type of users."""
        return to_numpy(getattr(self.law, method)(*map(tensor, arrays), **options))

    def seed_of(self, stream: int) -> int:
        """An integer seed; different streams are independent."""
        state = np.random.SeedSequence([self.seed, stream]).generate_state(1)
        return int(state[0] % 2**31)

    def slack(self, exact: float, rough: float, *methods: str) -> float:
        """What is allowed beyond the standard errors, more if a method is approximate."""
        return rough if any(method in self.law.approximate for method in methods) else exact

    def _time(self, share: float) -> np.ndarray:
        return np.exp([low + share * (high - low) for low, high in self.limits])

    def _mean_kl(self, share: float) -> float:
        try:
            seed = self.seed_of(3)
            return float(
                np.mean(self.call("kl_to_prior", self.starts, self._time(share), seed=seed))
            )
        except Exception:  # the check of the KL reports it
            return TARGET if share <= 0.7 else 0.0


def tensor(x: Any) -> Any:
    """An array as a tensor in the float type of users."""
    return ops.convert_to_tensor(x, dtype=keras.config.floatx())
