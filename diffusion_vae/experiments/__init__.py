"""Runs as records: configuration -> training -> evaluation -> results folder."""

from diffusion_vae.experiments.config import MODELS, ExperimentConfig, build_model
from diffusion_vae.experiments.published import published
from diffusion_vae.experiments.training import TrainedRun, train

__all__ = ["MODELS", "ExperimentConfig", "TrainedRun", "build_model", "published", "train"]
