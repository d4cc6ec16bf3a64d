"""The command as a user runs it: what it prints, its exit codes, what it writes."""

import csv
import json
import re
import subprocess
import sys

import keras
import pytest
import typer
from matplotlib import pyplot

import diffusion_vae
from diffusion_vae import cli
from diffusion_vae.runs import MODELS, load_run, register_model
from diffusion_vae.signatures import with_full_signature

TINY = ["--epochs", "1", "--set", "encoder.units=8", "--set", "decoder.units=8"]
DIGITS = ["--manifold", "sphere:2", "--dataset", "digits", "--batch-size", "1000"]


def run(monkeypatch, capfd, *arguments):
    """Exit code, standard output and standard error of the command."""
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    output = capfd.readouterr()
    return stopped.value.code or 0, output.out, output.err


def settings(**values):
    """`--set` options, with two underscores for a point."""
    pairs = [f"{key.replace('__', '.')}={value}" for key, value in values.items()]
    return [part for pair in pairs for part in ("--set", pair)]


def only_record(results):
    """The record of the one run of a results folder."""
    (path,) = results.glob("parameters/*/experiment.json")
    return json.loads(path.read_text())


# -- train -----------------------------------------------------------------------------------


@pytest.mark.slow
def test_train_prints_a_summary_that_a_program_can_read(monkeypatch, capfd, tmp_path):
    data = settings(dataset__size=8, dataset__train_size=64, dataset__test_size=16)
    code, out, _ = run(
        monkeypatch, capfd, "train", "--results", tmp_path, "--restarts", 0, *data, *TINY
    )
    assert code == 0
    lines = out.splitlines()
    assert "topology: not captured" in lines or "topology: captured" in lines
    path = next(line.removeprefix("metrics: ") for line in lines if line.startswith("metrics: "))
    with open(path) as file:
        assert {"elbo", "kl_loss", "mse", "topology"} <= set(json.load(file))


@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
def test_train_with_convolutions_of_every_setting(monkeypatch, capfd, tmp_path):
    chosen = settings(
        network__filters="4,5", network__kernel_sizes="[[3, 1], 2]",
        network__pool_sizes="[[2, 3], none]", network__dense_units=6, network__padding="circular",
    )  # fmt: skip
    code, _, err = run(
        monkeypatch, capfd, "train", *DIGITS, "--network", "conv", "--epochs", 1, *chosen,
        "--results", tmp_path,
    )  # fmt: skip
    assert (code, err) == (0, "")
    config = only_record(tmp_path)["model"]["config"]["encoder"]["config"]
    assert config["kernel_sizes"] == [[3, 1], 2]
    assert config["pool_sizes"] == [[2, 3], None]
    assert (config["filters"], config["padding"]) == ([4, 5], "circular")


BY_HAND = """
model:
  class_name: DiffusionVAE
  config:
    manifold: sphere:2
    encoder: {class_name: MLPEncoder, config: {units: [8]}}
    decoder: {class_name: MLPDecoder, config: {units: [8]}}
dataset: {name: digits, options: {test_fraction: 0.9}}
fit: {epochs: 2}
"""


@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
def test_options_beside_a_hand_written_file_replace_its_own(monkeypatch, capfd, tmp_path):
    stored = tmp_path / "stored.yaml"
    stored.write_text(BY_HAND)
    flags = ["train", "--config", stored, "--epochs", 1, "--results", tmp_path / "results"]
    code, out, err = run(monkeypatch, capfd, *flags, "--seed", 3, *settings(kl_weight=0.5))
    assert (code, err) == (0, "")
    assert "Training sphere:2 on digits, 1 epoch, seed 3." in out
    record = only_record(tmp_path / "results")
    config = record["model"]["config"]
    assert (record["fit"]["epochs"], record["seed"], config["kl_weight"]) == (1, 3, 0.5)
    assert config["encoder"]["config"]["units"] == [8]
    assert record["dataset"] == {"name": "digits", "options": {"test_fraction": 0.9}}


