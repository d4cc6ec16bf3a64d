"""Distances between laws, from samples: MMD, energy distance, distance to the prior."""

from diffusion_vae.divergences.samples import energy_distance, mmd
from diffusion_vae.divergences.to_prior import (
    DivergenceToPrior,
    EnergyDistanceToPrior,
    HeatKernelMMDToPrior,
    MMDToPrior,
    SampledDivergenceToPrior,
    get,
)

__all__ = [
    "DivergenceToPrior",
    "EnergyDistanceToPrior",
    "HeatKernelMMDToPrior",
    "MMDToPrior",
    "SampledDivergenceToPrior",
    "energy_distance",
    "get",
    "mmd",
]
