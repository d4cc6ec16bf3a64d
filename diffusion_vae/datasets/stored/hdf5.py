"""Pictures in an HDF5 file."""

from pathlib import Path

import numpy as np

from diffusion_vae.datasets.stored.base import StoredPictures


class HDF5Pictures(StoredPictures):
    """A uint8 array `[N, height, width, channels]` in an HDF5 file.

    Args:
        path: The HDF5 file.
        key: Name of the array in it.
        rows: Which rows of it, integers `[N]`; `None` for all.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or the array missing or of another kind.
    """

    def __init__(self, path, key="data", rows=None):
        self.path, self.key = Path(path), key
        dtype, shape = self._of_array(lambda array: (array.dtype, array.shape))
        if dtype != np.uint8 or len(shape) != 4:
            raise ValueError(
                f"Expected uint8 pictures [N, height, width, channels] in {key!r} of "
                f"{str(path)!r}. Received: {dtype} of shape {shape}. Write the file with "
                "`diffusion-vae convert`, or read it by its path."
            )
        super().__init__(self.path, shape[0], shape[1:], rows)

    def read(self, rows):
        return self._of_array(lambda array: array[_run(rows)])

    def _of_array(self, function):
        """A function of the open array; the file is closed again, so copies and threads
        do not share it."""
        import h5py

        if not self.path.is_file():
            raise FileNotFoundError(f"There is no file {str(self.path)!r}; check the path.")
        try:
            file = h5py.File(self.path, "r")
        except OSError as error:
            raise ValueError(
                f"{str(self.path)!r} cannot be read as HDF5: it seems damaged or incomplete "
                f"({error}); fetch or convert it again."
            ) from error
        with file:
            if self.key not in file:
                raise ValueError(
                    f"{str(self.path)!r} has no array {self.key!r}. "
                    f"Its arrays: {', '.join(file) or 'none'}."
                )
            return function(file[self.key])


def _run(rows):
    """Rising rows as a slice, where they follow each other: HDF5 reads it much faster."""
    if len(rows) and rows[-1] - rows[0] == len(rows) - 1:
        return slice(int(rows[0]), int(rows[-1]) + 1)
    return rows
