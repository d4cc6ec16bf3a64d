"""What happens during `fit`: results on disk, pictures, progress."""

from diffusion_vae.callbacks.pictures import write_pictures
from diffusion_vae.callbacks.progress import ProgressBar
from diffusion_vae.callbacks.results_folder import ResultsFolder
from diffusion_vae.callbacks.topology_monitor import TopologyMonitor
from diffusion_vae.callbacks.training_pictures import TrainingPictures

__all__ = [
    "ProgressBar",
    "ResultsFolder",
    "TopologyMonitor",
    "TrainingPictures",
    "write_pictures",
]
