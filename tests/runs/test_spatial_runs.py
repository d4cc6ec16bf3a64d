"""Runs of the spatial VAE from the command line: options, results, streamed pictures."""

import json
import sys

import numpy as np
import pytest
from PIL import Image

from diffusion_vae import cli
from diffusion_vae.runs import compose, load_run, train

pytestmark = pytest.mark.usefixtures("without_graphs")


def command(monkeypatch, capfd, *arguments):
    """Exit code, standard output and standard error of `diffusion-vae`."""
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    output = capfd.readouterr()
    return stopped.value.code or 0, output.out, output.err


@pytest.fixture
def cifar10(tmp_path):
    """A file in the form of CIFAR-10 with a few random pictures."""
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, (24, 32, 32, 3), dtype=np.uint8)
    np.savez(tmp_path / "cifar10.npz", x_train=pictures[:16], x_test=pictures[16:])
    return tmp_path / "cifar10.npz"


@pytest.mark.slow
def test_train_evaluate_and_list(monkeypatch, capfd, tmp_path, cifar10):
    results = ["--results", tmp_path / "results"]
    code, out, err = command(
        monkeypatch, capfd, "train", "--model", "spatial", "--dataset", "cifar10",
        "--set", f"dataset.path={cifar10}", "--set", "variant=low_rank", "--set", "maps=2",
        "--epochs", 1, "--batch-size", 8, "--run", "mine", *results,
    )  # fmt: skip
    assert (code, err) == (0, "")
    assert "Training SpatialVAE on cifar10" in out
    record = json.loads((tmp_path / "results/parameters/mine/experiment.json").read_text())
    assert record["dataset"]["options"] == {"value_range": [-1, 1], "path": str(cifar10)}
    config = record["model"]["config"]
    assert (config["variant"], config["maps"]) == ("low_rank", 2)
    loaded = load_run(tmp_path / "results", "mine")
    assert loaded.dataset.train.min() < -0.9
    assert loaded.model.latent.point_shape == (3, 3, 2)
    assert {"elbo", "kl_loss", "mse", "log_variance"} <= set(loaded.metrics)
    assert (tmp_path / "results/images/mine/reconstruction_pairs.png").exists()
    code, out, _ = command(monkeypatch, capfd, "evaluate", "mine", "--samples", 2, *results)
    assert code == 0
    assert "log_likelihood" in out
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "tkagg")
    code, _, err = command(monkeypatch, capfd, "plot", "mine", "--explore", *results)
    assert code == 2
    assert "Expected a model on a manifold for --explore" in err
    code, out, _ = command(monkeypatch, capfd, "list", *results)
    assert code == 0
    assert "spatial" in out and "SpatialVAE" in out  # a kind of model, and the run's space


@pytest.mark.slow
def test_pictures_are_converted_and_streamed_into_training(monkeypatch, capfd, tmp_path):
    folder = tmp_path / "faces"
    folder.mkdir()
    for index in range(24):
        picture = np.random.default_rng(index).integers(0, 256, (40, 36, 3), dtype=np.uint8)
        Image.fromarray(picture).save(folder / f"{index:06d}.jpg")
    target = tmp_path / "celeba.h5"
    code, out, err = command(
        monkeypatch, capfd, "convert", folder, target, "--size", 32, "--crop", 34, "--limit", 20
    )
    assert (code, err, out.strip()) == (0, "", str(target))
    record = compose(
        "spatial", dataset="celeba", epochs=1, batch_size=8,
        settings={"variant": "vanilla", "maps": 2, "dataset.path": str(target)},
    )  # fmt: skip
    trained = train(record, tmp_path / "results", "mine")
    assert (len(trained.dataset.train), len(trained.dataset.test)) == (16, 4)
    assert np.isfinite(trained.metrics["elbo"])


def test_convert_says_in_one_sentence_what_is_wrong(monkeypatch, capfd, tmp_path):
    code, _, err = command(monkeypatch, capfd, "convert", tmp_path / "none", tmp_path / "a.h5")
    assert code == 2
    assert err.startswith("Error: There is no folder or archive")
    assert not (tmp_path / "a.h5").exists()


def test_bad_options_of_the_model_are_one_sentence(monkeypatch, capfd, tmp_path, cifar10):
    start = ["train", "--model", "spatial", "--dataset", "cifar10", "--set",
             f"dataset.path={cifar10}", "--results", tmp_path / "results"]  # fmt: skip
    for option, sentence in {
        "map_size=3": "Expected `map_size` 1",
        "size=3": "Expected an argument of the model",
    }.items():
        arguments = [*start, "--set", "variant=vanilla", "--set", option]
        code, out, err = command(monkeypatch, capfd, *arguments)
        assert code == 2
        assert sentence in err
        assert "Traceback" not in out + err
    assert not (tmp_path / "results").exists()
