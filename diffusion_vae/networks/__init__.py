"""Encoders and decoders."""

from diffusion_vae.networks.conv import conv_decoder, conv_encoder
from diffusion_vae.networks.mlp import mlp_decoder, mlp_encoder
from diffusion_vae.networks.spatial import spatial_decoder, spatial_encoder

__all__ = [
    "conv_decoder",
    "conv_encoder",
    "mlp_decoder",
    "mlp_encoder",
    "spatial_decoder",
    "spatial_encoder",
]
