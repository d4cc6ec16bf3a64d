"""Folders of rendered objects: file, object, type and pose of each image."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.datasets.files import image_paths

POSES = ("identifiers", "angles", "quaternions")

Poses: TypeAlias = Literal["identifiers", "angles", "quaternions"]
QuaternionOrder: TypeAlias = Literal["wxyz", "xyzw"]


@dataclass(frozen=True, eq=False)
class Renders:
    """Rendered images and their poses.

    Attributes:
        files: Paths of the images, `[N]` objects.
        objects: Name of the object in each image, `[N]`.
        types: Type of that object, empty where unknown, `[N]`.
        factors: Angles in radians `[N, k]`, or rotation matrices `[N, 9]`; float32.
        rotations: Whether the factors are rotation matrices.
    """

    files: np.ndarray
    objects: np.ndarray
    types: np.ndarray
    factors: np.ndarray
    rotations: bool = False

    def every(self, n: int) -> "Renders":
        """Every n-th image of each object."""
        rank = np.zeros(len(self.objects), int)
        for name in np.unique(self.objects):
            of_object = self.objects == name
            rank[of_object] = np.arange(of_object.sum())
        kept = rank % n == 0
        return Renders(
            self.files[kept],
            self.objects[kept],
            self.types[kept],
            self.factors[kept],
            self.rotations,
        )


def read_renders(
    folder: Path,
    poses: Poses | None = None,
    number_of_renders: int | None = None,
    quaternion_order: QuaternionOrder = "wxyz",
) -> Renders:
    """Reads the identifiers of a folder, or the names of its images where it has none.

    Args:
        folder: The folder; `load_rendered_objects` describes its content.
        poses: `"identifiers"`, `"angles"`, `"quaternions"`, or `None` for the first of them
            that exists.
        number_of_renders: Renders in a full turn; `None` infers it from the numbers.
        quaternion_order: `"wxyz"` or `"xyzw"`.

    Returns:
        `Renders`, sorted by object and render number where there is one, else as listed.

    Raises:
        FileNotFoundError: If the identifiers or an image are missing.
        ValueError: If the identifiers are of the wrong form.
    """
    present = [kind for kind in POSES if (folder / "identifiers" / f"{kind}.json").is_file()]
    if poses is not None and poses not in present:
        raise FileNotFoundError(
            f"There is no file {str(folder / 'identifiers' / f'{poses}.json')!r}. "
            f"Present: {', '.join(present) or 'none'}."
        )
    if poses is None and not present:
        return _from_file_names(folder, number_of_renders)
    kind = poses or present[0]
    path = folder / "identifiers" / f"{kind}.json"
    if kind == "identifiers":
        keys = ("render_number", "model_identifier", "object_type", "filename")
        numbers, objects, types, names = _read_lists(path, keys)
        return _turned(folder / "images", names, objects, types, numbers, number_of_renders)
    identifiers, values = _read_lists(path, ("model_identifier", kind))
    names = [str(name).removesuffix(".off").removesuffix(".png") + ".png" for name in identifiers]
    factors = _numbers(values, path, kind)
    if kind == "quaternions":
        factors = _quaternions_to_matrices(factors, quaternion_order, path)
    object_names = np.array([name.removesuffix(".png").split("_")[0] for name in names])
    no_types = np.array([""] * len(names))
    files = _existing(folder / "images", names)
    return Renders(files, object_names, no_types, factors.astype("f4"), kind == "quaternions")


def render_angles(numbers: ArrayLike, number_of_renders: int | None = None) -> np.ndarray:
    """Angles 2 pi r / number_of_renders of render numbers r, float32 `[N, 1]`.

    Without `number_of_renders` the renders divide the full turn evenly, in steps of the
    greatest common divisor of their differences: the first and the last then differ by one
    step. (With the largest number as the divisor they would have the same angle.)

    Raises:
        ValueError: If two different numbers would get one angle.
    """
    numbers = np.asarray(numbers)
    span = int(numbers.max() - numbers.min())
    if number_of_renders is None:
        number_of_renders = span + max(int(np.gcd.reduce(np.diff(np.unique(numbers)))), 1)
    if number_of_renders <= span:
        raise ValueError(
            f"Expected `number_of_renders` to be more than {span}, the span of the render "
            f"numbers. Received: {number_of_renders}."
        )
    turns = (numbers % number_of_renders) / number_of_renders  # [N]
    return (2.0 * math.pi * turns)[:, None].astype(np.float32)


def _turned(
    images: Path,
    names: Sequence[Any],
    objects: Iterable[Any],
    types: Iterable[Any],
    numbers: Iterable[Any],
    number_of_renders: int | None,
) -> Renders:
    """Renders of a turntable, sorted by object and then by number."""
    try:
        turns = np.array([int(number) for number in numbers])
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected whole render numbers of {str(images)!r} ({error}).") from error
    object_names = np.array([str(name) for name in objects])
    order = np.lexsort((turns, object_names))
    return Renders(
        files=_existing(images, names)[order],
        objects=object_names[order],
        types=np.array([str(kind) for kind in types])[order],
        factors=render_angles(turns, number_of_renders)[order],
    )


def _from_file_names(folder: Path, number_of_renders: int | None) -> Renders:
    """Renders of images named `<type>_<object>_<render number>_.png`."""
    images = folder / "images" if (folder / "images").is_dir() else folder
    names = [path.name for path in image_paths(images)]
    parts = [Path(name).stem.rstrip("_").split("_") for name in names]
    if not names or any(len(part) < 3 or not part[-1].isdigit() for part in parts):
        raise ValueError(
            f"Expected {str(folder)!r} to hold identifiers/identifiers.json, angles.json or "
            f"quaternions.json, or images named <type>_<object>_<render number>_.png. "
            f"Received: {', '.join(names[:3]) or 'no images'}."
        )
    types, objects = ["_".join(part[:-2]) for part in parts], [part[-2] for part in parts]
    numbers = [part[-1] for part in parts]
    return _turned(images, names, objects, types, numbers, number_of_renders)


def _read_lists(path: Path, keys: Sequence[str]) -> list[list]:
    """Lists of equal length under the keys of a JSON file."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise ValueError(f"{str(path)!r} cannot be read as JSON ({error}).") from error
    missing = [key for key in keys if not isinstance(content, dict) or key not in content]
    if missing:
        raise ValueError(
            f"Expected {str(path)!r} to hold the lists {', '.join(keys)}. "
            f"Missing: {', '.join(missing)}."
        )
    lists = [content[key] for key in keys]
    lengths = [len(values) for values in lists]
    if len(set(lengths)) > 1 or lengths[0] == 0:
        raise ValueError(
            f"Expected lists of one length, not empty, in {str(path)!r}. Received: "
            + ", ".join(f"{key} {length}" for key, length in zip(keys, lengths, strict=True))
            + "."
        )
    return lists


