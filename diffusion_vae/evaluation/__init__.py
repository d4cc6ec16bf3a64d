"""Numbers after training, given a model and a data set."""

from diffusion_vae.evaluation.alignment import AngleAlignment, align_angles
from diffusion_vae.evaluation.clustering import (
    ClusterScores,
    cluster_scores,
    consistency_ceiling,
    live_clusters,
    self_consistency,
)
from diffusion_vae.evaluation.model_specific import model_specific_metrics
from diffusion_vae.evaluation.orientations import (
    align_orientations,
    cubic_rotations,
    mean_orientation,
    misorientation,
)
from diffusion_vae.evaluation.parzen import ParzenEstimate, parzen_log_density, parzen_window
from diffusion_vae.evaluation.shapes import align_landmarks, mean_shape, shape_distance
from diffusion_vae.evaluation.topology import (
    CloudEvidence,
    Evidence,
    Topology,
    cloud_evidence,
    evidence,
    measure_topology,
)

__all__ = [
    "AngleAlignment",
    "CloudEvidence",
    "ClusterScores",
    "Evidence",
    "ParzenEstimate",
    "Topology",
    "align_angles",
    "align_landmarks",
    "align_orientations",
    "cloud_evidence",
    "cluster_scores",
    "consistency_ceiling",
    "cubic_rotations",
    "evidence",
    "live_clusters",
    "mean_orientation",
    "mean_shape",
    "measure_topology",
    "misorientation",
    "model_specific_metrics",
    "parzen_log_density",
    "parzen_window",
    "self_consistency",
    "shape_distance",
]
