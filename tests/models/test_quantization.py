"""Quantized models come back from their files as they were."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.networks import MLPDecoder, MLPEncoder


def networks():
    return MLPEncoder((8,), seed=1), MLPDecoder((8,), seed=2)


def given_latent():
    latent = BrownianLatent(dv.heat_kernels.heat_kernel(dv.manifolds.Sphere(2)), seed=0)
    return dv.VariationalAutoencoder(latent, *networks(), seed=0)


def of_keras():
    """Networks whose own configuration holds their layers."""
    layers = keras.layers
    encoder = keras.Sequential([layers.Flatten(), layers.Dense(8)])
    decoder = keras.Sequential([layers.Flatten(), layers.Dense(12), layers.Reshape((4, 3))])
    return dv.SpatialVAE(encoder, decoder, map_size=2, maps=3, seed=0)


MODELS = {
    "given latent": given_latent,
    "even decoder": lambda: dv.RealProjectiveVAE(2, *networks(), seed=0),
    "quadratic": lambda: dv.RealProjectiveVAE(2, *networks(), even_decoder="quadratic", seed=0),
    "infocat": lambda: dv.InfoCatVAE(3, 2, 2.0, *networks(), seed=0),
    "spatial": of_keras,
}

# Where nothing is compiled beforehand, two models suffice: it takes long.
ON_JAX = ("infocat", "spatial")
AS_PARAMETERS = [
    pytest.param(make, id=name, marks=[pytest.mark.jax] if name in ON_JAX else [])
    for name, make in MODELS.items()
]


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Layer .* does not have a `quantize` method:UserWarning")
@pytest.mark.parametrize("make", AS_PARAMETERS)
def test_a_quantized_model_and_its_halves_survive_their_files(x, tmp_path, make):
    model = make()
    model.compile("adam", **QUICK_STEPS)
    model.fit(x, verbose=0)
    before = model.reconstruct(x)
    model.quantize("int8")
    assert 0 < np.abs(model.reconstruct(x) - before).max() < 0.05  # quantized, and nearly alike
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(loaded.reconstruct(x), model.reconstruct(x))
    z = np.ones((3, *model.latent.point_shape), "float32")
    for network, inputs in ((model.inference_network(), x), (model.generative_network(), z)):
        network.save(tmp_path / "half.keras")
        half = keras.saving.load_model(tmp_path / "half.keras")
        outputs, expected = half(inputs), network(inputs)
        for name in outputs.keys() - {"z"}:
            np.testing.assert_array_equal(outputs[name], expected[name], err_msg=name)
