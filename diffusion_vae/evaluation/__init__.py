"""Numbers after training, given a model and a data set."""

from diffusion_vae.evaluation.own_metrics import own_metrics
from diffusion_vae.evaluation.topology import TorusTopology, torus_topology

__all__ = ["TorusTopology", "own_metrics", "torus_topology"]
