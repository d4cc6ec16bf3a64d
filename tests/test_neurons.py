"""Spike counts of head-direction cells and grid cells, small."""

from pathlib import Path

import numpy as np
import pytest

from diffusion_vae.evaluation import align_angles
from diffusion_vae.likelihoods import Poisson
from diffusion_vae.sklearn import ManifoldEmbedding

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"


@pytest.mark.slow
def test_counts_of_tuned_cells_give_the_heading_up_to_a_turn_and_a_reflection():
    rng = np.random.default_rng(0)
    heading = rng.uniform(-np.pi, np.pi, 1500)
    preferred = np.linspace(0.0, 2.0 * np.pi, 40, endpoint=False)
    rate = 0.5 + 40.0 * np.exp(2.0 * (np.cos(heading[:, None] - preferred) - 1.0))
    seconds = 0.1
    counts = rng.poisson(seconds * rate).astype(np.float32)
    embedding = ManifoldEmbedding(
        "sphere:1", encoder_units=(32,), decoder_units=(32,), likelihood=Poisson(exposure=seconds),
        standardize=False, epochs=20, n_init=3, random_state=0,
    ).fit(counts[:1200])  # fmt: skip
    align = align_angles(embedding.transform(counts[:1200]), heading[:1200])
    decoded = align(embedding.transform(counts[1200:]))
    error = np.abs(np.angle(np.exp(1j * (decoded - heading[1200:]))))
    # Fisher's information, sum of rate'^2 / rate, allows 0.09 rad of standard deviation.
    assert np.median(error) < 0.15
    # What is decoded are mean counts, not rates a second.
    fitted = embedding.inverse_transform(embedding.transform(counts[1200:]))
    assert np.abs(fitted - seconds * rate[1200:]).mean() < 0.15 * seconds * rate.mean()


def test_ratinabox_gives_what_the_benchmark_expects_of_it(monkeypatch, capsys):
    pytest.importorskip("ratinabox", reason="Install ratinabox to run this test.")
    monkeypatch.syspath_prepend(str(BENCHMARKS))
    import neurons_data

    walk = neurons_data.walk(duration=6.0)
    assert "599.6 s of data" in capsys.readouterr().out  # what a longer walk would repeat
    assert walk.position.shape == walk.heading.shape == (120, 2)
    assert 0.0 <= walk.position.min() < walk.position.max() <= 1.0  # metres
    # Directions of movement are unit vectors, and rates are those of von Mises curves.
    np.testing.assert_allclose(np.linalg.norm(walk.heading, axis=1), 1.0)
    angle = np.arctan2(walk.heading[:, 1], walk.heading[:, 0])
    np.testing.assert_allclose(walk.head_rates, neurons_data.head_rates(angle), rtol=1e-5)

    data = neurons_data.head_direction(walk, seed=0)
    assert len(data.train) == 48 and len(data.test) == 12  # bins of 0.1 s, the end held out
    assert data.train.max() > 1  # RatInABox's own spikes are at most one a step
    again = neurons_data.head_direction(walk, seed=0)
    np.testing.assert_array_equal(data.train, again.train)

    module = neurons_data.grid_module(walk, seed=0)
    # The rates of a module are functions of two phases alone, each with the period 2 pi.
    phases = module.train_factors[:10]
    around = phases + 2.0 * np.pi * np.array([1, -2])
    np.testing.assert_allclose(module.render(phases), module.render(around), atol=1e-5)
    means = np.concatenate(
        [module.render(module.train_factors), module.render(module.test_factors)]
    )
    counts = np.concatenate([module.train, module.test])
    # 6,000 counts; their mean lies within three standard errors of that of the rates.
    assert abs(counts.mean() - means.mean()) < 3.0 * np.sqrt(means.mean() / counts.size) + 0.01
