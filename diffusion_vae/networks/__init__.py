"""Encoders and decoders."""

from diffusion_vae.networks.mlp import mlp_decoder, mlp_encoder

__all__ = ["mlp_decoder", "mlp_encoder"]
