"""One rule for the range of stored numbers: archives, folders, streams, converted files."""

import io
import zipfile

import h5py
import numpy as np
import pytest
from PIL import Image

from diffusion_vae.datasets import ValueRangeWarning, convert_pictures, load
from diffusion_vae.datasets.images import load_picture
from diffusion_vae.datasets.value_range import find_white

RNG = np.random.default_rng(0)
BINARY = RNG.integers(0, 2, (20, 6, 6), np.uint8)
GREYS = RNG.integers(0, 256, (20, 6, 6), np.uint8)
GREYS[0, 0, 0] = 255


def written(path, **arrays):
    if path.suffix == ".npz":
        np.savez(path, **arrays)
        return path
    with h5py.File(path, "w") as file:
        for name, array in arrays.items():
            file[name] = array
    return path


def folder_of(path, pictures):
    path.mkdir()
    for index, picture in enumerate(pictures):
        Image.fromarray(picture).save(path / f"{index:02d}.png")
    return path


def records_of(path, pictures):
    import tensorflow as tf

    with tf.io.TFRecordWriter(str(path)) as writer:
        for picture in pictures:
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "png")
            content = tf.train.Feature(bytes_list=tf.train.BytesList(value=[buffer.getvalue()]))
            features = tf.train.Features(feature={"image": content})
            writer.write(tf.train.Example(features=features).SerializeToString())
    return path


def converted(path, pictures):
    source = path.with_suffix(".zip")
    with zipfile.ZipFile(source, "w") as archive:
        for index, picture in enumerate(pictures):
            buffer = io.BytesIO()
            Image.fromarray(picture).save(buffer, "png")
            archive.writestr(f"{index:02d}.png", buffer.getvalue())
    return convert_pictures(source, path, size=6)


WAYS = {
    "npz": lambda folder, x: (written(folder / "a.npz", data=x), {}),
    "h5": lambda folder, x: (written(folder / "a.h5", data=x), {}),
    "h5 stream": lambda folder, x: (written(folder / "a.h5", data=x), {"stream": True}),
    "folder": lambda folder, x: (folder_of(folder / "a", x), {}),
    "folder stream": lambda folder, x: (folder_of(folder / "a", x), {"stream": True}),
    "records": lambda folder, x: (records_of(folder / "a.tfrecord", x), {}),
    "converted": lambda folder, x: (converted(folder / "a.h5", x), {"stream": True}),
}


def everything(dataset):
    """All examples, sorted so that the split does not matter."""
    both = np.concatenate([dataset.train[:], dataset.test])[..., :1]
    return both[np.lexsort(both.reshape(len(both), -1).T)]


def in_order(pictures, white):
    values = (pictures / np.float32(white))[..., None]
    return values[np.lexsort(values.reshape(len(values), -1).T)]


@pytest.mark.parametrize("way", WAYS)
def test_bytes_of_0_and_1_are_binary_and_that_is_said(way, tmp_path):
    path, options = WAYS[way](tmp_path, BINARY)
    with pytest.warns(ValueRangeWarning, match=r"The uint8 values of .* reach only 1: taken as"):
        dataset = load(path, **options)
    np.testing.assert_allclose(everything(dataset), in_order(BINARY, 1), atol=1e-6)


@pytest.mark.parametrize("way", WAYS)
def test_bytes_up_to_255_are_divided_without_a_word(way, tmp_path):
    path, options = WAYS[way](tmp_path, GREYS)
    np.testing.assert_allclose(everything(load(path, **options)), in_order(GREYS, 255), atol=1e-6)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("dtype", "largest", "white"),
    [
        ("int64", 255, 255), ("uint16", 65535, 65535), ("uint16", 4000, 4095), ("int32", 16, 16),
        ("uint8", 16, 16), ("int16", 1000, 1023), ("int8", 127, 255), ("uint32", 200, 255),
    ],
)  # fmt: skip
def test_whole_numbers_of_any_type_are_scaled_by_their_range(
    dtype, largest, white, stream, tmp_path
):
    x = np.random.default_rng(1).integers(0, largest + 1, (20, 6, 6)).astype(dtype)
    x[3, 0, 0] = largest
    path = written(tmp_path / "a.h5", data=x)
    with pytest.warns(ValueRangeWarning, match=f"{dtype} values .* {largest}: divided by {white}"):
        dataset = load(path, stream=stream)
    np.testing.assert_allclose(everything(dataset), in_order(x, white), atol=1e-6)


@pytest.mark.parametrize("stream", [False, True])
def test_dark_image_files_keep_the_white_of_their_format(stream, tmp_path):
    path = folder_of(tmp_path / "a", np.minimum(GREYS, 5))
    assert everything(load(path, stream=stream)).max() == pytest.approx(5 / 255)


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("numbers", [[-5, 300], [0, 70000]])
def test_numbers_that_are_no_greys_are_left_and_that_is_said(numbers, stream, tmp_path):
    x = np.resize(np.array(numbers, np.int64), (20, 6, 6))
    path = written(tmp_path / "a.h5", data=x)
    with pytest.warns(ValueRangeWarning, match=r"int64 values .* left as they are"):
        dataset = load(path, stream=stream)
    np.testing.assert_array_equal(everything(dataset), in_order(x, 1))


