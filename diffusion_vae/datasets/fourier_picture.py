"""A picture on the torus as a finite Fourier series, and its translations."""

import math
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

CHUNK = 256  # pictures made at once, to bound the memory of complex intermediates


@dataclass(frozen=True, eq=False)
class FourierPicture:
    """A picture on the torus as a finite Fourier series.

        pic(theta, phi) = Re sum_{k,l=-N..N} gamma^(|k|+|l|-1) a_kl exp(i k theta + i l phi)

    without the constant term (Perez Rey, Menkovski and Portegies, section 4.2), divided
    by the maximum of |pic| over the whole torus: one constant, the same for all
    translations.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets.fourier_picture import FourierPicture, cosines
        >>> picture = FourierPicture(cosines())  # (cos(theta) + cos(phi)) / 2
        >>> picture.values(np.zeros(1), np.array([0.0, np.pi])).round(6)
        array([[1., 0.]])
        >>> picture.images(np.zeros((1, 2)), size=16).shape
        (1, 16, 16, 1)

    Attributes:
        coefficients: a_kl, complex `[2N+1, 2N+1]`; row N + k, column N + l.
        gamma: The discount of high frequencies, in (0, 1].
    """

    coefficients: np.ndarray
    gamma: float = 1.0

    def __post_init__(self) -> None:
        shape = np.shape(self.coefficients)
        if len(shape) != 2 or shape[0] != shape[1] or shape[0] % 2 == 0:
            raise ValueError(
                "Expected `coefficients` of shape [2N+1, 2N+1], a row and a column for each "
                f"frequency from -N to N. Received shape: {shape}."
            )
        if not 0 < self.gamma <= 1:
            raise ValueError(f"Expected `gamma` in (0, 1]. Received: {self.gamma!r}.")

    @property
    def order(self) -> int:
        """The highest frequency N."""
        return len(self.coefficients) // 2

    @property
    def frequencies(self) -> np.ndarray:
        """-N..N, `[2N+1]`."""
        return np.arange(-self.order, self.order + 1)

    @property
    def weights(self) -> np.ndarray:
        """The discounted coefficients before normalisation, complex `[2N+1, 2N+1]`."""
        k = np.abs(self.frequencies)
        power = k[:, None] + k[None, :] - 1  # [2N+1, 2N+1]
        weights = self.coefficients * self.gamma ** power.astype(float)
        weights[self.order, self.order] = 0.0
        return weights

    @cached_property
    def maximum(self) -> float:
        """Maximum of |pic| over the torus, before the division by it.

        The best points of a fine grid are improved by a quasi-Newton method.
        """
        from scipy.optimize import minimize

        points = max(128, 16 * self.order)
        grid = 2.0 * math.pi * np.arange(points) / points
        values = np.abs(_series(self.weights, grid, grid))  # [points, points]
        best = np.argsort(values, axis=None)[-8:]
        starts = np.stack(np.unravel_index(best, values.shape), axis=-1) * (grid[1] - grid[0])
        k, weights = self.frequencies, self.weights

        def negative(angles: np.ndarray) -> tuple[float, np.ndarray]:
            theta, phi = np.exp(1j * k * angles[0]), np.exp(1j * k * angles[1])
            value = (theta @ weights @ phi).real
            by_theta = ((1j * k * theta) @ weights @ phi).real
            by_phi = (theta @ weights @ (1j * k * phi)).real
            return -abs(value), -np.sign(value) * np.array([by_theta, by_phi])

        minima = [minimize(negative, x, jac=True, method="BFGS", tol=1e-9).fun for x in starts]
        return max(float(values.max()), -min(minima))

    def values(self, theta: ArrayLike, phi: ArrayLike) -> np.ndarray:
        """Values in [-1, 1] on the grid of the angles, `[rows], [columns] -> [rows, columns]`."""
        return _series(self.weights / self.maximum, np.asarray(theta), np.asarray(phi))

    def images(self, shifts: ArrayLike, size: int = 64) -> np.ndarray:
        """Translated pictures on a square grid of pixels.

        Args:
            shifts: Angles in radians by which the picture moves down the rows and
                along the columns, `[n, 2]`; 2 pi is one whole picture.
            size: Pixels a side; the pixel k stands at the angle 2 pi k / size.

        Returns:
            Pictures with values in [-1, 1], float32 `[n, size, size, 1]`.
        """
        from scipy import fft

        shifts = np.asarray(shifts, dtype=float)
        weights = self.weights / self.maximum
        here = self.frequencies % size  # a pixel grid does not tell k from k + size
        out = np.empty((len(shifts), size, size, 1), np.float32)
        for first in range(0, len(shifts), CHUNK):
            part = shifts[first : first + CHUNK]  # [chunk, 2]
            phases = np.exp(-1j * part[..., None] * self.frequencies)  # [chunk, 2, 2N+1]
            moved = weights * phases[:, 0, :, None] * phases[:, 1, None, :]
            spectrum = np.zeros((len(part), size, size), complex)
            for i, row in enumerate(here):
                for j, column in enumerate(here):
                    spectrum[:, row, column] += moved[:, i, j]
            images = fft.ifft2(spectrum, norm="forward").real  # the plain sum, by FFT
            out[first : first + CHUNK, ..., 0] = images
        return out


