"""A picture of the model every n epochs, and all of them as a GIF."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import keras

from diffusion_vae.callbacks.examples import require_fitting, require_pictured
from diffusion_vae.checks import require_integer

if TYPE_CHECKING:
    import numpy as np

    from diffusion_vae.datasets import Dataset

SECONDS_PER_FRAME = 0.5


class TrainingPictures(keras.callbacks.Callback):
    """Draws the latent space (or reconstructions) every n epochs, and a GIF at the end.

    Writes `epoch_0005.png`, ... and `training.gif` to `folder`.

    Args:
        folder: Folder of the pictures, made if it is missing.
        dataset: A `Dataset` or an array of examples `[n, *event]`.
        every: Epochs between two pictures.
        seconds_per_frame: Seconds that each picture of the GIF stays.
        log_dir: Folder of TensorBoard, which then shows the pictures too; or `None`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.callbacks import TrainingPictures
        >>> x_test = np.zeros((10, 28, 28))
        >>> pictures = TrainingPictures("pictures", x_test, every=5)
        >>> model.fit(x, epochs=20, callbacks=[pictures])  # doctest: +SKIP
    """

    def __init__(
        self,
        folder: str | Path,
        dataset: Dataset | np.ndarray,
        every: int = 1,
        seconds_per_frame: float = SECONDS_PER_FRAME,
        log_dir: str | Path | None = None,
    ) -> None:
        super().__init__()
        self.folder = Path(folder)
        self.dataset = require_pictured(dataset)
        self.every = require_integer("every", every, 1)
        from diffusion_vae.plots.animation import require_duration  # imports Matplotlib

        self.seconds_per_frame = require_duration("seconds_per_frame", seconds_per_frame)
        self.log_dir = log_dir
        self.run: str | None = None  # named in the pictures; `ResultsFolder` sets it

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        require_fitting(self.model, self.dataset)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        if (epoch + 1) % self.every != 0:
            return
        from diffusion_vae.plots import save
        from diffusion_vae.plots.layout import note
        from diffusion_vae.plots.model_pictures import picture_note, training_figure

        figure = training_figure(self.model, self.dataset, title=f"epoch {epoch + 1}")
        note(figure, picture_note(self.dataset, self.run))
        path = save(figure, self.folder / f"epoch_{epoch + 1:04d}.png", dpi=100)
        if self.log_dir is not None:
            from diffusion_vae.callbacks.tensorboard_pictures import write_images

            write_images({"training": path}, self.log_dir, epoch + 1)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        frames = sorted(self.folder.glob("epoch_*.png"))
        if frames:
            from diffusion_vae.plots import write_gif

            path = self.folder / "training.gif"
            write_gif(frames, path, seconds_per_frame=self.seconds_per_frame)
