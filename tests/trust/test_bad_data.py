"""Bad calls of data sets, runs and callbacks."""

import numpy as np
import pytest
from bad_calls import bad, each_bad

from diffusion_vae import datasets
from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.runs import Fit, compose, evaluate_run, load_run, read_record, resume, train
from diffusion_vae.runs.reproduce import get, run_jobs

NAN, INF = float("nan"), float("inf")
NOWHERE = "/no/such"
load = datasets.load


def digits(**options):
    return load("digits", **options)


def record(**fields):
    """A data set of three and two examples."""
    arrays = {"train": np.zeros((3, 2)), "test": np.zeros((2, 2)), **fields}
    return datasets.Dataset("mine", **arrays)


DATA = [
    bad("a misspelt name", lambda: load("mnits"), ValueError, "Expected one of",
        "Did you mean 'mnist'?"),
    bad("a number for a name", lambda: load(3), TypeError, "the name of a data set", "3"),
    bad("no name", lambda: load(""), TypeError, "the name of a data set", "''"),
    bad("a misspelt option", lambda: digits(binarise="threshold"), ValueError, "Expected among",
        "Did you mean 'binarize'?"),
    bad("more than all for testing", lambda: digits(test_fraction=1.5), ValueError, "[0, 1)",
        "1.5"),
    bad("a share as a word", lambda: digits(test_fraction="half"), TypeError, "a number",
        "'half'"),
    bad("a misspelt binarization", lambda: digits(binarize="treshold"), ValueError, "`binarize`",
        "Did you mean 'threshold'?"),
    bad("a negative seed", lambda: digits(seed=-1), ValueError, "`seed`", "-1"),
    bad("half a seed", lambda: digits(seed=1.5), TypeError, "`seed`", "1.5"),
    bad("a number for a range", lambda: digits(value_range=3), ValueError, "(low, high)", "3"),
    bad("a range that falls", lambda: digits(value_range=(1, 0)), ValueError, "low < high",
        "(1, 0)"),
    bad("an infinite range", lambda: digits(value_range=(0, INF)), ValueError, "finite", "inf"),
    bad("a negative cutoff", lambda: digits(low_pass=-1), ValueError, "at least 0", "-1"),
    bad("a cutoff as a word", lambda: digits(low_pass="low"), TypeError, "a number", "'low'"),
    bad("a cutoff of points", lambda: load("gaussian_mixture", low_pass=2), ValueError,
        "[N, height, width, channels]", "(512, 2)"),
    bad("a range of points", lambda: load("gaussian_mixture", value_range=(0, 1)), ValueError,
        "values in [0, 1]", "from -7"),
    bad("no examples", lambda: load("gaussian_mixture", train_size=0), ValueError,
        "`train_size`", "0"),
    bad("half an example", lambda: load("gaussian_mixture", test_size=2.5), TypeError,
        "`test_size`", "2.5"),
    bad("no such group", lambda: load("random_rotations", group="so4"), ValueError, "`group`",
        "'so4'. Did you mean 'so3'?"),
    bad("no such picture", lambda: load("rotated_image", picture=f"{NOWHERE}.png"),
        FileNotFoundError, "check the path", NOWHERE),
    bad("a number for a picture", lambda: load("rotated_image", picture=3), ValueError,
        "the picture", "()"),
    bad("a picture of no size", lambda: load("shifted_image", size=-3), ValueError,
        "a number of pixels", "-3"),
    bad("no such file", lambda: load(f"{NOWHERE}/file.npz"), FileNotFoundError, "check the path",
        NOWHERE),
    bad("no such folder", lambda: datasets.from_path(f"{NOWHERE}/folder"), FileNotFoundError,
        "check the path", NOWHERE),
    bad("a program for data", lambda: load(__file__), ValueError, "an .npz, .h5 or .npy file",
        "test_bad"),
    bad("one axis", lambda: datasets.validate(np.zeros(3)), ValueError, "[examples, ...]", "(3,)"),
    bad("rows of two lengths", lambda: datasets.validate([[1, 2], [3]]), ValueError,
        "real numbers", "object"),
    bad("a text", lambda: datasets.validate("abc"), ValueError, "real numbers", "<U3"),
    bad("too few labels", lambda: record(train_labels=np.zeros(2)), ValueError,
        "each of the 3 examples", "2"),
    bad("two shapes", lambda: record(test=np.zeros((2, 3))), ValueError, "one shape", "(3,)"),
    bad("lists for arrays", lambda: record(train=[[1, 2]]), TypeError, "`train`", "list"),
    bad("a misspelt colouring", lambda: record(colouring="label"), ValueError, "`colouring`",
        "Did you mean 'labels'?"),
    bad("a third split", lambda: record().examples("validation"), ValueError, "`split`", "'val"),
    bad("batches of none", lambda: digits().as_tf_dataset(batch_size=0), ValueError,
        "`batch_size`", "0"),
    bad("an order from a word", lambda: digits().as_tf_dataset(seed="a"), TypeError, "`seed`",
        "'a'"),
    bad("conversion of nothing", lambda: datasets.convert_pictures(NOWHERE, "x.h5"),
        FileNotFoundError, "check the path", NOWHERE),
    bad("conversion of a program", lambda: datasets.convert_pictures(__file__, "x.h5"),
        ValueError, "a folder of pictures or a zip", "test_bad"),
    bad("conversion to a picture", lambda: datasets.convert_pictures(NOWHERE, "x.png"),
        ValueError, "ends in .h5", "x.png"),
    bad("pictures of no size", lambda: datasets.convert_pictures(NOWHERE, "x.h5", size=0),
        ValueError, "`size`", "0"),
    bad("half a pixel", lambda: datasets.convert_pictures(NOWHERE, "x.h5", crop=1.5), TypeError,
        "`crop`", "1.5"),
    bad("no stored pictures", lambda: datasets.HDF5Pictures(f"{NOWHERE}.h5"),
        FileNotFoundError, "check the path", NOWHERE),
    bad("an even number of frequencies", lambda: datasets.FourierPicture(np.zeros((2, 2))),
        ValueError, "[2N+1, 2N+1]", "(2, 2)"),
    bad("options of no data set", lambda: datasets.loader_options("mnits"), ValueError, "`name`",
        "Did you mean 'mnist'?"),
]  # fmt: skip


