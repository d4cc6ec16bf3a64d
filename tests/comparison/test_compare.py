"""Comparisons from data to verdict: tiny networks, few steps, a circle in R^4."""

import json

import joblib
import keras
import numpy as np
import preloaded
import pytest
from manifold_list import ALL

from diffusion_vae import compare_manifolds
from diffusion_vae.comparison import Effort, candidate, compare
from diffusion_vae.likelihoods import Bernoulli, Gaussian, Mixed, Poisson
from diffusion_vae.manifolds import FlatTorus
from diffusion_vae.serialization import serializable

EFFORT = Effort(
    seeds=2, starts=1, spare=0, trial_steps=200, most_steps=200, decay_steps=200, batch_size=32,
    learning_rate=1e-2, units=(8,),
)  # fmt: skip
SPACES = ["sphere:1", "euclidean:1"]
OPTIONS = {"effort": EFFORT, "homology": False, "verbose": False}


def circle(n=150, seed=0):
    rng = np.random.default_rng(seed)
    angle = rng.uniform(0.0, 2.0 * np.pi, n)
    clean = np.stack([np.cos(angle), np.sin(angle), np.cos(angle + 1), np.sin(angle - 1)], axis=1)
    return (clean + 0.05 * rng.normal(size=clean.shape)).astype("float32")


def refuse(*args, **kwargs):
    raise AssertionError("trained again")


@pytest.fixture(scope="module")
def done(tmp_path_factory):
    """A comparison, and the folder that it left."""
    folder = tmp_path_factory.mktemp("compared")
    return compare_manifolds(circle(), SPACES, folder=folder, **OPTIONS), folder


def assert_equal(one, other):
    for first, second in zip(one.candidates, other.candidates, strict=True):
        assert first.manifold == second.manifold
        np.testing.assert_allclose(first.scores, second.scores, atol=1e-3)
        np.testing.assert_allclose(first.codes, second.codes, atol=1e-4)
    assert str(one.verdict) == str(other.verdict)


# -- what comes out ------------------------------------------------------------------------------


@pytest.mark.slow
def test_every_candidate_has_its_numbers(done):
    result, _ = done
    assert [each.manifold for each in result.candidates] == SPACES
    for each in result.candidates:
        assert each.scores.shape == (2, 30) and np.isfinite(each.scores).all()
        assert each.codes.shape == (30, 2 if each.manifold == "sphere:1" else 1)
        assert each.log_likelihood == pytest.approx(each.scores.mean())
        assert each.validation_loss == sorted(each.validation_loss)
        # A bound, but for the noise of one draw for each of 30 examples: 0.2 nats.
        assert (np.array(each.elbo) < each.scores.mean(1) + 0.6).all()
        assert each.steps == 400 and not each.finished
    assert result["sphere:1"].dim == 1
    with pytest.raises(ValueError, match="Expected a candidate among sphere:1, euclidean:1"):
        result["torus:2"]
    margin = result.margin("sphere:1", "euclidean:1")
    assert margin.difference == pytest.approx(
        result["sphere:1"].log_likelihood - result["euclidean:1"].log_likelihood
    )
    assert "still improved when training ended" in str(result.verdict)


@pytest.mark.slow
def test_tables_and_json_say_the_same(done):
    result, folder = done
    rows = result.rows()
    assert [row["log_likelihood"] for row in rows] == sorted(
        (each.log_likelihood for each in result.candidates), reverse=True
    )
    assert rows[0]["behind"] == 0.0 and rows[1]["behind"] > 0.0
    lines = result.table().splitlines()
    assert len(lines) == 3 and len({len(line) for line in lines}) == 1
    assert lines[1].startswith(rows[0]["manifold"])
    assert list(result.to_pandas().index) == [row["manifold"] for row in rows]
    text = json.dumps(result.as_dict(), allow_nan=False)
    assert json.loads(text) == json.loads((folder / "comparison.json").read_text())


