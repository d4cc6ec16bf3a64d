"""`load`: names, paths, options, and the sentences for what is wrong."""

import json
from pathlib import Path

import numpy as np
import pytest

from diffusion_vae import datasets


def test_unknown_name_suggests_the_nearest():
    with pytest.raises(ValueError, match=r"Unknown data set 'mnits'. Did you mean 'mnist'"):
        datasets.load("mnits")


def test_unknown_option_names_the_allowed_ones():
    with pytest.raises(ValueError, match=r"Unknown option\(s\) 'sise'.*test_fraction, seed"):
        datasets.load("digits", sise=3)


@pytest.mark.parametrize(
    ("seed", "error", "fault"),
    [
        (None, TypeError, "an integer"),
        (-1, ValueError, "at least 0"),
        (0.5, TypeError, "an integer"),
        ("0", TypeError, "an integer"),
    ],
)
def test_seeds_are_whole_numbers(seed, error, fault):
    with pytest.raises(error, match=f"Expected `seed` to be {fault}"):
        datasets.load("digits", seed=seed)
    with pytest.raises(error, match=f"Expected `picture_seed` to be {fault}"):
        datasets.load("periodic_pictures", picture_seed=seed)


def test_unknown_option_of_a_path_names_the_allowed_ones(tmp_path):
    with pytest.raises(ValueError, match=r"Unknown option\(s\) 'colour'.*key, size"):
        datasets.load(tmp_path, colour=3)


def test_a_missing_path_is_a_missing_file_not_an_unknown_name():
    with pytest.raises(FileNotFoundError, match="There is no file"):
        datasets.load("/nowhere/pictures.npz")


def test_every_data_set_has_one_line_of_description():
    for name, line in datasets.descriptions().items():
        assert line and "\n" not in line and len(line) < 80, name


def test_name_and_json_options_make_the_same_again():
    first = datasets.load("digits", test_fraction=0.3, seed=4, binarize="stochastic")
    again = datasets.load(first.name, **json.loads(json.dumps(first.options)))
    np.testing.assert_array_equal(first.train, again.train)
    np.testing.assert_array_equal(first.test_labels, again.test_labels)


def test_a_loader_called_directly_also_notes_its_options():
    dataset = datasets.load_digits(test_fraction=0.25)
    assert dataset.name == "digits"
    assert dataset.options == {"binarize": None, "test_fraction": 0.25, "seed": 0}


def test_paths_in_options_become_text(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, x_train=np.zeros((4, 3)), x_test=np.ones((2, 3)))
    dataset = datasets.load(Path(path))
    assert dataset.name == str(path)
    json.dumps(dataset.options)
    again = datasets.load(dataset.name, **dataset.options)
    np.testing.assert_array_equal(again.test, dataset.test)
