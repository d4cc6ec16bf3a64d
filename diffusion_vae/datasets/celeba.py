"""CelebA: photographs of faces, streamed from one HDF5 file."""

from pathlib import Path

from diffusion_vae.checks import require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.sources import find_local
from diffusion_vae.datasets.stored.hdf5 import HDF5Pictures

FILES = ("celeba.h5", "celeba_64.h5")
TRAIN, ALL = 160_000, 202_599  # training pictures of the original, and pictures there are


@register("celeba", "photographs of faces, colour, streamed; converted local file only")
def load_celeba(
    path: str | Path | None = None, train_size: int | None = None, test_size: int | None = 10_000
) -> Dataset:
    """CelebA (Liu et al. 2015), events `(64, 64, 3)` with values in [0, 1].

    The pictures are not downloaded. From the folder or zip archive of aligned jpgs
    (`img_align_celeba`) the command

        diffusion-vae convert img_align_celeba.zip celeba.h5 --crop 108

    writes the file, which is looked for like `mnist`. The first 160,000 pictures are for
    training (of a smaller file the same share), the next for testing. Training pictures
    stay in the file and are read batch by batch; test pictures are in memory.

    Args:
        path: The HDF5 file with an array `data`, uint8 `[N, height, width, channels]`;
            `None` searches for it.
        train_size: Number of training pictures to keep; `None` keeps all.
        test_size: Largest number of test pictures to keep; `None` keeps all.
    """
    if path is None:
        advice = (
            "the file that `diffusion-vae convert img_align_celeba.zip celeba.h5 --crop 108` "
            "makes from the aligned pictures (https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html)"
        )
        path = find_local(FILES, advice)
    path = Path(path).expanduser()
    pictures = HDF5Pictures(path)
    count = len(pictures)
    train = min(TRAIN, round(count * TRAIN / ALL))
    if not 0 < train < count:
        raise ValueError(
            f"Expected pictures for training and for testing in {str(path)!r}. Received: {count}."
        )
    if train_size is not None and require_integer("train_size", train_size, 1) > train:
        raise ValueError(
            f"Expected `train_size` to be at most {train}, the training pictures of "
            f"{str(path)!r}. Received: {train_size}."
        )
    stop = (
        count
        if test_size is None
        else min(train + require_integer("test_size", test_size, 1), count)
    )
    return Dataset(
        name="celeba",
        train=pictures.select(slice(train_size or train)),
        test=pictures.select(slice(train, stop))[:],
    )
