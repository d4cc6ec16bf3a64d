"""Tables on disk: read once built, and never trusted when damaged, older or of another shape."""

import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from diffusion_vae import cache
from diffusion_vae.heat_kernels import cut_locus, radial, radial_building
from diffusion_vae.heat_kernels.zonal import Zonal

SOURCES = ("diffusion_vae.heat_kernels.zonal",)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("DIFFUSION_VAE_CACHE", str(tmp_path / "tables"))
    return tmp_path / "tables"


class Builder:
    """Counts how often its table is built."""

    def __init__(self, **arrays):
        self.arrays, self.calls = arrays or {"x": np.arange(3.0)}, 0

    def __call__(self):
        self.calls += 1
        return self.arrays

    def read(self, sources=SOURCES, shapes=None):
        return cache.cached("name", self, sources=sources, shapes=shapes)


def test_a_table_is_built_once(folder):
    build = Builder()
    for _ in range(2):
        np.testing.assert_array_equal(build.read()["x"], np.arange(3.0))
    assert build.calls == 1
    assert [path.name for path in folder.iterdir()] == ["name.npz"]  # and nothing temporary


def test_damaged_files_are_built_again(folder):
    build = Builder(x=np.random.default_rng(0).random(500))
    build.read()
    [path] = folder.iterdir()
    whole = path.read_bytes()
    flipped = bytearray(whole)
    flipped[len(whole) // 2] ^= 255
    for count, damage in enumerate([whole[:40], b"", b"no table", bytes(flipped)], start=2):
        path.write_bytes(damage)
        np.testing.assert_array_equal(build.read()["x"], build.arrays["x"])
        assert build.calls == count
        assert path.read_bytes() == whole


def test_tables_that_cannot_be_right_are_built_again(folder):
    right = {"x": np.ones((2, 3))}
    for wrong in (
        {"x": np.ones((3, 2))},
        {"y": np.ones((2, 3))},
        {"x": np.ones((2, 3)), "y": np.ones(1)},
        {"x": np.full((2, 3), np.nan)},
        {"x": np.full((2, 3), np.inf)},
        {"x": np.full((2, 3), "1.0")},
    ):
        (folder / "name.npz").unlink(missing_ok=True)
        Builder(**wrong).read()
        build = Builder(**right)
        np.testing.assert_array_equal(build.read(shapes={"x": (2, 3)})["x"], right["x"])
        assert build.calls == 1


def test_pickles_are_not_opened(folder):
    folder.mkdir()
    np.savez(folder / "name.npz", x=np.array([print], dtype=object), sources=np.array("key"))
    build = Builder()
    build.read()
    assert build.calls == 1


def test_tables_of_another_version_of_their_sources_are_built_again(folder, tmp_path, monkeypatch):
    module = tmp_path / "made_source.py"
    module.write_text("NODES = 1\n")
    monkeypatch.syspath_prepend(tmp_path)
    build = Builder()
    for text, calls in (("NODES = 1\n", 1), ("NODES = 2\n", 2), ("NODES = 2\n", 2)):
        module.write_text(text)
        cache.fingerprint.cache_clear()
        build.read(sources=("made_source",))
        assert build.calls == calls
    with pytest.raises(ModuleNotFoundError, match="Expected the name of a module"):
        cache.fingerprint(("no_such_module",))


def test_without_a_folder_there_is_no_cache(tmp_path, monkeypatch):
    build = Builder()
    (tmp_path / "file").write_text("")
    for value in (str(tmp_path / "file" / "tables"), "off"):
        monkeypatch.setenv("DIFFUSION_VAE_CACHE", value)
        build.read()
    assert build.calls == 2
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
    monkeypatch.delenv("DIFFUSION_VAE_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / ".cache" / "diffusion_vae"


def test_many_may_build_at_once(folder):
    builders = [Builder(x=np.arange(20_000.0)) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(Builder.read, builders):
            np.testing.assert_array_equal(found["x"], np.arange(20_000.0))
    assert [path.name for path in folder.iterdir()] == ["name.npz"]
    last = Builder(x=np.arange(20_000.0))
    last.read()
    assert last.calls == 0


def test_the_second_process_reads_the_tables_of_the_first(folder, monkeypatch):
    def everything():
        """All tables of S^10, as a process that has none gets them."""
        cut_locus.cut_locus.cache_clear()
        tables = radial.RadialTables(Zonal.sphere(10))
        return tables.kl(t), tables.radius(r, t), tables.log_density(r, t)

    def refuse(*arguments):
        raise AssertionError("built")

    t, r = np.geomspace(1e-6, 60.0, 50), np.linspace(0.0, 3.0, 50)
    built = everything()
    monkeypatch.setattr(radial_building, "laws", refuse)
    monkeypatch.setattr(radial_building, "correction", refuse)
    began = time.process_time()
    read = everything()
    assert time.process_time() - began < 0.1
    for a, b in zip(built, read, strict=True):
        np.testing.assert_array_equal(a, b)
