"""Tables on the command line, and what their pictures show."""

import json
import sys

import numpy as np
import pytest

from diffusion_vae import cli
from diffusion_vae.datasets import load
from diffusion_vae.plots.model_pictures import held_out_examples, holds_pictures


@pytest.fixture
def path(tmp_path):
    """Four columns, which are no picture of 2 x 2; a class and an angle."""
    rng = np.random.default_rng(0)
    angle = rng.uniform(0, 2 * np.pi, 40)
    x = 10 * np.cos(angle[:, None] + np.arange(4)) + rng.normal(size=(40, 4))
    rows = [[*row, "late" if t > 3 else "early", t] for row, t in zip(x, angle, strict=True)]
    lines = [",".join(map(str, row)) for row in [["a", "b", "c", "d", "kind", "angle"], *rows]]
    (tmp_path / "ring.csv").write_text("\n".join(lines))
    return tmp_path / "ring.csv"


def run(monkeypatch, capfd, path, *settings):
    """Exit code and standard error of `train`."""
    settings = ["encoder.units=8", "decoder.units=8", *(f"dataset.{each}" for each in settings)]
    train = ["train", "--dataset", path, "--manifold", "sphere:1", "--epochs", 1]
    train += [part for each in settings for part in ("--set", each)]
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", *map(str, train)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return stopped.value.code or 0, capfd.readouterr().err


def test_pictures_show_names_of_classes_and_no_squares(path):
    classes = load(path, columns="a,b,c,d", label_column="kind")
    _, labels, factors, colouring = held_out_examples(classes)
    assert set(labels) == {"early", "late"} and factors is None and colouring == "labels"
    assert not holds_pictures(classes) and holds_pictures(classes.train)
    scale = load(path, columns="a,b,c,d", label_column="angle")
    _, labels, factors, colouring = held_out_examples(scale)
    np.testing.assert_array_equal(labels, scale.test_factors[:, 0])
    assert factors is None and colouring == "scale"


@pytest.mark.slow
def test_a_csv_file_is_trained_on(monkeypatch, capfd, path, tmp_path):
    monkeypatch.chdir(tmp_path)
    settings = ("columns=a,b,c,d", "label_column=kind", "standardize=true")
    assert run(monkeypatch, capfd, path, *settings) == (0, "")
    (record,) = tmp_path.glob("results/parameters/*/experiment.json")
    dataset = json.loads(record.read_text())["dataset"]
    assert dataset["options"]["standardize"] is True
    assert abs(load(dataset["name"], **dataset["options"]).train.mean()) < 1e-6
    (pictures,) = tmp_path.glob("results/images/*")
    assert [each.name for each in pictures.iterdir()] == ["latent.png"]


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (("label_column=kid",), "'kid'. Did you mean 'kind'?"),
        ((), "'kind' (text, such as '"),
        (("colums=a",), "Did you mean 'columns'?"),
        (("header=maybe",), "`dataset.header` to be true or false or none"),
        (("layer=counts",), "The option `layer` is not for .csv and .tsv files"),
    ],
)
def test_bad_input_ends_in_one_sentence(monkeypatch, capfd, path, settings, sentence):
    code, error = run(monkeypatch, capfd, path, *settings)
    assert code == 2 and sentence in error
    assert error.startswith("Error: ") and len(error.strip().splitlines()) == 1


def test_a_missing_package_ends_in_one_sentence(monkeypatch, capfd, path):
    monkeypatch.setitem(sys.modules, "pandas", None)
    code, error = run(monkeypatch, capfd, path)
    assert code == 2 and 'pip install "diffusion-vae[tables]"' in error
    assert len(error.strip().splitlines()) == 1
