"""Registration of the models with Keras, whichever of the two packages is imported first.

`keras.saving.load_model` finds our classes once they are defined. To define them, Keras must be
imported, which takes seconds: the command's help, lists and completion do without. The models
are therefore imported with this package if Keras is there, and else as soon as Keras is.
"""

import importlib
import sys
from collections.abc import Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

PACKAGE = "diffusion_vae"


def register_with_keras() -> None:
    """Imports the models now if Keras has been imported, else after Keras."""
    if "keras" in sys.modules:
        importlib.import_module(f"{PACKAGE}.models")
    else:
        sys.meta_path.insert(0, _Finder())


class _Finder(MetaPathFinder):
    """Watches imports of Keras and of our modules until the models can be imported.

    That is when Keras is there and no module of ours is half imported.
    """

    def __init__(self) -> None:
        self.depth = 0

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if name != "keras" and not name.startswith(f"{PACKAGE}."):
            return None
        for finder in sys.meta_path:
            spec = None if finder is self else finder.find_spec(name, path, target)
            if spec is not None:
                if spec.loader is not None:
                    spec.loader = _Watched(spec.loader, self)
                return spec
        return None

    def finished(self) -> None:
        """One of the watched imports is done."""
        if self.depth == 0 and "keras" in sys.modules:
            sys.meta_path.remove(self)
            importlib.import_module(f"{PACKAGE}.models")


class _Watched(Loader):
    """A loader that tells the finder when it begins and ends; it then leaves the module."""

    def __init__(self, loader: Loader, finder: _Finder) -> None:
        self.loader = loader
        self.finder = finder

    def __getattr__(self, name: str) -> Any:
        return getattr(self.loader, name)

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        return self.loader.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        if module.__spec__ is not None:
            module.__spec__.loader = self.loader
        module.__loader__ = self.loader
        self.finder.depth += 1
        try:
            self.loader.exec_module(module)
        finally:
            self.finder.depth -= 1
        if self.finder in sys.meta_path:
            self.finder.finished()
