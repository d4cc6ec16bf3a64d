"""Pictures that stay in files: the same as in memory, a batch at a time."""

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from diffusion_vae.datasets import FolderPictures, RecordPictures, load
from diffusion_vae.datasets.batches import ShuffledBatches

COUNT, SIDE = 12, 8
PICTURES = np.random.default_rng(0).integers(0, 256, (COUNT, SIDE, SIDE, 3), np.uint8)


def png(picture):
    buffer = io.BytesIO()
    Image.fromarray(picture).save(buffer, "png")
    return buffer.getvalue()


@pytest.fixture
def folder(tmp_path):
    for index, picture in enumerate(PICTURES):
        target = tmp_path / "pictures" / f"class{index % 3}"
        target.mkdir(parents=True, exist_ok=True)
        (target / f"{index:02d}.png").write_bytes(png(picture))
    return tmp_path / "pictures"


def write_records(path, pictures, key="image"):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for picture in pictures:
            content = tf.train.Feature(bytes_list=tf.train.BytesList(value=[png(picture)]))
            features = tf.train.Features(feature={key: content})
            writer.write(tf.train.Example(features=features).SerializeToString())


@pytest.fixture
def records(tmp_path):
    shards = tmp_path / "shards"
    shards.mkdir()
    write_records(shards / "a.tfrecord-00000-of-00002", PICTURES[:7])
    write_records(shards / "a.tfrecord-00001-of-00002", PICTURES[7:])
    return shards


def test_a_folder_streams_what_it_loads(folder):
    stored, loaded = load(folder, stream=True), load(folder)
    assert isinstance(stored.train, FolderPictures)
    np.testing.assert_allclose(stored.train[:], loaded.train, atol=1e-6)
    np.testing.assert_allclose(stored.test, loaded.test, atol=1e-6)
    np.testing.assert_array_equal(stored.train_labels, loaded.train_labels)
    again = load(stored.name, **stored.options)
    np.testing.assert_array_equal(again.train[:], stored.train[:])


def test_records_come_in_the_order_of_their_shards(records):
    stored = RecordPictures(records)
    assert stored.shape == (COUNT, SIDE, SIDE, 3)
    np.testing.assert_allclose(stored[:], PICTURES / np.float32(255), atol=1e-6)
    np.testing.assert_array_equal(stored[[11, 0, 11]], stored[:][[11, 0, 11]])


def test_records_make_a_data_set_by_their_path(records):
    dataset = load(records)
    both = np.concatenate([dataset.train[:], dataset.test])
    assert sorted(map(bytes, both)) == sorted(map(bytes, PICTURES / np.float32(255)))
    one = load(records / "a.tfrecord-00000-of-00002", test_fraction=0.3)
    assert len(one.train) + len(one.test) == 7


@pytest.mark.parametrize("kind", ["folder", "records"])
def test_epochs_are_shuffled_and_come_again_with_the_seed(kind, request):
    dataset = load(request.getfixturevalue(kind), stream=True)
    first, again = (ShuffledBatches(dataset, 4, seed=3) for _ in range(2))
    epochs = []
    for _ in range(2):
        shown = np.concatenate([first[i][0] for i in range(len(first))])
        np.testing.assert_array_equal(
            shown, np.concatenate([again[i][0] for i in range(len(again))])
        )
        assert sorted(map(bytes, shown)) == sorted(map(bytes, dataset.train[:]))
        epochs.append(shown)
        first.on_epoch_end()
        again.on_epoch_end()
    assert not np.array_equal(*epochs)


@pytest.mark.parametrize("kind", ["folder", "records"])
def test_the_pipeline_streams_every_picture_once(kind, request):
    dataset = load(request.getfixturevalue(kind), stream=True)
    shown = np.concatenate(list(dataset.as_tf_dataset(batch_size=4).as_numpy_iterator()))
    assert sorted(map(bytes, shown)) == sorted(map(bytes, dataset.train[:]))


def test_memory_does_not_grow_with_the_records(tmp_path):
    peaks = []
    for count in (40, 400):
        path = tmp_path / f"{count}.tfrecord"
        write_records(path, np.zeros((count, 64, 64, 3), np.uint8))
        dataset = load(path, test_fraction=10 / count)
        batches = ShuffledBatches(dataset, 10, seed=0)
        tracemalloc.start()
        assert sum(len(batches[i][0]) for i in range(len(batches))) == count - 10
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    assert peaks[1] < 1.2 * peaks[0]  # 49 KB a picture in float32


def test_damaged_and_foreign_files_are_named(tmp_path, records, folder):
    whole = (records / "a.tfrecord-00000-of-00002").read_bytes()
    (tmp_path / "cut.tfrecord").write_bytes(whole[:-9])
    with pytest.raises(ValueError, match="damaged or incomplete"):
        load(tmp_path / "cut.tfrecord")
    (tmp_path / "text.tfrecord").write_text("this is no record file")
    with pytest.raises(ValueError, match="damaged or incomplete"):
        load(tmp_path / "text.tfrecord")
    with pytest.raises(ValueError, match=r"'photo'.*Its features: image"):
        load(records, key="photo")
    with pytest.raises(FileNotFoundError, match=r"no\.tfrecord"):
        load(tmp_path / "no.tfrecord")
    Image.fromarray(np.zeros((5, 5, 3), np.uint8)).save(folder / "class1" / "99.png")
    with pytest.raises(ValueError, match=r"\(8, 8, 3\).*Received: \(5, 5, 3\) in 99\.png"):
        load(folder, stream=True).train[:]
