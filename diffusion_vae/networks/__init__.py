"""Encoders and decoders: Keras models with a short configuration."""

from diffusion_vae.networks.angles import AngleEncoder
from diffusion_vae.networks.base import Decoder, Network, complete
from diffusion_vae.networks.conv import ConvDecoder, ConvEncoder
from diffusion_vae.networks.counts import CountEncoder
from diffusion_vae.networks.mlp import MLPDecoder, MLPEncoder
from diffusion_vae.networks.spatial import SpatialDecoder, SpatialEncoder

__all__ = [
    "AngleEncoder",
    "ConvDecoder",
    "ConvEncoder",
    "CountEncoder",
    "Decoder",
    "MLPDecoder",
    "MLPEncoder",
    "Network",
    "SpatialDecoder",
    "SpatialEncoder",
    "complete",
]