@each_bad(DATA)
def test_bad_calls_of_data_sets(case):
    case.check()


def composed(**settings):
    return compose(settings={key.replace("__", "."): value for key, value in settings.items()})


def points(**choices):
    return compose(dataset="gaussian_mixture", **choices)


RUNS = [
    bad("no epochs", lambda: compose(epochs=0), ValueError, "at least 1", "0"),
    bad("half an epoch", lambda: compose(epochs=1.5), TypeError, "an integer", "1.5"),
    bad("epochs in letters", lambda: compose(epochs="3"), TypeError, "an integer", "'3'"),
    bad("no batch size", lambda: Fit(batch_size=None), TypeError, "an integer", "None"),
    bad("an infinite rate", lambda: compose(learning_rate=INF), ValueError, "positive and finite",
        "inf"),
    bad("no rate", lambda: compose(learning_rate=0), ValueError, "positive", "0"),
    bad("a rate in letters", lambda: compose(learning_rate="1"), TypeError, "a number", "'1'"),
    bad("a negative seed", lambda: compose(seed=-1), ValueError, "`seed` to be at least 0", "-1"),
    bad("a large seed", lambda: compose(seed=2**31), ValueError, "[0, 2^31)", "2147483648"),
    bad("half a seed", lambda: compose(seed=1.5), TypeError, "an integer", "1.5"),
    bad("a misspelt model", lambda: compose("difusion"), ValueError, "`model`",
        "Did you mean 'diffusion'?"),
    bad("a misspelt schedule", lambda: compose(schedule="cosin"), ValueError, "`schedule`",
        "Did you mean 'cosine'?"),
    bad("half precision", lambda: composed(dtype="mixed_bfloat"), ValueError, "`dtype`",
        "Did you mean 'mixed_bfloat16'?"),
    bad("a warm-up of a constant rate", lambda: composed(schedule__warmup_steps=5), ValueError,
        "a schedule of the learning rate", "no schedule"),
    bad("a decay rate of 1", lambda: composed(optimizer__beta_1=1.0), ValueError, "[0, 1)", "1.0"),
    bad("two decay rates for one", lambda: composed(optimizer__beta_1=(0.9, 0.99)), TypeError,
        "`optimizer.beta_1` to be a number", "(0.9, 0.99)"),
    bad("cutoffs that fall", lambda: composed(fit__curriculum=(2, 1)), ValueError, "rising",
        "(2, 1)"),
    bad("whitening of nothing", lambda: composed(fit__whiten=True), ValueError, "a `curriculum`",
        "()"),
    bad("one cutoff", lambda: Fit(curriculum=3), TypeError, "a list", "3"),
    bad("a number for data", lambda: compose(dataset=3), TypeError, "`dataset` to be a name", "3"),
    bad("an option of another model", lambda: composed(alpha=1), ValueError,
        "an argument of the model", "'alpha'"),
    bad("steps of a spatial VAE", lambda: compose("spatial", settings={"model.walk_steps": 3}),
        ValueError, "an argument of the model SpatialVAE", "'walk_steps'"),
    bad("a misspelt field", lambda: composed(epoch=1), ValueError, "an argument of",
        "Did you mean 'epochs'?"),
    bad("a part that is none", lambda: composed(encodr__units=(8,)), ValueError, "a part among",
        "Did you mean 'encoder'?"),
    bad("no such run", lambda: load_run(NOWHERE, "run"), FileNotFoundError, "Runs there", "'run'"),
    bad("no such model of a run", lambda: load_run(NOWHERE, "run", "latest"), ValueError,
        "`which`", "Did you mean 'last'?"),
    bad("to go on with nothing", lambda: resume("run", NOWHERE), FileNotFoundError, "Runs there",
        "'run'"),
    bad("to evaluate nothing", lambda: evaluate_run(NOWHERE, "run"), FileNotFoundError,
        "Runs there", "'run'"),
    bad("no such record", lambda: read_record(f"{NOWHERE}.json"), FileNotFoundError,
        "no file", NOWHERE),
    bad("a program for a record", lambda: read_record(__file__), ValueError, "valid JSON",
        "line 1"),
    bad("convolutions of points", lambda: train(points(network="conv"), NOWHERE), ValueError,
        "Expected pictures", "(2,)"),
    bad("a negative variance", lambda: points(settings={"likelihood.variance": -1.0}), ValueError,
        "`variance`", "-1"),
    bad("points as probabilities",
        lambda: train(points(settings={"likelihood": "bernoulli"}), NOWHERE),
        ValueError, "in [0, 1]", "from -7"),
    bad("a run in another folder", lambda: ResultsFolder(run="a/b"), ValueError,
        "a plain folder name", "'a/b'"),
    bad("the folder above", lambda: ResultsFolder(run=".."), ValueError, "a plain folder", "'..'"),
    bad("a checkpoint never", lambda: ResultsFolder(checkpoint_every=0), ValueError,
        "`checkpoint_every`", "0"),
    bad("a checkpoint as a word", lambda: ResultsFolder(checkpoint_every="often"), TypeError,
        "`checkpoint_every`", "'often'"),
    bad("pictures of nothing", lambda: ResultsFolder(pictures_every=1), ValueError, "`dataset`",
        "None"),
    bad("a misspelt table", lambda: get("tabel1"), ValueError, "Expected one of",
        "Did you mean 'table1'?"),
    bad("a misspelt row", lambda: get("table1").jobs(["spere:2"]), ValueError,
        "Expected some of", "Did you mean 'sphere:2'?"),
    bad("no runs", lambda: get("table1").jobs(runs=0), ValueError, "`runs`", "0"),
    bad("no processes", lambda: run_jobs([], NOWHERE, processes=0), ValueError, "`processes`",
        "0"),
]  # fmt: skip


@each_bad(RUNS)
def test_bad_calls_of_runs(case):
    case.check()


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The structure of:UserWarning")
def test_a_batch_may_be_larger_than_the_data(tmp_path):
    small = points(
        manifold="euclidean:1", epochs=1, batch_size=500,
        settings={"dataset.train_size": 5, "dataset.test_size": 1, "encoder.units": (4,),
                  "decoder.units": (4,)},
    )  # fmt: skip
    assert np.isfinite(train(small, tmp_path).metrics["elbo"])
