"""A model small enough to train in a test."""

import pytest
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae.networks import MLPDecoder, MLPEncoder


@pytest.fixture(scope="session")
def small_model():
    """A function that makes a compiled model for examples of a shape."""

    def make(event_shape=(4, 4)):
        encoder = MLPEncoder((16,), seed=1)
        decoder = MLPDecoder((16,), event_shape=event_shape, seed=2)
        model = dv.SphereVAE(2, encoder, decoder, seed=0)
        model.compile("adam", **QUICK_STEPS)
        return model

    return make