def _series(weights: np.ndarray, theta: np.ndarray, phi: np.ndarray) -> np.ndarray:
    """Re sum w_kl exp(i k theta + i l phi), `[2N+1, 2N+1] -> [theta, phi]`."""
    order = len(weights) // 2
    k = np.arange(-order, order + 1)
    rows = np.exp(1j * np.outer(theta, k))  # [theta, 2N+1]
    columns = np.exp(1j * np.outer(k, phi))  # [2N+1, phi]
    return (rows @ (weights @ columns)).real


def cosines() -> np.ndarray:
    """Coefficients of cos(theta) + cos(phi), `[3, 3]`."""
    coefficients = np.zeros((3, 3), complex)
    coefficients[2, 1] = coefficients[1, 2] = 1.0
    return coefficients


def random_coefficients(order: int, seed: int) -> np.ndarray:
    """Complex standard normal coefficients, `[2N+1, 2N+1]`, the constant term zero."""
    side = 2 * order + 1
    parts = np.random.default_rng(seed).standard_normal((2, side, side))
    coefficients = (parts[0] + 1j * parts[1]) / math.sqrt(2.0)
    coefficients[order, order] = 0.0
    return coefficients


def read_coefficients(coefficients: ArrayLike | Path) -> np.ndarray:
    """Checked coefficients `[2N+1, 2N+1]` of an array, of nested pairs or of an `.npy` file."""
    named = "`coefficients`"
    if isinstance(coefficients, (str, Path)):
        path = Path(coefficients).expanduser()
        named = repr(str(path))
        if not path.is_file():
            raise FileNotFoundError(f"There is no file {named} of Fourier coefficients.")
        try:
            coefficients = np.load(path, allow_pickle=False)
        except (ValueError, EOFError, OSError) as error:
            raise ValueError(f"{named} cannot be read as an .npy file ({error}).") from error
    array = np.asarray(coefficients)
    if array.ndim == 3 and array.shape[-1] == 2 and not np.iscomplexobj(array):
        array = array[..., 0] + 1j * array[..., 1]
    square = array.ndim == 2 and array.shape[0] == array.shape[1]
    if not square or len(array) % 2 == 0 or len(array) < 3 or array.dtype.kind not in "iufc":
        raise ValueError(
            f"Expected {named} to hold a complex array [2N+1, 2N+1] with N at least 1. "
            f"Received: shape {array.shape}, dtype {array.dtype}."
        )
    array = array.astype(complex)
    array[len(array) // 2, len(array) // 2] = 0.0
    if not np.all(np.isfinite(array)) or not np.any(array):
        raise ValueError(
            f"Expected {named} to be finite and, off the constant term, not all zero."
        )
    return array
