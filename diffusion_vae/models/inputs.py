"""What a model is fed: examples x, and beside them perhaps conditions and exposures.

Examples alone are an array. With something beside them they are a dictionary, `{"x": x,
"condition": c, "exposure": e}`. Here it is checked and taken apart, and nowhere else.
"""

import contextlib
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from diffusion_vae.checks import detached, did_you_mean
from diffusion_vae.models.arguments import (
    check_event,
    check_examples,
    check_rows,
    require_numbers,
)
from diffusion_vae.models.data import check_dense
from diffusion_vae.typing import Shape

NAMES = ("x", "condition", "exposure")
WHERE = ("decoder", "both")  # the networks that a condition goes to
BOTH = "both"


class Fed(NamedTuple):
    """The parts of what a model is fed.

    Attributes:
        x: Examples, `[batch, *event]`.
        condition: `[batch, k]`, or `None`.
        exposure: `[batch]`, or `None`.
    """

    x: Any = None
    condition: Any = None
    exposure: Any = None

    def tiled(self, draws: int) -> "Fed":
        """What is given beside examples, for as many draws of each, `[draws * batch, ...]`."""
        condition, exposure = self.condition, self.exposure
        return Fed(
            condition=None if condition is None else ops.tile(condition, (draws, 1)),
            exposure=None if exposure is None else ops.tile(exposure, (draws,)),
        )


def is_named(value: Any) -> bool:
    """Whether this is a dictionary with examples."""
    return isinstance(value, dict) and "x" in value


def fed(inputs: Any) -> Fed:
    """The parts of examples that have been checked; a condition `[batch]` is of one number."""
    if not isinstance(inputs, dict):
        return Fed(inputs)
    found = Fed(**inputs)
    if found.condition is not None and len(found.condition.shape) == 1:
        found = found._replace(condition=found.condition[:, None])
    return found


def shapes_of(shapes: dict[str, Shape]) -> dict[str, Shape]:
    """Shapes for `build` of those of batches; the shape of a condition is `[batch, k]`."""
    found: dict[str, Shape] = {
        name: (None, *shape[1:]) for name, shape in shapes.items() if name != "exposure"
    }
    if found.get("condition") == (None,):
        found["condition"] = (None, 1)
    return found


def beside(inputs: Any) -> dict[str, Any]:
    """What is given beside the examples, by name."""
    return {name: inputs[name] for name in inputs if name != "x"} if is_named(inputs) else {}


def rows(inputs: Any) -> int:
    """Number of examples."""
    return len(fed(inputs).x)


