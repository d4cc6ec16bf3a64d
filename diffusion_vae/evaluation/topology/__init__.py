"""Measures of topology: what a map from factors to a latent space covers, tears and folds."""

from diffusion_vae.evaluation.topology.cloud import CloudEvidence, cloud_evidence
from diffusion_vae.evaluation.topology.degree import Degree, measure_degree
from diffusion_vae.evaluation.topology.geometry import (
    alignment_error,
    coverage,
    coverage_radius,
    distance_correlation,
    largest_jump,
)
from diffusion_vae.evaluation.topology.latent_evidence import Evidence, evidence
from diffusion_vae.evaluation.topology.lifts import lift_signs
from diffusion_vae.evaluation.topology.neighbours import (
    Neighbourhoods,
    Tears,
    measure_tears,
    neighbour_preservation,
    neighbourhoods,
)
from diffusion_vae.evaluation.topology.persistence import Homology, homology, persistent_homology
from diffusion_vae.evaluation.topology.report import Topology, measure_topology
from diffusion_vae.evaluation.topology.winding import angle_steps, winding_matrix

__all__ = [
    "CloudEvidence",
    "Degree",
    "Evidence",
    "Homology",
    "Neighbourhoods",
    "Tears",
    "Topology",
    "alignment_error",
    "angle_steps",
    "cloud_evidence",
    "coverage",
    "coverage_radius",
    "distance_correlation",
    "evidence",
    "homology",
    "largest_jump",
    "lift_signs",
    "measure_degree",
    "measure_tears",
    "measure_topology",
    "neighbour_preservation",
    "neighbourhoods",
    "persistent_homology",
    "winding_matrix",
]
