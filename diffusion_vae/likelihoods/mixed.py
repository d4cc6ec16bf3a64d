"""The likelihood of tables whose columns are of several kinds."""

import itertools
from collections.abc import Iterator, Mapping
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import require_integer
from diffusion_vae.likelihoods import draws
from diffusion_vae.likelihoods.base import Likelihood
from diffusion_vae.serialization import serializable
from diffusion_vae.typing import Seed, Shape, Tensor


@serializable
class Mixed(Likelihood):
    """Columns of several kinds side by side, each kind with a law of its own.

    log p is the sum of the parts' log densities. The outputs have those of each part under its
    name, such as `counts_log_mean`, and one `reconstruction` of all columns. The raw output has
    the raw outputs of the parts one after another.

    The columns are those of the last axis of the data: the channels, where data are pictures.

    Args:
        parts: What the columns are, from left to right: a name for each part, and a pair of its
            likelihood (an object, or a name such as `"poisson"`) and its number of columns. A
            likelihood alone has one column.
        missing: `"ignore"` leaves out NaN in all columns. With `"refuse"` each part's own
            `missing` holds.

    Raises:
        TypeError: If `parts` is not such a dictionary.
        ValueError: If it is empty, a law is unknown, or a name begins with another and `_`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.likelihoods import Mixed, Poisson, VonMises
        >>> likelihood = Mixed({"spikes": (Poisson(exposure=0.02), 10), "heading": VonMises()})
        >>> likelihood.event_shape((None, 12))  # one raw output a count, two an angle
        (None, 11)
        >>> outputs = likelihood(np.zeros((1, 12), "float32"))
        >>> sorted(outputs)
        ['heading_reconstruction', 'reconstruction', 'spikes_log_mean', 'spikes_reconstruction']
        >>> likelihood.log_prob(np.zeros((1, 11), "float32"), outputs).shape[0]
        1
    """

    def __init__(self, parts: Mapping[str, Any], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.laws, self.widths = _read(parts, self.dtype_policy)
        self.columns = sum(self.widths.values())
        laws = self.laws.values()
        self.takes_exposure = any(law.takes_exposure for law in laws)
        self.takes_scaled_data = all(law.takes_scaled_data for law in laws)
        self._raw_widths = {
            name: law.raw_shape((self.widths[name],))[-1] for name, law in self.laws.items()
        }

    @property
    def support(self) -> str:
        return ", ".join(f"{law.support} ({name})" for name, law in self.laws.items())

    @property
    def ignores_missing(self) -> bool:
        return super().ignores_missing or any(law.ignores_missing for law in self.laws.values())

    @property
    def unbounded_output(self) -> str:
        return " and ".join(dict.fromkeys(
            law.unbounded_output for law in self.laws.values() if law.unbounded_output
        ))  # fmt: skip

    # -- shapes --------------------------------------------------------------------

    def event_shape(self, raw_shape: Shape) -> Shape:
        """Shape of the data whose raw decoder output has the shape `raw_shape`.

        Raises:
            ValueError: If its last axis has not the outputs of all parts.
        """
        wanted = sum(self._raw_widths.values())
        if raw_shape[-1] not in (None, wanted):
            raise ValueError(
                f"Expected the decoder's last axis to be {wanted}, the outputs of all parts "
                f"({_listed(self._raw_widths)}). Received shape: {tuple(raw_shape)}."
            )
        return (*raw_shape[:-1], self.columns)

    def raw_shape(self, event_shape: Shape) -> Shape:
        self._check_columns(event_shape)
        return (*event_shape[:-1], sum(self._raw_widths.values()))

    def build(self, input_shape: Shape) -> None:
        super().build(input_shape)
        for name, law in self.laws.items():
            if not law.built:
                law.build((*input_shape[:-1], self.widths[name]))

    # -- the law -------------------------------------------------------------------

    def outputs(self, raw: Tensor, exposure: Tensor = None) -> dict[str, Tensor]:
        self._refuse_exposure(exposure)
        found: dict[str, Tensor] = {}
        means = []
        for (name, law), part in zip(
            self.laws.items(), _columns(raw, self._raw_widths), strict=True
        ):
            given = (exposure,) if exposure is not None and law.takes_exposure else ()
            outputs = law.outputs(part, *given)
            means.append(outputs["reconstruction"])
            found |= {f"{name}_{key}": value for key, value in outputs.items()}
        return {"reconstruction": ops.concatenate(means, axis=-1), **found}

    def known_terms(self, x: Tensor, outputs: dict[str, Tensor], ignore: bool) -> Tensor:
        every = self.missing == "ignore"
        return ops.concatenate(
            [
                law.known_terms(part, given, every or law.ignores_missing)
                for law, part, given in self._parts(x, outputs)
            ],
            axis=-1,
        )

    def sample(self, outputs: dict[str, Tensor], seed: Seed = None) -> Tensor:
        seeds = draws.seeds(seed, len(self.laws))
        parts = zip(self.laws, seeds, strict=True)
        return ops.concatenate(
            [self.laws[name].sample(self.part(name, outputs), each) for name, each in parts],
            axis=-1,
        )

    def error(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """The parts' errors side by side, `[..., *event]`."""
        x = ops.cast(x, outputs["reconstruction"].dtype)
        return ops.concatenate(
            [law.error(part, given) for law, part, given in self._parts(x, outputs)], axis=-1
        )

    def part(self, name: str, outputs: dict[str, Tensor]) -> dict[str, Tensor]:
        """The outputs of one part, under the names that its own law gives them.

        Args:
            name: Of the part.
            outputs: Result of `outputs`.
        """
        start = f"{name}_"
        return {
            key.removeprefix(start): value
            for key, value in outputs.items()
            if key.startswith(start)
        }

    # -- checks and configuration --------------------------------------------------

    def check_data(self, x: np.ndarray) -> None:
        """Checks the columns of each part.

        Raises:
            ValueError: If their number is another, or if a part's law refuses them.
        """
        self._check_columns(x.shape)
        for (name, law), part in zip(self.laws.items(), _columns(x, self.widths), strict=True):
            if self.missing == "ignore" and np.issubdtype(part.dtype, np.floating):
                part = np.where(np.isnan(part), law.inside, part)
            try:
                law.check_data(part)
            except ValueError as error:
                raise ValueError(f"{error} It is the part {name!r}.") from None

    def get_config(self) -> dict[str, Any]:
        serialize = keras.saving.serialize_keras_object
        parts = {name: [serialize(law), self.widths[name]] for name, law in self.laws.items()}
        return {**super().get_config(), "parts": parts}

    def _check_columns(self, shape: Shape) -> None:
        if shape[-1] not in (None, self.columns):
            raise ValueError(
                f"Expected data with {self.columns} columns ({_listed(self.widths)}) for Mixed. "
                f"Received shape: {tuple(shape)}."
            )

    def _parts(
        self, x: Tensor, outputs: dict[str, Tensor]
    ) -> Iterator[tuple[Likelihood, Tensor, dict[str, Tensor]]]:
        """Law, data and outputs of each part."""
        columns = _columns(x, self.widths)
        for (name, law), part in zip(self.laws.items(), columns, strict=True):
            yield law, part, self.part(name, outputs)


def _read(parts: Any, policy: Any) -> tuple[dict[str, Likelihood], dict[str, int]]:
    """Laws and numbers of columns, by the names of parts."""
    from diffusion_vae.likelihoods import get

    if not isinstance(parts, Mapping) or not all(isinstance(name, str) for name in parts):
        raise TypeError(
            "Expected `parts` to be a dictionary of names and pairs of a likelihood and its "
            'number of columns, such as {"spikes": ("poisson", 10), "heading": "von_mises"}. '
            f"Received: {parts!r}."
        )
    if not parts:
        raise ValueError("Expected at least one part. Received: none.")
    for name in parts:
        longer = [each for each in parts if each != name and each.startswith(f"{name}_")]
        if longer:
            raise ValueError(
                "Expected names of parts that tell their outputs apart. Received: "
                f"{name!r} and {longer[0]!r}."
            )
    laws, widths = {}, {}
    for name, part in parts.items():
        law, width = part if isinstance(part, (list, tuple)) and len(part) == 2 else (part, 1)
        laws[name] = get(law, policy)
        widths[name] = require_integer(f"columns of {name}", width, 1)
    return laws, widths


def _columns(array: Any, widths: Mapping[str, int]) -> list[Any]:
    """Parts of the last axis of an array, from left to right."""
    ends = list(itertools.accumulate(widths.values()))
    return [
        array[..., end - width : end] for end, width in zip(ends, widths.values(), strict=True)
    ]


def _listed(widths: Mapping[str, int]) -> str:
    return ", ".join(f"{width} of {name!r}" for name, width in widths.items())
