"""`diffusion-vae options`: what `--set` takes."""

import inspect
import re
from collections.abc import Callable
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from diffusion_vae.cli.common import console


def options(
    name: Annotated[
        str,
        typer.Argument(
            help="A kind of model, latent space, network, likelihood, optimizer, schedule or "
            "data set; or a part: model, encoder, fit, ...",
            metavar="NAME",
        ),
    ] = "diffusion",
) -> None:
    """What `--set` takes for a kind of model and its parts, for a data set, ...

    For a model all of its parts are listed; `train --model info --set alpha=0`.
    """
    from diffusion_vae.cli.quiet import import_library

    tables = _addresses()
    found = _find(name, tables)
    import_library()
    from diffusion_vae.runs.parts import Part, of_pictures
    from diffusion_vae.runs.values import describe, type_of

    for part, maker in found(tables):
        table = Table(title=_title(part, maker), title_justify="left", box=None, pad_edge=False)
        for column in ("--set", "default", "type", "what it is"):
            table.add_column(column, overflow="fold")
        made = Part(maker)
        texts = {**argument_texts(of_pictures), **argument_texts(maker)}
        for key, parameter in made.parameters(part).items():
            default = parameter.default
            shown = "" if default is inspect.Parameter.empty else _short(default)
            kind = describe(type_of(made.annotation(key), default))
            words = escape(texts.get(key, ""))
            table.add_row(f"[cyan]{_key(part, key)}[/]", escape(shown), escape(kind), words)
        console.print(table)
        console.print()


def _addresses() -> dict[str, dict[str, str]]:
    """Addresses of everything that has settings, by part and name."""
    from diffusion_vae.runs.kinds import COMPONENTS, MODELS, OPTIMIZERS, SCHEDULES

    models = {name: kind.address for name, kind in MODELS.items()}
    return {"model": models, **COMPONENTS, "optimizer": OPTIMIZERS, "schedule": SCHEDULES}


def _find(name: str, tables: dict[str, dict[str, str]]) -> Callable[..., list[tuple[str, Any]]]:
    """What a name asks for, as a function that imports it; unknown names are known at once."""
    from diffusion_vae import datasets
    from diffusion_vae.checks import did_you_mean
    from diffusion_vae.runs.kinds import COMPONENTS, find_class
    from diffusion_vae.text_forms import TEXT_FORMS

    key = name.strip().lower()
    space = key.partition(":")[0]
    if space in TEXT_FORMS:
        key = "diffusion"
    if key in tables["model"] or ":" in name:
        address = tables["model"].get(key, name)

        def of_model(tables: dict[str, dict[str, str]]) -> list[tuple[str, Any]]:
            from diffusion_vae.runs.parts import Part, Parts
            from diffusion_vae.runs.record import Fit

            cls = find_class(address)
            components = Parts({"model": Part(cls)}).components()
            kind = "spatial" if key == "spatial" else ""
            makers = []
            for part in components:
                table = COMPONENTS[part]
                makers.append((part, find_class(table.get(kind, next(iter(table.values()))))))
            adam, cosine = tables["optimizer"]["adam"], tables["schedule"]["cosine"]
            return [
                ("model", cls),
                *makers,
                ("optimizer", find_class(adam)),
                ("schedule", find_class(cosine)),
                ("fit", Fit),
            ]

        return of_model
    if key == "fit":

        def of_fit(tables: dict[str, dict[str, str]]) -> list[tuple[str, Any]]:
            from diffusion_vae.runs.record import Fit

            return [("fit", Fit)]

        return of_fit
    found = [(part, table[key]) for part, table in tables.items() if key in table]
    found += [(part, address) for address in tables.get(key, {}).values() for part in [key]]
    if found:
        return lambda tables: [(part, find_class(address)) for part, address in found]
    if key in datasets.descriptions():
        from diffusion_vae.datasets.registry import loader

        return lambda tables: [("dataset", loader(key))]
    known = [*TEXT_FORMS, *datasets.descriptions(), "fit", *tables]
    known += [each for table in tables.values() for each in table]
    raise ValueError(
        f"Expected a model, latent space, network, likelihood, optimizer, schedule, data set or "
        f"part. Received: {name!r}.{did_you_mean(key, known)}"
    )


def argument_texts(maker: Any) -> dict[str, str]:
    """First sentence of each entry under `Args:` in a docstring, its base classes' included."""
    texts: dict[str, str] = {}
    for each in inspect.getmro(maker) if inspect.isclass(maker) else (maker,):
        documented = inspect.cleandoc(each.__doc__ or "")
        section = re.search(r"^Args:\n(.*?)(?=^\S|\Z)", documented, re.MULTILINE | re.DOTALL)
        if section is None:
            continue
        for name, text in re.findall(
            r"^    (\w+): (.*?)(?=^    \w+:|\Z)", section.group(1), re.MULTILINE | re.DOTALL
        ):
            words = " ".join(text.split())
            if words.startswith("As in "):  # a base class explains it
                continue
            sentence = re.split(r"(?<!al)(?<=[.;])\s", words)[0]
            texts.setdefault(name, sentence.rstrip(".;").replace("`", ""))
    return texts


def _title(part: str, maker: Any) -> str:
    return f"[bold]{part}[/]: {getattr(maker, '__name__', maker)}"


def _key(part: str, name: str) -> str:
    """The key as one writes it: arguments of the model need no part."""
    return name if part == "model" else f"{part}.{name}"


def _short(value: Any) -> str:
    return "none" if value is None else str(value)
