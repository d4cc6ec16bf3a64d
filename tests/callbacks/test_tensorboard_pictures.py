"""Pictures and latent points in TensorBoard, read back as TensorBoard reads them."""

import imageio.v3 as imageio
import numpy as np
import pytest
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.projector.projector_plugin import ProjectorPlugin
from werkzeug.test import Client

import diffusion_vae as dv
from diffusion_vae.callbacks import ResultsFolder
from diffusion_vae.callbacks.tensorboard_pictures import write_embedding, write_images
from diffusion_vae.datasets import Dataset


@pytest.fixture
def dataset():
    x = np.random.default_rng(0).random((24, 4, 6, 1), dtype=np.float32)
    labels = np.array(["a cat", "a dog"])[np.arange(24) % 2]
    return Dataset("mine", x, x, test_labels=labels)


def images(log_dir):
    """Pictures in the event files of a folder: tag -> list of (step, pixels).

    Sorted by step, as TensorBoard shows them: the names of files of the same second end in a
    count that is not padded, so the tenth may be read before the ninth.
    """
    events = EventAccumulator(str(log_dir), size_guidance={"images": 0})
    events.Reload()
    return {
        tag: [
            (e.step, imageio.imread(e.encoded_image_string))
            for e in sorted(events.Images(tag), key=lambda e: e.step)
        ]
        for tag in events.Tags()["images"]
    }


class Projector:
    """What TensorBoard's projector serves of a folder."""

    def __init__(self, log_dir):
        multiplexer = EventMultiplexer().AddRunsFromDirectory(str(log_dir))
        multiplexer.Reload()
        provider = MultiplexerDataProvider(multiplexer, str(log_dir))
        self._apps = ProjectorPlugin(
            base_plugin.TBContext(logdir=str(log_dir), data_provider=provider)
        ).get_plugin_apps()
        self.runs = self._ask("/runs").json

    def info(self, run):
        """The one embedding of a run."""
        (embedding,) = self._ask("/info", run=run).json["embeddings"]
        return embedding

    def read(self, run):
        """Vectors, lines of labels, and the sheet of pictures (or `None`) of a run."""
        embedding = self.info(run)
        asked = {"run": run, "name": embedding["tensorName"]}
        size = embedding["tensorShape"]
        vectors = np.frombuffer(self._ask("/tensor", **asked).data, "float32").reshape(size)
        lines = self._ask("/metadata", **asked).text.splitlines()
        if "sprite" not in embedding:
            return vectors, lines, None
        return vectors, lines, imageio.imread(self._ask("/sprite_image", **asked).data)

    def _ask(self, route, **query):
        response = Client(self._apps[route]).get("/", query_string=query)
        assert response.status_code == 200, response.text
        return response


@pytest.mark.torch
@pytest.mark.jax
def test_pictures_are_read_back_as_they_were(tmp_path):
    rng = np.random.default_rng(0)
    pictures = {
        "grey": rng.integers(0, 255, (5, 7), dtype=np.uint8),
        "colour": rng.integers(0, 255, (4, 3, 3), dtype=np.uint8),
    }
    for name, picture in pictures.items():
        imageio.imwrite(tmp_path / f"{name}.png", picture)
    for step in (2, 5):
        write_images({n: tmp_path / f"{n}.png" for n in pictures}, tmp_path / "log", step)
    found = images(tmp_path / "log")
    assert set(found) == set(pictures)
    for name, picture in pictures.items():
        assert [step for step, _ in found[name]] == [2, 5]
        np.testing.assert_array_equal(found[name][1][1], picture)


def test_no_picture_writes_no_file(tmp_path):
    write_images({}, tmp_path / "log", 0)
    assert not (tmp_path / "log").exists()


def test_the_projector_finds_the_latent_points_with_labels_and_pictures(
    tmp_path, dataset, small_model
):
    model = small_model((4, 6, 1))
    dataset.test_labels[1] = "a\tdog"  # no third column
    write_embedding(model, dataset, tmp_path)
    projector = Projector(tmp_path)
    assert projector.runs == ["."]
    assert projector.info(".")["sprite"]["singleImageDim"] == [6, 4]  # width, height
    vectors, lines, sheet = projector.read(".")
    location, times = model.encode(dataset.test)
    np.testing.assert_allclose(vectors, location, atol=1e-5)
    assert lines[0] == "label\tlog time" and len(lines) == 25
    assert lines[2].split("\t")[0] == "a dog"
    logs = [float(line.split("\t")[1]) for line in lines[1:]]
    np.testing.assert_allclose(logs, np.log(times)[:, 0], rtol=1e-4)
    assert sheet.shape == (20, 30)
    np.testing.assert_allclose(sheet[4:8, 6:12] / 255, dataset.test[6, ..., 0], atol=1 / 255)


