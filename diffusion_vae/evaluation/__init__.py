"""Numbers after training, given a model and a data set."""

from diffusion_vae.evaluation.topology import TorusTopology, torus_topology

__all__ = ["TorusTopology", "torus_topology"]