@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
def test_another_network_leaves_out_what_a_file_says_of_the_former(monkeypatch, capfd, tmp_path):
    stored = tmp_path / "stored.yaml"
    stored.write_text(BY_HAND)
    flags = [
        "train", "--config", stored, "--network", "conv", "--epochs", 1, "--results",
        tmp_path / "results", *settings(network__filters=4, network__pool_sizes=2),
    ]  # fmt: skip
    code, _, err = run(monkeypatch, capfd, *flags, *settings(encoder__units=8))
    assert code == 2 and "an argument of the encoder ConvEncoder" in err
    code, _, err = run(monkeypatch, capfd, *flags)
    assert (code, err) == (0, "")
    config = only_record(tmp_path / "results")["model"]["config"]
    assert config["decoder"]["config"]["filters"] == [4]


# A package of a user's own: one more constructor argument, and nothing else.
OWN_MODEL = '''
import keras
from diffusion_vae import DiffusionVAE
from diffusion_vae.signatures import with_full_signature


@keras.saving.register_keras_serializable(package="own_package")
class SharpVAE(DiffusionVAE):
    """A model with one more argument.

    Args:
        sharpness: How sharp.
    """

    def __init__(self, manifold, encoder=None, decoder=None, *, sharpness: float = 1.0, **kwargs):
        super().__init__(manifold, encoder, decoder, **kwargs)
        self.sharpness = sharpness

    def get_config(self):
        return {**super().get_config(), "sharpness": self.sharpness}
'''


# The same command without and with `--import`, in one process that does not know the module.
TWICE = """
import contextlib, io, json, sys
from diffusion_vae import cli

answers = []
for more in ([], ["--import", sys.argv[2]]):
    arguments, (out, err) = [*json.loads(sys.argv[1]), *more], (io.StringIO(), io.StringIO())
    before, sys.argv = sys.argv, ["diffusion-vae", *arguments]
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        try:
            cli.main()
        except SystemExit as stopped:
            answers.append((stopped.code or 0, out.getvalue(), err.getvalue()))
    sys.argv = before
print(json.dumps(answers))
"""


@pytest.fixture
def own_module(monkeypatch, tmp_path):
    """The name of a module with a model of one's own."""
    (tmp_path / "own_package_models.py").write_text(OWN_MODEL)
    monkeypatch.syspath_prepend(tmp_path)
    yield "own_package_models"
    sys.modules.pop("own_package_models", None)


@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
def test_one_more_argument_of_a_model_is_set_from_the_command_line(
    monkeypatch, capfd, tmp_path, own_module
):
    monkeypatch.setattr("diffusion_vae.runs.kinds.MODELS", dict(MODELS))
    results = tmp_path / "results"
    flags = ["train", *DIGITS, *TINY, "--results", results, "--run", "mine"]
    address = f"{own_module}:SharpVAE"
    code, _, err = run(
        monkeypatch, capfd, *flags, "--model", address, *settings(sharpness=2.5, walk_steps=3)
    )
    assert (code, err) == (0, "")
    config = only_record(results)["model"]["config"]
    assert (config["sharpness"], config["walk_steps"]) == (2.5, 3)
    model = load_run(results, "mine").model
    assert (type(model).__name__, model.sharpness) == ("SharpVAE", 2.5)
    assert load_run(results, "mine").record.build_model().sharpness == 2.5

    # Another process knows the class when its module is named, and then only.
    line = ["evaluate", "mine", "--samples", "0", "--results", str(results)]
    done = subprocess.run(
        [sys.executable, "-c", TWICE, json.dumps(line), own_module],
        capture_output=True, text=True, cwd=tmp_path,
    )  # fmt: skip
    (code, _, err), (code_with, out_with, err_with) = json.loads(done.stdout)
    assert code == 2 and err.count("\n") == 1, err
    assert "'SharpVAE'" in err and "`--import MODULE`" in err
    assert code_with == 0, err_with
    assert "elbo" in out_with

    code, out, _ = run(monkeypatch, capfd, "options", address)
    assert code == 0 and re.search(r"sharpness +1\.0 +a number +How sharp", out)
    for wrong, sentence in {
        "sharpness=very": "Expected `sharpness` to be a number. Received: 'very'.",
        "sharpnes=1": "Did you mean 'sharpness'?",
    }.items():
        code, _, err = run(monkeypatch, capfd, *flags, "--model", address, "--set", wrong)
        assert code == 2 and sentence in err


