"""`diffusion-vae compare` as a user runs it."""

import sys

import numpy as np
import pytest

from diffusion_vae import cli, comparison
from diffusion_vae.files import read_json

TINY = [
    "--most-steps", "200", "--seeds", "1", "--starts", "1", "--no-homology",
    "--manifold", "sphere:1", "--manifold", "euclidean:1",
]  # fmt: skip


def run(monkeypatch, capfd, *arguments):
    """Exit code, standard output and standard error of `compare`."""
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", "compare", *map(str, arguments)])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    output = capfd.readouterr()
    return stopped.value.code or 0, output.out, output.err


@pytest.fixture
def table(tmp_path):
    """A CSV file: a circle in R^3, and a column of text-free labels."""
    angle = np.random.default_rng(0).uniform(0.0, 2.0 * np.pi, 80)
    x = np.stack([np.cos(angle), np.sin(angle), np.cos(angle + 1.0)], axis=1)
    path = tmp_path / "mine.csv"
    np.savetxt(path, x, delimiter=",", header="a,b,c", comments="")
    return path


@pytest.mark.slow
def test_a_plain_table_is_compared_and_goes_on_where_it_stopped(
    monkeypatch, capfd, tmp_path, table
):
    command = ["--dataset", table, "--out", tmp_path / "out", *TINY]
    code, out, err = run(monkeypatch, capfd, *command)
    assert (code, err) == (0, "")
    assert "[2/2] euclidean:1: log-likelihood" in out
    found = read_json(tmp_path / "out" / "comparison.json")
    assert " ".join(found["verdict"]) in out.replace("\n", " ")
    assert [each["manifold"] for each in found["candidates"]] == ["sphere:1", "euclidean:1"]
    page = (tmp_path / "out" / "comparison.html").read_text()
    assert "sphere:1" in page and str(tmp_path / "out" / "comparison.html") in out
    code, again, _ = run(monkeypatch, capfd, *command)
    assert code == 0 and "2 of 2 candidates are done already." in again
    code, _, err = run(monkeypatch, capfd, *command, "--seed", 1)
    assert code == 2 and "Choose another folder" in err


def test_ctrl_c_says_how_to_go_on(monkeypatch, capfd, tmp_path, table):
    def interrupted(*args, **kwargs):
        raise KeyboardInterrupt

    monkeypatch.setattr(comparison, "compare_manifolds", interrupted)
    code, _, err = run(monkeypatch, capfd, "--dataset", table, "--out", tmp_path / "out")
    assert code == 130
    assert f"stay in {tmp_path / 'out'}: the same command goes on." in err.replace("\n", " ")


BAD = [
    (["--dataset", "nowhere.csv"], "nowhere.csv"),
    (["--dataset", "digit"], "Did you mean 'digits'"),
    (["--dataset", "TABLE", "--manifold", "spere:2"], "Did you mean 'sphere'"),
    (["--dataset", "TABLE", "--manifold", "so3", "--manifold", "so3"], "so3 twice"),
    (["--dataset", "TABLE", "--likelihood", "normal"], "gaussian"),
    (["--dataset", "TABLE", "--seeds", "0"], "Expected `seeds`"),
    (["--dataset", "TABLE", "--most-steps", "-5"], "Expected `most_steps`"),
    (["--dataset", "TABLE", "--set", "columns"], "key=value"),
    (["--dataset", "TABLE", "--set", "columns=a,d"], "'d'"),
    ([], "dataset"),
]


@pytest.mark.parametrize(("arguments", "words"), BAD)
def test_bad_input_ends_in_a_sentence(monkeypatch, capfd, tmp_path, table, arguments, words):
    given = [table if each == "TABLE" else each for each in arguments]
    code, _, err = run(monkeypatch, capfd, *given, "--out", tmp_path / "out")
    assert code == 2 and words in err and "Traceback" not in err
    assert not (tmp_path / "out").exists()


def test_help_fits_a_screen(monkeypatch, capfd):
    monkeypatch.setenv("COLUMNS", "100")
    code, out, _ = run(monkeypatch, capfd, "--help")
    assert code == 0 and len(out.splitlines()) <= 50
    assert "--manifold" in out and "--most-steps" in out
