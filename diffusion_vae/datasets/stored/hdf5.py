"""Pictures in an HDF5 file."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.datasets.stored.base import StoredPictures


class HDF5Pictures(StoredPictures):
    """Pictures in an HDF5 file: whole numbers, `[N, height, width]` or with channels last.

    Args:
        path: The HDF5 file.
        key: Name of the array in it.
        rows: Row numbers to use, integers `[N]`; `None` uses all.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or the array missing or of another kind.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import HDF5Pictures
        >>> faces = HDF5Pictures("celeba.h5", rows=np.arange(1000))  # doctest: +SKIP
        >>> faces[:10].shape  # doctest: +SKIP
        (10, 64, 64, 3)
    """

    def __init__(self, path: str | Path, key: str = "data", rows: ArrayLike | None = None) -> None:
        self.file, self.key = Path(path), key
        dtype, shape = self._of_array(lambda array: (array.dtype, array.shape))
        if dtype.kind not in "bui" or len(shape) not in (3, 4):
            raise ValueError(
                "Expected uint8 pictures (or other whole numbers) [N, height, width, channels] in "
                f"{key!r} of {str(path)!r}. Received: {dtype} of shape {shape}. Write the file "
                "with `diffusion-vae convert`, or read it into memory, without `stream`."
            )
        self.stored_dtype = dtype
        event = shape[1:] if len(shape) == 4 else (*shape[1:], 1)
        super().__init__(self.file, shape[0], event, rows)

    def read(self, rows: np.ndarray) -> np.ndarray:
        stored = self._of_array(lambda array: array[_as_slice(rows)])
        return stored.reshape(len(rows), *self.event_shape)

    def _of_array(self, function: Callable[[Any], Any]) -> Any:
        """Value of a function of the open array.

        The file is closed again, so that copies and threads do not share it.
        """
        import h5py

        if not self.file.is_file():
            raise FileNotFoundError(f"There is no file {str(self.file)!r}; check the path.")
        try:
            file = h5py.File(self.file, "r")
        except OSError as error:
            raise ValueError(
                f"{str(self.file)!r} cannot be read as HDF5: it seems damaged or incomplete "
                f"({error}); fetch or convert it again."
            ) from error
        with file:
            if self.key not in file:
                raise ValueError(
                    f"{str(self.file)!r} has no array {self.key!r}. "
                    f"Its arrays: {', '.join(file) or 'none'}."
                )
            return function(file[self.key])


def _as_slice(rows: np.ndarray) -> slice | np.ndarray:
    """Rising rows as a slice if they are consecutive: HDF5 reads it much faster."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
