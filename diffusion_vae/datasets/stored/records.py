"""Pictures in TFRecord files."""

import io
import struct
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from diffusion_vae.datasets.stored.base import StoredPictures
from diffusion_vae.datasets.value_range import IN_IMAGE_FILES

LENGTH, CHECKSUM = 8, 4  # bytes: a record is length, checksum, content, checksum


class RecordPictures(StoredPictures):
    """`tf.train.Example` records with an encoded picture (PNG, JPEG, ...) each.

    The files are read once to find the start of each record, so that pictures can be drawn at
    random and in the same order again.

    Args:
        path: A `.tfrecord` file, or a folder of them.
        key: Name of the feature that holds the picture.

    Raises:
        FileNotFoundError: If there is no such file.
        ValueError: If a file is truncated, or a record has no such picture.

    Example:
        >>> from diffusion_vae.datasets import RecordPictures
        >>> pictures = RecordPictures("pictures.tfrecord", key="image")  # doctest: +SKIP
        >>> pictures[[5, 0]].shape  # doctest: +SKIP
        (2, 64, 64, 3)
    """

    few = IN_IMAGE_FILES

    def __init__(self, path: str | Path, key: str = "image") -> None:
        self.path, self.key = Path(path), key
        files = sorted(self.path.glob("*.tfrecord*")) if self.path.is_dir() else [self.path]
        self.places = [place for file in files for place in _places(file)]
        if not self.places:
            raise ValueError(f"Expected TFRecord files with pictures in {str(path)!r}: none.")
        super().__init__(self.path, len(self.places), self._picture(0).shape)

    def read(self, rows: np.ndarray) -> np.ndarray:
        pictures = [self._picture(row) for row in rows]
        for row, picture in zip(rows, pictures, strict=True):
            if picture.shape != self.event_shape:
                raise ValueError(
                    f"Expected pictures of shape {self.event_shape}, as the first one is. "
                    f"Received: {picture.shape} in record {row} of {str(self.path)!r}."
                )
        return np.stack(pictures)

    def _picture(self, row: int) -> np.ndarray:
        """The picture of a record, uint8 `[height, width, channels]`."""
        import tensorflow as tf

        file, start, length = self.places[row]
        with file.open("rb") as content:
            content.seek(start)
            example = tf.train.Example.FromString(content.read(length))
        values = example.features.feature[self.key].bytes_list.value
        if not values:
            known = ", ".join(sorted(set(example.features.feature) - {self.key})) or "none"
            raise ValueError(
                f"Expected bytes of a picture in the feature {self.key!r} of {str(file)!r}. "
                f"Its features: {known}; name one with `key=`."
            )
        try:
            with Image.open(io.BytesIO(values[0])) as image:
                pixels = np.asarray(image.convert("L" if image.mode in ("1", "L") else "RGB"))
        except (UnidentifiedImageError, OSError, SyntaxError) as error:
            raise ValueError(
                f"Record {row} of {str(file)!r} cannot be read as a picture ({error})."
            ) from error
        return pixels.reshape(*pixels.shape[:2], -1)


def _places(file: Path) -> list[tuple[Path, int, int]]:
    """Start and length of the content of each record of a file."""
    if not file.is_file():
        raise FileNotFoundError(f"There is no file {str(file)!r}; check the path.")
    end = file.stat().st_size
    places, position = [], 0
    with file.open("rb") as content:
        while position < end:
            content.seek(position)
            header = content.read(LENGTH)
            length = struct.unpack("<Q", header)[0] if len(header) == LENGTH else end
            start = position + LENGTH + CHECKSUM
            position = start + length + CHECKSUM
            if position > end:
                raise ValueError(
                    f"{str(file)!r} cannot be read as TFRecord: it seems damaged or incomplete."
                )
            places.append((file, start, length))
    return places
