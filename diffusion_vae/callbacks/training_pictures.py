"""How a model unfolds: a picture every few epochs, and all of them as a GIF."""

from pathlib import Path

import keras

from diffusion_vae import plots
from diffusion_vae.callbacks.pictures import training_figure
from diffusion_vae.callbacks.tensorboard_pictures import write_images

SECONDS_PER_FRAME = 0.5


class TrainingPictures(keras.callbacks.Callback):
    """Draws the latent space (or reconstructions) every few epochs, and a GIF at the end.

    Writes `epoch_0005.png`, ... and `training.gif` to `folder`.

    Args:
        folder: Where to write.
        dataset: A `Dataset` or an array of examples `[n, *event]`.
        every: Epochs between two pictures.
        seconds_per_frame: Time that each picture of the GIF stays.
        log_dir: Folder for TensorBoard, which shows the pictures too; `None` for not.
    """

    def __init__(
        self, folder, dataset, every=1, seconds_per_frame=SECONDS_PER_FRAME, log_dir=None
    ):
        super().__init__()
        if every < 1:
            raise ValueError(f"Expected `every` to be at least 1 epoch. Received: {every}.")
        self.folder = Path(folder)
        self.dataset = dataset
        self.every = every
        self.seconds_per_frame = seconds_per_frame
        self.log_dir = log_dir

    def on_epoch_end(self, epoch, logs=None):
        if (epoch + 1) % self.every == 0:
            figure = training_figure(self.model, self.dataset, title=f"epoch {epoch + 1}")
            path = plots.save(figure, self.folder / f"epoch_{epoch + 1:04d}.png", dpi=100)
            if self.log_dir is not None:
                write_images({"training": path}, self.log_dir, epoch)

    def on_train_end(self, logs=None):
        frames = sorted(self.folder.glob("epoch_*.png"))
        if frames:
            path = self.folder / "training.gif"
            plots.write_gif(frames, path, seconds_per_frame=self.seconds_per_frame)
