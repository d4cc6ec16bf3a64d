"""The pure functions of the benchmarks: tables, targets, slopes, moments; the list of runs."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from diffusion_vae.files import read_json
from diffusion_vae.runs.flat import flatten
from diffusion_vae.runs.reproduce.plan import settings_record


@pytest.mark.parametrize(
    "measured, target, at_least, held",
    [
        (1.05, 1.05, False, True),
        (1.0549, 1.05, False, True),  # two decimals are what is measured
        (1.056, 1.05, False, False),
        (0.696, 0.70, True, True),
        (0.69, 0.70, True, False),
        (math.nan, 1.05, False, False),
        (math.nan, 0.70, True, False),
    ],
)
def test_a_target_is_held_to_its_two_decimals(script, measured, target, at_least, held):
    verdict = script("verdicts").Verdict("what", "where", measured, target, at_least=at_least)
    assert verdict.held == held
    assert verdict.row()[-1] == ("yes" if held else "**no**")


def test_missed_targets_come_first(script):
    verdicts = script("verdicts")
    table = verdicts.verdict_table(
        [verdicts.Verdict("good", "here", 1, 2), verdicts.Verdict("bad", "here", 3, 2)]
    )
    assert [line.split("|")[1].strip() for line in table.splitlines()[2:]] == ["bad", "good"]


def test_a_table_has_a_line_a_row_and_a_dash_for_nothing(script):
    table = script("verdicts").markdown_table(("a", "b"), [[1.23456789, None], ["x", 7]])
    assert table == "| a | b |\n|---|---|\n| 1.2346 | – |\n| x | 7 |\n"


@pytest.mark.parametrize("exponent", [0.0, 1.0, 2.0])
def test_the_local_exponent_of_a_power_is_its_exponent(script, exponent):
    x = [1, 2, 4, 8, 16]
    y = [3.0 * n**exponent for n in x]
    assert script("scaling").local_exponent(x, y) == pytest.approx(exponent, abs=1e-9)


def test_the_local_exponent_sees_the_end_of_a_curve_only(script):
    scaling = script("scaling")
    x = [1, 2, 4, 8, 16, 32]
    y = [1.0, 1.0, 1.0, 1.0, 2.0, 4.0]
    assert scaling.local_exponent(x, y) == pytest.approx(1.0)
    assert scaling.local_exponent([256, 1024, 4096, 16384], [1, 1, 1, 4]) == pytest.approx(1.0)
    assert scaling.local_exponent([1], [1.0]) is None


def test_the_figure_of_the_curves_has_every_curve(script):
    scaling = script("scaling")
    curves = [
        {"panel": name, "curve": "sphere:2", "x": [2, 4], "y": [1.0, 2.0]}
        for name in scaling.PANELS
    ]
    figure = scaling.figure(curves)
    assert [axes.get_xlabel() for axes in figure.axes] == [p.x for p in scaling.PANELS.values()]
    assert all("sphere:2" in axes.get_legend_handles_labels()[1] for axes in figure.axes)


def test_moments_of_a_training_lie_between_the_ends_of_its_epochs(script):
    convergence = script("convergence")
    run = {"seconds": [0.0, 10.0, 20.0], "elbos": [-800.0, -750.0, -740.0]}
    assert convergence.elbo_after(run, 15.0) == pytest.approx(-745.0)
    assert convergence.elbo_after(run, 20.0) == pytest.approx(-740.0)
    assert convergence.seconds_to(run, -775.0) == pytest.approx(5.0)
    assert convergence.seconds_to(run, -742.0) == pytest.approx(18.0)
    assert convergence.seconds_to(run, -739.0) is None


def test_the_first_time_a_level_is_reached_counts(script):
    run = {"seconds": [0.0, 10.0, 20.0, 30.0], "elbos": [-800.0, -740.0, -760.0, -730.0]}
    assert script("convergence").seconds_to(run, -770.0) == pytest.approx(5.0)


def test_the_trainings_that_converge_differ_as_they_say(script):
    runs = script("convergence").RUNS
    exact, walk, paper = (
        flatten(settings_record(runs[name][0]).as_dict()) for name in ("exact", "walk", "paper")
    )
    assert {k for k in exact.keys() | walk.keys() if exact.get(k) != walk.get(k)} == {"kernel"}
    assert (paper["kernel"], paper["kernel.kl_formula"]) == ("RandomWalk", "paper")
    assert (paper["fit.batch_size"], paper["learning_rate"]) == (640, 1e-3)
    assert (paper["schedule"], paper["kernel.steps"]) == ("constant", 10)
    assert paper["initial_log_time"] == np.mean(paper["log_time_range"])


def test_memory_growth_is_the_slope_of_the_second_half(script):
    notes = [
        {"epoch": n, "megabytes": 100.0 + max(0, n - 500) * 0.01} for n in range(50, 1001, 50)
    ]
    soak = script("soak")
    assert soak.growth(notes) == pytest.approx(10.0)
    assert soak.growth(notes[:1]) == 0.0


@pytest.mark.slow
def test_resources_count_the_open_files_of_tensorboard(script, tmp_path):
    soak = script("soak")
    before = soak.resources(tmp_path)
    with open(tmp_path / "events.out.tfevents.1", "w"), open(tmp_path / "other", "w"):
        during = soak.resources(tmp_path)
    assert (before["tensorboard_files"], during["tensorboard_files"]) == (0, 1)
    assert during["file_descriptors"] == before["file_descriptors"] + 2


def test_made_strokes_are_pictures_with_ink(script):
    x = script("precision").strokes(20)
    assert x.shape == (20, 28, 28, 1) and x.dtype == np.float32
    assert x.min() >= 0.0 and x.max() <= 1.0
    ink = x.mean(axis=(1, 2, 3))
    assert (ink > 0.01).all() and (ink < 0.5).all()
    np.testing.assert_array_equal(x, script("precision").strokes(20))


def test_a_stroke_is_darkest_on_its_line(script):
    place = np.array([[[0.0, 0.0], [0.0, 0.5], [0.0, 1.2], [0.12, 0.5]]])
    ink = script("precision").stroke(place, np.zeros(2), np.array([0.0, 1.0]))
    np.testing.assert_allclose(ink, [[1.0, 1.0, np.exp(-25 / 9), np.exp(-1)]], rtol=1e-6)


def test_tasks_take_turns(script):
    order = []
    found = script("timing").in_turn(
        {name: lambda name=name: order.append(name) or len(order) for name in "ab"}, rounds=2
    )
    assert order == ["a", "b", "a", "b"]
    assert found == {"a": [1, 3], "b": [2, 4]}


def test_ratios_are_taken_round_by_round(script):
    step_time = script("step_time")
    assert step_time.ratio([1.0, 4.0, 9.0], [1.0, 2.0, 3.0]) == 2.0
    seconds = {
        step_time.PLAIN: [2.0],
        "sphere:2, exact": [3.0],
        "sphere:2, random_walk": [4.0],
        "euclidean:2, exact": [2.0],
        "euclidean:2, random_walk": [2.0],
    }
    row = step_time.row("sphere:2, exact", 128, seconds, [1.5])
    assert (row["ratio"], row["ratio_to_walk"], row["share_of_matrix_limit"]) == (1.5, 0.75, 0.5)
    assert (row["largest_ratio"], row["least_share"]) == (1.05, 0.70)
    assert step_time.row("euclidean:2, exact", 128, seconds, [1.5])["ratio_to_walk"] is None
    assert step_time.row("sphere:2, random_walk", 128, seconds, [1.5])["largest_ratio"] is None


def test_every_benchmark_of_the_list_exists_and_can_report(script, tmp_path):
    runner = script("all")
    names = [job.name for job in (*runner.JOBS, runner.PYTHAE)]
    assert len(set(names)) == len(names)
    for job in (*runner.JOBS, runner.PYTHAE):
        assert callable(script(job.script).markdown)
        *_, option, path = job.command(tmp_path, quick=True)
        assert (option, path.removesuffix(".json")) == (job.out, str(tmp_path / job.name))


def test_the_page_holds_targets_and_tables_of_what_is_there(script, tmp_path):
    runner = script("all")
    report = {
        "command": "python benchmarks/log_likelihood.py",
        "machine": "2 CPU cores",
        "processor": "a processor",
        "versions": {"python": "3.11.7", "keras": "3.15.1", "backend": "tensorflow"},
        "examples": 10_000,
        "samples": 100,
        "rows": [
            {"latent": "so3", "log_likelihood_seconds": 3.0, "decoder_seconds": 1.5, "ratio": 2.0}
        ],
    }
    (tmp_path / "log_likelihood.json").write_text(json.dumps(report))
    page = runner.markdown(runner.JOBS, tmp_path, "python benchmarks/all.py")
    assert "0 of 1 are held" in page
    assert "| 10,000 images, 100 samples | 2.00 | ≤ 1.50 | **no** |" in page
    assert "| so3 | 3 | 1.5 | 2 |" in page
    assert "2 CPU cores, a processor; python 3.11.7, keras 3.15.1." in page


def test_a_benchmark_that_is_there_is_not_repeated(script, tmp_path, monkeypatch):
    runner = script("all")
    calls = []
    monkeypatch.setattr(runner.subprocess, "run", lambda command, **how: calls.append(command))
    job = runner.JOBS[0]
    assert not runner.run(job, tmp_path, quick=False)  # nothing was written
    job.path(tmp_path).write_text("{}")
    assert runner.run(job, tmp_path, quick=False)
    assert len(calls) == 1


@pytest.mark.slow
def test_the_script_for_a_gpu_runs_on_a_cpu_and_says_so(script, tmp_path):
    path = script("gpu").__file__
    words = [sys.executable, path, "--quick", "--backend", "jax", "--out", str(tmp_path / "gpu")]
    done = subprocess.run(words, capture_output=True, text=True)
    report = read_json(tmp_path / "gpu.json")["backends"]["jax"]
    assert isinstance(report, dict), (report, done.stderr[-500:])
    assert [row["model"] for row in report["rows"]] == ["plain Gaussian VAE", "sphere:2"]
    for row in report["rows"]:
        seconds = row["milliseconds"] / 1000.0
        assert row["epochs_per_second"] == pytest.approx(row["batch"] / 60_000 / seconds)
        assert 0.0 < row["dispatch"] <= 1.0
    if report["device"] == "CPU":
        assert "No GPU was measured." in (tmp_path / "gpu.md").read_text()
