"""Data sets of one's own: archives and folders of images, good and bad."""

import h5py
import numpy as np
import pytest
from PIL import Image

from diffusion_vae.datasets import load

SHAPE = (20, 6, 5, 3)


def _pictures(shape=SHAPE, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def _save(folder, pictures, suffix="png"):
    folder.mkdir(parents=True, exist_ok=True)
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(folder / f"{index:03d}.{suffix}")
    return folder


def _write(path, **arrays):
    if path.suffix == ".npz":
        np.savez(path, **arrays)
    else:
        with h5py.File(path, "w") as file:
            for name, array in arrays.items():
                file[name] = array
    return path


@pytest.fixture(params=["a.npz", "a.h5", "a.hdf5"])
def path(request, tmp_path):
    return tmp_path / request.param


def test_an_archive_that_is_split(path):
    pictures = _pictures()
    _write(path, x_train=pictures[:15], x_test=pictures[15:], y_train=range(15), y_test=range(5))
    dataset = load(path)
    np.testing.assert_allclose(dataset.train, pictures[:15] / 255, atol=1e-7)
    np.testing.assert_allclose(dataset.test, pictures[15:] / 255, atol=1e-7)
    np.testing.assert_array_equal(dataset.test_labels, range(5))
    assert dataset.colouring == "labels"


def test_an_archive_of_one_array_is_split_at_random_and_floats_keep_their_range(path):
    # As CelebA is kept: one data set `data`, already scaled to [-1, 1].
    data = np.linspace(-1, 1, 50, dtype=np.float32)[:, None, None, None] * np.ones((4, 4, 3))
    _write(path, data=data)
    dataset = load(path, test_fraction=0.3)
    assert (len(dataset.train), len(dataset.test)) == (35, 15)
    together = np.sort(np.concatenate([dataset.train, dataset.test])[:, 0, 0, 0])
    np.testing.assert_allclose(together, np.linspace(-1, 1, 50), atol=1e-6)
    assert dataset.colouring is None
    again = load(path, test_fraction=0.3)
    np.testing.assert_array_equal(again.test, dataset.test)
    assert not np.array_equal(load(path, test_fraction=0.3, seed=1).test, dataset.test)


def test_grey_pictures_get_a_channel_and_vectors_stay(path):
    _write(path, x_train=np.zeros((4, 6, 5)), x_test=np.zeros((2, 6, 5)))
    assert load(path).event_shape == (6, 5, 1)
    _write(path, data=np.random.default_rng(0).normal(size=(10, 3)))
    assert load(path).event_shape == (3,)


def test_limit_reads_the_first_rows_and_key_names_an_array(path):
    _write(path, frames=np.arange(20.0)[:, None], masks=np.zeros((20, 1)))
    with pytest.raises(ValueError, match=r"to hold `x_train`.*Received: frames, masks"):
        load(path)
    dataset = load(path, key="frames", limit=5, test_fraction=0.2)
    values = np.concatenate([dataset.train, dataset.test])
    np.testing.assert_array_equal(np.sort(values[:, 0]), range(5))
    with pytest.raises(ValueError, match="has no array 'pictures'"):
        load(path, key="pictures")


def test_damaged_archives_are_named(path):
    _write(path, data=_pictures())
    whole = path.read_bytes()
    for broken in (whole[: len(whole) // 2], b"", b"hello"):
        path.write_bytes(broken)
        with pytest.raises(ValueError, match="damaged or incomplete"):
            load(path)


def test_what_is_in_an_archive_is_checked(path):
    bad = np.zeros((5, 2))
    bad[3, 1] = np.nan
    _write(path, data=bad)
    with pytest.raises(ValueError, match="the first in example 3"):
        load(path)
    _write(path, x_train=np.zeros((5, 2)), x_test=np.zeros((5, 3)))
    with pytest.raises(ValueError, match="of one shape"):
        load(path)
    _write(path, data=np.zeros((5, 2)), labels=np.full(5, 0.5))
    with pytest.raises(ValueError, match="whole numbers"):
        load(path)
    _write(path, data=np.full((5, 2), 2.0))
    with pytest.raises(ValueError, match=r"\[0, 1\]"):
        load(path, binarize="stochastic")


def test_objects_in_an_npz_are_refused(tmp_path):
    np.savez(tmp_path / "a.npz", data=np.array([{"a": 1}] * 3, dtype=object))
    with pytest.raises(ValueError, match="no plain array of numbers"):
        load(tmp_path / "a.npz")


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_of_images(tmp_path, channels):
    pictures = _pictures(SHAPE[:3] if channels == 1 else SHAPE)
    _save(tmp_path / "set", pictures)
    (tmp_path / "set" / "notes.txt").write_text("no picture")
    dataset = load(tmp_path / "set", test_fraction=0.0)
    expected = pictures.reshape(20, 6, 5, channels) / 255
    np.testing.assert_allclose(dataset.train, expected, atol=1e-7)


def test_subfolders_are_classes(tmp_path):
    for label, name in enumerate(["cats", "dogs"]):
        _save(tmp_path / name, _pictures((4, 5, 5, 3), seed=label))
    dataset = load(tmp_path, test_fraction=0.25)
    assert dataset.colouring == "labels"
    labels = np.concatenate([dataset.train_labels, dataset.test_labels])
    np.testing.assert_array_equal(np.bincount(labels), [4, 4])
    cats = _pictures((4, 5, 5, 3), seed=0) / np.float32(255)
    for picture in dataset.train[dataset.train_labels == 0]:
        assert np.any(np.all(picture == cats, axis=(1, 2, 3)))


def test_images_of_several_sizes_need_a_size(tmp_path):
    _save(tmp_path, [_pictures((6, 8)), _pictures((6, 9))])
    with pytest.raises(ValueError, match=r"pictures of one size.*pass `size=` to resize"):
        load(tmp_path)
    assert load(tmp_path, size=(4, 5)).event_shape == (4, 5, 1)
    assert load(tmp_path, size=7).event_shape == (7, 7, 1)
    with pytest.raises(ValueError, match="number of pixels or"):
        load(tmp_path, size=(1, 2, 3))


def test_resizing_keeps_the_mean_and_the_range(tmp_path):
    ramp = np.tile(np.linspace(0, 255, 64, dtype=np.uint8), (32, 1))
    _save(tmp_path, [ramp])
    small = load(tmp_path, size=(8, 16), test_fraction=0.0).train[0, ..., 0]
    np.testing.assert_allclose(small.mean(), ramp.mean() / 255, atol=0.01)
    assert np.all(np.diff(small, axis=1) > 0)
    assert small.min() >= 0
    assert small.max() <= 1


def test_grey_and_coloured_images_become_coloured(tmp_path):
    _save(tmp_path / "a", [_pictures((4, 4))])
    Image.fromarray(_pictures((4, 4, 3))).save(tmp_path / "a" / "z.png")
    dataset = load(tmp_path / "a", test_fraction=0.0)
    assert dataset.event_shape == (4, 4, 3)
    np.testing.assert_array_equal(dataset.train[0, ..., 0], dataset.train[0, ..., 2])


def test_transparency_is_dropped_and_palettes_become_colours(tmp_path):
    colours = _pictures((4, 4, 3))
    opaque = np.concatenate([colours, np.full((4, 4, 1), 200, np.uint8)], axis=-1)
    Image.fromarray(opaque).save(tmp_path / "a.png")
    Image.new("P", (4, 4)).save(tmp_path / "b.png")
    dataset = load(tmp_path, test_fraction=0.0)
    np.testing.assert_allclose(dataset.train[0], colours / 255, atol=1e-7)


def test_bad_folders_and_images_are_named(tmp_path):
    with pytest.raises(ValueError, match="Expected images"):
        load(tmp_path)
    with pytest.raises(FileNotFoundError, match="no file or folder"):
        load(tmp_path / "none")
    _save(tmp_path, _pictures())
    whole = (tmp_path / "003.png").read_bytes()
    for broken in (whole[:60], b"hello", b""):
        (tmp_path / "003.png").write_bytes(broken)
        with pytest.raises(ValueError, match=r"003.png.*cannot be read as a picture"):
            load(tmp_path)
    Image.fromarray(np.zeros((6, 5), np.uint16)).save(tmp_path / "003.png")
    with pytest.raises(ValueError, match="more than 8 bits"):
        load(tmp_path)


def test_other_files_and_misplaced_options_are_named(tmp_path):
    (tmp_path / "a.txt").write_text("1,2")
    with pytest.raises(ValueError, match=r"Expected an .npz, .h5 or .npy file, a table"):
        load(tmp_path / "a.txt")
    with pytest.raises(ValueError, match="`key` is not for folders"):
        load(_save(tmp_path / "set", _pictures()), key="data")
    with pytest.raises(ValueError, match="`size` is not for archives"):
        load(_write(tmp_path / "a.npz", data=_pictures()), size=3)


def test_images_further_down_have_no_classes_and_may_be_cut_square(tmp_path):
    for index, size in enumerate([(8, 12), (10, 6), (9, 9), (6, 14)]):  # as LSUN: of any shape
        folder = tmp_path / f"{index % 2}" / "a"
        folder.mkdir(parents=True, exist_ok=True)
        picture = np.full((*size, 3), 60 * index, np.uint8)
        picture[:, :1] = 255  # a column at the side, which the square of wide ones leaves out
        Image.fromarray(picture).save(folder / f"{index}.png")
    dataset = load(tmp_path, size=4, square=True, test_fraction=0.25)
    assert dataset.train.shape == (3, 4, 4, 3)
    assert dataset.train_labels is None
    together = np.concatenate([dataset.train, dataset.test])
    plain = [p[0, 0, 0] for p in together if p.std() == 0]
    np.testing.assert_allclose(sorted(plain), [0, 180 / 255], atol=1e-6)  # the two wide ones
    again = load(dataset.name, **dataset.options)
    np.testing.assert_array_equal(again.train, dataset.train)


def test_square_and_stream_belong_to_folders_and_hdf5(tmp_path):
    np.savez(tmp_path / "a.npz", data=np.zeros((4, 2)))
    Image.fromarray(np.zeros((4, 4), np.uint8)).save(tmp_path / "a.png")
    with pytest.raises(ValueError, match="The option `square` is not for archives"):
        load(tmp_path / "a.npz", square=True)
    with pytest.raises(ValueError, match="The option `binarize` is not for pictures that stay"):
        load(tmp_path, stream=True, binarize="threshold")
    with pytest.raises(ValueError, match="cannot be read as HDF5"):
        load(tmp_path / "a.npz", stream=True)
