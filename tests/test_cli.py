"""The command as a user runs it: what it prints, its exit codes, what it writes."""

import csv
import json
import subprocess
import sys

import pytest

from diffusion_vae import cli

TINY = ["--epochs", "1", "--encoder-units", "8", "--decoder-units", "8"]


def run(monkeypatch, capfd, *arguments):
    """Exit code, standard output and standard error of the command."""
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    output = capfd.readouterr()
    return stopped.value.code or 0, output.out, output.err


def test_train_prints_a_summary_that_a_program_can_read(monkeypatch, capfd, tmp_path):
    options = ["size=8", "train_size=64", "test_size=16"]
    flags = [part for option in options for part in ("--dataset-option", option)]
    code, out, _ = run(
        monkeypatch, capfd, "train", "--results", str(tmp_path), "--restarts", "0", *flags, *TINY
    )
    assert code == 0
    lines = out.splitlines()
    assert "topology: not captured" in lines or "topology: captured" in lines
    path = next(line.removeprefix("metrics: ") for line in lines if line.startswith("metrics: "))
    with open(path) as file:
        assert {"elbo", "kl_loss", "mse", "topology"} <= set(json.load(file))


def test_train_with_convolutions_of_every_option(monkeypatch, capfd, tmp_path):
    options = {
        "--network": "conv", "--filters": "4,5", "--kernel-sizes": "3x1,2",
        "--pool-sizes": "2x3,none", "--dense-units": "6", "--padding": "circular",
    }  # fmt: skip
    flags = [part for pair in options.items() for part in pair]
    code, _, err = run(
        monkeypatch, capfd, "train", "--latent", "sphere:2", "--dataset", "digits",
        "--results", str(tmp_path), "--batch-size", "1000", "--epochs", "1", *flags,
    )  # fmt: skip
    assert (code, err) == (0, "")
    (path,) = tmp_path.glob("parameters/*/experiment.json")
    record = json.loads(path.read_text())
    config = record.get("config", record)
    assert config["kernel_sizes"] == [[3, 1], 2]
    assert config["pool_sizes"] == [[2, 3], None]
    assert (config["filters"], config["padding"]) == ([4, 5], "circular")


def test_another_network_leaves_out_what_a_configuration_says_of_the_former(
    monkeypatch, capfd, tmp_path
):
    stored = tmp_path / "stored.json"
    stored.write_text(
        json.dumps({"latent": "sphere:2", "dataset": "digits", "encoder_units": [8]})
    )
    flags = [
        "--config", str(stored), "--network", "conv", "--filters", "4", "--pool-sizes", "2",
        "--epochs", "1", "--batch-size", "1000", "--results", str(tmp_path),
    ]  # fmt: skip
    code, _, err = run(monkeypatch, capfd, "train", *flags)
    assert (code, err) == (0, "")
    code, _, err = run(monkeypatch, capfd, "train", *flags, "--encoder-units", "8")
    assert code == 2 and "Expected no `encoder_units` with the network 'conv'" in err


def test_list_shows_spaces_data_sets_and_models(monkeypatch, capfd):
    code, out, _ = run(monkeypatch, capfd, "list")
    assert code == 0
    for name in ("sphere:2", "so3", "periodic_pictures", "mnist", "diffusion"):
        assert name in out


def test_a_run_is_evaluated_drawn_and_tabulated(monkeypatch, capfd, tmp_path):
    results = ["--results", str(tmp_path)]
    chosen = ["--latent", "sphere:2", "--dataset", "digits", "--run", "mine"]
    for arguments in (["train", *results, *chosen, *TINY], ["evaluate", "mine", *results]):
        assert run(monkeypatch, capfd, *arguments)[0] == 0
    code, out, _ = run(monkeypatch, capfd, "plot", "mine", *results)
    assert code == 0
    names = {path.name for path in (tmp_path / "images" / "mine").iterdir()}
    assert {"latent.png", "prior_samples.png", "interpolation.png", "examples.png"} <= names
    assert all(name in out for name in names)
    code, out, err = run(monkeypatch, capfd, "plot", "mine", "--explore", *results)
    assert code == 2 and "opens no window" in err
    table = tmp_path / "runs.csv"
    assert run(monkeypatch, capfd, "list", "--csv", str(table), *results)[0] == 0
    with table.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["run"], row["latent"]) == ("mine", "sphere:2")
    assert float(row["log_likelihood"]) > float(row["elbo"]) - 1.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--latent", "spheer:2"], "Did you mean 'sphere'?"),
        (["--latent", "sphere:0"], "Expected `dim` to be at least 1"),
        (["--dataset", "mnits"], "Did you mean 'mnist'?"),
        (["--dataset", "no/such/file.npz"], "no/such/file.npz"),
        (["--dataset", "digits", "--dataset-option", "colour=1"], "Unknown option(s) 'colour'"),
        (["--dataset", "digits", "--dataset-option", "colour"], "KEY=VALUE"),
        (["--likelihood", "poisson"], "Expected `likelihood`"),
        (["--likelihood", "bernoulli"], "to lie in [0, 1] for a Bernoulli likelihood"),
        (["--kernel", "magic"], "Expected `kernel`"),
        (["--log-time-range", "1"], "Expected --log-time-range to be 2 numbers"),
        (["--log-time-range", "1,-1"], "low < high"),
        (["--encoder-units", "a,b"], "Expected --encoder-units"),
        (["--model", "gan"], "Expected `model`"),
        (["--network", "gru"], "Expected `network`"),
        (["--padding", "valid"], "Expected `padding`"),
        (["--kernel-sizes", "3,a"], "Expected --kernel-sizes"),
        (["--network", "conv", "--pool-sizes", "2,2"], "Expected one of `pool_sizes`"),
        (["--network", "conv", "--encoder-units", "9"], "Expected no `encoder_units`"),
        (["--padding", "circular"], "Expected no `padding` with the network 'mlp'"),
        (["--network", "conv", "--kernel-sizes", "none"], "Expected each of `kernel_sizes`"),
        (["--epochs", "0"], "Expected `epochs` to be at least 1"),
        (["--run", "a/b"], "plain folder name"),
        (["--latent", "sphere:2", "--head", "veronese"], "Veronese"),
        (["--epochs", "many"], "--epochs"),
    ],
)
def test_bad_input_is_one_sentence_exit_code_2_and_no_files(
    monkeypatch, capfd, tmp_path, arguments, sentence
):
    results = tmp_path / "results"
    tiny = ["--epochs", "1"] if "conv" in arguments else TINY
    code, out, err = run(monkeypatch, capfd, "train", "--results", str(results), *tiny, *arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in out + err
    assert not results.exists()


def test_the_installed_command_is_quiet_about_gpus():
    finished = subprocess.run(
        ["diffusion-vae", "train", "--latent", "nowhere"], capture_output=True, text=True
    )
    assert finished.returncode == 2
    assert finished.stderr.startswith("Error: Unknown manifold 'nowhere'")
    assert finished.stderr.count("\n") == 1
