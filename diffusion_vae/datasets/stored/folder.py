"""Pictures in files of their own."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np

from diffusion_vae.datasets.images import load_picture
from diffusion_vae.datasets.stored.base import StoredPictures

THREADS = 4  # Pillow decodes outside Python's lock


class FolderPictures(StoredPictures):
    """Image files, decoded when they are asked for.

    Args:
        folder: Their folder, for messages.
        paths: The files, in order; the first one tells size and channels.
        size: Pixels a side or `(height, width)` to resize to; `None`: all are of one size.
        square: Whether to cut out the largest central square first.

    Raises:
        ValueError: If a picture is damaged or, when it is read, of another shape.
    """

    def __init__(self, folder, paths, size=None, square=False):
        self.paths, self.size, self.square = list(paths), size, square
        super().__init__(folder, len(self.paths), self._load(0).shape)

    def read(self, rows):
        with ThreadPoolExecutor(THREADS) as threads:
            return np.stack(list(threads.map(self._checked, rows)))

    def _load(self, row):
        picture = load_picture(self.paths[row], self.size, self.square)
        return np.rint(picture * 255.0).astype(np.uint8)

    def _checked(self, row):
        picture = self._load(row)
        if picture.shape != self.event_shape:
            raise ValueError(
                f"Expected pictures of shape {self.event_shape}, as {self.paths[0].name} is. "
                f"Received: {picture.shape} in {self.paths[row].name}; pass `size=`, or convert "
                "the folder (`diffusion-vae convert`)."
            )
        return picture