def test_a_registered_model_is_a_kind_of_its_own(monkeypatch, capfd, tmp_path, own_module):
    monkeypatch.setattr("diffusion_vae.runs.kinds.MODELS", dict(MODELS))
    register_model("sharp", f"{own_module}:SharpVAE", "sharp pictures")
    _, out, _ = run(monkeypatch, capfd, "list", "--results", tmp_path / "none")
    assert "sharp pictures" in out
    seen = []
    monkeypatch.setattr(
        "diffusion_vae.runs.training.train", lambda record, *args, **options: seen.append(record)
    )
    code, _, err = run(
        monkeypatch, capfd, "train", *DIGITS, "--model", "sharp", *settings(sharpness=0.5)
    )
    assert (code, err) == (0, "")
    assert seen[0].model["config"]["sharpness"] == 0.5


def test_an_argument_of_a_class_in_the_test_itself_is_in_its_signature():
    @with_full_signature
    @keras.saving.register_keras_serializable(package="tests")
    class SharperVAE(diffusion_vae.SphereVAE):
        def __init__(self, dim=2, encoder=None, decoder=None, *, sharpness=1.0, **kwargs):
            super().__init__(dim, encoder, decoder, **kwargs)
            self.sharpness = sharpness

    assert {"sharpness", "walk_steps", "likelihood"} <= set(SharperVAE.__signature__.parameters)
    with pytest.raises(TypeError, match="Did you mean 'sharpness'"):
        SharperVAE(sharpnes=1.0)


# -- other commands --------------------------------------------------------------------------


def test_list_shows_spaces_data_sets_and_models(monkeypatch, capfd):
    code, out, _ = run(monkeypatch, capfd, "list")
    assert code == 0
    for name in ("sphere:2", "so3", "periodic_pictures", "mnist", "diffusion"):
        assert name in out


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("sphere", ("walk_steps", "kl_weight", "encoder.units", "likelihood.scale", "dtype")),
        ("diffusion", ("time_annealing", "optimizer.beta_1", "schedule.warmup_steps")),
        ("info", ("alpha", "lambda_", "divergence.bandwidth", "fit.patience")),
        ("infocat", ("clusters", "augmentation.degrees", "consistency_weight")),
        ("spatial", ("variant", "encoder.filters")),
        ("conv", ("encoder.padding", "decoder.pool_sizes")),
        ("gaussian", ("likelihood.variance",)), ("adam", ("optimizer.epsilon",)),
        ("mnist", ("dataset.binarize", "dataset.low_pass")), ("cosine", ("schedule.alpha",)),
        ("fit", ("fit.curriculum", "fit.jit_compile")), ("energy", ("divergence.statistic",)),
        ("diffusion_vae.models:SphereVAE", ("dim",)),
    ],
)  # fmt: skip
def test_options_lists_what_set_takes(monkeypatch, capfd, name, keys):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, err = run(monkeypatch, capfd, "options", name)
    assert (code, err) == (0, "")
    for key in keys:
        assert re.search(rf"^{re.escape(key)} ", out, re.MULTILINE), key


def test_the_help_of_train_fits_two_screens(monkeypatch, capfd):
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "50")
    code, out, _ = run(monkeypatch, capfd, "train", "--help")
    assert code == 0
    assert len(out.splitlines()) <= 100 and max(map(len, out.splitlines())) <= 80
    command = typer.main.get_command(cli.app).commands["train"]
    assert len([each for each in command.params if each.name != "help"]) <= 20


