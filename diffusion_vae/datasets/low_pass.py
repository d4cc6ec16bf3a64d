"""Pictures without their high frequencies, whitened or not."""

import dataclasses

import numpy as np
from scipy import fft

from diffusion_vae.checks import require_number
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.stored.base import StoredPictures

NEGLIGIBLE = 1e-3  # amplitude, relative to the largest one, that whitening does not blow up


def low_pass(pictures, cutoff: int) -> np.ndarray:
    """Keeps the frequencies (k, l) with |k| + |l| <= `cutoff`, pictures taken as periodic.

    Args:
        pictures: `[N, height, width, channels]`.
        cutoff: Radius of the L1 ball of frequencies, in periods a picture; 0 leaves
            the mean only. The filter is linear and may leave the range of the values.

    Returns:
        Filtered pictures, float32 `[N, height, width, channels]`.
    """
    pictures = _checked(np.asarray(pictures, np.float32))
    cutoff = require_number("low_pass", cutoff, least=0)
    return _weighted(pictures, _kept(pictures.shape[1:3], cutoff))


def low_pass_filtered(dataset: Dataset, cutoff: int) -> Dataset:
    """The data set with all pictures filtered, new ones of `render` too.

    Overshoots are clipped to the range of the unfiltered training pictures, so that
    data in [0, 1] stay there. `load(name, low_pass=cutoff)` does this.
    """
    train = _pictures_of(dataset)
    low, high = train.min(), train.max()
    return _filtered(
        dataset, lambda pictures: np.clip(low_pass(pictures, cutoff), low, high), cutoff
    )


def whitened(dataset: Dataset, cutoff: int) -> Dataset:
    """The data set with all kept frequencies equally strong, new pictures of `render` too.

    Each frequency with 0 < |k| + |l| <= `cutoff` is divided by its root mean square amplitude
    over the training pictures; those of next to no amplitude are left out. The results are
    shifted and scaled so that the training pictures have their old mean value and stay just
    within their old range. A convolution with one fixed picture, so translations of a picture
    stay translations of a picture.
    """
    train = _pictures_of(dataset)
    kept = _kept(train.shape[1:3], cutoff)
    kept[0, 0] = 0.0
    spectrum = fft.rfft2(train, axes=(1, 2))
    amplitude = np.sqrt(np.mean(np.abs(spectrum) ** 2, axis=(0, 3))) * kept
    strong = amplitude > NEGLIGIBLE * max(amplitude.max(), np.finfo(np.float32).tiny)
    gains = np.where(strong, 1.0 / np.where(strong, amplitude, 1.0), 0.0)
    white = _weighted(train, gains)
    mean, low, high = train.mean(dtype=float), train.min(), train.max()
    widest = max(white.max() / max(high - mean, 1e-30), -white.min() / max(mean - low, 1e-30))
    scale = 1.0 / widest if widest > 0 else 0.0

    def filtered(pictures):
        pictures = np.asarray(pictures, np.float32)
        shown = mean + scale * _weighted(pictures, gains)
        return np.clip(shown, low, high).astype(np.float32)

    return _filtered(dataset, filtered, cutoff)


def _kept(sides, cutoff):
    """1 at the frequencies within the cutoff, else 0: `[height, width // 2 + 1]`."""
    height, width = sides
    k = np.abs(fft.fftfreq(height, 1 / height))[:, None]  # [height, 1]
    m = fft.rfftfreq(width, 1 / width)[None, :]  # [1, width // 2 + 1]
    return (k + m <= cutoff + 1e-9).astype(float)


def _weighted(pictures, weights):
    """The pictures with each frequency times a weight, `[height, width // 2 + 1]`."""
    spectrum = fft.rfft2(pictures, axes=(1, 2)) * weights[..., None]
    return fft.irfft2(spectrum, s=pictures.shape[1:3], axes=(1, 2)).astype(np.float32)


def _pictures_of(dataset) -> np.ndarray:
    """The training pictures, where they can be filtered."""
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
    return _checked(dataset.train)


def _checked(pictures):
    if pictures.ndim != 4:
        raise ValueError(
            f"Expected pictures of shape [N, height, width, channels] for a low-pass filter. "
            f"Received: shape {pictures.shape}."
        )
    return pictures


def _filtered(dataset, filtered, cutoff):
    render = dataset.render
    return dataclasses.replace(
        dataset,
        train=filtered(dataset.train),
        test=filtered(dataset.test),
        render=None if render is None else lambda factors: filtered(render(factors)),
        options={**dataset.options, "low_pass": cutoff},
    )
