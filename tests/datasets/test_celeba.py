"""CelebA from a folder or archive of jpgs to batches, on small made faces."""

import tracemalloc
import zipfile

import h5py
import numpy as np
import pytest
from PIL import Image

from diffusion_vae.datasets import (
    HDF5Pictures,
    StoredPictures,
    convert_pictures,
    load,
    rescaled,
    validate,
)
from diffusion_vae.datasets import conversion as module
from diffusion_vae.datasets.batches import ShuffledBatches

COUNT = 19


def face(index, height=26, width=20):
    """A picture of aligned proportions: an ellipse whose colour and eyes tell its number."""
    y, x = np.mgrid[:height, :width]
    picture = np.full((height, width, 3), 20 + 5 * index, np.uint8)
    inside = ((y - 13) / 8) ** 2 + ((x - 10) / 6) ** 2 < 1
    picture[inside] = (210, 40 + 8 * index, 120)
    picture[11:13, 6 + index % 3] = 0
    return picture


@pytest.fixture
def folder(tmp_path):
    """A folder of jpgs, named as CelebA names them."""
    target = tmp_path / "img_align_celeba"
    target.mkdir()
    for index in range(COUNT):
        Image.fromarray(face(index)).save(target / f"{index + 1:06d}.jpg", quality=95)
    (target / "._000001.jpg").write_bytes(b"what another system leaves")
    (target / "readme.txt").write_text("no picture")
    return target


@pytest.fixture
def file(folder, tmp_path):
    return convert_pictures(folder, tmp_path / "celeba.h5", size=8, crop=16)


def stored(path):
    with h5py.File(path, "r") as content:
        return content["data"][:]


def cut(index, crop, size):
    """The central square of a face, resized by Pillow."""
    top, left = (26 - crop) // 2, (20 - crop) // 2
    square = Image.fromarray(face(index)[top : top + crop, left : left + crop])
    return np.asarray(square.resize((size, size), Image.Resampling.BICUBIC), int)


def test_pictures_are_cut_resized_and_in_order(file):
    pictures = stored(file)
    assert pictures.dtype == np.uint8
    assert pictures.shape == (COUNT, 8, 8, 3)
    for index in range(COUNT):  # up to what jpg loses
        assert np.abs(pictures[index] - cut(index, 16, 8)).mean() < 6
        others = np.abs(pictures - cut(index, 16, 8)).mean(axis=(1, 2, 3))
        assert np.argmin(others) == index


def test_without_a_crop_the_largest_square_is_taken(folder, tmp_path):
    pictures = stored(convert_pictures(folder, tmp_path / "a.h5", size=10))
    assert np.abs(pictures[3] - cut(3, 20, 10)).mean() < 6


def test_an_archive_gives_what_its_folder_gives(folder, file, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)  # 19 pictures in blocks of 4, 4, 4, 4, 3
    archive = tmp_path / "img_align_celeba.zip"
    with zipfile.ZipFile(archive, "w") as target:
        for path in sorted(folder.iterdir(), reverse=True):
            target.write(path, f"img_align_celeba/{path.name}")
        target.writestr("__MACOSX/img_align_celeba/000001.jpg", b"no picture")
    again = convert_pictures(archive, tmp_path / "zip.h5", size=8, crop=16)
    np.testing.assert_array_equal(stored(again), stored(file))
    some = convert_pictures(archive, tmp_path / "some.h5", size=8, crop=16, limit=5)
    np.testing.assert_array_equal(stored(some), stored(file)[:5])


def test_subfolders_are_searched_as_lsun_has_them(folder, file, tmp_path):
    deep = tmp_path / "lsun"
    for path in folder.glob("0*.jpg"):
        below = deep / path.stem[-1] / path.stem[-2]
        below.mkdir(parents=True, exist_ok=True)
        path.rename(below / path.name)
    again = stored(convert_pictures(deep, tmp_path / "lsun.h5", size=8, crop=16))
    assert sorted(map(bytes, again)) == sorted(map(bytes, stored(file)))
    dataset = load(tmp_path / "lsun.h5", stream=True)
    assert isinstance(dataset.train, StoredPictures)
    together = np.concatenate([dataset.train[:], dataset.test])
    assert sorted(map(bytes, together)) == sorted(map(bytes, stored(file) / np.float32(255)))
    again = load(dataset.name, **dataset.options)
    np.testing.assert_array_equal(again.train[:], dataset.train[:])