@pytest.mark.torch
@pytest.mark.slow
@pytest.mark.usefixtures("without_graphs")
def test_a_run_is_evaluated_drawn_and_tabulated(monkeypatch, capfd, tmp_path):
    results = ["--results", tmp_path]
    for arguments in (
        ["train", *results, *DIGITS, "--run", "mine", *TINY], ["evaluate", "mine", *results]
    ):  # fmt: skip
        assert run(monkeypatch, capfd, *arguments)[0] == 0
    code, out, _ = run(monkeypatch, capfd, "plot", "mine", *results)
    assert code == 0
    names = {path.name for path in (tmp_path / "images" / "mine").iterdir()}
    assert {"latent.png", "prior_samples.png", "interpolation.png", "examples.png"} <= names
    assert all(name in out for name in names)
    code, out, err = run(monkeypatch, capfd, "plot", "mine", "--explore", *results)
    assert code == 2 and "opens no window" in err
    seen: dict = {}
    monkeypatch.setattr("matplotlib.pyplot.get_backend", lambda: "tkagg")
    monkeypatch.setattr("matplotlib.pyplot.show", lambda: None)
    monkeypatch.setattr("diffusion_vae.plots.explore", lambda *_, **options: seen.update(options))
    assert run(monkeypatch, capfd, "plot", "mine", "--explore", *results)[0] == 0
    assert pyplot.get_fignums() == []
    assert seen["limits"] == (0.0, 1.0)  # of the data, not guessed from decoded pictures
    table = tmp_path / "runs.csv"
    assert run(monkeypatch, capfd, "list", "--csv", table, *results)[0] == 0
    with table.open(newline="") as file:
        (row,) = csv.DictReader(file)
    assert (row["run"], row["manifold"]) == ("mine", "sphere:2")
    assert float(row["log_likelihood"]) > float(row["elbo"]) - 1.0


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--manifold", "spheer:2"], "Did you mean 'sphere'?"),
        (["--manifold", "sphere:0"], "Expected `dim` to be at least 1"),
        (["--dataset", "mnits"], "Did you mean 'mnist'?"),
        (["--dataset", "no/such/file.npz"], "no/such/file.npz"),
        (["--dataset", "digits", "--set", "dataset.colour=1"], "Received: 'colour'"),
        (["--dataset", "digits", "--set", "dataset.colour"], "KEY=VALUE"),
        (["--set", "likelihood=poison"], "Expected `likelihood`"),
        (["--network", "conv", "--set", "network.kernel_sizes=none"], "kernel_sizes` to be"),
        (["--epochs", "0"], "Expected `epochs` to be at least 1"),
        (["--run", "a/b"], "plain folder name"),
        (["--manifold", "sphere:2", "--set", "location_head=veronese"], "a projective space"),
        (["--epochs", "many"], "--epochs"),
    ],
)
def test_bad_input_is_one_sentence_exit_code_2_and_no_files(
    monkeypatch, capfd, tmp_path, arguments, sentence
):
    results = tmp_path / "results"
    tiny = ["--epochs", "1"] if "conv" in arguments else TINY
    code, out, err = run(monkeypatch, capfd, "train", "--results", results, *tiny, *arguments)
    assert code == 2
    assert sentence in err
    assert "Traceback" not in out + err
    assert not results.exists()


@pytest.mark.slow
def test_the_installed_command_is_quiet_about_gpus():
    finished = subprocess.run(
        ["diffusion-vae", "train", "--manifold", "nowhere"], capture_output=True, text=True
    )
    assert finished.returncode == 2
    assert finished.stderr.startswith("Error: Unknown manifold 'nowhere'")
    assert finished.stderr.count("\n") == 1


# -- runs that are interrupted, and the list of runs -------------------------------------------


def record_of(results, name, started, epochs, done, metrics=None):
    """A run in a results folder as `train` leaves it, without its model."""
    folder = results / "parameters" / name
    folder.mkdir(parents=True)
    record = {"run": name, "started": started, "dataset": {"name": "digits"}, "fit": {}}
    record["fit"]["epochs"] = epochs
    (folder / "experiment.json").write_text(json.dumps(record))
    (folder / "history.json").write_text(json.dumps({"elbo": [0.0] * done}))
    if metrics is not None:
        (folder / "metrics.json").write_text(json.dumps(metrics))


