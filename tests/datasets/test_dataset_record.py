"""The `Dataset` record: consistent arrays, seeded pipelines, dynamic binarization."""

import dataclasses

import numpy as np
import pytest

from diffusion_vae.datasets import Dataset


def _numbered(count=10, **more):
    train = np.arange(count, dtype=np.float32)[:, None]
    return Dataset(name="numbers", train=train, test=train[:3], **more)


def _pass(pipeline):
    return np.concatenate(list(pipeline.as_numpy_iterator()))


@pytest.mark.jax
def test_test_examples_come_in_order_and_training_examples_shuffled():
    dataset = _numbered(50)
    np.testing.assert_array_equal(_pass(dataset.as_tf_dataset("test")), dataset.test)
    shuffled = _pass(dataset.as_tf_dataset("train", batch_size=7))
    assert not np.array_equal(shuffled, dataset.train)
    np.testing.assert_array_equal(np.sort(shuffled, axis=0), dataset.train)


def test_equal_seeds_give_equal_sequences_of_epochs():
    dataset = _numbered(50)
    one, other = (dataset.as_tf_dataset(seed=3) for _ in range(2))
    epochs = [_pass(one) for _ in range(3)]
    assert not np.array_equal(epochs[0], epochs[1])
    for epoch in epochs:
        np.testing.assert_array_equal(epoch, _pass(other))


def test_shuffle_false_keeps_the_order_and_batches_have_the_event_shape():
    dataset = _numbered(10)
    batches = list(dataset.as_tf_dataset(batch_size=4, shuffle=False).as_numpy_iterator())
    assert [b.shape for b in batches] == [(4, 1), (4, 1), (2, 1)]
    assert dataset.event_shape == (1,)
    np.testing.assert_array_equal(np.concatenate(batches), dataset.train)


def test_first_epoch_holds_every_example_bug_20():
    # The original's generator filled the first epoch with uninitialised memory.
    first = _pass(_numbered(300).as_tf_dataset(batch_size=128))
    np.testing.assert_array_equal(np.sort(first[:, 0]), np.arange(300))


def _grey():
    train = np.full((200, 10, 10), 0.3, np.float32)
    return Dataset(name="grey", train=train, test=train[:2], dynamic_binarization=True)


def test_dynamic_pipeline_draws_anew_each_epoch_with_the_right_mean():
    pipeline = _grey().as_tf_dataset(seed=1, shuffle=False)
    one, two = _pass(pipeline), _pass(pipeline)
    assert set(np.unique(one)) == {0.0, 1.0}
    assert not np.array_equal(one, two)
    standard_error = np.sqrt(0.3 * 0.7 / 20_000)
    assert abs(one.mean() - 0.3) < 4 * standard_error
    # Independent draws agree with probability .09 + .49.
    assert abs((one == two).mean() - 0.58) < 4 * np.sqrt(0.58 * 0.42 / 20_000)


@pytest.mark.jax
def test_dynamic_pipeline_is_seeded():
    one, two, other = (_pass(_grey().as_tf_dataset(seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, two)
    assert not np.array_equal(one, other)


def test_dynamic_epoch_as_an_array_is_seeded():
    dataset = _grey()
    np.testing.assert_array_equal(dataset.epoch(5), dataset.epoch(5))
    assert not np.array_equal(dataset.epoch(5), dataset.epoch(6))
    assert _numbered().epoch() is not None


def test_the_record_is_frozen_and_rejects_what_does_not_fit():
    dataset = _numbered()
    with pytest.raises(dataclasses.FrozenInstanceError):
        dataset.name = "other"
    with pytest.raises(ValueError, match="one row of `train_labels`"):
        _numbered(train_labels=np.zeros(3))
    with pytest.raises(ValueError, match="colouring"):
        _numbered(colouring="rainbow")
    with pytest.raises(ValueError, match="split"):
        dataset.as_tf_dataset("validation")
    with pytest.raises(ValueError, match="of one shape"):
        Dataset(name="two", train=np.zeros((2, 3)), test=np.zeros((2, 4)))
