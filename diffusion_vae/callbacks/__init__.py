"""Keras callbacks for `fit`: results on disk, pictures, topology, progress.

Matplotlib and TensorBoard are imported when a callback first needs them.
"""

from diffusion_vae.callbacks.progress import ProgressBar
from diffusion_vae.callbacks.results_folder import ResultsFolder
from diffusion_vae.callbacks.topology_monitor import TopologyMonitor
from diffusion_vae.callbacks.training_pictures import TrainingPictures

__all__ = ["ProgressBar", "ResultsFolder", "TopologyMonitor", "TrainingPictures"]