@pytest.mark.parametrize("columns", [40, 80, 200])
def test_the_list_of_runs_cuts_no_name_and_goes_by_time(monkeypatch, capfd, tmp_path, columns):
    monkeypatch.setenv("COLUMNS", str(columns))
    long = "a_run_of_" + "many_words_" * 9
    record_of(tmp_path, long, "2026-01-02T00:00:00+00:00", 300, 12)
    record_of(tmp_path, "z_first", "2026-01-01T00:00:00+00:00", 20, 20, {"elbo": -61.5})
    code, out, _ = run(monkeypatch, capfd, "list", "--runs", "--results", tmp_path)
    assert code == 0 and "Latent spaces" not in out
    lines = [line for line in out.splitlines() if "digits" in line]
    assert [line.split()[0] for line in lines] == ["z_first", long]  # one line each, in a pipe
    assert "-61.50" in lines[0] and "12 of 300" in lines[1] and "unfinished" in lines[1]


def test_ctrl_c_says_after_which_epoch_and_how_to_go_on(monkeypatch, capfd, tmp_path):
    from diffusion_vae.runs.interruption import Interrupted

    def stopped(record, results, run, **watched):
        watched["say"]("Training begins.")
        raise Interrupted("my run", record.training.epochs if record.seed else 0)

    monkeypatch.setattr("diffusion_vae.runs.training.train", stopped)
    for epochs, sentence in {
        12: f"Stopped after epoch 12. Go on: diffusion-vae train --resume 'my run' --results "
        f"{tmp_path}\n",
        0: "Stopped in the first epoch of 'my run'. There is nothing to go on from.\n",
    }.items():
        chosen = ["--results", tmp_path, "--seed", min(epochs, 1), "--epochs", max(epochs, 1)]
        code, out, err = run(monkeypatch, capfd, "train", *DIGITS, *chosen)
        assert (code, err, out) == (130, sentence, "Training begins.\n")


@pytest.mark.slow
def test_a_run_that_ctrl_c_stops_in_a_terminal_goes_on(tmp_path):
    import os
    import pty

    arguments = ["train", *DIGITS, *TINY[2:], "--results", str(tmp_path), "--run", "mine"]
    pid, terminal = pty.fork()
    if pid == 0:
        os.environ["COLUMNS"] = "80"
        os.execv(sys.executable, [
            sys.executable, "-m", "diffusion_vae", *arguments, "--epochs", "100000"
        ])  # fmt: skip
    screen = b""
    while True:
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            break
        if not part:
            break
        if b"epoch      3/" in part and b"epoch      3/" not in screen:
            os.write(terminal, b"\x03")
        screen += part
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 130
    text = screen.decode()
    first = "Training sphere:2 on digits, 100000 epochs, seed 0. Run mine, "
    assert first in text and text.index("Starting Keras") < text.index(first)
    done = int(re.search(r"Stopped after epoch (\d+)\. Go on: diffusion-vae train --resume mine",
                         text).group(1))  # fmt: skip
    assert done >= 2 and "Traceback" not in text
    loaded = load_run(tmp_path, "mine")
    assert len(loaded.history["elbo"]) == done
    assert int(loaded.model.schedule_step) == 2 * done  # 2 steps an epoch


def test_a_warning_is_one_sentence(monkeypatch, capfd, tmp_path):
    import warnings

    def trained(record, results, run, **watched):
        warnings.warn("Something is odd.", UserWarning, stacklevel=1)
        warnings.warn("The posterior has collapsed: the summary says so.", stacklevel=1)

    monkeypatch.setattr("diffusion_vae.runs.training.train", trained)
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        code, _, err = run(monkeypatch, capfd, "train", *DIGITS, "--results", tmp_path)
    assert (code, err) == (0, "Warning: Something is odd.\n")


def test_the_summary_says_that_the_latent_space_is_not_used():
    from diffusion_vae.cli.printing import collapse_sentence

    model = diffusion_vae.SphereVAE(2)
    model.build((None, 8, 8, 1))
    assert collapse_sentence(model, {"kl_loss": 0.11}) is None
    sentence = collapse_sentence(model, {"kl_loss": 0.001})
    assert "held-out KL is 0.001 nats" in sentence and 'scale="learned"' in sentence
