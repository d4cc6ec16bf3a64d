"""The parts of a run whose arguments can be set by name: model, networks, data, ..."""

import copy
import dataclasses
import functools
import inspect
import typing
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from diffusion_vae.checks import did_you_mean
from diffusion_vae.runs.kinds import COMPONENTS, OPTIMIZERS, SCHEDULES, find_class, is_set
from diffusion_vae.runs.values import convert
from diffusion_vae.signatures import annotation, arguments

PARTS = ("model", *COMPONENTS, "optimizer", "schedule", "dataset", "fit")
BOTH = {"network": ("encoder", "decoder")}  # a name for two parts at once
# Choices with an option of their own.
OPTIONS = ("model", "manifold", "dataset", "learning_rate", "seed", "restarts")
# Keras's own argument of every model: its dtype policy, which its networks share.
Policy = Literal["float32", "mixed_bfloat16", "mixed_float16", "float64"]
DTYPE = inspect.Parameter(
    "dtype", inspect.Parameter.KEYWORD_ONLY, default="float32", annotation=Policy
)


@dataclass
class Part:
    """A class or function, and the arguments that are given to it.

    Attributes:
        maker: A class, or the loader of a data set.
        given: Arguments by name.
    """

    maker: Callable[..., Any]
    given: dict[str, Any] = field(default_factory=dict)

    def parameters(self, part: str) -> dict[str, inspect.Parameter]:
        """Arguments that can be set, by name."""
        known = _parameters(self.maker)
        if part == "model":
            known = {**known, DTYPE.name: DTYPE}
        if part == "dataset":
            known = {**known, **dict(inspect.signature(of_pictures).parameters)}
        return {name: known[name] for name in known if is_set(part, name)}

    def annotation(self, name: str) -> Any:
        """The type of an argument."""
        if name == DTYPE.name:
            return DTYPE.annotation
        if inspect.isclass(self.maker) and not dataclasses.is_dataclass(self.maker):
            return annotation(self.maker, name)
        hints = {**typing.get_type_hints(of_pictures), **typing.get_type_hints(self.maker)}
        return hints.get(name, Any)

    def set(self, part: str, name: str, value: Any) -> None:
        """Gives an argument, checked against its type.

        Raises:
            TypeError: If the value is of the wrong type.
            ValueError: If there is no such argument.
        """
        known = self.parameters(part)
        if name not in known:
            raise ValueError(
                f"Expected an argument of the {part} {self.maker.__name__} among "
                f"{sorted(known)}. Received: {name!r}.{did_you_mean(name, known)}"
            )
        kind, default = self.annotation(name), known[name].default
        shown = name if part == "model" else f"{part}.{name}"
        self.given[name] = convert(shown, value, kind, default)


