"""The comparison of the variants, on small made faces: from jpgs to table and figure."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from diffusion_vae.datasets import StoredPictures, convert_pictures
from diffusion_vae.files import read_json

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "spatial_variants.py"
SIZES = ["--epochs", "1", "--maps", "2", "--batch-size", "8", "--samples", "12",
         "--held-out", "6", "--test-size", "5"]  # fmt: skip


@pytest.fixture
def benchmark(monkeypatch):
    monkeypatch.syspath_prepend(SCRIPT.parent)  # as for a script
    spec = importlib.util.spec_from_file_location("spatial_variants", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def faces(tmp_path):
    """A converted file of 40 faces: ovals of several colours on several grounds."""
    folder = tmp_path / "img_align_celeba"
    folder.mkdir()
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:109, :89]
    oval = ((y - 54) / 30) ** 2 + ((x - 44) / 20) ** 2 < 1
    for index in range(40):
        picture = np.empty((109, 89, 3), np.uint8)
        picture[:] = rng.integers(0, 256, 3)
        picture[oval] = rng.integers(0, 256, 3)
        Image.fromarray(picture).save(folder / f"{index:06d}.jpg")
    return convert_pictures(folder, tmp_path / "celeba.h5", crop=80)


def test_table_and_figure_of_made_faces_grow_variant_by_variant(benchmark, faces, tmp_path):
    out = tmp_path / "out" / "faces"
    options = ["--dataset", "celeba", "--path", str(faces), *SIZES, "--out", str(out)]
    benchmark.main([*options, "--variants", "low_rank"])
    first = read_json(out.with_suffix(".json"))
    (row,) = first["runs"]
    assert (row["variant"], row["latent_values"]) == ("low_rank", 18)
    assert row["variance"] == pytest.approx(64 * 64 * 3 / 36)
    assert np.isfinite([row[key] for key in ("elbo", "kl_loss", "mse")]).all()
    parzen = row["parzen"]
    assert (parzen["centres"], parzen["held_out"], parzen["test"]) == (12, 6, 5)
    assert parzen["dimension"] == 64 * 64 * 3
    assert -1 <= parzen["data_range"][0] < -0.5 < 0.5 < parzen["data_range"][1] <= 1

    benchmark.main([*options, "--variants", "low_rank", "vanilla"])
    second = read_json(out.with_suffix(".json"))
    assert second["runs"][0] == row  # not trained again
    assert second["references"] == first["references"]
    assert second["runs"][1]["variance"] == row["variance"]  # the same for every variant
    table = [line for line in out.with_suffix(".md").read_text().splitlines() if line[:2] == "| "]
    assert [line.split()[1] for line in table[1:]] == ["vanilla", "low_rank"]
    with np.load(out.with_suffix(".npz")) as pictures:
        assert {name: pictures[name].shape for name in pictures} == dict.fromkeys(
            ("data", "low_rank", "vanilla"), (10, 64, 64, 3)
        )
    with Image.open(out.with_suffix(".png")) as figure:
        assert figure.width > 2 * figure.height  # three rows of ten


def test_held_out_faces_are_no_training_faces(benchmark, faces):
    options = ["--dataset", "celeba", "--path", str(faces), *SIZES, "--out", "unused"]
    dataset, held_out, columns = benchmark.load(benchmark.parse(options))
    assert isinstance(dataset.train, StoredPictures)  # streamed, not loaded
    assert (len(dataset.train), len(held_out), len(dataset.test), columns) == (26, 6, 5, 10)
    rows = [bytes(x) for part in (dataset.train[:], held_out, dataset.test) for x in part]
    assert len(set(rows)) == len(rows)


def test_the_originals_vanilla_had_nine_times_the_variance(benchmark):
    arguments = benchmark.parse(["--out", "unused", "--maps", "64"])
    variances = {
        name: benchmark.build(name, (32, 32, 3), arguments).likelihood.variance
        for name in ("vanilla", "naive", "vanilla_original")
    }
    assert variances["vanilla"] == variances["naive"] == pytest.approx(2.667, abs=1e-3)
    assert variances["vanilla_original"] == pytest.approx(9 * variances["naive"])
