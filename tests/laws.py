"""Every law of the data, for tests that hold for all: its class, arguments and some data.

law = made("poisson"); outputs, x = drawn(law)
"""

import numpy as np
from keras import ops

from diffusion_vae import likelihoods

LAWS = {
    "gaussian": ("Gaussian", {}),
    "gaussian, predicted": ("Gaussian", {"scale": "predicted", "per_dimension": True}),
    "bernoulli": ("Bernoulli", {}),
    "poisson": ("Poisson", {"exposure": 0.5}),
    "poisson, softplus": ("Poisson", {"link": "softplus"}),
    "negative binomial": ("NegativeBinomial", {}),
    "negative binomial, predicted": ("NegativeBinomial", {"dispersion": "predicted"}),
    "student t": ("StudentT", {"initial_degrees": 5.0}),
    "student t, predicted": ("StudentT", {"scale": "predicted", "degrees": "predicted"}),
    "log-normal": ("LogNormal", {"initial_scale": 0.5}),
    "log-normal, predicted": ("LogNormal", {"scale": "predicted"}),
    "von mises": ("VonMises", {"initial_concentration": 2.0}),
    "von mises, predicted": ("VonMises", {"concentration": "predicted"}),
    "categorical": ("Categorical", {"classes": 3}),
    "ordinal": ("Ordinal", {"classes": 4}),
    "ordinal of two": ("Ordinal", {"classes": 2}),
}


def made(name, **options):
    """A law by its name here, with further arguments."""
    kind, arguments = LAWS[name]
    return getattr(likelihoods, kind)(**arguments, **options)


def mixed(**options):
    """All of them side by side, one column each."""
    parts = {f"part{number}": made(name) for number, name in enumerate(LAWS)}
    return likelihoods.Mixed(parts, **options)


def drawn(law, shape=(7, 2), seed=0):
    """Outputs of a built law for moderate raw numbers, and data of these."""
    raw = np.random.default_rng(seed).normal(size=law.raw_shape(shape)).astype("float32")
    outputs = law(raw)
    return outputs, ops.convert_to_numpy(law.sample(outputs, seed=seed))


def log_prob(law, x, outputs, dtype="float32"):
    """Log densities of single values: data and outputs `[n]`, in one float type."""
    if not law.built:
        law.build((None, 1))
    columns = {name: _column(value, dtype) for name, value in outputs.items()}
    columns.setdefault("reconstruction", _column(np.zeros(len(x)), dtype))
    return ops.convert_to_numpy(law.log_prob(_column(x, dtype), columns)).astype("float64")


def numbers(tensor):
    """An array of a tensor, which PyTorch may hold a gradient for."""
    return ops.convert_to_numpy(tensor)


def assert_near(found, expected, tolerance):
    """Asserts that all numbers are near in the relative or in the absolute sense."""
    error = np.abs(found - expected) / np.maximum(1.0, np.abs(expected))
    worst = np.argmax(error)
    assert error.max() <= tolerance, (error.max(), worst, found[worst], expected[worst])


def _column(values, dtype):
    return ops.convert_to_tensor(np.asarray(values)[:, None].astype(dtype))
