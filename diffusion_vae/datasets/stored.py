"""Pictures that stay in their HDF5 file until they are asked for."""

from pathlib import Path

import numpy as np


class StoredPictures:
    """Rows of a uint8 array in an HDF5 file, read as float32 when they are indexed.

    It has `len`, `shape`, `dtype` and indexing by a number, a slice or an array of
    numbers in any order, like the array `[N, height, width, channels]` it stands for.
    `np.asarray` reads all of it.

    Args:
        path: The HDF5 file.
        key: Name of the array in it.
        rows: Which rows of it, integers `[N]`; `None` for all.
        value_range: What 0 and 255 become.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If the file is damaged, or the array missing or of another kind.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, path, key="data", rows=None, value_range=(0.0, 1.0)):
        self.path = Path(path)
        self.key = key
        stored = self._read(lambda array: (array.dtype, array.shape))
        if stored[0] != np.uint8 or len(stored[1]) != 4:
            raise ValueError(
                f"Expected uint8 pictures [N, height, width, channels] in {key!r} of "
                f"{str(path)!r}. Received: {stored[0]} of shape {stored[1]}. Write the file with "
                "`diffusion-vae convert`, or read it by its path."
            )
        self.rows = np.arange(stored[1][0]) if rows is None else np.asarray(rows)
        low, high = value_range
        self.value_range = (float(low), float(high))
        self.shape = (len(self.rows), *stored[1][1:])
        self.ndim = 4

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        chosen = self.rows[index]
        wanted = np.atleast_1d(chosen)
        unique, place = np.unique(wanted, return_inverse=True)  # HDF5 reads rising rows
        pictures = self._read(lambda array: array[_run(unique)])[place]
        low, high = self.value_range
        values = pictures.astype(np.float32) / np.float32(255.0)
        values = values * np.float32(high - low) + np.float32(low)
        return values if np.ndim(chosen) else values[0]

    def __array__(self, dtype=None, copy=None):
        return self[:].astype(dtype or self.dtype, copy=False)

    def select(self, index):
        """Some of the pictures, which stay in the file; `index` as for `[]`."""
        return StoredPictures(self.path, self.key, self.rows[index], self.value_range)

    def in_range(self, low, high):
        """The same pictures with other values for 0 and 255."""
        return StoredPictures(self.path, self.key, self.rows, (low, high))

    def _read(self, function):
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