def test_an_interrupted_conversion_leaves_no_file(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(module, "BLOCK", 4)
    target = tmp_path / "out" / "celeba.h5"
    (folder / "000010.jpg").write_bytes((folder / "000010.jpg").read_bytes()[:40])
    with pytest.raises(ValueError, match=r"'000010\.jpg' cannot be read as a picture"):
        convert_pictures(folder, target, size=8)
    assert list(target.parent.iterdir()) == []


def test_an_interrupted_conversion_leaves_the_older_file(folder, file, monkeypatch):
    before = file.read_bytes()
    calls = []

    def stop(*arguments):
        calls.append(arguments)
        if len(calls) > 6:
            raise KeyboardInterrupt
        return np.zeros((8, 8, 3), np.uint8)

    monkeypatch.setattr(module, "_prepared", stop)
    monkeypatch.setattr(module, "BLOCK", 4)
    with pytest.raises(KeyboardInterrupt):
        convert_pictures(folder, file, size=8)
    assert file.read_bytes() == before
    assert [path.name for path in file.parent.iterdir() if path.suffix == ".h5"] == ["celeba.h5"]


def test_the_loader_splits_like_the_original(file):
    dataset = load("celeba", path=file)
    assert isinstance(dataset.train, StoredPictures)
    train = round(COUNT * 160_000 / 202_599)
    assert (len(dataset.train), len(dataset.test)) == (train, COUNT - train)
    assert dataset.event_shape == (8, 8, 3)
    expected = stored(file).astype("float32") / np.float32(255)
    np.testing.assert_allclose(dataset.train[:], expected[:train], atol=1e-7)
    np.testing.assert_allclose(dataset.test, expected[train:], atol=1e-7)
    again = load(dataset.name, **dataset.options)
    np.testing.assert_array_equal(again.train[:], dataset.train[:])
    small = load("celeba", path=file, train_size=5, test_size=2)
    np.testing.assert_allclose(small.train[:], expected[:5], atol=1e-7)
    np.testing.assert_allclose(small.test, expected[train : train + 2], atol=1e-7)


def test_rows_are_read_in_any_order(file):
    pictures, expected = HDF5Pictures(file), stored(file) / np.float32(255)
    for index in ([7, 2, 2, 15], np.array([3, 4, 5]), slice(4, 9), slice(None, None, -3), 6, []):
        index = np.array(index, int) if isinstance(index, list) else index
        np.testing.assert_allclose(pictures[index], expected[index], atol=1e-7)
        assert pictures[index].dtype == np.float32
    chosen = HDF5Pictures(file, rows=[9, 3, 12])
    np.testing.assert_allclose(np.asarray(chosen), expected[[9, 3, 12]], atol=1e-7)
    assert (len(chosen), chosen.shape, chosen.ndim) == (3, (3, 8, 8, 3), 4)


def test_the_range_may_be_that_of_tanh(file):
    unit, signed = load("celeba", path=file), load("celeba", path=file, value_range=(-1, 1))
    np.testing.assert_allclose(signed.train[3:6], 2 * unit.train[3:6] - 1, atol=1e-6)
    np.testing.assert_allclose(signed.test, 2 * unit.test - 1, atol=1e-6)
    assert signed.options["value_range"] == [-1.0, 1.0]
    assert validate(signed.train, "faces") is signed.train
    with pytest.raises(ValueError, match=r"Expected faces to lie in \[0, 1\] for a Bernoulli"):
        validate(signed.train, "faces", "bernoulli")


def test_batches_of_an_epoch_hold_every_picture_once(file):
    dataset = load("celeba", path=file, value_range=(-1, 1))
    expected = sorted(map(bytes, dataset.train[:]))
    batches = ShuffledBatches(dataset, 4, seed=0)
    orders = []
    for _ in range(2):
        epoch = np.concatenate([batches[i][0] for i in range(len(batches))])
        assert sorted(map(bytes, epoch)) == expected
        orders.append(epoch)
        batches.on_epoch_end()
    assert not np.array_equal(*orders)


def test_the_pipeline_streams_every_picture_once(file):
    dataset = load("celeba", path=file)
    pipeline = dataset.as_tf_dataset(batch_size=4)
    assert pipeline.element_spec.shape.as_list() == [None, 8, 8, 3]
    passes = [np.concatenate(list(pipeline.as_numpy_iterator())) for _ in range(2)]
    for one in passes:
        assert sorted(map(bytes, one)) == sorted(map(bytes, dataset.train[:]))
    assert not np.array_equal(*passes)


def test_streaming_holds_a_batch_in_memory_and_not_the_file(tmp_path):
    path = tmp_path / "many.h5"
    with h5py.File(path, "w") as target:
        target.create_dataset("data", (4000, 32, 32, 3), np.uint8)  # 12 MB, 49 MB in float32
    tracemalloc.start()
    dataset = load("celeba", path=path, test_size=10)
    batches = ShuffledBatches(dataset, 64, seed=0)
    total = sum(len(batches[i][0]) for i in range(len(batches)))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert total == len(dataset.train) == 3159
    assert peak < 6e6


def test_a_low_pass_filter_says_that_pictures_stay_in_the_file(file):
    with pytest.raises(ValueError, match="Expected pictures in memory for a low-pass filter"):
        load("celeba", path=file, low_pass=2)


def test_without_the_file_the_command_is_named(tmp_path, monkeypatch):
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(tmp_path))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    with pytest.raises(FileNotFoundError, match=r"diffusion-vae convert img_align_celeba\.zip"):
        load("celeba")


