"""Runs as records: configuration -> training -> evaluation -> results folder."""

from diffusion_vae.experiments.builders import build_model
from diffusion_vae.experiments.cluster import ALONE, Cluster, join
from diffusion_vae.experiments.config import ExperimentConfig
from diffusion_vae.experiments.evaluation import evaluate_run
from diffusion_vae.experiments.kinds import MODELS, latent_name, without_foreign
from diffusion_vae.experiments.published import published
from diffusion_vae.experiments.recipes import recipe
from diffusion_vae.experiments.runs import LoadedRun, load_run, read_config, run_names
from diffusion_vae.experiments.table import runs_table, write_runs_table
from diffusion_vae.experiments.training import TrainedRun, evaluate, resume, train

__all__ = [
    "ALONE",
    "MODELS",
    "Cluster",
    "ExperimentConfig",
    "LoadedRun",
    "TrainedRun",
    "build_model",
    "evaluate",
    "evaluate_run",
    "join",
    "latent_name",
    "load_run",
    "published",
    "read_config",
    "recipe",
    "resume",
    "run_names",
    "runs_table",
    "train",
    "without_foreign",
    "write_runs_table",
]
