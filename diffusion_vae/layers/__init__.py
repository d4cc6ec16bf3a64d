"""Keras layers, for functional models and inside the models of this library."""

from diffusion_vae.layers.affine_augmentation import AffineAugmentation
from diffusion_vae.layers.brownian_motion_sampling import BrownianMotionSampling
from diffusion_vae.layers.circular_padding import CircularPadding2D
from diffusion_vae.layers.diffusion_time import DiffusionTime
from diffusion_vae.layers.even_decoder import EvenDecoder
from diffusion_vae.layers.kl_divergence_loss import KLDivergenceLoss
from diffusion_vae.layers.projection import ManifoldProjection, VeroneseProjection

__all__ = [
    "AffineAugmentation",
    "BrownianMotionSampling",
    "CircularPadding2D",
    "DiffusionTime",
    "EvenDecoder",
    "KLDivergenceLoss",
    "ManifoldProjection",
    "VeroneseProjection",
]
