"""Blind trials: their data are what they say, and their tables count what the records hold."""

import json
import types

import numpy as np
import pytest

import diffusion_vae
from diffusion_vae import manifolds
from diffusion_vae.comparison import Margin

SECOND_MOMENTS = {  # of one coordinate after the other, under the uniform law
    "sphere:1": [1 / 2] * 2,
    "sphere:2": [1 / 3] * 3,
    "torus:2": [1 / 2] * 4,
    "projective:2": [1 / 3] * 3,
    "so3": [1 / 3] * 9,
    "sphere:1 x euclidean:1": [1 / 2, 1 / 2, 1.5**2 / 3],
    "euclidean:2": [1 / 4] * 2,
    "euclidean:3": [1 / 5] * 3,
}
SPACES = list(SECOND_MOMENTS)


@pytest.mark.parametrize("space", SPACES)
def test_hidden_points_have_the_moments_of_the_uniform_law(script, space):
    n = 20_000
    z = script("blind_spaces").SPACES[space].draw(np.random.default_rng(0), n)
    products = z[:, :, None] * z[:, None, :]  # [n, ambient, ambient]
    for values, expected in ((z, 0.0), (products, np.diag(SECOND_MOMENTS[space]))):
        error = values.std(axis=0) / np.sqrt(n)
        assert np.all(np.abs(values.mean(axis=0) - expected) < 4.5 * error)


@pytest.mark.parametrize("space", SPACES)
def test_hidden_points_are_points_of_the_library(script, space):
    z = script("blind_spaces").SPACES[space].draw(np.random.default_rng(0), 100)
    projected = manifolds.get(space).project(z.astype("float32"))
    np.testing.assert_allclose(np.asarray(projected), z, atol=1e-5)


@pytest.mark.parametrize("space", SPACES)
def test_embeddings_are_true_to_scale_and_blind_to_names(script, space):
    spaces, manifold = script("blind_spaces"), manifolds.get(space)
    random = np.random.default_rng(0)
    z = spaces.SPACES[space].draw(random, 100).astype("float32")
    near = np.asarray(manifold.step(z, 0.02 * random.standard_normal(z.shape).astype("float32")))
    embed = spaces.SPACES[space].embed
    chords = np.linalg.norm(embed(near) - embed(z), axis=1)
    ratios = chords / np.asarray(manifold.distance(near, z))
    np.testing.assert_allclose(ratios, ratios[0], rtol=0.02)
    for signs in () if manifold.symmetry is None else manifold.symmetry:
        np.testing.assert_array_equal(embed(z * signs.astype("float32")), embed(z))


@pytest.mark.parametrize("space", SPACES)
@pytest.mark.parametrize("kind", "abc")
def test_blind_data_follow_from_kind_space_and_index(script, monkeypatch, kind, space):
    data = script("blind_data")
    monkeypatch.setattr(data, "SIZES", (200, 300))
    x, z = data.make(kind, space, 1)
    again, other = data.make(kind, space, 1)[0], data.make(kind, space, 3)[0]
    event = {"a": (50,), "b": (100,), "c": (16, 16, x.shape[-1])}[kind]
    assert x.shape == (300, *event) and len(z) == 300
    assert x.dtype == z.dtype == np.float32 and np.isfinite(x).all()
    np.testing.assert_array_equal(x, again)
    assert np.abs(x - other).max() > 0.1
    if kind == "b":
        assert x.min() >= 0.0 and np.all(x == np.round(x))
        assert 0.5 < x.mean() < 4.0 and 5.0 < x.max() < 40.0


def test_a_map_that_crosses_itself_is_not_kept(script):
    data = script("blind_data")
    angle = np.linspace(0.0, 2.0 * np.pi, 500, endpoint=False)
    q = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    eight = np.stack([np.cos(angle), np.sin(2.0 * angle)], axis=1)
    assert data.tells_apart(5.0 * q, 1.0, q)
    assert not data.tells_apart(0.5 * q, 1.0, q)  # far places within the noise
    assert not data.tells_apart(5.0 * eight, 1.0, q)


@pytest.mark.parametrize("space", ["torus:2", "sphere:3", "so3"])
def test_simulated_neurons_measure_geodesic_distance(script, space):
    data = script("blind_data")
    x, z = data.make_mgplvm(space, 0, conditions=20)
    assert x.shape == (20, 150 if space == "torus:2" else 200)
    manifold = manifolds.get(space)
    radian = 2.0**0.5 if space == "so3" else 1.0  # the library's Frobenius length of one
    expected = np.asarray(manifold.distance(z[:, None], z[None, :])) / radian
    distances = data.GEODESICS[space](z.astype(float), z.astype(float))
    np.testing.assert_allclose(distances, expected, atol=2e-3)