@dataclass
class Parts:
    """All parts of a run that have been chosen.

    Attributes:
        parts: By the names of `PARTS`; a component that is not there is left to the model.
    """

    parts: dict[str, Part]

    def components(self) -> list[str]:
        """Names of the arguments of the model that are objects with arguments of their own."""
        known = arguments(self.parts["model"].maker)  # type: ignore[arg-type]
        return [name for name in COMPONENTS if name in known]

    def choose(self, key: str, name: Any) -> bool:
        """Takes a setting that chooses the class of a part, such as `likelihood=bernoulli`.

        Returns:
            Whether it was one.
        """
        if key in BOTH:
            for part in BOTH[key]:
                self.choose(part, name)
            return True
        chosen = ("encoder", "decoder", "likelihood")  # others are names that the model takes
        tables = {part: COMPONENTS[part] for part in chosen}
        tables |= {"optimizer": OPTIMIZERS, "schedule": SCHEDULES}
        if key in tables and isinstance(name, str) and name in tables[key]:
            if key != "schedule":
                self._require_part(key)
            self.parts[key] = Part(find_class(tables[key][name]))
            return True
        if key in tables:
            if key == "schedule" and name in ("constant", None):
                self.parts.pop("schedule", None)
                return True
            choices = tuple(tables[key])
            raise ValueError(
                f"Expected `{key}` to be one of {choices}. Received: {name!r}."
                f"{did_you_mean(name, choices)}"
            )
        return False

    def set(self, key: str, value: Any) -> None:
        """Takes a setting `part.argument`, or `argument` where one part alone has it.

        Raises:
            TypeError: If the value is of the wrong type.
            ValueError: If there is no such argument, or several parts have it.
        """
        part, dot, name = key.replace("-", "_").partition(".")
        if not dot:
            _require_no_option(part, value)
            part, name = self._part_of(part), part
        if part in BOTH:
            takers = [each for each in BOTH[part] if name in self._part(each).parameters(each)]
            if not takers:
                self._part("encoder").set("encoder", name, value)  # names the arguments
            for each in takers:
                self._part(each).set(each, name, value)
            return
        if part not in PARTS:
            known = (*PARTS, *BOTH)
            raise ValueError(
                f"Expected a part among {', '.join(known)} before the point. Received: {key!r}."
                f"{did_you_mean(part, known)}"
            )
        self._part(part).set(part, name, value)
        if part == "model" and name in COMPONENTS:  # a name, and no object any more
            self.parts.pop(name, None)

    def takes(self, key: str) -> bool:
        """Whether the chosen parts have an argument `part.argument`, or the model `argument`."""
        part, dot, name = key.partition(".")
        part, name = (part, name) if dot else ("model", part)
        known = self.known()
        takers = [each for each in BOTH.get(part, (part,)) if each in known]
        return any(name in known[each].parameters(each) for each in takers)

    def known(self) -> dict[str, Part]:
        """Every part that can be set now, the model's components included."""
        defaults = [name for name in self.components() if name not in self.parts]
        known = {**self.parts, **{name: self._default_component(name) for name in defaults}}
        return {name: known[name] for name in PARTS if name in known}

    def _part(self, name: str) -> Part:
        """A part, made with what the model has by default if it has not been chosen."""
        if name not in self.parts:
            self._require_part(name)
            self.parts[name] = self._default_component(name)
            self.parts["model"].given.pop(name, None)  # its name
        return self.parts[name]

    def _require_part(self, name: str) -> None:
        if name in COMPONENTS and name not in self.components():
            model = self.parts["model"].maker.__name__
            raise ValueError(
                f"Expected a part of the model {model}, which takes "
                f"{', '.join(self.components())}. Received: {name!r}."
            )
        if name == "schedule" and name not in self.parts:
            raise ValueError(
                "Expected a schedule of the learning rate, such as `--schedule cosine`, with "
                "settings of one. Received: no schedule."
            )

    def _default_component(self, name: str) -> Part:
        """The component that the model has where none is chosen, with all its arguments."""
        import keras

        model, table = self.parts["model"], COMPONENTS[name]
        default = arguments(model.maker)[name].default  # type: ignore[arg-type]
        default = model.given.get(name, default)
        if isinstance(default, str) and default in table:
            return Part(find_class(table[default]))
        if name in ("encoder", "decoder"):
            manifold = {k: v for k, v in model.given.items() if k == "manifold"}
            maker, config = _usual_networks(
                model.maker, keras.config.dtype_policy().name, **manifold
            )[name]
            given = {k: v for k, v in config.items() if is_set(name, k) and k != "seed"}
            return Part(maker, copy.deepcopy(given))
        return Part(find_class(next(iter(table.values()))))

    def _part_of(self, name: str) -> str:
        """The part that an argument without a part belongs to."""
        if name in self.parts["model"].parameters("model"):
            return "model"
        known = self.known()
        takers = [part for part in known if name in known[part].parameters(part)]
        if len(takers) == 1:
            return takers[0]
        every = {each for part in known for each in known[part].parameters(part)}
        if not takers:
            raise ValueError(
                f"Expected an argument of the model, its networks, likelihood, optimizer, data "
                f"set or training. Received: {name!r}.{did_you_mean(name, sorted(every))} "
                f"`diffusion-vae options` lists them."
            )
        examples = " or ".join(f"{part}.{name}" for part in takers)
        raise ValueError(
            f"Expected the part of {name!r}, which several have. Received: {name!r}. "
            f"Write {examples}."
        )


@functools.lru_cache(maxsize=64)
def _usual_networks(
    model: Callable[..., Any], policy: str, **manifold: Any
) -> dict[str, tuple[type, dict[str, Any]]]:
    """Class and config of the networks that a model has by default, kept: models are dear.

    Args:
        model: Class of the model.
        policy: Keras's dtype policy, which the networks follow.
        manifold: Its latent space, if it takes one.
    """
    from diffusion_vae.layers import EvenDecoder

    made = model(**manifold, seed=0)  # without a seed, processes would not agree
    networks = {"encoder": made.encoder, "decoder": made.decoder}
    if isinstance(made.decoder, EvenDecoder):
        networks["decoder"] = made.decoder.decoder
    return {name: (type(each), each.get_config()) for name, each in networks.items()}


def of_pictures(
    low_pass: float | None = None,
    value_range: tuple[float, float] | None = None,
    standardize: bool = False,
) -> None:
    """Options that every data set takes beside those of its loader.

    Args:
        low_pass: Pictures: L1 radius of the frequencies to keep.
        value_range: Data in [0, 1]: the pair to map them to, such as (-1, 1).
        standardize: Tables: whether columns get mean 0 and deviation 1.
    """


def _require_no_option(name: str, value: Any) -> None:
    """Raises `ValueError` if a setting without a part is an option of its own."""
    if name in OPTIONS:
        raise ValueError(
            f"Expected `{name}` as an option of its own, `--{name.replace('_', '-')}`. "
            f"Received: the setting {name}={value}."
        )


def _parameters(maker: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    if inspect.isclass(maker) and not dataclasses.is_dataclass(maker):
        return arguments(maker)
    return dict(inspect.signature(maker).parameters)
