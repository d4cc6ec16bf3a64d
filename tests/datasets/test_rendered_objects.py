"""Folders of rendered objects: poses, and the split by object."""

import json
import math

import numpy as np
import pytest
from PIL import Image
from scipy.spatial.transform import Rotation

from diffusion_vae.datasets import load
from diffusion_vae.datasets.render_folder import render_angles
from diffusion_vae.manifolds import SO3, FlatTorus

OBJECTS, RENDERS = 10, 8


def _grey(value):
    return Image.fromarray(np.full((4, 4), value, np.uint8))


def _write_lists(folder, name, **lists):
    (folder / "identifiers").mkdir(exist_ok=True)
    (folder / "identifiers" / f"{name}.json").write_text(json.dumps(lists))


@pytest.fixture
def turntable(tmp_path):
    """Ten objects in eight renders; the grey value is 10 object + render. Listed backwards."""
    images = tmp_path / "images"
    images.mkdir()
    rows = [
        (r, f"{o:04d}", "chair", f"chair_{o:04d}_{r}_.png")
        for o in range(OBJECTS)
        for r in range(RENDERS)
    ]
    for r, identifier, _, name in rows:
        _grey(10 * int(identifier) + r).save(images / name)
    keys = ("render_number", "model_identifier", "object_type", "filename")
    _write_lists(
        tmp_path, "identifiers", **dict(zip(keys, zip(*rows[::-1], strict=True), strict=True))
    )
    return tmp_path


def _values(pictures):
    return np.round(pictures[:, 0, 0, 0] * 255).astype(int)


