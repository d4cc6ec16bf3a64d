"""Numbers of a run as rows: for the screen and for pages."""

import numpy as np

from diffusion_vae import DiffusionVAE, InfoVAE, SphereVAE
from diffusion_vae.datasets import Dataset
from diffusion_vae.evaluation import Topology
from diffusion_vae.likelihoods import Gaussian
from diffusion_vae.manifolds import FlatTorus, Sphere
from diffusion_vae.runs.numbers import TOPOLOGY, in_words, number_rows, topology_rows
from diffusion_vae.runs.published import CORRECTED, MNIST, comparable_space

X = np.zeros((2, 28, 28, 1), "float32")
MNIST_DATA = Dataset("mnist", X, X)
METRICS = {"elbo": -740.123, "kl_loss": 5.0, "mse": 0.03, "loss": 740.123, "restarts": 0}


def test_our_numbers_stand_beside_the_paper_s():
    rows, has_paper = number_rows(METRICS, MNIST_DATA, Sphere(2))
    table = {row[0]: row for row in rows}
    assert has_paper
    paper = MNIST["sphere:2"]
    assert table["ELBO"] == ("ELBO", "nats", "-740.12", f"{paper['elbo']:.2f}")
    assert table["MSE"][2:] == ("0.03000", f"{paper['mse']:.5f}")
    assert table["log-likelihood"][2:] == ("not computed", f"{paper['log_likelihood']:.2f}")
    assert table["restarts"] == ("restarts", "", "0", "")


def test_a_published_number_with_a_wrong_constant_is_corrected_beside_it():
    rows, _ = number_rows(METRICS, MNIST_DATA, FlatTorus(2))
    paper = next(row[3] for row in rows if row[0] == "ELBO")
    assert f"{MNIST['torus:2']['elbo']:.2f}" in paper
    assert f"{CORRECTED['torus:2']['elbo']:.2f}" in paper
    kl = next(row[3] for row in rows if row[0] == "KL")  # 6.4258 - log 2 pi
    assert kl == "6.42 (with the right constants 4.59)"


def test_other_data_have_no_published_numbers():
    for data, space in ((Dataset("mine", X, X), Sphere(2)), (MNIST_DATA, None)):
        rows, has_paper = number_rows(METRICS, data, space)
        assert not has_paper and all(row[3] == "" for row in rows)


def test_every_entry_of_the_topology_record_is_explained():
    fields = set(Topology.__dataclass_fields__) - {"captured"}
    assert set(TOPOLOGY) == fields
    record = dict.fromkeys(fields, 1.0) | {"captured": True, "winding": [[1, 0], [0, -1]]}
    rows = {row[0]: row[1:] for row in topology_rows(record)}
    assert rows["winding"] == ("[1 0] [0 -1]", TOPOLOGY["winding"])
    assert len(rows) == len(fields)


def test_what_was_not_measured_has_no_row():
    assert [row[0] for row in topology_rows({"lift": None, "coverage": 0.5})] == ["coverage"]


def test_values_are_written_for_readers():
    values = (None, (), {}, True, 1 / 3, 7, "text", (512, 512), ((1, 2), (3, 4)), {"a": 1})
    texts = ["–", "–", "–", "yes", "0.33333", "7", "text", "512 512", "[1 2] [3 4]", "a = 1"]
    assert [in_words(value) for value in values] == texts


def test_only_the_papers_model_on_all_its_data_stands_beside_it():
    def space(model, dataset=MNIST_DATA):
        return comparable_space(model, dataset)

    assert space(SphereVAE(2)) == space(DiffusionVAE("sphere:2")) == Sphere(2)
    others = [
        InfoVAE("sphere:2"), SphereVAE(2, kl_weight=0.5), SphereVAE(2, likelihood="bernoulli"),
        SphereVAE(2, likelihood=Gaussian(variance=0.5)), SphereVAE(2, posterior="power_spherical"),
        SphereVAE(2, likelihood=Gaussian(scale="learned")),
    ]  # fmt: skip
    assert [space(model) for model in others] == [None] * len(others)
    for options in ({"train_size": 2000}, {"test_size": 1}, {"value_range": [-1.0, 1.0]}):
        assert space(SphereVAE(2), Dataset("mnist", X, X, options=options)) is None
    assert space(SphereVAE(2), Dataset("mnist", X, X, options={"train_size": None})) == Sphere(2)