def test_known_factors_stand_beside_the_points(tmp_path, small_model):
    data = dv.datasets.load("periodic_pictures", size=8, train_size=8, test_size=8)
    write_embedding(small_model((8, 8, 1)), data, tmp_path)
    lines = (tmp_path / "labels.tsv").read_text().splitlines()
    assert lines[0].split("\t") == ["factor 1", "factor 2", "log time"]
    values = np.array([line.split("\t")[:2] for line in lines[1:]], dtype=float)
    np.testing.assert_allclose(values, data.test_factors, rtol=1e-4, atol=1e-5)


def test_a_single_column_of_labels_has_no_heading(tmp_path, small_model):
    """TensorBoard takes the first line of one column for a label."""
    x = np.random.default_rng(0).random((5, 3), dtype=np.float32)
    write_embedding(small_model((3,)), x, tmp_path)
    vectors, lines, sheet = Projector(tmp_path).read(".")
    assert len(vectors) == len(lines) == 5 and sheet is None


@pytest.mark.slow
def test_a_run_has_pictures_of_its_last_epoch_and_a_projector(tmp_path, dataset, small_model):
    folder = ResultsFolder(tmp_path, dataset=dataset, pictures_every=1)
    small_model((4, 6, 1)).fit(dataset.train, epochs=3, verbose=0, callbacks=[folder])
    log_dir = folder.folder("tensorboard")
    found = images(log_dir / "pictures")
    assert set(found) == {"latent", "reconstruction_grid", "reconstruction_pairs", "training"}
    assert [step for step, _ in found["latent"]] == [3]  # the epoch, as the title counts it
    assert [step for step, _ in found["training"]] == [1, 2, 3]
    latent = imageio.imread(folder.folder("images") / "latent.png")
    np.testing.assert_array_equal(found["latent"][0][1], latent)
    assert Projector(log_dir).runs == ["pictures"]


def test_points_of_two_coordinates_are_drawn_in_space(tmp_path):
    """Of two columns the projector's third principal component is NaN, and it draws nothing."""
    x = np.random.default_rng(0).random((6, 4, 4), dtype=np.float32)
    for model in (dv.SphereVAE(1, seed=0), dv.EuclideanVAE(2, seed=0)):
        model.build((None, 4, 4))
        write_embedding(model, x, tmp_path)
        vectors, _, _ = Projector(tmp_path).read(".")
        np.testing.assert_allclose(vectors[:, :2], model.encode(x)[0], rtol=1e-5, atol=1e-6)
        assert vectors.shape == (6, 3) and np.all(vectors[:, 2] == 0)


@pytest.mark.filterwarnings("ignore:html5lib's sanitizer is deprecated")
def test_the_tab_of_hyperparameters_has_the_settings_and_the_scalars(tmp_path, small_model):
    from tensorboard.plugins.hparams.hparams_plugin import HParamsPlugin

    x = np.random.default_rng(0).random((6, 4, 4), dtype=np.float32)
    folder = ResultsFolder(tmp_path, run="first", experiment={"dataset": {"name": "mine"}})
    small_model().fit(x, validation_data=x, epochs=1, verbose=0, callbacks=[folder])
    log_dir = str(tmp_path / "tensorboard")
    multiplexer = EventMultiplexer().AddRunsFromDirectory(log_dir)
    multiplexer.Reload()
    context = base_plugin.TBContext(
        logdir=log_dir, data_provider=MultiplexerDataProvider(multiplexer, log_dir)
    )
    app = HParamsPlugin(context).get_plugin_apps()["/experiment"]
    answer = Client(app).post("/", json={"experimentName": ""})
    assert answer.status_code == 200, answer.text
    settings = {info["name"] for info in answer.json["hparamInfos"]}
    assert {"model", "model.encoder", "optimizer.learning_rate", "dataset.name"} <= settings
    shown = {(info["name"]["group"], info["name"]["tag"]) for info in answer.json["metricInfos"]}
    assert {("/validation", "epoch_elbo"), ("/train", "epoch_elbo")} <= {
        ("/" + group.strip("/"), tag) for group, tag in shown
    }


def test_a_model_without_a_manifold_shows_draws_from_its_posterior(tmp_path):
    model = dv.InfoCatVAE(clusters=3, cluster_dim=2, seed=0)
    x = np.random.default_rng(0).random((6, 4, 4), dtype=np.float32)
    model.reconstruct(x)
    write_embedding(model, x, tmp_path)
    assert np.loadtxt(tmp_path / "latent.tsv").shape[0] == 6
