"""From coarse to fine: which frequencies an epoch shows, and how much they hold."""

import numpy as np
import pytest

from diffusion_vae.datasets import load, low_pass
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.datasets.curriculum import FrequencyCurriculum

OPTIONS = {"picture": "random", "order": 4, "gamma": 0.7, "size": 16}


@pytest.fixture(scope="module")
def pictures():
    return load("periodic_pictures", train_size=60, test_size=5, **OPTIONS)


def test_stages_share_the_first_half_of_the_epochs(pictures):
    curriculum = FrequencyCurriculum(pictures, (1, 2), epochs=8)
    for epoch in range(8):
        shown = curriculum.at(epoch).train
        cutoff = {0: 1, 1: 1, 2: 2, 3: 2}.get(epoch)
        expected = pictures.train if cutoff is None else low_pass(pictures.train, cutoff)
        np.testing.assert_allclose(shown, expected, atol=1e-6)
    assert curriculum.at(7) is pictures


def test_a_stage_is_the_same_when_a_run_goes_on(pictures):
    first, again = (FrequencyCurriculum(pictures, (1, 2), epochs=8) for _ in range(2))
    for epoch in range(3):
        first.at(epoch)
    np.testing.assert_array_equal(first.at(3).train, again.at(3).train)


def test_batches_show_the_stage_of_their_epoch(pictures):
    curriculum = FrequencyCurriculum(pictures, (1,), epochs=2)
    batches = ShuffledBatches(pictures, 60, seed=0, curriculum=curriculum)
    assert np.var(batches[0][0]) == pytest.approx(np.var(low_pass(pictures.train, 1)), rel=1e-4)
    batches.on_epoch_end()
    assert np.var(batches[0][0]) == pytest.approx(np.var(pictures.train), rel=1e-4)


def test_energies_are_those_of_parseval():
    # (cos + cos) / 2 has the variance 1/4 a pixel over all translations.
    cosines = load("periodic_pictures", size=16, shifts="regular", train_size=256, test_size=4)
    energy, coarse = FrequencyCurriculum(cosines).energies(0)
    assert energy == pytest.approx(0.5 * 0.25 * 256, rel=1e-5)
    assert coarse == pytest.approx(energy, rel=1e-5)


def test_energies_of_examples_that_are_no_pictures():
    rotations = load("random_rotations", train_size=500, test_size=4)
    energy, coarse = FrequencyCurriculum(rotations).energies(0)
    assert energy == pytest.approx(1.5, abs=0.05)  # |R|^2 / 2 about a mean of zero
    assert coarse == 0.0


@pytest.mark.parametrize("cutoffs", [(2, 1), (1, 1), (-1,), (1.5,)])
def test_cutoffs_must_rise(pictures, cutoffs):
    with pytest.raises(ValueError, match="rising cutoffs"):
        FrequencyCurriculum(pictures, cutoffs)