def _numbers(values: list, path: Path, kind: str) -> np.ndarray:
    """Finite numbers `[N, k]` of a list."""
    try:
        array = np.array(values, dtype=float)
    except (TypeError, ValueError) as error:
        raise ValueError(f"Expected numbers in {kind} of {str(path)!r} ({error}).") from error
    array = array[:, None] if array.ndim == 1 else array
    if array.ndim != 2 or not np.all(np.isfinite(array)):
        raise ValueError(
            f"Expected {kind} of {str(path)!r} to be finite numbers, one row an image. "
            f"Received: shape {array.shape}."
        )
    return array


def _quaternions_to_matrices(
    quaternions: np.ndarray, order: QuaternionOrder, path: Path
) -> np.ndarray:
    from scipy.spatial.transform import Rotation

    norms = np.linalg.norm(quaternions, axis=-1)  # [N]
    if quaternions.shape[1] != 4 or np.any(np.abs(norms - 1.0) > 1e-2):
        raise ValueError(f"Expected unit quaternions, four numbers an image, in {str(path)!r}.")
    scalar_last = quaternions if order == "xyzw" else np.roll(quaternions, -1, axis=1)
    return Rotation.from_quat(scalar_last).as_matrix().reshape(-1, 9)


def _existing(images: Path, names: Iterable[Any]) -> np.ndarray:
    """Paths of the named images, all of which must exist."""
    paths = [images / str(name) for name in names]
    missing = [path.name for path in paths if not path.is_file()]
    if missing:
        raise FileNotFoundError(
            f"{len(missing)} of {len(paths)} images are missing from {str(images)!r}, "
            f"the first is {missing[0]!r}."
        )
    return np.array(paths, dtype=object)
