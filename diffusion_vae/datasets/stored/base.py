"""The base class of pictures that stay in their files."""

import copy
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import ArrayLike, DTypeLike

from diffusion_vae.datasets.value_range import FEW, find_white

BLOCK = 256  # pictures that are looked at together for their range


class StoredPictures:
    """Rows of pictures on disk, whole numbers, read as float32 when they are indexed.

    They have `len`, `shape`, `dtype` and indexing by a number, a slice or an array of
    numbers in any order, like an array `[N, height, width, channels]`. `np.asarray` reads
    all of them. Subclasses implement `read`.

    Args:
        path: Place of the pictures, for messages.
        count: Number of pictures at that place.
        event_shape: `(height, width, channels)` of each.
        rows: Row numbers of the pictures to use, integers `[N]`; `None` uses all.
        value_range: New values of 0 and of white.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import StoredPictures
        >>> class BlackPictures(StoredPictures):
        ...     def read(self, rows):
        ...         return np.zeros((len(rows), *self.event_shape), np.uint8)
        >>> BlackPictures("nowhere", count=5, event_shape=(8, 8, 1))[2:4].shape
        (2, 8, 8, 1)
    """

    dtype = np.dtype(np.float32)
    ndim = 4
    stored_dtype = np.dtype(np.uint8)
    """Type of the numbers in the file."""
    few = FEW
    """Numbers below it are levels of their own, see `value_range.find_white`."""

    def __init__(
        self,
        path: str | Path,
        count: int,
        event_shape: Sequence[int],
        rows: ArrayLike | None = None,
        value_range: tuple[float, float] = (0.0, 1.0),
    ) -> None:
        self.path = path
        self.rows = np.arange(count) if rows is None else np.asarray(rows)
        low, high = value_range
        self.value_range = (float(low), float(high))
        self.event_shape = tuple(event_shape)
        self._white: float | None = None

    @property
    def white(self) -> float:
        """The stored number that is read as 1, by the range of all rows; looked up once."""
        if self._white is None:
            starts = range(0, len(self.rows), BLOCK)
            blocks = (self.read(np.unique(self.rows[i : i + BLOCK])) for i in starts)
            self._white = find_white(self.stored_dtype, blocks, repr(str(self.path)), self.few)
        return self._white

    @property
    def shape(self) -> tuple[int, ...]:
        """`(N, height, width, channels)`."""
        return (len(self.rows), *self.event_shape)

    def read(self, rows: np.ndarray) -> np.ndarray:
        """The pictures of rising row numbers as stored, `[n, height, width, channels]`."""
        raise NotImplementedError

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[np.ndarray]:
        return (self[index] for index in range(len(self)))

    def __getitem__(self, index: Any) -> np.ndarray:
        chosen = self.rows[index]
        unique, place = np.unique(
            np.atleast_1d(chosen), return_inverse=True
        )  # files are read forwards
        low, high = self.value_range
        values = self.read(unique)[place].astype(np.float32) / np.float32(self.white)
        values = values * np.float32(high - low) + np.float32(low)
        return values if np.ndim(chosen) else values[0]

    def __array__(self, dtype: DTypeLike | None = None, copy: bool | None = None) -> np.ndarray:
        return self[:].astype(dtype or self.dtype, copy=False)

    def select(self, index: Any) -> Self:
        """A part of the pictures, which stay in their files; `index` as for `[]`."""
        self.white  # noqa: B018 (a part is scaled as the whole is)
        chosen = copy.copy(self)
        chosen.rows = self.rows[index]
        return chosen

    def in_range(self, low: float, high: float) -> Self:
        """The same pictures with other values for 0 and white."""
        changed = copy.copy(self)
        changed.value_range = (float(low), float(high))
        return changed
