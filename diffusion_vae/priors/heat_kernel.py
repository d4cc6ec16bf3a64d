"""A prior that is the heat kernel at the origin with a learned time."""

import math
from typing import Any

import numpy as np
from keras import ops

from diffusion_vae import heat_kernels
from diffusion_vae.heat_kernels import Law, ProductKernel
from diffusion_vae.layers.diffusion_time import Limits, limited, unlimited
from diffusion_vae.manifolds import Hyperbolic
from diffusion_vae.priors.base import Components, LearnedPrior
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor

REACH = math.log(100.0)  # of the log time below and above the start, where there are no limits


@serializable
class HeatKernelPrior(LearnedPrior):
    """Brownian motion from the origin of an open space, of learned time.

    It starts as the manifold's prior. On hyperbolic space of curvature k the motion at the time
    T is that of curvature k T / T0 at the time T0, in other units of length: to learn the time
    is to learn the curvature.

    Args:
        kernel: A law on R^d, H^d or a product of such.

    Raises:
        ValueError: If the space is closed or has no origin.

    Example:
        >>> from diffusion_vae.heat_kernels import heat_kernel
        >>> from diffusion_vae.manifolds import Hyperbolic
        >>> from diffusion_vae.priors import HeatKernelPrior
        >>> prior = HeatKernelPrior(heat_kernel(Hyperbolic(2)))
        >>> prior.build()
        >>> round(float(prior.times()[0]), 3)
        1.0
    """

    def __init__(self, kernel: Law, **kwargs: Any) -> None:
        super().__init__(heat_kernels.get(kernel), components=1, **kwargs)
        law = self.kernel
        factors = law.kernels if isinstance(law, ProductKernel) else (law,)
        spaces = [factor.manifold for factor in factors]
        starts = [(space, *each) for space in spaces if (each := space.prior_motion) is not None]
        if len(starts) < len(spaces):
            raise ValueError(
                "Expected an open space with an origin, R^d, H^d or a product of such, for a "
                f"prior of learned time. Received: {law.manifold!r}. Use another `prior`."
            )
        self.origin = np.concatenate([point for _, point, _ in starts])
        start = [math.log(time) for space, _, time in starts for _ in range(space.time_dim)]
        limits = self.kernel.default_log_time_range()
        self.log_time_range: list[Limits] = [
            (middle - REACH, middle + REACH if pair is None else pair[1])
            for middle, pair in zip(start, limits, strict=True)
        ]
        self._start = start

    def build(self, input_shape: Shape | None = None) -> None:
        pairs = zip(self._start, self.log_time_range, strict=True)
        start = [unlimited(each, limits) for each, limits in pairs]
        self.log_times = self.add_weight(
            name="log_times",
            shape=(len(start),),
            initializer=lambda shape, dtype=None: ops.convert_to_tensor(start, dtype),
        )
        self.built = True

    def times(self) -> Tensor:
        """The learned times, `[time_dim]`."""
        return ops.exp(limited(ops.convert_to_tensor(self.log_times), self.log_time_range))

    def curvature(self) -> float:
        """Curvature of a hyperbolic space at which this prior has the time of the manifold's.

        Raises:
            ValueError: If the space is another one.
        """
        space = self.kernel.manifold
        if not isinstance(space, Hyperbolic):
            raise ValueError(
                f"Expected hyperbolic space, whose curvature is learned. Received: {space!r}."
            )
        if not self.built:  # then it is where it starts
            return space.curvature
        return space.curvature * float(ops.convert_to_numpy(self.times())[0]) / space.prior_time

    def components(self) -> Components:
        times = ops.expand_dims(self.times(), 0)
        location = ops.convert_to_tensor(self.origin[None], dtype=times.dtype)
        return location, times, ops.zeros((1,), dtype=times.dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["components"]
        return config
