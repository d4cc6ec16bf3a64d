"""Data sets are listed and pictures are converted without Keras, SciPy and the like."""

import inspect
import subprocess
import sys
import typing

import numpy as np
import pytest
from PIL import Image

from diffusion_vae import datasets
from diffusion_vae.datasets import registry

HEAVY = ("keras", "tensorflow", "jax", "torch", "sklearn", "scipy", "matplotlib", "imageio")

SCRIPT = """
import sys

from diffusion_vae import datasets

print(len(datasets.descriptions()))
print(datasets.convert_pictures({source!r}, {target!r}, size=4))
print(*[name for name in {heavy!r} if name in sys.modules])
"""


def test_listing_and_converting_import_no_heavy_package(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 255, (2, 6, 6, 3), dtype=np.uint8)
    source, target = tmp_path / "pictures", tmp_path / "pictures.h5"
    source.mkdir()
    for number, picture in enumerate(pixels):
        Image.fromarray(picture).save(source / f"{number}.png")
    script = SCRIPT.format(heavy=HEAVY, source=str(source), target=str(target))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    count, path, imported = done.stdout.split("\n")[:3]
    assert imported == ""
    assert int(count) == len(datasets.descriptions())
    assert datasets.HDF5Pictures(path).shape == (2, 4, 4, 3)


@pytest.mark.parametrize("name", sorted(registry._LOADERS))
def test_the_options_of_every_loader_have_types_that_their_defaults_obey(name):
    loader = registry._LOADERS[name]
    options = datasets.loader_options(name)
    hints = typing.get_type_hints(loader)
    assert hints.pop("return") is datasets.Dataset
    assert list(hints) == list(options) == list(inspect.signature(loader).parameters)
    for option, default in options.items():
        if default is not inspect.Parameter.empty:
            assert _allows(hints[option], default), (option, hints[option], default)
    assert loader.__doc__


def _allows(hint, value):
    """Whether a value is of a type made of classes, unions, choices and pairs."""
    if typing.get_origin(hint) is typing.Literal:
        return value in typing.get_args(hint)
    if typing.get_args(hint) and not isinstance(hint, typing.GenericAlias):
        return any(_allows(each, value) for each in typing.get_args(hint))
    return isinstance(value, typing.get_origin(hint) or hint)
