"""Runs as records: configuration -> training -> evaluation -> results folder."""

from diffusion_vae.runs.builders import build_model
from diffusion_vae.runs.cluster import ALONE, Cluster, join
from diffusion_vae.runs.config import ExperimentConfig
from diffusion_vae.runs.evaluation import evaluate_run
from diffusion_vae.runs.kinds import MODELS, latent_name, without_foreign
from diffusion_vae.runs.loading import LoadedRun, load_run, read_config, run_names
from diffusion_vae.runs.published import published
from diffusion_vae.runs.recipes import recipe
from diffusion_vae.runs.table import runs_table, write_runs_table
from diffusion_vae.runs.training import TrainedRun, evaluate, resume, train

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
