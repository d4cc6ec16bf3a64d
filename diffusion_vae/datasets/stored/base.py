"""What all pictures that stay in their files have in common."""

import copy

import numpy as np


class StoredPictures:
    """Rows of uint8 pictures on disk, read as float32 when they are indexed.

    They have `len`, `shape`, `dtype` and indexing by a number, a slice or an array of
    numbers in any order, like the array `[N, height, width, channels]` they stand for.
    `np.asarray` reads all of them. Subclasses give `read`.

    Args:
        path: Where the pictures are, for messages.
        count: Number of pictures there.
        event_shape: `(height, width, channels)` of each.
        rows: Which of them, integers `[N]`; `None` for all.
        value_range: What 0 and 255 become.
    """

    dtype = np.dtype(np.float32)
    ndim = 4

    def __init__(self, path, count, event_shape, rows=None, value_range=(0.0, 1.0)):
        self.path = path
        self.rows = np.arange(count) if rows is None else np.asarray(rows)
        low, high = value_range
        self.value_range = (float(low), float(high))
        self.event_shape = tuple(event_shape)

    @property
    def shape(self):
        """`(N, height, width, channels)`."""
        return (len(self.rows), *self.event_shape)

    def read(self, rows):
        """The pictures of rising row numbers, uint8 `[n, height, width, channels]`."""
        raise NotImplementedError

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        chosen = self.rows[index]
        wanted = np.atleast_1d(chosen)
        unique, place = np.unique(wanted, return_inverse=True)  # files are read forwards
        low, high = self.value_range
        values = self.read(unique)[place].astype(np.float32) / np.float32(255.0)
        values = values * np.float32(high - low) + np.float32(low)
        return values if np.ndim(chosen) else values[0]

    def __array__(self, dtype=None, copy=None):
        return self[:].astype(dtype or self.dtype, copy=False)

    def select(self, index):
        """Some of the pictures, which stay in their files; `index` as for `[]`."""
        chosen = copy.copy(self)
        chosen.rows = self.rows[index]
        return chosen

    def in_range(self, low, high):
        """The same pictures with other values for 0 and 255."""
        changed = copy.copy(self)
        changed.value_range = (float(low), float(high))
        return changed
