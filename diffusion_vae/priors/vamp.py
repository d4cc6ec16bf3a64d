"""The VampPrior: the mixture of the posteriors of learned pseudo-inputs."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae import heat_kernels
from diffusion_vae.heat_kernels import Law
from diffusion_vae.priors.base import Components, LearnedPrior
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Shape, Tensor

NOISE = 0.05  # standard deviation of pseudo-inputs before any data are seen


@serializable
class VampPrior(LearnedPrior):
    """p(z) = 1/K sum_k q(z | u_k) (Tomczak and Welling 2018, arXiv 1705.07120).

    The pseudo-inputs u_k are weights `pseudo_inputs` `[K, *event]` in the space of the data; the
    model's encoder reads them at each use, as it stands and as in inference. The encoder belongs
    to the model and not to this layer: it is told by `read_by`, and neither tracked nor saved
    here. A `DiffusionVAE(prior="vamp")` does so. What the encoder reads are the pseudo-inputs
    clipped to `low` and `high` `[event[-1]]`, the range of the data: outside of it an encoder
    may know nothing, as a logarithm of counts. The gradient passes the clipping.

    Args:
        kernel: The law of the posteriors.
        components: Number K of pseudo-inputs.
        seed: Integer seed of the initial noise, or `None`.

    Raises:
        TypeError: If `components` is not an integer.
        ValueError: If it is less than 1, or the law is a random walk, without a density.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import SphereVAE
        >>> vae = SphereVAE(2, prior="vamp", prior_components=4, seed=0)
        >>> vae.compile("adam")
        >>> history = vae.fit(np.random.default_rng(0).random((8, 4, 4, 1)), verbose=0)
        >>> tuple(vae.latent.prior.pseudo_inputs.shape), vae.sample(3).shape
        ((4, 4, 4, 1), (3, 4, 4, 1))
    """

    reads_data = True

    def __init__(
        self, kernel: Law, components: int = 50, seed: int | None = None, **kwargs: Any
    ) -> None:
        super().__init__(heat_kernels.get(kernel), components, **kwargs)
        self.seed = seed
        self._posteriors: Callable[[Tensor], dict[str, Tensor]] | None = None

    def read_by(self, posteriors: Callable[[Tensor], dict[str, Tensor]]) -> None:
        """Tells how pseudo-inputs are encoded.

        Args:
            posteriors: Maps `[K, *event]` to `location` `[K, ambient_dim]` and `time`
                `[K, time_dim]`.
        """
        self._posteriors = posteriors

    def build(self, input_shape: Shape | None = None) -> None:
        """Makes the pseudo-inputs for data `[batch, *event]`.

        Raises:
            ValueError: If the size of an example is not known.
        """
        if input_shape is None or None in input_shape[1:]:
            raise ValueError(
                'Expected examples of a known shape for prior="vamp", whose pseudo-inputs are '
                f'examples. Received shape: {input_shape}. Use prior="mixture".'
            )
        self.pseudo_inputs = self.add_weight(
            name="pseudo_inputs",
            shape=(self.count, *input_shape[1:]),
            initializer=keras.initializers.RandomNormal(stddev=NOISE, seed=self.seed),
        )
        self.low, self.high = (
            self.add_weight(
                name=name,
                shape=input_shape[-1:],
                initializer=keras.initializers.Constant(value),
                trainable=False,
            )
            for name, value in (("low", -math.inf), ("high", math.inf))
        )
        self.built = True

    def start_at(self, examples: np.ndarray) -> None:
        """Replaces the pseudo-inputs by examples `[K, *event]`."""
        self.pseudo_inputs.assign(np.asarray(examples, self.variable_dtype))

    def keep_within(self, low: np.ndarray, high: np.ndarray) -> None:
        """Sets the range of the data, `[event[-1]]` each."""
        self.low.assign(np.asarray(low, self.variable_dtype))
        self.high.assign(np.asarray(high, self.variable_dtype))

    def examples(self) -> Tensor:
        """The pseudo-inputs as the encoder reads them, `[K, *event]`."""
        u, low, high = map(ops.convert_to_tensor, (self.pseudo_inputs, self.low, self.high))
        return u + ops.stop_gradient(ops.clip(u, low, high) - u)

    def components(self) -> Components:
        if self._posteriors is None or not self.built:
            raise ValueError(
                "Expected a VampPrior whose model is built and has told it how to encode "
                '(`read_by`). Received: one that is not. Make it by `DiffusionVAE(prior="vamp")`.'
            )
        params = self._posteriors(self.examples())
        location, time = params["location"], params["time"]
        weight = ops.full((self.count,), -math.log(self.count), dtype=location.dtype)
        return location, time, weight

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "seed": self.seed}