@pytest.mark.slow
def test_the_same_seed_gives_the_same_numbers_in_the_units_of_the_data(done):
    """Data times 8 are the same once they are standardized: nothing is rounded."""
    result, _ = done
    one = result["sphere:1"]
    larger = compare_manifolds(8.0 * circle(), SPACES[:1], **OPTIONS)
    again, nats = larger["sphere:1"], 4 * np.log(8.0)
    np.testing.assert_allclose(again.scores + nats, one.scores, atol=1e-3)
    np.testing.assert_allclose(again.codes, one.codes, atol=1e-4)
    assert one.log_likelihood - again.log_likelihood == pytest.approx(nats, abs=1e-3)
    assert one.elbo[0] - again.elbo[0] == pytest.approx(nats, abs=0.05)
    assert result.baseline.mean() - larger.baseline.mean() == pytest.approx(nats, abs=1e-3)


# -- the folder ----------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_second_call_trains_nothing(done, monkeypatch, capsys):
    result, folder = done
    monkeypatch.setattr(compare, "measure_candidate", refuse)
    again = compare_manifolds(circle(), SPACES, folder=folder, **{**OPTIONS, "verbose": True})
    assert_equal(again, result)
    assert again["sphere:1"].numbers() == result["sphere:1"].numbers()
    assert "2 of 2 candidates are done already." in capsys.readouterr().out
    fewer = compare_manifolds(circle(), SPACES[:1], folder=folder, **OPTIONS)
    assert str(fewer.verdict).startswith("sphere:1 is the only candidate.")


@pytest.mark.slow
def test_the_model_of_the_best_training_is_kept(done):
    result, folder = done
    model = keras.saving.load_model(folder / "sphere_1.keras")
    assert model.manifold == ALL["sphere:1"]
    codes = result["sphere:1"].codes
    np.testing.assert_allclose(np.linalg.norm(codes, axis=1), 1.0, atol=1e-5)
    assert model.decode(codes).shape == (30, 4)


@pytest.mark.slow
def test_other_data_and_other_settings_are_refused(done):
    _, folder = done
    for changes, words in (
        ({"x": circle(seed=1)}, "other data, log_scale"),
        ({"seed": 1}, "seed"),
        ({"likelihood": Gaussian("learned")}, "other likelihood"),
        ({"effort": Effort(seeds=1)}, "other effort"),
    ):
        arguments = {"x": circle(), **OPTIONS, **changes}
        with pytest.raises(ValueError, match=words) as caught:
            compare_manifolds(candidates=SPACES, folder=folder, **arguments)
        assert "Choose another folder" in str(caught.value)


def make_one(numbers, monkeypatch):
    """Stands in for training: counts, and returns a candidate at once."""

    def measured(manifold, likelihood, split, effort, seed, log_scale=0.0):
        name = candidate.name_of(manifold)
        numbers.append(name)
        if name == "euclidean:1" and len(numbers) == 2:
            raise KeyboardInterrupt
        rng = np.random.default_rng(len(name))
        scores = rng.normal(size=(2, len(split.test)))
        model = keras.Sequential([keras.layers.Input((2,)), keras.layers.Dense(1)])
        made = candidate.Candidate(name, 1, scores, [0.0], [0.0], [0.0], True, 1, 1, 1.0)
        return made, model

    monkeypatch.setattr(compare, "measure_candidate", measured)


@pytest.mark.slow
def test_an_interruption_leaves_what_is_done(tmp_path, monkeypatch):
    trained = []
    make_one(trained, monkeypatch)
    for _ in range(2):
        try:
            compare_manifolds(circle(), [*SPACES, "torus:2"], folder=tmp_path, **OPTIONS)
        except KeyboardInterrupt:
            assert trained == SPACES
    assert trained == [*SPACES, "euclidean:1", "torus:2"]


@pytest.mark.slow
def test_a_candidate_that_was_half_written_is_done_again(tmp_path, monkeypatch):
    trained = []
    make_one(trained, monkeypatch)
    for left in ("sphere_1.json", "sphere_1.npz"):
        compare_manifolds(circle(), ["sphere:1"], folder=tmp_path, **OPTIONS)
        (tmp_path / left).unlink()
    compare_manifolds(circle(), ["sphere:1"], folder=tmp_path, **OPTIONS)
    assert trained == ["sphere:1"] * 3


