"""No class of ours hides an attribute of the classes that a backend puts below Keras's layers."""

import ast
import inspect

import keras
import numpy as np
import pytest

import diffusion_vae as dv
from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.latents import BrownianLatent, LatentDistribution
from diffusion_vae.manifolds import Sphere

# Hidden on purpose: what PyTorch asks of them is answered, see `LatentDistribution`.
ANSWERED = {"parameters"}


def layers_of_ours():
    """Every Keras layer and model of the library."""
    assert issubclass(dv.DiffusionVAE, keras.Model)  # the package has loaded
    found, new = set(), [keras.layers.Layer, keras.Model]
    while new:
        subclasses = {sub for cls in new for sub in cls.__subclasses__()} - found
        found |= subclasses
        new = list(subclasses)
    return [cls for cls in found if cls.__module__.split(".")[0] == "diffusion_vae"]


def assigned_to_self(cls):
    """Names of attributes that the methods of a class assign."""
    tree = ast.parse(inspect.getsource(inspect.getmodule(cls)))
    body = next(
        node
        for node in ast.walk(tree)
        if isinstance(node, ast.ClassDef) and node.name == cls.__name__
    )
    return {
        node.attr
        for node in ast.walk(body)
        if isinstance(node, ast.Attribute)
        and isinstance(node.ctx, ast.Store)
        and isinstance(node.value, ast.Name)
        and node.value.id == "self"
    }


def hidden_by(cls, names):
    """Those of the names that a class defines or assigns, and that Keras's own do not define."""
    kerass = {
        name
        for base in keras.Model.__mro__
        if base.__module__.startswith("keras.")
        for name in vars(base)
    }
    return names & ({*vars(cls), *assigned_to_self(cls)} - kerass - ANSWERED)


def hidden(base):
    """Attributes of a class of a backend that ours hide, by class."""
    names = {*dir(base), *vars(base())} - {*dir(object), "__annotations__"}
    found = {cls.__name__: hidden_by(cls, names) for cls in layers_of_ours()}
    return {name: attributes for name, attributes in found.items() if attributes}


class Hides:
    def _parameters(self):
        self._buffers = self.other


def test_methods_and_assigned_attributes_are_found():
    names = {"_parameters", "_buffers", "other", "compile"}
    assert hidden_by(Hides, names) == {"_parameters", "_buffers"}


@pytest.mark.slow  # imports PyTorch
def test_no_attribute_hides_one_of_torch():
    torch = pytest.importorskip("torch")
    assert hidden(torch.nn.Module) == {}


def test_no_attribute_hides_one_of_tensorflow():
    tf = pytest.importorskip("tensorflow")
    assert hidden(tf.Module) == {}


class MeanAlone(LatentDistribution):
    parameter_names, point_shape = ("mean",), (2,)

    def parameters(self, features):
        return {"mean": features[..., :2]}


@pytest.mark.torch
def test_a_latent_answers_what_torch_asks_its_modules():
    latent = BrownianLatent(RandomWalk(Sphere(2)))
    latent.build((None, 4))
    assert set(latent.parameters(np.ones((3, 4), "float32"))) == {"location", "time"}
    if keras.backend.backend() != "torch":
        with pytest.raises(TypeError, match="features"):
            latent.parameters()
    else:
        found = list(latent.parameters())
        assert all(any(weight.value is each for each in found) for weight in latent.weights)
        assert list(latent.parameters(recurse=False)) == []
        latent.requires_grad_(False)  # asks every module for its parameters
        assert not any(weight.value.requires_grad for weight in latent.weights)
        assert list(MeanAlone().parameters()) == []
