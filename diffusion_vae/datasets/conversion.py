"""Conversion of a folder or a zip archive of pictures to one HDF5 file."""

import io
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path, PurePath, PurePosixPath

import numpy as np
from PIL import Image, UnidentifiedImageError

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.images import BICUBIC, SUFFIXES
from diffusion_vae.files import replacing

CELEBA_CROP = 108  # pixels of the 178x218 of an aligned picture: the face alone
BLOCK = 1000  # pictures in memory at a time


def convert_pictures(
    source: str | Path,
    target: str | Path,
    size: int = 64,
    crop: int | None = None,
    limit: int | None = None,
) -> Path:
    """Writes pictures to an HDF5 file: `data`, uint8 `[N, size, size, 3]`.

    Of each picture the central square is cut out and resized. Pictures are taken in the
    order of their names and written a thousand at a time. The file appears under its name
    when it is complete; an interrupted conversion leaves an older one as it was.

    Args:
        source: A folder, searched with its subfolders, or a zip archive of pictures.
        target: The HDF5 file to write.
        size: Pixels a side of the pictures written.
        crop: Pixels a side of the central square (108 for the faces of aligned CelebA);
            `None` for the largest one.
        limit: Number of pictures to convert, from the first on; `None` converts all.

    Returns:
        The path of the file.

    Raises:
        FileNotFoundError: If there is no source.
        ValueError: If it holds no pictures, or one that is damaged or smaller than `crop`.
    """
    import h5py

    source, target = Path(source).expanduser(), Path(target).expanduser()
    require_integer("size", size, 1)
    for name, value in (("crop", crop), ("limit", limit)):
        if value is not None:
            require_integer(name, value, 1)
    if target.suffix not in (".h5", ".hdf5"):
        raise ValueError(f"Expected a target that ends in .h5. Received: {str(target)!r}.")
    with _pictures(source) as (names, read):
        names = names[:limit]
        with replacing(target) as temporary, h5py.File(temporary, "w") as file:
            data = file.create_dataset("data", (len(names), size, size, 3), np.uint8)
            data.attrs.update({"source": str(source), "size": size, "crop": crop or "largest"})
            for start in range(0, len(names), BLOCK):
                block = [
                    _prepared(name, read(name), size, crop)
                    for name in names[start : start + BLOCK]
                ]
                data[start : start + len(block)] = np.stack(block)
    return target


@contextmanager
def _pictures(source: Path) -> Iterator[tuple[list[str], Callable[[str], bytes]]]:
    """Sorted names of the pictures of a folder or archive, and a function from name to bytes."""
    if source.is_dir():
        names = sorted(
            str(path.relative_to(source)) for path in source.rglob("*") if _is_picture(path)
        )
        yield _require_some(names, source), lambda name: (source / name).read_bytes()
    elif zipfile.is_zipfile(source):
        with zipfile.ZipFile(source) as archive:
            entries = [name for name in archive.namelist() if _is_picture(PurePosixPath(name))]
            yield _require_some(sorted(entries), source), archive.read
    elif source.exists():
        raise ValueError(
            f"Expected a folder of pictures or a zip archive. Received: {str(source)!r}."
        )
    else:
        raise FileNotFoundError(f"There is no folder or archive {str(source)!r}; check the path.")


def _is_picture(path: PurePath) -> bool:
    hidden = path.name.startswith(".") or "__MACOSX" in path.parts
    return path.suffix.lower() in SUFFIXES and not hidden


def _require_some(names: list[str], source: Path) -> list[str]:
    if not names:
        raise ValueError(
            f"Expected pictures ({', '.join(SUFFIXES)}) in {str(source)!r}. Received: none."
        )
    return names


def _prepared(name: str, content: bytes, size: int, crop: int | None) -> np.ndarray:
    """One picture, cut and resized, uint8 `[size, size, 3]`."""
    try:
        with Image.open(io.BytesIO(content)) as opened:
            picture = opened.convert("RGB")
    except (UnidentifiedImageError, OSError, SyntaxError) as error:
        raise ValueError(f"{name!r} cannot be read as a picture ({error}).") from error
    width, height = picture.size
    side = min(width, height) if crop is None else crop
    if side > min(width, height):
        raise ValueError(
            f"Expected pictures of at least {crop} pixels a side, the `crop`. Received: "
            f"{width}x{height} in {name!r}."
        )
    left, top = (width - side) // 2, (height - side) // 2
    square = picture.crop((left, top, left + side, top + side))
    return np.asarray(square.resize((size, size), BICUBIC))