def test_what_another_process_works_at_comes_last(tmp_path, monkeypatch):
    trained = []
    make_one(trained, monkeypatch)
    locks = tmp_path / "locks"
    locks.mkdir()
    lock = compare.FileLock(locks / "sphere_1.lock")
    original = compare.FileLock.acquire

    def acquire(self, timeout=None, **more):
        if timeout == -1:  # now it waits: the other process ends
            lock.release()
        return original(self, timeout, **more)

    lock.acquire()
    monkeypatch.setattr(compare.FileLock, "acquire", acquire)
    result = compare_manifolds(circle(), ["sphere:1", "torus:2"], folder=tmp_path, **OPTIONS)
    assert trained == ["torus:2", "sphere:1"]
    assert [each.manifold for each in result.candidates] == ["sphere:1", "torus:2"]


def test_a_folder_that_cannot_be_made_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OSError, match="is a file and no folder"):
        compare_manifolds(circle(), SPACES, folder=tmp_path / "file" / "folder", **OPTIONS)


@pytest.mark.slow
def test_two_processes_share_the_candidates_of_a_folder(done, tmp_path):
    np.save(tmp_path / "x.npy", circle())
    code = (
        "import numpy; from diffusion_vae.comparison import *\n"
        f"x = numpy.load({str(tmp_path / 'x.npy')!r})\n"
        f"compare_manifolds(x, {SPACES!r}, folder=sys.argv[1], effort={EFFORT!r}, homology=False)"
    )
    outputs = [tmp_path / "first.txt", tmp_path / "second.txt"]
    processes = [preloaded.start(code, tmp_path / "out", output=path) for path in outputs]
    for process in processes:
        process.join(300)
    printed = [path.read_text() for path in outputs]
    assert [process.exitcode for process in processes] == [0, 0], printed
    assert len(list((tmp_path / "out").glob("*.keras"))) == 2
    assert printed[0].splitlines()[-1] == printed[1].splitlines()[-1]


# -- processes and clusters ----------------------------------------------------------------------


@pytest.mark.slow
def test_two_jobs_give_what_one_gives(done):
    assert_equal(compare_manifolds(circle(), SPACES, jobs=2, **OPTIONS), done[0])


@pytest.mark.slow
def test_candidates_spread_over_a_dask_cluster(done):
    distributed = pytest.importorskip("distributed")
    preloaded.context()
    cluster = distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, dashboard_address=None, processes=True
    )
    with cluster, distributed.Client(cluster), joblib.parallel_config(backend="dask"):
        found = compare_manifolds(circle(), SPACES, jobs=2, **OPTIONS)
    assert_equal(found, done[0])


@pytest.mark.slow
def test_candidates_spread_over_ray(done):
    ray = pytest.importorskip("ray")
    from ray.util.joblib import register_ray

    ray.init(num_cpus=2, include_dashboard=False)
    try:
        register_ray()
        with joblib.parallel_config(backend="ray"):
            found = compare_manifolds(circle(), SPACES, jobs=2, **OPTIONS)
    finally:
        ray.shutdown()
    assert_equal(found, done[0])


# -- arguments -----------------------------------------------------------------------------------

