"""Pseudo-inputs of a VampPrior: which encoder reads them, and which examples they start from."""

import math
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.likelihoods import Likelihood, Mixed
from diffusion_vae.models.inputs import BOTH, fed
from diffusion_vae.models.pipelines import parts_of
from diffusion_vae.priors import VampPrior
from diffusion_vae.typing import Shape


class PseudoInputMethods(keras.Model):
    """What `DiffusionVAE(prior="vamp")` adds; with another prior nothing happens here."""

    def _read_pseudo_inputs(self) -> None:
        """Tells a VampPrior how to encode.

        Raises:
            ValueError: If the encoder needs a condition as well, which pseudo-inputs do not have.
        """
        prior = self.latent.prior
        if not isinstance(prior, VampPrior):
            return
        if self.condition == BOTH:
            raise ValueError(
                'Expected condition="decoder" or None for prior="vamp": pseudo-inputs have no '
                'condition that an encoder could be told. Received: condition="both". Use '
                'prior="mixture".'
            )
        prior.read_by(self._posterior_of)

    def build(self, input_shape: Shape | dict[str, Shape]) -> None:
        """Builds the pseudo-inputs, too, which are examples."""
        super().build(input_shape)
        prior = self.latent.prior
        if isinstance(prior, VampPrior) and not prior.built:
            prior.build((None, *self.event_shape))
            prior.keep_within(*_support(self.likelihood, self.event_shape[-1]))

    def _before_fit(self, x: Any) -> None:
        """Pseudo-inputs of a model without a training step become random examples.

        They are those of arrays, or of the first batches of a `PyDataset`; what other sources
        give can be read only once.
        """
        super()._before_fit(x)
        prior = self.latent.prior
        if not isinstance(prior, VampPrior) or float(ops.convert_to_numpy(self._step())) > 0:
            return
        data = _examples(x, prior.count)
        if data is None:
            return
        seed = keras.random.randint((), 0, 2**31 - 1, seed=self.latent.seed_generator)
        generator, few = np.random.default_rng(int(seed)), len(data) < prior.count
        picked = data[np.sort(generator.choice(len(data), prior.count, replace=few))]
        examples = ops.convert_to_tensor(picked.astype(prior.variable_dtype))
        prior.start_at(ops.convert_to_numpy(self._filled(examples)))
        if isinstance(x, (np.ndarray, dict)):  # else their range is not known
            if self.likelihood.ignores_missing:
                data = np.nan_to_num(data)
            axes = tuple(range(data.ndim - 1))
            prior.keep_within(data.min(axis=axes), data.max(axis=axes))


def _examples(x: Any, count: int) -> np.ndarray | None:
    """All examples of arrays, `count` or a few more of a `PyDataset`, else `None`."""
    if isinstance(x, (np.ndarray, dict)):
        return np.asarray(fed(x).x)
    if not isinstance(x, keras.utils.PyDataset) or keras.distribution.distribution() is not None:
        return None  # several machines, each with its share, would pick different ones
    found: list[np.ndarray] = []
    for index in range(x.num_batches or 0):
        part = fed(parts_of("x", x[index])[0]).x
        found.append(ops.convert_to_numpy(part))
        if sum(map(len, found)) >= count:
            break
    return np.concatenate(found) if found else None


def _support(likelihood: Likelihood, columns: int) -> tuple[np.ndarray, np.ndarray]:
    """Least and largest values of a law, `[columns]` each: as far as they are 0 and 1.

    They hold for data that come from a source, whose range is not known.
    """
    if isinstance(likelihood, Mixed):
        pairs = [_support(law, likelihood.widths[name]) for name, law in likelihood.laws.items()]
        low, high = (np.concatenate(each) for each in zip(*pairs, strict=True))
        return low, high
    least = -math.inf if _takes(likelihood, -1.0, columns) else 0.0
    most = math.inf if _takes(likelihood, 2.0, columns) else 1.0
    return np.full(columns, least), np.full(columns, most)


def _takes(likelihood: Likelihood, value: float, columns: int) -> bool:
    """Whether a value is in the support of a law."""
    try:
        likelihood.check_data(np.full((1, columns), value, "float32"))
    except ValueError:
        return False
    return True
