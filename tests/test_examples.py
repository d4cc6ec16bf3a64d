"""The examples in docstrings run, and every exported class has one."""

import doctest
import importlib
import importlib.util
import inspect
import io
import pkgutil

import keras
import pytest

import diffusion_vae

if keras.backend.backend() != "tensorflow":  # `distributions` cannot be imported elsewhere
    pytest.skip("The examples are those of the TensorFlow backend.", allow_module_level=True)

PACKAGES = (
    "autodiff",
    "callbacks",
    "checks",
    "datasets",
    "distributions",
    "divergences",
    "evaluation",
    "heat_kernels",
    "latents",
    "layers",
    "likelihoods",
    "manifolds",
    "models",
    "networks",
    "plots",
    "random",
    "serialization",
    "sklearn",
)
FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def module_names():
    """Names of the package and of the modules in `PACKAGES`."""
    names = ["diffusion_vae"]
    for name in PACKAGES:
        spec = importlib.util.find_spec(f"diffusion_vae.{name}")
        names.append(spec.name)
        folders = spec.submodule_search_locations
        if folders is not None:
            modules = pkgutil.walk_packages(folders, f"{spec.name}.")
            names.extend(module.name for module in modules)
    return names


def exported_classes():
    """Classes by their public names, such as `layers.EvenDecoder`."""
    classes = {}
    for name in ("", *PACKAGES):
        module = importlib.import_module(f"diffusion_vae.{name}".rstrip("."))
        # A module without `__all__` exports what it defines.
        listed = getattr(module, "__all__", None)
        origin = module.__name__ if listed is None else "diffusion_vae"
        for each in listed or [n for n in vars(module) if not n.startswith("_")]:
            value = getattr(module, each)
            if inspect.isclass(value) and value.__module__.startswith(origin):
                classes.setdefault(value, f"{name}.{each}".lstrip("."))
    return {name: value for value, name in classes.items()}


@pytest.mark.parametrize("name", module_names())
def test_the_examples_of_a_module_run(name):
    module = importlib.import_module(name)
    runner = doctest.DocTestRunner(optionflags=FLAGS, verbose=False)
    report = io.StringIO()
    for test in doctest.DocTestFinder(exclude_empty=True).find(module, name):
        runner.run(test, out=report.write)
    assert runner.failures == 0, report.getvalue()


@pytest.mark.parametrize("name", exported_classes())
def test_an_exported_class_has_an_example(name):
    text = inspect.cleandoc(exported_classes()[name].__doc__ or "")
    _, heading, example = text.partition("\nExample:\n")
    assert heading and ">>>" in example


def test_there_are_examples():
    assert len(exported_classes()) > 50
    assert diffusion_vae.SphereVAE in exported_classes().values()