BAD = [
    ({"candidates": ["spere:2"]}, ValueError, "Did you mean 'sphere'"),
    ({"candidates": "sphere:2"}, TypeError, "Expected `candidates` to be a list"),
    ({"candidates": [3]}, TypeError, "Expected a manifold or its text form"),
    ({"candidates": []}, ValueError, "at least one candidate"),
    ({"candidates": ["sphere:2", "sphere:2"]}, ValueError, "sphere:2 twice"),
    ({"candidates": ["torus", "sphere:1 x sphere:1"]}, ValueError, "which are one space"),
    ({"likelihood": "gausian"}, ValueError, "gaussian"),
    ({"seeds": 0}, ValueError, "Expected `seeds` to be at least 1"),
    ({"starts": 1.5}, TypeError, "Expected `starts` to be an integer"),
    ({"effort": 3}, TypeError, "Expected `effort` to be an `Effort`"),
    ({"jobs": 0}, ValueError, "Expected `jobs`"),
    ({"seed": -1}, ValueError, "Expected `seed`"),
    ({"test_fraction": 1.5}, ValueError, "Expected `test_fraction`"),
    ({"x": np.full((100, 2), np.nan)}, ValueError, "finite|NaN"),
    ({"x": circle(20)}, ValueError, "at least 50 examples"),
]


@pytest.mark.parametrize(("arguments", "kind", "words"), BAD)
def test_bad_arguments_are_refused_before_anything_trains(arguments, kind, words, monkeypatch):
    monkeypatch.setattr(compare, "measure_candidate", refuse)
    with pytest.raises(kind, match=words):
        compare_manifolds(**{"x": circle(), "candidates": SPACES, "verbose": False, **arguments})


@pytest.mark.parametrize(
    "changes", [{"trial_steps": 0}, {"most_steps": -1}, {"batch_size": 0}, {"learning_rate": 0.0}]
)
def test_an_effort_without_steps_is_refused(changes):
    with pytest.raises(ValueError, match=f"Expected `{next(iter(changes))}`"):
        Effort(**changes)


@pytest.mark.slow
def test_a_candidate_whose_trials_all_fail_is_named():
    steep = Effort(seeds=1, starts=1, spare=0, trial_steps=200, learning_rate=1e30, units=(4,))
    with pytest.raises(FloatingPointError, match="sphere:1: The loss of every trial"):
        compare_manifolds(circle(60), ["sphere:1"], effort=steep, verbose=False)


@serializable
class OwnCircle(FlatTorus):
    """A manifold of a user's own: it has no text form."""


@pytest.mark.slow
def test_binary_data_are_not_standardized_and_own_manifolds_are_compared(tmp_path):
    x = (circle(80) > 0).astype("float32")
    options = {**OPTIONS, "likelihood": Bernoulli(), "folder": tmp_path}
    found = compare_manifolds(x, [OwnCircle(1)], **options)
    (each,) = found.candidates
    assert each.manifold == "OwnCircle(dim=1)" and (each.scores < 0).all()
    assert found.settings["log_scale"] == 0.0 and found.baseline is None
    assert (tmp_path / "OwnCircle_dim_1.json").is_file()
    again = compare_manifolds(x, [OwnCircle(1)], **options)
    np.testing.assert_array_equal(again.candidates[0].scores, each.scores)


@pytest.mark.slow
def test_counts_are_compared_as_they_are():
    rng = np.random.default_rng(0)
    counts = rng.poisson(2.0 + 1.5 * circle(80)).clip(0).astype("int64")
    constant = np.column_stack([counts, np.zeros(80, "int64")])  # a silent neuron
    found = compare_manifolds(constant, ["euclidean:1"], likelihood="poisson", **OPTIONS)
    (each,) = found.candidates
    assert np.isfinite(each.scores).all() and (each.scores < 0).all()
    assert found.settings["log_scale"] == 0.0
    assert (found.examples == np.round(found.examples)).all()
    assert found.examples.shape[1] == 4


def test_data_outside_the_support_are_refused_before_anything_is_trained(tmp_path):
    for likelihood, sentence in (
        ("poisson", "Expected counts of at least 0 for Poisson"),
        ("bernoulli", r"Expected data in \[0, 1\]"),
        (Mixed({"a": (Poisson(), 2)}), r"Expected data with 2 columns \(2 of 'a'\)"),
    ):
        options = {**OPTIONS, "likelihood": likelihood, "folder": tmp_path / "out"}
        with pytest.raises(ValueError, match=sentence):
            compare_manifolds(circle(), SPACES, **options)
        assert not (tmp_path / "out").exists()