def test_factors_labels_and_pictures_belong_together(turntable):
    dataset = load("rendered_objects", path=turntable)
    assert dataset.event_shape == (4, 4, 1)
    assert dataset.factor_manifold == FlatTorus(1)
    assert dataset.colouring == "circle"
    for split in ("train", "test"):
        values = _values(getattr(dataset, split))
        angles = getattr(dataset, f"{split}_factors")[:, 0]
        np.testing.assert_allclose(angles, 2 * math.pi * (values % 10) / RENDERS, rtol=1e-6)
        np.testing.assert_array_equal(getattr(dataset, f"{split}_labels"), values // 10)
    assert list(dataset.extras["objects"][:2]) == ["0000", "0001"]
    assert set(dataset.extras["types"]) == {"chair"}


def test_objects_are_in_one_split_only(turntable):
    dataset = load("rendered_objects", path=turntable)
    assert len(set(dataset.train_labels)) == 7
    assert not set(dataset.train_labels) & set(dataset.test_labels)
    again = load("rendered_objects", **json.loads(json.dumps(dataset.options)))
    np.testing.assert_array_equal(again.train_labels, dataset.train_labels)
    other = load("rendered_objects", path=turntable, seed=1)
    assert set(other.train_labels) != set(dataset.train_labels)


def test_unlabelled_objects_join_the_training_set(turntable):
    dataset = load("rendered_objects", path=turntable, unlabelled_share=0.5, train_share=0.6)
    supervised = dataset.extras["train_supervised"] == 1
    assert len(set(dataset.train_labels[supervised])) == 3
    assert len(set(dataset.train_labels[~supervised])) == 5
    assert len(set(dataset.test_labels)) == 2


def test_split_by_example_serves_a_single_object(turntable):
    with pytest.raises(ValueError, match="split='example'"):
        load("rendered_objects", path=turntable, train_share=0.99)
    dataset = load("rendered_objects", path=turntable, split="example")
    assert len(dataset.train) == 56
    assert len(dataset.test) == 24


def test_every_keeps_each_nth_render_of_each_object(turntable):
    dataset = load("rendered_objects", path=turntable, every=3)
    renders = np.concatenate([_values(dataset.train), _values(dataset.test)]) % 10
    np.testing.assert_array_equal(np.bincount(renders), [10, 0, 0, 10, 0, 0, 10])


def test_first_and_last_render_do_not_coincide_bug_20():
    # The original divided by the largest number: render 0 and render 7 had one angle.
    angles = render_angles(np.arange(8))[:, 0]
    np.testing.assert_allclose(angles, 2 * math.pi * np.arange(8) / 8, rtol=1e-6)


def test_render_numbers_may_start_at_one_or_go_in_steps():
    from_one = render_angles(np.arange(1, 9))[:, 0]
    np.testing.assert_allclose(np.sort(from_one), 2 * math.pi * np.arange(8) / 8, atol=1e-6)
    by_tens = render_angles(np.arange(0, 360, 10))[:, 0]
    np.testing.assert_allclose(by_tens, np.radians(np.arange(0, 360, 10)), rtol=1e-6)
    np.testing.assert_allclose(render_angles([0, 90], 360)[:, 0], [0, math.pi / 2], rtol=1e-6)
    np.testing.assert_array_equal(render_angles([5, 5]), [[0], [0]])
    with pytest.raises(ValueError, match="more than 7"):
        render_angles(np.arange(8), 7)


def test_file_names_serve_where_there_are_no_identifiers(turntable):
    with_identifiers = load("rendered_objects", path=turntable)
    plain = load("rendered_objects", path=turntable / "images")
    np.testing.assert_array_equal(_values(plain.train), _values(with_identifiers.train))
    np.testing.assert_array_equal(plain.train_factors, with_identifiers.train_factors)


@pytest.fixture
def posed(tmp_path):
    """Six images of three objects with angles and quaternions (w, x, y, z)."""
    (tmp_path / "images").mkdir()
    names = [f"{o}_{i}" for o in range(3) for i in range(2)]
    for value, name in enumerate(names):
        _grey(value).save(tmp_path / "images" / f"{name}.png")
    rotations = Rotation.from_euler("xyz", np.linspace(0.1, 2, 18).reshape(6, 3))
    scalar_first = np.roll(rotations.as_quat(), 1, axis=1).tolist()
    listed = [f"{name}.off" for name in names]
    _write_lists(tmp_path, "quaternions", model_identifier=listed, quaternions=scalar_first)
    _write_lists(tmp_path, "angles", model_identifier=listed, angles=[0.5 * i for i in range(6)])
    return tmp_path, rotations.as_matrix().reshape(6, 9)


def test_angles_in_radians(posed):
    dataset = load("rendered_objects", path=posed[0], poses="angles", train_share=0.6)
    np.testing.assert_allclose(dataset.train_factors[:, 0], 0.5 * _values(dataset.train))
    assert len(set(dataset.train_labels)) == 2


def test_quaternions_become_rotation_matrices(posed):
    path, matrices = posed
    dataset = load("rendered_objects", path=path, poses="quaternions", train_share=0.6)
    assert dataset.factor_manifold == SO3()
    assert dataset.colouring == "rotation"
    np.testing.assert_allclose(dataset.train_factors, matrices[_values(dataset.train)], atol=1e-6)
    other = load("rendered_objects", path=path, poses="quaternions", quaternion_order="xyzw")
    assert not np.allclose(other.test_factors, matrices[_values(other.test)])


def test_bad_folders_are_named(posed, tmp_path):
    folder, _ = posed
    with pytest.raises(ValueError, match=r"needs the option\(s\) path"):
        load("rendered_objects")
    with pytest.raises(FileNotFoundError, match="no folder"):
        load("rendered_objects", path=folder / "none")
    with pytest.raises(FileNotFoundError, match=r"identifiers.json.*Present: angles, quaternions"):
        load("rendered_objects", path=folder, poses="identifiers")
    (folder / "images" / "1_0.png").unlink()
    with pytest.raises(FileNotFoundError, match=r"1 of 6 images are missing .*'1_0.png'"):
        load("rendered_objects", path=folder)
    with pytest.raises(ValueError, match="images named <type>_<object>"):
        load("rendered_objects", path=folder / "images")


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "Missing: model_identifier, angles"),
        ('{"model_identifier": ["a"]}', "Missing: angles"),
        ('{"model_identifier": ["a"], "angles": []}', "lists of one length"),
        ('{"model_identifier": [], "angles": []}', "not empty"),
        ('{"model_identifier": ["a"], "angles": ["north"]}', "Expected numbers"),
        ('{"model_identifier": ["a"], "angles": [NaN]}', "finite numbers"),
    ],
)
def test_bad_identifiers_are_named(posed, content, sentence):
    (posed[0] / "identifiers" / "angles.json").write_text(content)
    with pytest.raises(ValueError, match=sentence):
        load("rendered_objects", path=posed[0], poses="angles")


def test_quaternions_must_be_unit(posed):
    identifiers = ["0_0.off", "1_0.off"]
    for bad in ([[2, 0, 0, 0]] * 2, [[1, 0, 0]] * 2):
        _write_lists(posed[0], "quaternions", model_identifier=identifiers, quaternions=bad)
        with pytest.raises(ValueError, match="unit quaternions"):
            load("rendered_objects", path=posed[0], poses="quaternions")
