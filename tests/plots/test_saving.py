"""A file is complete or not there."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from diffusion_vae.files import replacing
from diffusion_vae.plots import save, to_array


@pytest.mark.parametrize("ending", [".png", ".pdf", ".svg"])
def test_save_makes_folders_and_leaves_nothing_else(tmp_path, ending):
    path = save(Figure(figsize=(1, 1)), tmp_path / "a" / "b" / f"picture{ending}", dpi=30)
    assert path.stat().st_size > 0
    assert [p.name for p in path.parent.iterdir()] == [f"picture{ending}"]


def test_save_takes_text_paths(tmp_path):
    assert save(Figure(figsize=(1, 1)), str(tmp_path / "p.png"), dpi=30).is_file()


def test_an_error_keeps_the_old_file_and_removes_the_new(tmp_path):
    path = tmp_path / "p.txt"
    path.write_text("old")
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_unknown_format_leaves_nothing(tmp_path):
    with pytest.raises(ValueError, match="unknown"):
        save(Figure(), tmp_path / "p.unknown")
    assert list(tmp_path.iterdir()) == []


def test_pixels_of_a_figure():
    figure = Figure(figsize=(2, 1), dpi=70)
    pixels = to_array(figure, dpi=40)
    assert pixels.shape == (40, 80, 3) and pixels.dtype == np.uint8
    assert figure.get_dpi() == 70
