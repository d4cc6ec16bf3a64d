"""What holds for every data set that needs no file: the contract of the record."""

import inspect
import json
import math

import keras
import numpy as np
import pytest

from diffusion_vae.datasets import descriptions, load, loader_options, validate
from diffusion_vae.datasets.base import COLOURINGS
from diffusion_vae.manifolds import FlatTorus

SIZES = {"train_size": 36, "test_size": 9}
# One line a data set; a new one that needs no file is one more line.
OFFLINE = {
    "digits": ("digits", {}),
    "two clouds": ("gaussian_mixture", SIZES),
    "tree": ("branching_tree", {"levels": 3, "dim": 5, "train_per_node": 3, "test_per_node": 2}),
    "digits dynamic": ("digits", {"binarize": "dynamic"}),
    "digits low-pass": ("digits", {"low_pass": 3}),
    "digits in [-1, 1]": ("digits", {"value_range": (-1, 1)}),
    "shifted in [-1, 1]": ("shifted_image", {"size": [6, 9], "value_range": (-1, 1)}),
    "cosines": ("periodic_pictures", {"size": 12, **SIZES}),
    "cosines regular": ("periodic_pictures", {"size": 12, "shifts": "regular", **SIZES}),
    "random picture": (
        "periodic_pictures",
        {"picture": "random", "order": 4, "gamma": 0.6, "size": 12, **SIZES},
    ),
    "more frequencies than pixels": (
        "periodic_pictures",
        {"picture": "random", "order": 4, "size": 6, **SIZES},
    ),
    "shifted picture": ("shifted_image", {"size": [6, 9]}),
    "shifted low-pass": ("shifted_image", {"size": [6, 9], "low_pass": 2}),
    "turned picture": ("rotated_image", {"size": 16, **SIZES}),
    "turned digits": ("rotated_pictures", {"turns": 2}),
    "turned regular": ("rotated_image", {"size": 16, "angles": "regular", **SIZES}),
    "lines": ("unoriented_lines", {"size": 12, **SIZES}),
    "so3": ("random_rotations", SIZES),
    "o3": ("random_rotations", {"group": "o3", **SIZES}),
    "function": ("so3_functions", SIZES),
    "random function": ("so3_functions", {"function": "random", "points": 30, **SIZES}),
}
NEEDS_FILES = {
    "mnist", "fashion_mnist", "cifar10", "cars3d", "celeba", "small_norb", "svhn",
    "rendered_objects", "trilobites",
}  # fmt: skip

STORED = (
    "digits",
    "rotated_pictures",
    "gaussian_mixture",
    "branching_tree",
)  # not made anew from factors alone
MADE = {key: row for key, row in OFFLINE.items() if row[0] not in STORED}
NOT_ANGLES = ("random_rotations", "so3_functions", "unoriented_lines")
ANGLES = {key: row for key, row in MADE.items() if row[0] not in NOT_ANGLES}


def _each(rows):
    return pytest.mark.parametrize(("name", "options"), rows.values(), ids=rows)


each, each_made, each_of_angles = _each(OFFLINE), _each(MADE), _each(ANGLES)


def test_the_list_is_complete():
    assert {name for name, _ in OFFLINE.values()} | NEEDS_FILES == set(descriptions())


@each
def test_arrays_are_checked_float32_of_one_event_shape(name, options):
    dataset = load(name, **options)
    for split in ("train", "test"):
        examples = dataset.examples(split)
        assert examples.dtype == np.float32
        assert validate(examples, name) is examples
        assert examples.shape[1:] == dataset.event_shape
    assert dataset.colouring in COLOURINGS


@each
def test_name_and_options_after_json_make_the_same_arrays(name, options):
    first = load(name, **options)
    again = load(first.name, **json.loads(json.dumps(first.options)))
    for key in ("train", "test", "train_factors", "test_factors", "train_labels", "test_labels"):
        np.testing.assert_array_equal(getattr(first, key), getattr(again, key))
    assert again.options == first.options
    assert first.extras.keys() == again.extras.keys()


