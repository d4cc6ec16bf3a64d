"""Electron back-scatter patterns of known orientation, from a simulated master pattern."""

import math
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import require_finite, require_integer, require_positive

SIDE = math.sqrt(math.pi / 2.0)  # half of the side of the square that a hemisphere is mapped to
HEMISPHERES = ("mLPNH", "mLPSH")
CHUNK = 2**22  # directions at a time


class MasterPattern:
    """Intensity in every direction of a crystal, as EMsoft writes it.

    Each hemisphere is a square with an odd number of points a side, the modified Lambert
    projection (Rosca 2010, "New uniform grids on the sphere"; Callahan and De Graef 2013), which
    keeps areas. Values between the points are bilinear.

    Args:
        north: Values of the hemisphere z >= 0, `[n, n]`: rows along y, columns along x.
        south: Values of the hemisphere z <= 0.

    Raises:
        ValueError: If the arrays are not two squares of one size.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import MasterPattern
        >>> pattern = MasterPattern(np.ones((5, 5)), np.zeros((5, 5)))
        >>> pattern(np.array([[0.0, 0.0, 2.0], [0.6, 0.0, -0.8]])).tolist()
        [1.0, 0.0]
        >>> pattern.patterns(np.eye(3)[None], size=4).shape
        (1, 4, 4, 1)
    """

    def __init__(self, north: ArrayLike, south: ArrayLike) -> None:
        halves = np.stack([np.asarray(half, np.float32) for half in (north, south)])
        if halves.ndim != 3 or halves.shape[1] != halves.shape[2] or halves.shape[1] < 2:
            raise ValueError(
                "Expected two square arrays, one a hemisphere. Received the shape "
                f"{halves.shape[1:]}."
            )
        self.halves = halves  # [2, n, n]

    @classmethod
    def read(cls, path: str | Path) -> "MasterPattern":
        """The master pattern of the highest energy in an HDF5 file of EMsoft's.

        Raises:
            FileNotFoundError: If there is no such file.
            ValueError: If it holds no master pattern in Lambert's projection.
        """
        import h5py

        if not Path(path).is_file():
            raise FileNotFoundError(f"Expected a file at {path}. There is none.")
        try:
            with h5py.File(path) as file:
                group = file["EMData/EBSDmaster"]
                energy = int(np.argmax(group["EkeVs"][()]))
                # [sites, energies, n, n]: sites of the unit cell add up.
                halves = [group[name][:, energy].sum(axis=0, dtype="f4") for name in HEMISPHERES]
        except (KeyError, OSError, ValueError) as error:
            raise ValueError(
                f"Expected an EMsoft file with EMData/EBSDmaster/{HEMISPHERES[0]} and "
                f"{HEMISPHERES[1]}. Received: {path}, in which they cannot be read."
            ) from error
        return cls(*halves)

    def __call__(self, directions: ArrayLike) -> np.ndarray:
        """Values in directions of the crystal, `[..., 3]` of any length but 0 -> `[...]`."""
        directions = np.asarray(directions, np.float32)
        across, along = lambert_square(directions)
        side = self.halves.shape[1]
        row, column = ((1.0 + part / SIDE) * 0.5 * (side - 1) for part in (along, across))
        i, j = (np.clip(part.astype(int), 0, side - 2) for part in (row, column))
        u, v = row - i, column - j
        half = np.where(directions[..., 2] < 0.0, 1, 0)
        return (
            (1.0 - u) * ((1.0 - v) * self.halves[half, i, j] + v * self.halves[half, i, j + 1])
            + u * ((1.0 - v) * self.halves[half, i + 1, j] + v * self.halves[half, i + 1, j + 1])
        )  # fmt: skip

    def patterns(
        self,
        orientations: ArrayLike,
        size: int = 24,
        *,
        distance: float = 0.5,
        binning: int = 4,
    ) -> np.ndarray:
        """Pictures of a square detector, float32 `[n, size, size, 1]`.

        The centre of the detector is opposite to the specimen. Axes: x to the right, y down, z
        from the specimen to the detector.

        Args:
            orientations: Rotations that take directions of the specimen to directions of the
                crystal, `[n, 3, 3]` or row-major `[n, 9]`.
            size: Pixels a side.
            distance: From the specimen to the detector, in sides of the detector.
            binning: Points a side that each pixel is the mean of.

        Raises:
            TypeError: If a number is not one.
            ValueError: If a number is not positive or not finite, or the shape of the rotations is
                another.
        """
        matrices = np.asarray(orientations, np.float32)
        if matrices.shape[1:] not in ((3, 3), (9,)):
            raise ValueError(
                "Expected `orientations` to be rotations, [n, 3, 3] or [n, 9]. Received the shape "
                f"{matrices.shape}."
            )
        require_finite("orientations", matrices)
        size, binning = require_integer("size", size, 1), require_integer("binning", binning, 1)
        points = detector(size * binning, require_positive("distance", distance))
        pictures = np.zeros((len(matrices), size, size, 1), np.float32)
        chunk = max(1, CHUNK // points.size)
        for start in range(0, len(matrices), chunk):
            turns = matrices[start : start + chunk].reshape(-1, 1, 1, 3, 3)
            fine = self((turns @ points[..., None])[..., 0])
            blocks = fine.reshape(-1, size, binning, size, binning)
            pictures[start : start + chunk, ..., 0] = blocks.mean(axis=(2, 4))
        return pictures


def lambert_square(directions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Directions `[..., 3]` in the square of their hemisphere: (X, Y) in +-sqrt(pi / 2)."""
    x, y, z = np.moveaxis(directions, -1, 0)
    length = np.sqrt(x * x + y * y + z * z)
    radius = np.sqrt(2.0 * np.maximum(1.0 - np.abs(z) / length, 0.0))
    swapped = np.abs(y) > np.abs(x)
    longer, shorter = np.where(swapped, y, x), np.where(swapped, x, y)
    signed = np.copysign(radius, longer)
    ratio = shorter / np.where(longer == 0.0, 1.0, longer)  # at a pole the radius is 0
    main = signed * (math.sqrt(math.pi) / 2.0)
    other = signed * (2.0 / math.sqrt(math.pi)) * np.arctan(ratio)
    return np.where(swapped, other, main), np.where(swapped, main, other)


def detector(side: int, distance: float) -> np.ndarray:
    """Directions from the specimen to the points of a detector, `[side, side, 3]`."""
    axis = (np.arange(side, dtype=np.float32) + 0.5) / side - 0.5
    y, x = np.meshgrid(axis, axis, indexing="ij")
    return np.stack([x, y, np.full_like(x, distance)], axis=-1)