def test_the_file_is_found_among_the_data(file, monkeypatch):
    monkeypatch.setenv("DIFFUSION_VAE_DATA", str(file.parent))
    assert len(load("celeba").train) == 15


@pytest.mark.parametrize(
    ("options", "error", "sentence"),
    [
        ({"crop": 21}, ValueError, "Expected pictures of at least 21 pixels a side.*20x26"),
        ({"crop": 0}, ValueError, "Expected `crop` to be at least 1"),
        ({"size": 2.5}, TypeError, "Expected `size` to be an integer"),
        ({"limit": 0}, ValueError, "Expected `limit` to be at least 1"),
    ],
)
def test_bad_options_are_named_and_leave_no_file(folder, tmp_path, options, error, sentence):
    with pytest.raises(error, match=sentence):
        convert_pictures(folder, tmp_path / "a.h5", **options)
    assert not list(tmp_path.glob("*.h5"))


def test_bad_sources_and_targets_are_named(folder, tmp_path):
    with pytest.raises(FileNotFoundError, match="There is no folder or archive"):
        convert_pictures(tmp_path / "nowhere", tmp_path / "a.h5")
    (tmp_path / "a.rar").write_bytes(b"Rar!")
    with pytest.raises(ValueError, match="Expected a folder of pictures or a zip archive"):
        convert_pictures(tmp_path / "a.rar", tmp_path / "a.h5")
    (tmp_path / "empty").mkdir()
    with pytest.raises(ValueError, match=r"Expected pictures \(.*Received: none"):
        convert_pictures(tmp_path / "empty", tmp_path / "a.h5")
    with pytest.raises(ValueError, match=r"Expected a target that ends in \.h5"):
        convert_pictures(folder, tmp_path / "a.npz")


def test_bad_files_are_named(tmp_path):
    path = tmp_path / "bad.h5"
    path.write_bytes(b"no HDF5")
    with pytest.raises(ValueError, match="seems damaged or incomplete"):
        load("celeba", path=path)
    with h5py.File(path, "w") as target:
        target["data"] = np.zeros((4, 8, 8, 3), np.float32)
        target["one"] = np.zeros((1, 8, 8, 3), np.uint8)
    with pytest.raises(ValueError, match=r"Expected uint8 pictures .* Received: float32"):
        load("celeba", path=path)
    with pytest.raises(ValueError, match=r"has no array 'faces'\. Its arrays: data, one"):
        HDF5Pictures(path, "faces")
    with pytest.raises(FileNotFoundError, match="There is no file"):
        load("celeba", path=tmp_path / "nowhere.h5")


@pytest.mark.parametrize("value_range", [(1, -1), (0,), 3, ("a", "b"), (0, float("nan"))])
def test_ranges_that_are_none_are_refused(value_range):
    with pytest.raises(ValueError, match=r"Expected `value_range` to be \(low, high\)"):
        rescaled(load("digits"), value_range)


def test_only_data_in_the_unit_interval_are_rescaled():
    twice = load("digits", value_range=(0, 2))
    with pytest.raises(ValueError, match=r"Expected values in \[0, 1\] to bring to the range"):
        rescaled(twice, (-1, 1))
    with pytest.raises(ValueError, match="Expected no dynamic binarization"):
        load("digits", binarize="dynamic", value_range=(-1, 1))
