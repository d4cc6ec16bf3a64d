"""Pictures without their high frequencies."""

import dataclasses

import numpy as np
from scipy import fft

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.stored.base import StoredPictures
from diffusion_vae.manifolds.arguments import require_number


def low_pass(pictures, cutoff: int) -> np.ndarray:
    """Keeps the frequencies (k, l) with |k| + |l| <= `cutoff`, pictures taken as periodic.

    Args:
        pictures: `[N, height, width, channels]`.
        cutoff: Radius of the L1 ball of frequencies, in periods a picture; 0 leaves
            the mean only. The filter is linear and may leave the range of the values.

    Returns:
        Filtered pictures, float32 `[N, height, width, channels]`.
    """
    pictures = np.asarray(pictures, np.float32)
    if pictures.ndim != 4:
        raise ValueError(
            f"Expected pictures of shape [N, height, width, channels] for a low-pass filter. "
            f"Received: shape {pictures.shape}."
        )
    cutoff = require_number("low_pass", cutoff, least=0)
    height, width = pictures.shape[1:3]
    k = np.abs(fft.fftfreq(height, 1 / height))[:, None]  # [height, 1]
    m = fft.rfftfreq(width, 1 / width)[None, :]  # [1, width // 2 + 1]
    kept = (k + m <= cutoff + 1e-9)[..., None]  # [height, width // 2 + 1, 1]
    spectrum = fft.rfft2(pictures, axes=(1, 2))
    return fft.irfft2(spectrum * kept, s=(height, width), axes=(1, 2)).astype(np.float32)


def low_pass_filtered(dataset: Dataset, cutoff: int) -> Dataset:
    """The data set with all pictures filtered, new ones of `render` too.

    Overshoots are clipped to the range of the unfiltered training pictures, so that
    data in [0, 1] stay there. `load(name, low_pass=cutoff)` does this.
    """
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
    low, high = dataset.train.min(), dataset.train.max()

    def filtered(pictures):
        return np.clip(low_pass(pictures, cutoff), low, high)

    render = dataset.render
    return dataclasses.replace(
        dataset,
        train=filtered(dataset.train),
        test=filtered(dataset.test),
        render=None if render is None else lambda factors: filtered(render(factors)),
        options={**dataset.options, "low_pass": cutoff},
    )
