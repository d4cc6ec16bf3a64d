"""Measures of topology: what a map from factors to a latent space covers, tears and folds."""

from diffusion_vae.evaluation.topology.degree import Degree, measure_degree
from diffusion_vae.evaluation.topology.geometry import (
    alignment_error,
    coverage,
    coverage_radius,
    distance_correlation,
    largest_jump,
)
from diffusion_vae.evaluation.topology.lifts import lift_signs
from diffusion_vae.evaluation.topology.report import Topology, measure_topology
from diffusion_vae.evaluation.topology.unknown_factors import (
    Homology,
    Neighbourhoods,
    homology,
    neighbourhoods,
)
from diffusion_vae.evaluation.topology.winding import angle_steps, winding_matrix

__all__ = [
    "Degree",
    "Homology",
    "Neighbourhoods",
    "Topology",
    "alignment_error",
    "angle_steps",
    "coverage",
    "coverage_radius",
    "distance_correlation",
    "homology",
    "largest_jump",
    "lift_signs",
    "measure_degree",
    "measure_topology",
    "neighbourhoods",
    "winding_matrix",
]