def test_pictures_of_whole_floats_are_left_and_that_is_said(tmp_path):
    with pytest.warns(ValueRangeWarning, match="whole ones beyond 1: left as they are; divide"):
        dataset = load(written(tmp_path / "a.npz", data=GREYS.astype("float32")))
    assert dataset.train.max() > 200
    load(written(tmp_path / "b.npz", data=np.arange(90.0).reshape(30, 3)))  # a table of numbers


def test_training_and_test_examples_have_one_scale(tmp_path):
    dark = np.minimum(GREYS, 1)
    dataset = load(written(tmp_path / "a.npz", x_train=GREYS, x_test=dark))
    np.testing.assert_allclose(dataset.test.max(), 1 / 255, rtol=1e-6)


def test_bools_and_black_pictures_need_no_word():
    assert find_white(bool, [np.ones((2, 2), bool)], "masks") == 1
    assert find_white("uint8", [np.zeros((2, 2), np.uint8)], "black pictures") == 255


@pytest.mark.parametrize("file", [False, True])
def test_one_picture_of_0_and_1(file, tmp_path):
    picture = folder_of(tmp_path / "a", BINARY[:1]) / "00.png" if file else BINARY[0]
    with pytest.warns(ValueRangeWarning, match="taken as binary"):
        np.testing.assert_allclose(load_picture(picture)[..., 0], BINARY[0], atol=1e-6)


# -- published files -------------------------------------------------------------------------


def test_dsprites_as_published(tmp_path):
    # metadata is a pickled dictionary, which is not read; pictures are uint8 of 0 and 1.
    factors = RNG.random((20, 6))
    path = written(
        tmp_path / "dsprites.npz", metadata=np.array({"date": "x"}, dtype=object), imgs=BINARY,
        latents_values=factors, latents_classes=np.zeros((20, 6), int),
    )  # fmt: skip
    with pytest.warns(ValueRangeWarning):
        dataset = load(path)
        named = load(path, key="imgs")
    assert dataset.train.max() == named.train.max() == 1
    assert named.train_factors is None and dataset.train_labels is None
    together = np.concatenate([dataset.train_factors, dataset.test_factors])
    np.testing.assert_array_equal(np.sort(together[:, 0]), np.sort(factors[:, 0]))


def test_3dshapes_as_published_in_memory_and_streamed(tmp_path):
    pictures = RNG.integers(0, 256, (20, 8, 8, 3), np.uint8)
    factors = RNG.random((20, 6))
    path = written(tmp_path / "3dshapes.h5", images=pictures, labels=factors)
    loaded, streamed = load(path), load(path, stream=True)
    np.testing.assert_allclose(streamed.train[:], loaded.train, atol=1e-6)
    for dataset in (loaded, streamed):
        assert dataset.train_factors.shape == (16, 6) and dataset.test_factors.shape == (4, 6)
        first = np.flatnonzero(factors[:, 0] == dataset.train_factors[0, 0]).item()
        np.testing.assert_allclose(dataset.train[0], pictures[first] / 255, atol=1e-6)
    for stream in (False, True):
        assert load(path, key="images", stream=stream).train_factors is None


def test_labels_that_are_neither_classes_nor_factors_name_the_remedy(tmp_path):
    for labels in (np.zeros((20, 6, 6)), np.zeros(7), np.full(20, 0.5), np.full((20, 2), np.nan)):
        path = written(tmp_path / "a.npz", data=GREYS, labels=labels)
        with pytest.raises(ValueError, match=r"To leave them out, name the array .* `key="):
            load(path)


def test_a_stream_of_what_cannot_be_streamed_is_refused(tmp_path):
    with pytest.raises(ValueError, match=r"Expected an .h5 file, a folder or TFRecord files"):
        load(written(tmp_path / "a.npz", data=GREYS), stream=True)
    path = written(tmp_path / "a.h5", x_train=GREYS, x_test=GREYS)
    with pytest.raises(ValueError, match="one array of pictures to stream"):
        load(path, stream=True)
    with pytest.raises(ValueError, match="to hold `x_train`"):
        load(written(tmp_path / "b.h5", a=GREYS, b=GREYS), stream=True)


def test_columns_without_a_known_meaning_are_not_coloured():
    from diffusion_vae.datasets import Dataset
    from diffusion_vae.plots.model_pictures import held_out_examples

    x, factors = np.zeros((5, 2), np.float32), np.zeros((5, 6))
    unknown = Dataset("mine", x, x, train_factors=factors, test_factors=factors)
    assert held_out_examples(unknown)[2] is None
    angles = Dataset("mine", x, x, train_factors=factors[:, :1], test_factors=factors[:, :1])
    assert held_out_examples(angles)[2].shape == (5, 1)
