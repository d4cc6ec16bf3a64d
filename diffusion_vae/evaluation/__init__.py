"""Numbers after training, given a model and a data set."""

from diffusion_vae.evaluation.clustering import (
    ClusterScores,
    cluster_scores,
    consistency_ceiling,
    live_clusters,
    self_consistency,
)
from diffusion_vae.evaluation.model_specific import model_specific_metrics
from diffusion_vae.evaluation.parzen import ParzenEstimate, parzen_log_density, parzen_window
from diffusion_vae.evaluation.topology import (
    CloudEvidence,
    Evidence,
    Topology,
    cloud_evidence,
    evidence,
    measure_topology,
)

__all__ = [
    "CloudEvidence",
    "ClusterScores",
    "Evidence",
    "ParzenEstimate",
    "Topology",
    "cloud_evidence",
    "cluster_scores",
    "consistency_ceiling",
    "evidence",
    "live_clusters",
    "measure_topology",
    "model_specific_metrics",
    "parzen_log_density",
    "parzen_window",
    "self_consistency",
]
