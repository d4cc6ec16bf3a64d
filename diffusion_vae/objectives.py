"""What a training maximises: the ELBO, or a tighter bound of several draws an example."""

import math
from dataclasses import asdict, dataclass
from typing import Any, Literal, Self, TypeAlias

import keras
from keras import ops

from diffusion_vae.checks import require_choice, require_fraction, require_integer
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Tensor

ObjectiveName: TypeAlias = Literal["elbo", "iwae", "miwae", "piwae", "ciwae"]


@dataclass(frozen=True)
class Objective:
    """A lower bound of log p(x) from draws z of the posterior, and how its slope is estimated.

    With log weights l = log p(x | z) + log p(z) - log q(z | x) of G groups of K draws each, an
    objective is a mean over groups of a function of the K weights. Its slope is made of two parts
    (Tucker et al. 2019, arXiv 1810.04152), each draw with a weight of its own:

    - weights of the decoder and of a learned prior move by a_k dl_k/dw at fixed draws;
    - parameters of the posterior move by b_k dl_k/dz dz/dparameter, through the draws alone. The
      slope of log q in its parameters, which is noise of mean zero, is left out (the doubly
      reparametrised gradient). It needs draws and densities of one law.

    Args:
        draws: Number K of draws in a group, at least 1.
        groups: Number G of groups, at least 1.

    Raises:
        TypeError: If a number is no integer.
        ValueError: If a number is less than 1.

    Example:
        >>> from diffusion_vae import objectives
        >>> objectives.get("miwae", 64)
        MIWAE(draws=8, groups=8)
    """

    draws: int = 8
    groups: int = 1

    def __post_init__(self) -> None:
        require_integer("draws", self.draws, 1)
        require_integer("groups", self.groups, 1)

    @property
    def takes_densities(self) -> bool:
        """Whether the density of the posterior is needed; the ELBO has its KL."""
        return True

    def bound(self, log_weights: Tensor) -> Tensor:
        """The bound in nats.

        Args:
            log_weights: `[groups, draws, ...]`.

        Returns:
            `[...]`.
        """
        raise NotImplementedError

    def shares(self, log_weights: Tensor, kl_weight: Any = 1.0) -> tuple[Tensor, Tensor]:
        """How much each draw counts in the slope.

        Args:
            log_weights: `[groups, draws, ...]`.
            kl_weight: Weight beta of log p(z) - log q(z | x) in them, as during a warm-up.

        Returns:
            The shares a in the slope of the decoder's weights and b in that of the posterior's
            parameters, `[groups, draws, ...]` each.
        """
        raise NotImplementedError

    def get_config(self) -> dict[str, Any]:
        """Constructor arguments, from which `from_config` rebuilds the objective."""
        return asdict(self)

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Rebuilds an objective from `get_config()`."""
        return cls(**config)


@serializable
@dataclass(frozen=True)
class ELBO(Objective):
    """E log p(x | z) - KL, with the KL in closed form and one or several draws for the rest.

    Args:
        draws: Number of draws, at least 1.
    """

    draws: int = 1

    @property
    def takes_densities(self) -> bool:
        return False

    def bound(self, log_weights: Tensor) -> Tensor:
        return ops.mean(log_weights, axis=(0, 1))

    def shares(self, log_weights: Tensor, kl_weight: Any = 1.0) -> tuple[Tensor, Tensor]:
        equal = ops.ones_like(log_weights) / (self.groups * self.draws)
        return equal, equal


@serializable
@dataclass(frozen=True)
class IWAE(Objective):
    """log of the mean weight (Burda et al. 2016, arXiv 1509.00519). Tighter with more draws.

    The more draws, the less the slope of the encoder stands out from its noise in other
    estimators (Rainforth et al. 2018, arXiv 1802.04537), not in the one used here.

    Args:
        draws: Number K of draws, at least 1.
    """

    def bound(self, log_weights: Tensor) -> Tensor:
        return ops.mean(_importance_bound(log_weights, axis=1), axis=0)

    def shares(self, log_weights: Tensor, kl_weight: Any = 1.0) -> tuple[Tensor, Tensor]:
        share = ops.softmax(log_weights, axis=1)
        return share / self.groups, _through_draws(share, kl_weight) / self.groups


@serializable
@dataclass(frozen=True)
class MIWAE(IWAE):
    """Mean of the IWAE bounds of G groups of K draws (Rainforth et al. 2018, section 7).

    Args:
        draws: Number K of draws in a group, at least 1.
        groups: Number G of groups, at least 1.
    """

    groups: int = 8


@serializable
@dataclass(frozen=True)
class PIWAE(MIWAE):
    """The decoder climbs the IWAE bound of all draws, the encoder the mean bound of the groups.

    Its value is the decoder's bound (Rainforth et al. 2018, section 7).

    Args:
        draws: Number K of draws in a group, at least 1.
        groups: Number G of groups, at least 1.
    """

    def bound(self, log_weights: Tensor) -> Tensor:
        return _importance_bound(log_weights, axis=(0, 1))

    def shares(self, log_weights: Tensor, kl_weight: Any = 1.0) -> tuple[Tensor, Tensor]:
        total = ops.logsumexp(log_weights, axis=(0, 1), keepdims=True)
        return ops.exp(log_weights - total), super().shares(log_weights, kl_weight)[1]


@serializable
@dataclass(frozen=True)
class CIWAE(IWAE):
    """s ELBO + (1 - s) IWAE, a bound between them (Rainforth et al. 2018, section 7).

    Args:
        draws: Number K of draws, at least 1.
        elbo_share: Share s of the ELBO, in [0, 1).
    """

    elbo_share: float = 0.5

    def __post_init__(self) -> None:
        super().__post_init__()
        require_fraction("elbo_share", self.elbo_share)

    def bound(self, log_weights: Tensor) -> Tensor:
        elbo = ops.mean(log_weights, axis=(0, 1))
        return self.elbo_share * elbo + (1.0 - self.elbo_share) * super().bound(log_weights)

    def shares(self, log_weights: Tensor, kl_weight: Any = 1.0) -> tuple[Tensor, Tensor]:
        equal = self.elbo_share / (self.groups * self.draws)
        decoder, posterior = super().shares(log_weights, kl_weight)
        rest = 1.0 - self.elbo_share
        return equal + rest * decoder, equal + rest * posterior


OBJECTIVES: dict[str, type[Objective]] = {
    "elbo": ELBO,
    "iwae": IWAE,
    "miwae": MIWAE,
    "piwae": PIWAE,
    "ciwae": CIWAE,
}


def get(objective: str | Objective | dict, posterior_samples: int | None = None) -> Objective:
    """An objective from its name and the number of draws an example, or as it is.

    Args:
        objective: A name, such as `"iwae"`, an `Objective`, or its serialised form.
        posterior_samples: Number of draws an example; by default 1 for the ELBO and 8 for the
            others. `"miwae"` and `"piwae"` divide them into groups of about as many draws as
            there are groups: 64 into 8 of 8.

    Raises:
        TypeError: If the objective is none, or the number no integer.
        ValueError: If the name is unknown, the number is less than 1, or it comes beside an
            `Objective`, which has its own.

    Example:
        >>> from diffusion_vae import objectives
        >>> objectives.get("iwae", 16)
        IWAE(draws=16, groups=1)
    """
    if isinstance(objective, dict):
        objective = keras.saving.deserialize_keras_object(objective)
    if isinstance(objective, Objective):
        if posterior_samples is not None:
            raise ValueError(
                "Expected `posterior_samples` beside the name of an objective only. Received: "
                f"{posterior_samples!r} beside {objective!r}, which has its own number of draws."
            )
        return objective
    name = require_choice("objective", objective, tuple(OBJECTIVES), ", or an `Objective`")
    kind = OBJECTIVES[name]
    if posterior_samples is None:
        return kind(draws=4, groups=2) if issubclass(kind, MIWAE) else kind()
    count = require_integer("posterior_samples", posterior_samples, 1)
    if not issubclass(kind, MIWAE):
        return kind(draws=count)
    groups = max(g for g in range(1, math.isqrt(count) + 1) if count % g == 0)
    return kind(draws=count // groups, groups=groups)


def _importance_bound(log_weights: Tensor, axis: int | tuple[int, int]) -> Tensor:
    """log of the mean weight over axes."""
    axes = (axis,) if isinstance(axis, int) else axis
    count = math.prod(int(log_weights.shape[each]) for each in axes)
    return ops.logsumexp(log_weights, axis=axis) - math.log(count)


def _through_draws(share: Tensor, kl_weight: Any) -> Tensor:
    """Shares of a group's draws in the slope of the posterior's parameters.

    The slope of log q in its parameters, left out, would have the mean of share (1 - share)
    dl/dz dz/dparameter, times the weight of log q.
    """
    return share * (1.0 - kl_weight * (1.0 - share))
