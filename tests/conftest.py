"""What every test shares: a quiet backend, fixed seeds, the data directory."""

import collections
import os
from pathlib import Path

# Before Keras is imported. No accelerator: tests compare numbers, not devices.
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ.setdefault("JAX_PLATFORMS", "cpu")
os.environ.setdefault("MPLBACKEND", "Agg")
# One thread for each worker of pytest-xdist: threads of several workers only wait for each other.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("TF_NUM_INTRAOP_THREADS", "1")
os.environ.setdefault("TF_NUM_INTEROP_THREADS", "1")
# Dask's workers fork from one process that has imported the library (`preloaded`).
os.environ.setdefault("DASK_DISTRIBUTED__WORKER__MULTIPROCESSING_METHOD", "forkserver")
# What XLA compiles runs a few times: to optimise it would take longer than it saves.
os.environ.setdefault(
    "XLA_FLAGS", "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
)

import hypothesis
import keras
import pytest

hypothesis.settings.register_profile(
    "project",
    deadline=None,  # the first call of an op compiles it
    derandomize=True,
    max_examples=30,
    database=None,
)
hypothesis.settings.load_profile("project")

if keras.backend.backend() == "tensorflow":
    import tensorflow as tf

    # A graph of a test runs a few times: to optimise it takes longer than it saves.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})


def pytest_ignore_collect(collection_path):
    """Off TensorFlow files that mark no test for another backend are not even imported."""
    if keras.backend.backend() == "tensorflow" or collection_path.suffix != ".py":
        return None
    text = collection_path.read_text(encoding="utf-8")
    return None if "mark.jax" in text or "mark.torch" in text else True


def pytest_collection_modifyitems(config, items):
    """Off TensorFlow only the tests marked `jax` or `torch` run; files of slow tests come first.

    A long file at the end would leave the other worker idle.
    """
    tests = collections.Counter(item.path for item in items)
    slow = collections.Counter(i.path for i in items if i.get_closest_marker("slow"))
    items.sort(key=lambda item: -slow[item.path] / tests[item.path])
    if keras.backend.backend() == "tensorflow":
        return
    kept = [i for i in items if i.get_closest_marker("jax") or i.get_closest_marker("torch")]
    config.hook.pytest_deselected(items=[item for item in items if item not in kept])
    items[:] = kept


@pytest.fixture(scope="session", autouse=True)
def _caches(tmp_path_factory):
    """Tables of embedded tori, and what JAX compiles in child processes: made once a run.

    All workers share them, and nothing is read that another version of the code has left.
    """
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder
    os.environ["DIFFUSION_VAE_CACHE"] = str(folder / "tables")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = str(folder / "jax")
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"


@pytest.fixture(scope="module")
def without_graphs():
    """TensorFlow runs functions as they stand: few steps cost less than the graph of one."""
    if keras.backend.backend() != "tensorflow":
        yield
        return
    tf.config.run_functions_eagerly(True)
    yield
    tf.config.run_functions_eagerly(False)


@pytest.fixture(autouse=True)
def _seeds():
    """The same global random state (Python, NumPy, backend) at the start of every test."""
    keras.utils.set_random_seed(0)


@pytest.fixture
def data_dir():
    """Folder of the real data sets; without `DIFFUSION_VAE_DATA` the test is skipped."""
    folder = os.environ.get("DIFFUSION_VAE_DATA")
    if not folder:
        pytest.skip("Set DIFFUSION_VAE_DATA to the folder of the data sets to run this test.")
    if not Path(folder).is_dir():
        pytest.skip(f"DIFFUSION_VAE_DATA names no folder: {folder!r}.")
    return Path(folder)