@pytest.mark.parametrize("name", ["two circles", "figure eight", "white noise"])
def test_data_on_none_of_the_candidates_have_columns_of_variance_one(script, name):
    x = script("blind_data").make_none(name, 0)
    assert x.shape == (2400, 50) and x.dtype == np.float32
    np.testing.assert_allclose(x.std(axis=0), 1.0, atol=0.1)


class Comparison:
    """A comparison that always finds the torus, by one nat."""

    best, decided, verdict = "torus:2", True, "torus:2, by 1.0 ± 0.1 nats an example"
    cloud = None

    def __init__(self, names):
        scores = {name: float(name == "torus:2") for name in names}
        self.scores = scores
        self.candidates = [
            types.SimpleNamespace(numbers=lambda name=name: {
                "manifold": name, "log_likelihood": scores[name], "standard_error": 0.1,
                "elbo": [-scores[name], -scores[name]], "seconds": 2.0,
            })
            for name in names
        ]  # fmt: skip

    def margin(self, a, b):
        return Margin(self.scores[a] - self.scores[b], 0.1)


@pytest.fixture
def blind(script, monkeypatch):
    """The script of the trials with a comparison that is no work, and its calls."""
    trials, calls = script("blind_manifolds"), []

    def compare(x, names, **settings):
        calls.append((x, names, settings))
        return Comparison(names)

    monkeypatch.setattr(diffusion_vae, "compare_manifolds", compare, raising=False)
    monkeypatch.setattr(script("blind_data"), "SIZES", (100,))
    return trials, calls


def test_a_trial_gives_nothing_but_data_and_is_not_repeated(blind, tmp_path):
    trials, calls = blind
    words = ["--kind", "b", "--space", "torus:2", "sphere:1", "--index", "0", "--seeds", "2",
             "--out", str(tmp_path / "blind")]  # fmt: skip
    trials.main(words)
    trials.main([*words, "--table"])
    assert len(calls) == 2
    x, names, settings = calls[0]
    assert x.shape == (100, 100) and x.min() == np.float32(2.0 * 0.375**0.5)  # square roots
    assert set(settings) == {"seeds", "seed", "folder", "jobs"}
    assert names == calls[1][1] == [*dict.fromkeys(names)]
    assert {*SPACES, "euclidean:1", "euclidean:4"} == set(names)
    record = json.loads((tmp_path / "blind" / "b-torus-2-0.json").read_text())
    assert record["margins"]["so3"] == [1.0, 0.1] and "torus:2" not in record["margins"]
    assert record["candidates"][0] == {
        "manifold": "euclidean:1", "log_likelihood": 0.0, "standard_error": 0.1, "elbo": 0.0,
        "seconds": 2.0,
    }  # fmt: skip
    assert record["by_elbo"][-1] == "torus:2" and record["seconds"] == 2.0 * len(names)
    page = (tmp_path / "blind.md").read_text()
    assert "| b | 2 | 1 of 2 | 1 of 2 | ≥ 90% | 0 of 2 | 1 of 2 | 1 of 2 | 0 of 2 |" in page
    assert "| b, sphere:1, 0 | torus:2 |" in page


def test_data_on_no_candidate_have_no_truth_to_be_held_against(blind, tmp_path):
    trials, _ = blind
    trials.main(["--kind", "none", "--index", "0", "--out", str(tmp_path), "--table"])
    trials.main(["--kind", "mgplvm", "--index", "0", "--out", str(tmp_path), "--table"])
    page = tmp_path.with_suffix(".md").read_text()
    assert "| figure eight, 0 | True | torus:2 | – |" in page
    assert "| sphere:3 | 200 | 1 |" in page


def record(space, named, margins, betti=None):
    return {"space": space, "best": named, "decided": named is not None, "margins": margins,
            "homology": betti}  # fmt: skip


def test_a_candidate_that_can_imitate_may_tie_and_no_other(script):
    table = script("blind_table")
    tie, clear = [0.1, 0.2], [1.0, 0.2]
    good = {"sphere:2": tie, "so3": tie, "torus:2": clear}
    assert table.held(record("projective:2", "projective:2", good))
    assert not table.held(record("projective:2", "sphere:2", good))
    assert not table.held(record("projective:2", None, good))
    assert not table.held(record("projective:2", "projective:2", {**good, "torus:2": tie}))
    assert not table.beaten(record("projective:2", None, good))
    assert table.beaten(record("projective:2", None, {**good, "sphere:2": [-0.5, 0.2]}))


def test_betti_numbers_are_held_against_the_truth_as_far_as_they_go(script):
    agrees = script("blind_table").homology_agrees
    lines = {"2": [1, 1, 1], "3": [1, 0, 0]}
    assert agrees(record("projective:2", None, {}, lines))
    assert agrees(record("so3", None, {}, lines))
    assert not agrees(record("sphere:2", None, {}, lines))
    assert not agrees(record("projective:2", None, {}, {**lines, "3": [1, 1, 1]}))
    assert agrees(record("sphere:2", None, {})) is None
