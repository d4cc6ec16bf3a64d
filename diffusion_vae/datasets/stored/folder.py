"""Pictures in image files, one picture a file."""

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

from diffusion_vae.datasets.images import Size, read_cut
from diffusion_vae.datasets.stored.base import StoredPictures
from diffusion_vae.datasets.value_range import IN_IMAGE_FILES

THREADS = 4  # Pillow decodes outside Python's lock


class FolderPictures(StoredPictures):
    """Image files, decoded when they are indexed.

    Args:
        folder: Their folder, for messages.
        paths: The files, in order; the first one sets size and channels.
        size: Pixels a side or `(height, width)` to resize to; `None` if all have one size.
        square: Whether to cut out the largest central square first.

    Raises:
        ValueError: If a picture is damaged or, when it is read, of another shape.

    Example:
        >>> from pathlib import Path
        >>> from diffusion_vae.datasets import FolderPictures
        >>> folder = Path("pictures")
        >>> pictures = FolderPictures(  # doctest: +SKIP
        ...     folder, sorted(folder.glob("*.png")), size=64
        ... )
        >>> pictures[:10].shape  # doctest: +SKIP
        (10, 64, 64, 3)
    """

    few = IN_IMAGE_FILES

    def __init__(
        self,
        folder: str | Path,
        paths: Iterable[Path],
        size: Size | None = None,
        square: bool = False,
    ) -> None:
        self.paths, self.size, self.square = list(paths), size, square
        super().__init__(folder, len(self.paths), self._load(0).shape)

    def read(self, rows: np.ndarray) -> np.ndarray:
        with ThreadPoolExecutor(THREADS) as threads:
            return np.stack(list(threads.map(self._checked, rows)))

    def _load(self, row: int) -> np.ndarray:
        """A picture of 0 to 255; a resized one has numbers between."""
        return read_cut(self.paths[row], self.size, self.square) * np.float32(255)

    def _checked(self, row: int) -> np.ndarray:
        picture = self._load(row)
        if picture.shape != self.event_shape:
            raise ValueError(
                f"Expected pictures of shape {self.event_shape}, as {self.paths[0].name} is. "
                f"Received: {picture.shape} in {self.paths[row].name}; pass `size=`, or convert "
                "the folder (`diffusion-vae convert`)."
            )
        return picture
