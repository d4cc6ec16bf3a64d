"""Checks of data before a model of Keras sees them."""

import math
from typing import Any

import keras
import numpy as np

from diffusion_vae.models import pipelines
from diffusion_vae.models.arguments import (
    check_event,
    check_numbers,
    check_rows,
    checked_weights,
    fits,
)
from diffusion_vae.models.data import as_data, check_source, is_dataset
from diffusion_vae.models.inputs import Fed, InputMethods, fed, is_named
from diffusion_vae.models.jax_state import StateMethods
from diffusion_vae.typing import Shape


class CheckedData(StateMethods, InputMethods):
    """Checked data for a model with `likelihood`, `event_shape` and `target_shape`.

    What is handed on to Keras are the arrays that were checked.
    """

    def _checked_data(
        self, x: Any = None, y: Any = None, sample_weight: Any = None, name: str = "x"
    ) -> tuple[Any, Any, Any]:
        """Checked data, target and weights, for which the model is built if it is not."""
        x = self._checked_inputs(name, x)
        if isinstance(x, (np.ndarray, dict)):
            examples = fed(x).x
            if y is not None:
                y = as_data("y", y)
            self._check_arrays(examples, y)
            sample_weight = checked_weights(sample_weight, examples)
            if y is None and sample_weight is not None:
                y = examples  # Keras drops weights that come without a target
        return x, y, sample_weight

    def _checked_inputs(self, name: str, x: Any) -> Any:
        """Data of examples that the model takes, as arrays or a source of batches."""
        if is_named(x):
            x = {**x, "x": as_data(name, x["x"])}
            if isinstance(x["x"], np.ndarray):
                return self._checked_arrays(name, x)
            raise TypeError(
                "Expected a dictionary of arrays, or a source of batches that are dictionaries. "
                f"Received: a dictionary with a {type(x['x']).__name__}."
            )
        x = as_data(name, x)
        if isinstance(x, np.ndarray):
            return self._checked_arrays(name, x)
        return self._checked_source(name, x)

    def _checked_source(self, name: str, source: Any) -> Any:
        """A source whose first element, or what is known of its elements, has been checked."""
        element, source = pipelines.first_element(source)
        if element is None:
            return source
        pipelines.check_loader(name, element, source)
        parts = pipelines.parts_of(name, element)
        first = parts[0] if is_named(parts[0]) else {"x": parts[0]}
        for part in [*first.values(), *parts[1:2]]:
            if part is not None:
                pipelines.check_part(name, part, source)
        self._check_names(name, first)
        shapes = {each: pipelines.shape_of(part) for each, part in first.items()}
        shape = shapes["x"]
        if shape is not None:
            event_shape = self.event_shape if self.built else None
            pipelines.check_batched(name, shape, source, event_shape)
            check_event(name, shape[1:], event_shape)
            if not self.built and None not in shape[1:]:
                unknown = (None, None)
                self._build_for({each: shapes[each] or unknown for each in shapes})
        elif not self.built:
            raise ValueError(
                f"Expected `{name}` to give batches of a known shape. Received: elements of "
                "unknown rank. Tell it, such as `data.map(lambda x: tf.ensure_shape(x, (None, 28, "
                "28, 1)))`, or build the model first: `model.build((None, 28, 28, 1))`."
            )
        if is_dataset(source):
            targets = [part for part in parts[1:2] if part is not None]
            known = [*shapes.values(), *map(pipelines.shape_of, targets)]
            if self.built and any(each is None or None in each[1:] for each in known):
                source = pipelines.with_shapes(
                    source, self.event_shape, self.target_shape, self.condition_width
                )
            # A pipeline of floats is read before the first training alone: it may be slow to
            # start, and pictures that nobody scaled come as floats too.
            if _may_be_unscaled(first["x"]) or float(self._step()) == 0:
                element = next(iter(source.take(1)), None)
                parts = () if element is None else pipelines.parts_of(name, element)
        self._check_first_batch(*parts[:2])
        return source

    def _check_first_batch(self, x: Any = None, y: Any = None) -> None:
        """Checks the values of a batch in hand; NaN in it is for `NaNGuard` to report."""
        if is_named(x):
            if hasattr(x["x"], "__array__"):
                self._check_beside(Fed(**x))
            x = x["x"]
        target = x if y is None else y
        if target is None or not hasattr(target, "__array__"):
            return
        target = as_data("y", target)
        if target.dtype.kind not in "buif":
            return
        if self.likelihood.ignores_missing or np.isfinite(target).all():
            self._check_values(target)

    def _check_arrays(self, x: Any = None, y: Any = None) -> None:
        """Checks NumPy data; what is reconstructed must be in the likelihood's support."""
        if self.built:
            self._check_target((x if y is None else y).shape, given=y is not None)
        if y is None:
            self._check_values(x)
            return
        check_source("y", y)
        check_numbers("y", y, missing=self.likelihood.ignores_missing or None)
        check_rows("y", y, x)
        self._check_values(y)

    def _check_values(self, target: np.ndarray) -> None:
        """Raises `ValueError` if values cannot be reconstructed; overridden with more rules."""
        self.likelihood.check_data(target)

    def _check_target(self, shape: Shape, given: bool = True) -> None:
        """Raises `ValueError` if a reconstruction has another shape than its target."""
        received = tuple(shape[1:])
        if fits(received, self.target_shape):
            return
        if not given or fits(received, self.event_shape):
            raise ValueError(
                f"Expected a decoder whose reconstruction has the shape of the data, {received}. "
                f"Received: a decoder that gives {self.target_shape}. "
                + self._decoder_end(received)
            )
        raise ValueError(
            "Expected the target to have the shape of a reconstruction, "
            f"{self.target_shape}. Received: {received}. "
            "The model learns without labels: call `fit(x)`; `fit(x, target)` is for "
            "targets such as clean pictures."
        )

    def _decoder_end(self, shape: Shape) -> str:
        """How a decoder ends that gives reconstructions of a shape."""
        if None in shape or not shape:
            return "Give it a last layer of that shape."
        raw = self.likelihood.raw_shape(shape)
        reshape = f" and `Reshape({raw})`" if len(raw) > 1 else ""
        return f"End it with `Dense({math.prod(raw)})`{reshape}."

    def _refuse_class_weight(self, class_weight: Any) -> None:
        if class_weight is not None:
            raise ValueError(
                "Expected no `class_weight`, which weighs examples by their labels. Received: "
                f"{class_weight!r}. The model learns without labels: weigh examples with "
                "`sample_weight`."
            )


def _may_be_unscaled(spec: Any) -> bool:
    """Whether a part of a pipeline is of whole numbers, as pictures that nobody scaled are."""
    dtype = getattr(spec, "dtype", None)
    return dtype is not None and keras.backend.standardize_dtype(dtype).startswith(("int", "uint"))