class InputMethods(keras.Model):
    """Checks of what a model with `likelihood` and `event_shape` is fed.

    Attributes:
        condition: The networks that a condition goes to, one of `WHERE`, or `None`.
        condition_width: Numbers k of a condition, 0 without one; known once the model is built.
    """

    condition: str | None = None
    condition_width: int = 0

    # -- names -------------------------------------------------------------------

    def _check_names(self, name: str, given: Iterable[str], encoding: bool = False) -> None:
        """Raises `ValueError` unless a model is fed what it takes.

        Args:
            name: What is fed is called so in the error.
            given: Names of its parts.
            encoding: Whether only the encoder is to see it.
        """
        given = list(given)
        unknown = [each for each in given if each not in NAMES]
        if unknown or "x" not in given:
            wrong = unknown[0] if unknown else ""
            raise ValueError(
                f"Expected `{name}` to be examples, or a dictionary of them, `x`, and of what "
                f"goes with them, `condition` and `exposure`. Received: a dictionary of {given}."
                f"{did_you_mean(wrong, NAMES)}"
            )
        if "condition" in given and self.condition is None:
            raise ValueError(
                "Expected no `condition`: the model was made without one. Received: one. Make "
                'the model with `condition="decoder"` or `condition="both"`.'
            )
        self._check_exposed("exposure" in given)
        unseen = encoding and self.condition != BOTH
        if "condition" not in given and self.condition is not None and not unseen:
            raise ValueError(
                f"Expected a `condition` for each example: the model was made with "
                f'condition={self.condition!r}. Received: none. Give {{"x": x, "condition": c}} '
                f"for `{name}`."
            )

    def _check_exposed(self, given: bool) -> None:
        """Raises `ValueError` if exposures are given to a model that takes none."""
        if given and not self.likelihood.takes_exposure:
            self.likelihood.check_exposure(np.ones(1))

    def _check_width(self, width: int | None) -> None:
        """Raises `ValueError` if a condition has another width than the model was built for."""
        if self.built and width not in (None, self.condition_width):
            raise ValueError(
                f"Expected `condition` to have {self.condition_width} numbers an example, for "
                f"which the model was built. Received: {width}."
            )

    # -- in a graph --------------------------------------------------------------

    def _fed(self, inputs: Any) -> Fed:
        """The parts of what the model is called on, checked as far as shapes say."""
        self._check_names("inputs", inputs if isinstance(inputs, dict) else ("x",))
        found = fed(inputs)
        for name, part in zip(NAMES, found, strict=True):
            if part is not None:
                check_dense("inputs" if name == "x" else name, part)
        check_event("inputs", found.x.shape[1:], self.event_shape)
        if found.condition is not None:
            check_axes(found.condition.shape)
            self._check_width(found.condition.shape[1])
        return found

    def _shapes(self, input_shape: Any) -> tuple[Shape, Shape | None]:
        """Shape of the data, and of a condition, for which a model is built."""
        named = isinstance(input_shape, dict)
        if not named and self.condition is not None:
            raise ValueError(
                f"Expected the shapes of `x` and `condition`: the model was made with "
                f"condition={self.condition!r}. Received: {input_shape}. Call `fit({{"
                '"x": x, "condition": c})`, or build the model for {"x": shape, "condition": '
                "(None, width)}."
            )
        self._check_names("input_shape", input_shape if named else ("x",))
        shapes = shapes_of(input_shape if named else {"x": input_shape})
        condition = shapes.get("condition")
        if condition is not None:
            check_axes(condition)
        if condition is not None and condition[1] is None:
            raise ValueError(
                "Expected `condition` to be numbers or one-hot labels, [batch, width] of a known "
                f"width. Received shape: {tuple(condition)}. Build the model first: "
                '`model.build({"x": shape, "condition": (None, width)})`.'
            )
        x = input_shape["x"] if named else input_shape
        return tuple(x), condition

    # -- arrays ------------------------------------------------------------------

    def _checked_arrays(self, name: str, inputs: Any, encoding: bool = False) -> Any:
        """Checked arrays, for which the model is built if it is not.

        Args:
            name: What the examples are called in the error.
            inputs: Examples, or a dictionary of arrays.
            encoding: Whether only the encoder is to see them.

        Returns:
            The examples, of their own dtype, if nothing goes with them; else a dictionary.
        """
        named = isinstance(inputs, dict)
        self._check_names(name, inputs if named else ("x",), encoding and self.built)
        parts = Fed(**inputs) if named else Fed(inputs)
        missing = self.likelihood.ignores_missing or None
        x = check_examples(name, parts.x, self.event_shape if self.built else None, missing)
        others = self._check_beside(parts._replace(x=x))
        if not self.built:
            self._build_for({"x": x.shape, **{n: each.shape for n, each in others.items()}})
        return {"x": x, **others} if others else x

    def _check_beside(self, parts: Fed) -> dict[str, np.ndarray]:
        """What goes with a batch of checked examples, checked."""
        found = {}
        if parts.condition is not None:
            found["condition"] = checked_condition(parts.condition, parts.x)
            self._check_width(found["condition"].shape[1])
        if parts.exposure is not None:
            found["exposure"] = checked_exposure(parts.exposure, parts.x)
            self.likelihood.check_exposure(found["exposure"])
        return found

    def _build_for(self, shapes: dict[str, Shape]) -> None:
        """Builds the model for batches of shapes, before callbacks look at the networks."""
        shapes = shapes_of(shapes)
        with self._placement():
            self.build(shapes if self.condition is not None else shapes["x"])

    def _placement(self) -> contextlib.AbstractContextManager:
        """Scope of the strategy that the model was made under (TensorFlow only)."""
        strategy = getattr(self, "distribute_strategy", None)
        return contextlib.nullcontext() if strategy is None else strategy.scope()

    def _given(self, leading: Sequence[int], condition: Any, exposure: Any) -> dict[str, Any]:
        """What goes with latent points `[*leading, ...]`, one row a point.

        Args:
            leading: Leading axes of the points.
            condition: `[k]` for all points, or `[*leading, k]`.
            exposure: A number for all points, or `[*leading]`.
        """
        self._check_exposed(exposure is not None)
        if condition is not None:
            self._check_names("z", ("x", "condition"))
        elif self.condition is not None:
            raise ValueError(
                "Expected a `condition` for the latent points: the model was made with "
                f"condition={self.condition!r}. Received: none. Give `condition=c`, of shape "
                f"[{self.condition_width}] for all points or with one row for each."
            )
        found = {}
        if condition is not None:
            values = _real("condition", condition)
            if self.condition_width == 1 and values.shape in ((), tuple(leading)):
                values = values[..., None]
            self._check_width(values.shape[-1] if values.ndim else 1)
            found["condition"] = _spread("condition", values, (*leading, self.condition_width))
            found["condition"] = found["condition"].reshape(-1, self.condition_width)
        if exposure is not None:
            values = _real("exposure", exposure)
            self.likelihood.check_exposure(values)
            found["exposure"] = _spread("exposure", values, tuple(leading)).reshape(-1)
        return found


def checked_condition(value: Any, x: np.ndarray) -> np.ndarray:
    """Conditions `[n, k]` of n examples, of Keras's float dtype."""
    condition = _real("condition", value)
    if condition.ndim == 1:
        condition = condition[:, None]
    check_axes(condition.shape)
    check_rows("condition", condition, x)
    return condition


def check_axes(shape: Shape) -> None:
    """Raises `ValueError` unless a condition is a table `[batch, k]` of some columns."""
    if len(shape) != 2 or shape[1] == 0:
        raise ValueError(
            "Expected `condition` to be numbers [n] or [n, k], or one-hot labels [n, k]. "
            f"Received shape: {tuple(shape)}."
        )


def checked_exposure(value: Any, x: np.ndarray) -> np.ndarray:
    """Exposures `[n]` of n examples, of Keras's float dtype."""
    exposure = _real("exposure", value)
    if exposure.ndim != 1:
        raise ValueError(
            "Expected `exposure` to be one positive number an example, [n]. Received shape: "
            f"{exposure.shape}."
        )
    check_rows("exposure", exposure, x)
    return exposure


def _real(name: str, value: Any) -> np.ndarray:
    check_dense(name, value)
    if np.asarray(detached(value)).dtype.kind in "OSUT" and name == "condition":
        raise ValueError(
            "Expected `condition` to be numbers or one-hot labels. Received: labels of another "
            "kind. Make them one-hot, such as `np.eye(k)[codes]`."
        )
    return require_numbers(name, value)


def _spread(name: str, values: np.ndarray, shape: Shape) -> np.ndarray:
    try:
        return np.broadcast_to(values, shape)
    except ValueError:
        raise ValueError(
            f"Expected `{name}` to be one for all latent points, or one for each, of shape "
            f"{tuple(shape)}. Received shape: {values.shape}."
        ) from None
