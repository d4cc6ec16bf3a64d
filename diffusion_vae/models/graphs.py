"""Compiled functions that a model keeps between calls, since tracing takes longest."""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any

import keras

KEPT = 16  # the latest ones; each holds a graph
NOTES = {"_called"}  # what a layer notes at its first call


class KeptGraphs:
    """Compiled functions of a model, as long as the model is made of the same things.

    A graph holds the layers, the variables and the settings that it was traced with. All are
    made anew once the model has another layer or variable, or a layer another attribute: another
    dtype, activation, variance. What changes inside of an attribute is not seen; `compile` drops
    all graphs.

    Keras neither tracks nor saves an object of this class.
    """

    def __init__(self) -> None:
        self._graphs: OrderedDict[Hashable, Callable[..., Any]] = OrderedDict()
        self._parts: list[Any] = []

    def __len__(self) -> int:
        return len(self._graphs)

    def get(
        self, model: keras.Model, key: Hashable, make: Callable[[], Callable[..., Any]]
    ) -> Callable[..., Any]:
        """The function that was made for a key, or a new one.

        Args:
            model: The model that the functions use.
            key: What a function depends on beside the model.
            make: Makes the function.
        """
        parts = _parts(model)
        if len(parts) != len(self._parts) or any(map(_differ, parts, self._parts)):
            self._graphs.clear()
            self._parts = parts
        if key not in self._graphs:
            self._graphs[key] = make()
        self._graphs.move_to_end(key)
        if len(self._graphs) > KEPT:
            self._graphs.popitem(last=False)
        return self._graphs[key]


def _parts(model: keras.Model) -> list[Any]:
    """Layers, their attributes, and variables: numbers and texts among them are objects, too."""
    layers = list(model._flatten_layers(include_self=False))
    attributes = [
        value for layer in layers for name, value in vars(layer).items() if name not in NOTES
    ]
    return [*layers, *attributes, *model.variables]


def _differ(one: Any, other: Any) -> bool:
    return one is not other
