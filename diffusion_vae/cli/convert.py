"""`diffusion-vae convert`: pictures into one file that training can stream."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_vae.cli.common import console


def convert(
    source: Annotated[Path, typer.Argument(help="Folder or zip archive of pictures.")],
    target: Annotated[Path, typer.Argument(help="HDF5 file to write, such as celeba.h5.")],
    size: Annotated[int, typer.Option(help="Pixels a side of the pictures written.")] = 64,
    crop: Annotated[
        int | None,
        typer.Option(
            help="Pixels a side of the central square: 108 for the faces of CelebA.",
            show_default="the largest there is",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(help="Number of pictures to take, from the first.", show_default="all"),
    ] = None,
) -> None:
    """Write pictures to one HDF5 file, from which training streams them (CelebA, LSUN)."""
    from diffusion_vae.datasets import convert_pictures

    with console.status(f"Converting {source}"):
        path = convert_pictures(source, target, size, crop, limit)
    console.print(str(path), soft_wrap=True)