@each
def test_another_seed_gives_other_test_examples(name, options):
    one, other = (load(name, **options, seed=seed) for seed in (0, 1))
    assert not np.array_equal(one.test, other.test)


@each
def test_training_and_test_examples_are_different_draws(name, options):
    dataset = load(name, **options)
    count = min(len(dataset.train), len(dataset.test))
    assert not np.array_equal(dataset.train[:count], dataset.test[:count])


@each_made
def test_render_makes_the_examples_of_their_factors(name, options):
    dataset = load(name, **options)
    for split in ("train", "test"):
        made = dataset.render(getattr(dataset, f"{split}_factors"))
        assert made.dtype == np.float32
        np.testing.assert_allclose(made, getattr(dataset, split), atol=1e-6)
    one = dataset.render(dataset.train_factors[5:6])  # alone or in a batch: the same example
    np.testing.assert_allclose(one, dataset.train[5:6], atol=1e-6)


@each_made
def test_factors_are_points_of_their_manifold(name, options):
    dataset = load(name, **options)
    factors, manifold = dataset.train_factors, dataset.factor_manifold
    if isinstance(manifold, FlatTorus):
        assert factors.shape == (len(dataset.train), manifold.dim)
        assert factors.min() >= 0
        assert factors.max() <= np.float32(2 * math.pi)
    else:
        projected = keras.ops.convert_to_numpy(manifold.project(factors))
        np.testing.assert_allclose(projected, factors, atol=1e-5)


@each_of_angles
def test_a_loop_of_each_angle_closes_and_moves_by_small_steps(name, options):
    dataset = load(name, **options)
    for factor in range(dataset.factor_manifold.dim):
        angles = np.repeat(dataset.test_factors[:1], 401, axis=0)
        angles[:, factor] = np.linspace(0, 2 * math.pi, 401)
        loop = dataset.render(angles)  # [401, *event]
        np.testing.assert_allclose(loop[0], loop[-1], atol=1e-4)
        steps = np.abs(np.diff(loop, axis=0)).max(axis=tuple(range(1, loop.ndim)))
        assert steps.max() < 0.2
        assert np.abs(loop - loop[:1]).max() > 0.1  # and it does move


@each
def test_the_pipeline_holds_every_example_once(name, options):
    dataset = load(name, **options)
    batches = list(dataset.as_tf_dataset(batch_size=16).as_numpy_iterator())
    assert sum(map(len, batches)) == len(dataset.train)
    assert batches[0].shape == (16, *dataset.event_shape)
    assert batches[0].dtype == np.float32


@pytest.mark.parametrize("name", sorted(descriptions()))
def test_options_have_defaults_that_json_can_hold(name):
    defaults = loader_options(name)
    assert [key for key, value in defaults.items() if value is inspect.Parameter.empty] in (
        [],
        ["path"],
    )
    known = {k: v for k, v in defaults.items() if v is not inspect.Parameter.empty}
    assert json.loads(json.dumps(known)) == known


def test_a_tree_has_steps_of_length_1_between_a_node_and_its_parent():
    dataset = load("branching_tree", noise=1e-4, train_per_node=1, test_per_node=1)
    nodes = {
        tuple(f): x for f, x in zip(dataset.train_factors.astype(int), dataset.train, strict=True)
    }
    assert len(nodes) == 2**8 - 2
    roots = {(0, 0): np.zeros(50)}
    steps = [x - {**nodes, **roots}[(level - 1, i // 2)] for (level, i), x in nodes.items()]
    # 254 steps of 50 standard normal numbers: the error of their variance is sqrt(2 / 12,700).
    assert np.var(steps) == pytest.approx(1.0, abs=4.0 * math.sqrt(2.0 / 12_700))
    branch = {
        tuple(f): c
        for f, c in zip(dataset.train_factors.astype(int), dataset.train_labels, strict=True)
    }
    assert branch[(2, 3)] == 0 and branch[(3, 5)] == 6 and branch[(7, 5 * 16 + 9)] == 6
    with pytest.raises(ValueError, match=r"`levels`.*at most 12"):
        load("branching_tree", levels=13)
