"""Pictures without their high frequencies, whitened or not."""

import dataclasses
from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.checks import require_number
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.stored.base import StoredPictures

NEGLIGIBLE = 1e-3  # amplitude, relative to the largest one, that whitening does not blow up


def keep_low_frequencies(pictures: ArrayLike, cutoff: float) -> np.ndarray:
    """Keeps the frequencies (k, l) with |k| + |l| <= `cutoff`, pictures taken as periodic.

    Args:
        pictures: `[N, height, width, channels]`.
        cutoff: Radius of the L1 ball of frequencies, in periods a picture; 0 leaves
            the mean only. The filter is linear and may leave the range of the values.

    Returns:
        Filtered pictures, float32 `[N, height, width, channels]`.
    """
    periodic = _require_pictures(np.asarray(pictures, np.float32))
    cutoff = require_number("low_pass", cutoff, least=0)
    return _weighted(periodic, _low_frequencies(periodic.shape[1:3], cutoff))


def low_pass_filtered(dataset: Dataset, cutoff: float) -> Dataset:
    """The data set with all pictures filtered, new ones of `render` too.

    Overshoots are clipped to the range of the unfiltered training pictures, so that
    data in [0, 1] stay there. `load(name, low_pass=cutoff)` does this.
    """
    train = _pictures_of(dataset)
    low, high = train.min(), train.max()
    return _filtered(
        dataset,
        lambda pictures: np.clip(keep_low_frequencies(pictures, cutoff), low, high),
        cutoff,
    )


def whitened(dataset: Dataset, cutoff: float) -> Dataset:
    """The data set with all kept frequencies equally strong, new pictures of `render` too.

    Each frequency with 0 < |k| + |l| <= `cutoff` is divided by its root mean square amplitude
    over the training pictures; those of negligible amplitude are left out. The results are
    shifted and scaled so that the training pictures have their old mean value and stay just
    within their old range. A convolution with one fixed picture, so translations of a picture
    stay translations of a picture.
    """
    from scipy import fft

    train = _pictures_of(dataset)
    kept = _low_frequencies(train.shape[1:3], cutoff)
    kept[0, 0] = 0.0
    spectrum = fft.rfft2(train, axes=(1, 2))
    amplitude = np.sqrt(np.mean(np.abs(spectrum) ** 2, axis=(0, 3))) * kept
    strong = amplitude > NEGLIGIBLE * max(amplitude.max(), np.finfo(np.float32).tiny)
    gains = np.where(strong, 1.0 / np.where(strong, amplitude, 1.0), 0.0)
    white = _weighted(train, gains)
    mean, low, high = train.mean(dtype=float), train.min(), train.max()
    widest = max(white.max() / max(high - mean, 1e-30), -white.min() / max(mean - low, 1e-30))
    scale = 1.0 / widest if widest > 0 else 0.0

    def whiten(pictures: np.ndarray) -> np.ndarray:
        shown = mean + scale * _weighted(np.asarray(pictures, np.float32), gains)
        return np.clip(shown, low, high).astype(np.float32)

    return _filtered(dataset, whiten, cutoff)


def _low_frequencies(sides: tuple[int, ...], cutoff: float) -> np.ndarray:
    """1 at the frequencies within the cutoff, else 0: `[height, width // 2 + 1]`."""
    from scipy import fft

    height, width = sides
    k = np.abs(fft.fftfreq(height, 1 / height))[:, None]  # [height, 1]
    m = fft.rfftfreq(width, 1 / width)[None, :]  # [1, width // 2 + 1]
    return (k + m <= cutoff + 1e-9).astype(float)


def _weighted(pictures: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """The pictures with each frequency times a weight, `[height, width // 2 + 1]`."""
    from scipy import fft

    spectrum = fft.rfft2(pictures, axes=(1, 2)) * weights[..., None]
    return fft.irfft2(spectrum, s=pictures.shape[1:3], axes=(1, 2)).astype(np.float32)


def _pictures_of(dataset: Dataset) -> np.ndarray:
    """The training pictures of a data set that can be filtered."""
    if dataset.dynamic_binarization:
        raise ValueError(
            "Expected no dynamic binarization with a low-pass filter: it would blur fixed 0/1 "
            "test pictures but grey training ones; leave out one of the two options."
        )
    if isinstance(dataset.train, StoredPictures):
        raise ValueError(
            "Expected pictures in memory for a low-pass filter. Received: pictures that stay in "
            f"the file {str(dataset.train.path)!r}."
        )
    return _require_pictures(dataset.train)


def _require_pictures(pictures: np.ndarray) -> np.ndarray:
    if pictures.ndim != 4:
        raise ValueError(
            f"Expected pictures of shape [N, height, width, channels] for a low-pass filter. "
            f"Received: shape {pictures.shape}."
        )
    return pictures


def _filtered(
    dataset: Dataset, change: Callable[[np.ndarray], np.ndarray], cutoff: float
) -> Dataset:
    render = dataset.render
    return dataclasses.replace(
        dataset,
        train=change(np.asarray(dataset.train)),
        test=change(dataset.test),
        render=None if render is None else lambda factors: change(render(factors)),
        options={**dataset.options, "low_pass": cutoff},
    )
