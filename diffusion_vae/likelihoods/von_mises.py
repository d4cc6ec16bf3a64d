"""The von Mises likelihood, of angles."""

import math
from typing import Any

from keras import ops

from diffusion_vae.likelihoods import draws
from diffusion_vae.likelihoods.parameters import LawWithParameters, PositiveParameter
from diffusion_vae.likelihoods.special import log_i0e
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Tensor

LIMITS = (1e-6, 1e6)  # of concentrations: up to a deviation of 1e-3 radians
NO_DIRECTION = 1e-4  # length of a raw output that points nowhere


@serializable
class VonMises(LawWithParameters):
    """Independent angles, in radians, around the direction that the decoder gives.

    log p = sum [kappa cos(x - m) - log(2 pi I0(kappa))], with respect to the length of the circle.
    It is computed as -2 kappa sin^2((x - m) / 2) - log(2 pi exp(-kappa) I0(kappa)), in which
    nothing cancels. Every real number is an angle; a reconstruction is in (-pi, pi].

    The decoder gives a vector for each angle, cosines and then sines, whose length does not
    matter. A raw output has no seam that way. Give the model an `AngleEncoder`, so that what the
    encoder sees has none either.

    Args:
        concentration: Kappa is `"learned"` (one for each data value) or `"predicted"` by the
            decoder, which then gives three outputs for each value.
        initial_concentration: Kappa at the start of training; it stays between 1e-6 and 1e6.
        missing: What NaN in the data is: `"refuse"` (an error) or `"ignore"` (left out).

    Raises:
        TypeError: If a number is not one.
        ValueError: If a number is out of range, or a name is unknown.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import VonMises
        >>> likelihood = VonMises()
        >>> outputs = likelihood(np.array([[0.0, 1.0]], "float32"))  # cosine, sine of one angle
        >>> round(float(outputs["reconstruction"][0, 0]), 3)
        1.571
        >>> turns = np.array([[np.pi / 2 + 20 * np.pi]], "float32")  # the same direction
        >>> round(float(likelihood.log_prob(turns, outputs)[0]), 3)  # 1 - log(2 pi I0(1))
        -1.074
    """

    means_per_value = 2
    support = "angles in radians"
    unbounded_output = "cosines and sines of any length"

    def __init__(
        self, concentration: str = "learned", initial_concentration: float = 1.0, **kwargs: Any
    ) -> None:
        super().__init__(**kwargs)
        self.concentration = concentration
        self.initial_concentration = initial_concentration
        self._set_parameters(
            concentration=PositiveParameter.of(
                "concentration", concentration, initial_concentration, LIMITS
            )
        )

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        [cosine, sine], logs = self._split(raw)
        return {"reconstruction": _direction(cosine, sine), **logs}

    def terms(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        kappa = ops.exp(self._log("concentration", outputs))
        half = ops.sin(0.5 * (x - outputs["reconstruction"]))
        return -2.0 * kappa * ops.square(half) - log_i0e(kappa) - math.log(2.0 * math.pi)

    def error(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """Angle from the reconstruction to the data in radians, in (-pi, pi], `[..., *event]`."""
        turned = super().error(x, outputs)
        return _angle(ops.cos(turned), ops.sin(turned))

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        mean = outputs["reconstruction"]
        kappa = ops.exp(self._log("concentration", outputs)) * ops.ones_like(mean)
        turned = mean + draws.von_mises(kappa, seed)
        return _angle(ops.cos(turned), ops.sin(turned))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "concentration": self.concentration,
            "initial_concentration": self.initial_concentration,
        }


def _direction(cosine: Tensor, sine: Tensor) -> Tensor:
    """Angle of vectors, with finite slopes at the origin too."""
    nowhere = ops.square(cosine) + ops.square(sine) < NO_DIRECTION**2
    return _angle(ops.where(nowhere, NO_DIRECTION, cosine), sine)


def _angle(cosine: Tensor, sine: Tensor) -> Tensor:
    """Angle in (-pi, pi]."""
    angle = ops.arctan2(sine, cosine)
    return ops.where(angle <= -math.pi, -angle, angle)
