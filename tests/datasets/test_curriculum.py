"""From coarse to fine: which frequencies an epoch shows, and how much they hold."""

import keras
import numpy as np
import pytest

from diffusion_vae.datasets import keep_low_frequencies, load
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
        expected = (
            pictures.train if cutoff is None else keep_low_frequencies(pictures.train, cutoff)
        )
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
    assert np.var(batches[0][0]) == pytest.approx(
        np.var(keep_low_frequencies(pictures.train, 1)), rel=1e-4
    )
    batches.on_epoch_end()
    assert np.var(batches[0][0]) == pytest.approx(np.var(pictures.train), rel=1e-4)


def test_whitened_frequencies_are_equally_strong(pictures):
    shown = FrequencyCurriculum(pictures, (2,), epochs=2, whiten=True).at(0).train
    amplitude = np.abs(np.fft.fft2(shown[:, :, :, 0])).mean(axis=0) / 16**2
    k = np.abs(np.fft.fftfreq(16, 1 / 16))
    order = k[:, None] + k[None, :]
    kept = amplitude[(order > 0) & (order <= 2)]
    np.testing.assert_allclose(kept, kept[0], rtol=1e-4)
    np.testing.assert_allclose(amplitude[order > 2], 0.0, atol=1e-6)


def test_the_first_whitened_stage_of_any_picture_is_a_sum_of_two_cosines(pictures):
    curriculum = FrequencyCurriculum(pictures, (1,), epochs=2, whiten=True)
    cosines = load("periodic_pictures", size=16, train_size=60, test_size=5)
    energy, coarse = curriculum.energies(0)
    assert coarse == pytest.approx(energy, rel=1e-4)
    # Its largest value is that of the pictures, but for the pixels and translations seen.
    assert energy == pytest.approx(FrequencyCurriculum(cosines).energies(0)[0], rel=0.2)
    assert np.abs(curriculum.at(0).train).max() <= np.abs(pictures.train).max() + 1e-6


def test_whitening_takes_translations_to_translations(pictures):
    shown = FrequencyCurriculum(pictures, (3,), epochs=2, whiten=True).at(0)
    factors = 2.0 * np.pi * np.array([[0.2, 0.7], [0.2 + 3 / 16, 0.7 - 5 / 16]])
    first, moved = shown.render(factors)
    candidates = [np.roll(first, (a, b), (0, 1)) for a in (3, -3, 5, -5) for b in (3, -3, 5, -5)]
    assert min(np.abs(moved - candidate).max() for candidate in candidates) < 1e-4


def test_whitening_blows_no_noise_up():
    faint = load("periodic_pictures", size=16, train_size=60, test_size=5)  # cos + cos
    shown = FrequencyCurriculum(faint, (4,), epochs=2, whiten=True).at(0).train
    spectrum = np.abs(np.fft.fft2(shown[0, :, :, 0]))
    assert np.sum(spectrum > 0.01 * spectrum.max()) == 4  # the two cosines and no more


def test_batches_keep_the_epoch_of_fit(pictures):
    seen = []

    class Watched(ShuffledBatches):
        def __getitem__(self, index):
            seen.append(self.epoch)
            (examples,) = super().__getitem__(index)
            return examples, np.zeros(len(examples))

    model = keras.Sequential([keras.layers.Flatten(), keras.layers.Dense(1)])
    model.compile("sgd", loss=lambda truth, output: keras.ops.mean(output))
    batches = Watched(pictures, 30, seed=0)
    watch = keras.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: seen.clear())
    ends = []
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: ends.append(set(seen)))
    model.fit(batches, epochs=5, initial_epoch=3, shuffle=False, verbose=0,
              callbacks=[batches.follow(), watch, note])  # fmt: skip
    assert ends == [{3}, {4}]


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


def test_only_pictures_are_whitened():
    rotations = load("random_rotations", train_size=5, test_size=4)
    with pytest.raises(ValueError, match=r"pictures of shape \[N, height, width, channels\]"):
        FrequencyCurriculum(rotations, (1,), epochs=2, whiten=True).at(0)
