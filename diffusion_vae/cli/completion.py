"""Completion of `--set KEY=`: names of arguments, read from source without importing Keras."""

import ast
import functools
import importlib.util
import inspect
from collections.abc import Iterator
from pathlib import Path

import typer

PACKAGE = Path(__file__).parents[1]


def complete_setting(ctx: typer.Context, incomplete: str) -> list[str]:
    """Keys of `--set` that begin with what is typed, followed by an equals sign.

    Args:
        ctx: The context of the command, with the options typed so far.
        incomplete: What is typed of the key.
    """
    from diffusion_vae.runs.kinds import (
        COMPONENTS,
        MODELS,
        OPTIMIZERS,
        SCHEDULES,
        is_set,
    )

    typed = ctx.params
    settings = [pair.partition("=") for pair in typed.get("settings") or []]
    chosen = {key: value for key, _, value in settings}
    kind = MODELS.get(typed.get("model") or "diffusion", MODELS["diffusion"])
    model = static_arguments(kind.address)
    found = [name for name in (*model, "dtype") if is_set("model", name)]
    usual = "spatial" if "SpatialVAE" in kind.address else "mlp"
    network = typed.get("network") or chosen.get("network") or usual
    defaults = {"encoder": network, "decoder": network}
    addresses = {}
    for part in [each for each in COMPONENTS if each in model]:
        table = COMPONENTS[part]
        name = chosen.get(part) or defaults.get(part) or _default(kind.address, part)
        addresses[part] = table.get(name or "", next(iter(table.values())))
    optimizer = chosen.get("optimizer", "adam")
    addresses["optimizer"] = OPTIMIZERS.get(optimizer, OPTIMIZERS["adam"])
    addresses["fit"] = "diffusion_vae.runs.record:Fit"
    if typed.get("schedule") in SCHEDULES:
        addresses["schedule"] = SCHEDULES[typed["schedule"]]
    known = {part: static_arguments(address) for part, address in addresses.items()}
    known["dataset"] = _options_of_data(typed.get("dataset") or "periodic_pictures")
    found += [part for part in ("encoder", "decoder", "likelihood", "optimizer") if part in known]
    for part, names in known.items():
        found += [f"{part}.{name}" for name in names if is_set(part, name)]
    return [f"{key}=" for key in dict.fromkeys(found) if key.startswith(incomplete)]


def _default(address: str, name: str) -> str | None:
    """The text that an argument of a class is by default, if its own constructor says it."""
    module, _, cls = address.partition(":")
    path = _file(module, cls)
    tree = ast.parse("" if path is None else path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == cls:
            for item in node.body:
                if isinstance(item, ast.FunctionDef) and item.name == "__init__":
                    pairs = zip(item.args.kwonlyargs, item.args.kw_defaults, strict=True)
                    known = {a.arg: d.value for a, d in pairs if isinstance(d, ast.Constant)}
                    value = known.get(name)
                    return value if isinstance(value, str) else None
    return None


def _options_of_data(name: str) -> tuple[str, ...]:
    """Options of a data set's loader, and those of every data set."""
    from diffusion_vae.datasets.registry import OF_EVERY, loader

    try:
        own = tuple(inspect.signature(loader(name)).parameters)
    except ValueError:  # not typed to the end
        own = ()
    return (*own, *OF_EVERY)


@functools.cache
def static_arguments(address: str) -> tuple[str, ...]:
    """Names of the arguments of a class at `package.module:Class`, its bases' included.

    The same as `signatures.arguments`, from the source alone.
    """
    module, _, name = address.partition(":")
    return tuple(dict.fromkeys(_arguments(module, name)))


def _arguments(module: str, name: str) -> Iterator[str]:
    path = _file(module, name)
    if path is None:
        return
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in tree.body:
        if isinstance(node, ast.ClassDef) and node.name == name:
            yield from _of_class(module, tree, node)
            return
    home = _home(module, tree, name)
    if home != module:  # a package names a class of one of its files
        yield from _arguments(home, name)


def _of_class(module: str, tree: ast.Module, node: ast.ClassDef) -> Iterator[str]:
    fixed: set[str] = set()
    constructor = None
    for item in node.body:
        if isinstance(item, ast.FunctionDef) and item.name == "__init__":
            constructor = item
        if isinstance(item, (ast.Assign, ast.AnnAssign)) and item.value is not None:
            targets = item.targets if isinstance(item, ast.Assign) else [item.target]
            if any(isinstance(t, ast.Name) and t.id == "fixed_arguments" for t in targets):
                fixed = set(ast.literal_eval(item.value))
    if constructor is None and any("dataclass" in ast.dump(d) for d in node.decorator_list):
        yield from (
            item.target.id
            for item in node.body
            if isinstance(item, ast.AnnAssign) and isinstance(item.target, ast.Name)
        )
        return
    if constructor is not None:
        names = [
            *constructor.args.posonlyargs,
            *constructor.args.args,
            *constructor.args.kwonlyargs,
        ]
        yield from (each.arg for each in names if each.arg != "self")
        if constructor.args.kwarg is None:
            return
    for base in node.bases:
        if isinstance(base, ast.Name):
            home = _home(module, tree, base.id)
            yield from (each for each in _arguments(home, base.id) if each not in fixed)


def _home(module: str, tree: ast.Module, name: str) -> str:
    """The module that a name of this module comes from."""
    for node in tree.body:
        imported = node.names if isinstance(node, ast.ImportFrom) else []
        if any((alias.asname or alias.name) == name for alias in imported):
            return getattr(node, "module", None) or module
    return module


def _file(module: str, name: str) -> Path | None:
    """The source of a module of ours, or of one of Keras's optimizers and schedules."""
    package, *parts = module.split(".")
    if package == PACKAGE.name:
        path = PACKAGE.joinpath(*parts)
        return next(
            (p for p in (path.with_suffix(".py"), path / "__init__.py") if p.is_file()), None
        )
    if package != "keras":
        return None
    spec = importlib.util.find_spec("keras")  # finds the folder, imports nothing
    if spec is None or not spec.submodule_search_locations:
        return None
    source = Path(next(iter(spec.submodule_search_locations))) / "src"
    if parts[:1] == ["src"]:
        path = source.joinpath(*parts[1:]).with_suffix(".py")
        return path if path.is_file() else None
    schedule = source / "optimizers" / "schedules" / "learning_rate_schedule.py"
    path = schedule if "schedules" in parts else source / "optimizers" / f"{name.lower()}.py"
    return path if path.is_file() else None
