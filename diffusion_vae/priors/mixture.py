"""A prior that is a mixture of heat kernels with learned centres, times and weights."""

from typing import Any

import numpy as np
from keras import ops

from diffusion_vae import heat_kernels
from diffusion_vae.heat_kernels import Law
from diffusion_vae.layers.diffusion_time import limited, one_per_time, unlimited
from diffusion_vae.priors.base import Components, LearnedPrior
from diffusion_vae.priors.starts import starts
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape


@serializable
class MixturePrior(LearnedPrior):
    """p(z) = sum_k w_k q(z; c_k, t_k) with the law q of the posterior.

    The centres c_k are projections of learned ambient points, the times t_k stay within the
    law's default limits, and the weights w_k are a softmax. Training starts close to the
    manifold's prior (`priors.starts`).

    Args:
        kernel: The law of the components.
        components: Number K of components.
        seed: Integer seed of the initial centres, or `None`.

    Raises:
        TypeError: If `components` is not an integer.
        ValueError: If it is less than 1, or the law is a random walk, without a density.

    Example:
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.manifolds import Sphere
        >>> from diffusion_vae.priors import MixturePrior
        >>> prior = MixturePrior(heat_kernel(Sphere(2)), components=100, seed=0)
        >>> prior.build()
        >>> tuple(prior.sample(5, seed=0).shape)
        (5, 3)
        >>> round(float(prior.log_density([[0.0, 0.0, 1.0]])[0]), 1)  # -2.5 of the uniform law
        -2.9
    """

    def __init__(
        self, kernel: Law, components: int = 50, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(heat_kernels.get(kernel), components, **kwargs)
        self.seed = seed
        self.log_time_range = one_per_time(
            self.kernel.default_log_time_range(), self.kernel.manifold.time_dim
        )

    def build(self, input_shape: Shape | None = None) -> None:
        centres, log_times = starts(self.kernel, self.count, self.seed)
        pairs = zip(log_times, self.log_time_range, strict=True)
        start = [unlimited(float(each), limits) for each, limits in pairs]
        self.centres = self._weight("centres", centres)
        self.log_times = self._weight("log_times", np.tile(start, (self.count, 1)))
        self.logits = self._weight("logits", np.zeros(self.count))
        self.built = True

    def components(self) -> Components:
        return (
            self.kernel.manifold.project(ops.convert_to_tensor(self.centres)),
            ops.exp(limited(ops.convert_to_tensor(self.log_times), self.log_time_range)),
            ops.log_softmax(ops.convert_to_tensor(self.logits)),
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}

    def _weight(self, name: str, values: np.ndarray) -> Any:
        return self.add_weight(
            name=name,
            shape=values.shape,
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(values, dtype),
        )
