"""Distances between the law of some samples and another law: MMD, energy distance."""

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
