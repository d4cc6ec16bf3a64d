"""`diffusion-vae report`: one page that holds everything and needs nothing."""

import base64
import contextlib
import io
import json
import re
import sys
from io import BytesIO

import imageio.v3 as imageio
import pytest
from html_page import Page

from diffusion_vae import cli
from diffusion_vae.runs.flat import flatten
from diffusion_vae.runs.report import page as page_module
from diffusion_vae.runs.report import write_report

pytestmark = pytest.mark.usefixtures("without_graphs")
RECORD = {
    "degree": None, "degree_value": None, "winding": None, "lift": None, "largest_jump": 0.25,
    "coverage": 0.5, "coverage_radius": 0.1, "distance_correlation": 0.3, "alignment_error": 0.2,
    "equivariance_error": 0.4, "captured": False,
}  # fmt: skip


@pytest.fixture(scope="module")
def results(small_run):
    """Results folder of a run named "run", with a record of its topology."""
    _, root = small_run
    path = root / "parameters" / "run" / "metrics.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"topology": RECORD}))
    return root


@pytest.fixture(scope="module")
def written(results, tmp_path_factory):
    """The page that the command writes where it is told, and what it prints."""
    out = tmp_path_factory.mktemp("new") / "folder" / "page.html"
    with pytest.MonkeyPatch.context() as patch, contextlib.redirect_stdout(io.StringIO()) as said:
        patch.setattr(sys, "argv", ["diffusion-vae", "report", "run", "--results", str(results),
                                    "--out", str(out)])  # fmt: skip
        with pytest.raises(SystemExit) as stopped:
            cli.main()
    assert not stopped.value.code
    return out, said.getvalue()


@pytest.fixture(scope="module")
def page(written):
    return Page(written[0].read_text())


def decoded(address):
    head, content = address.split(",")
    kind = re.fullmatch("data:image/(png|gif);base64", head).group(1)
    return kind, imageio.imread(BytesIO(base64.b64decode(content)), extension=f".{kind}")


@pytest.mark.slow
def test_numbers_are_those_of_the_run(page, results):
    metrics = json.loads((results / "parameters" / "run" / "metrics.json").read_text())
    table = {row[0]: row[2] for row in page.tables["numbers"][1:]}
    assert table["ELBO"] == f"{metrics['elbo']:.2f}"
    assert table["MSE"] == f"{metrics['mse']:.5f}"


def test_the_topology_record_is_a_table(page):
    table = {row[0]: row[1] for row in page.tables["topology"]}
    assert table["largest jump"] == "0.25" and "degree" not in table


def test_the_page_says_how_to_repeat_the_run_how_long_it_took_and_what_is_missing(
    results, written
):
    text = written[0].read_text()
    record = results / "parameters" / "run" / "experiment.json"
    assert f"diffusion-vae train --config {record}" in text
    assert re.search(r"trained for \d+:\d\d:\d\d, [\d,]+ weights", text)
    assert "diffusion-vae evaluate run" in text
    assert text.index("Turn the latent space") < text.index("Numbers")
    assert text.index('id="interactive"') < text.index("Learning curves")


def test_every_setting_and_version_is_listed(page, small_run):
    table = dict(page.tables["parameters"])
    assert table["manifold"] == "sphere:2" and table["encoder.units"] == "8"
    flat = flatten(small_run[0].record.as_dict())
    assert len(table) == len(flat) > 50
    assert "keras" in dict(page.tables["versions"])


def test_every_picture_of_the_run_is_in_the_page_on_both_grounds(page, results):
    folder = results / "images" / "run"
    files = [path for path in folder.iterdir() if not path.name.startswith("epoch_")]
    stills = [path for path in files if path.suffix == ".png"]
    movies = [path for path in files if path.suffix == ".gif"]
    assert {path.name for path in movies} == {"latent_turning.gif", "training.gif"}
    shown = [decoded(attributes["src"]) for attributes in page.all("img")]
    assert sum(kind == "png" for kind, _ in shown) == len(stills) + 1  # and the curves
    assert sum(kind == "gif" for kind, _ in shown) == len(movies)
    night = [decoded(attributes["srcset"]) for attributes in page.all("source")]
    assert len(night) == len(stills) + 1
    for kind, picture in shown:
        assert picture.shape[-1] == 3 and (kind == "gif" or picture[0, 0].min() == 255)
    assert all(picture[0, 0].max() < 40 for _, picture in night)
    assert all(a["media"] == "(prefers-color-scheme: dark)" for a in page.all("source"))


def test_every_picture_says_what_it_is(page):
    texts = [attributes["alt"] for attributes in page.all("img")]
    assert len(set(texts)) == len(texts) and all(len(text) > 5 for text in texts)


def test_the_page_asks_nothing_of_the_network(page):
    for _tag, attributes in page.tags:
        for name in ("src", "srcset", "href"):
            assert attributes.get(name, "data:").startswith(("data:", "#"))  # or in the page


def test_the_interactive_page_is_inside(page):
    pytest.importorskip("plotly")
    (frame,) = page.all("iframe")
    assert frame["srcdoc"].startswith("<!DOCTYPE html>") and 'id="figure"' in frame["srcdoc"]


def run(monkeypatch, capfd, *arguments):
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", "report", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    output = capfd.readouterr()
    return stopped.value.code or 0, output.out, output.err


def test_the_command_writes_where_it_is_told(written):
    out, printed = written
    assert printed.strip() == str(out) and out.stat().st_size > 100_000


def test_a_page_goes_to_the_reports_of_the_results(results, monkeypatch):
    monkeypatch.setattr(page_module, "_pictures", lambda loaded: ([], None))  # they take seconds
    path = write_report(results, "run")
    assert path == results / "reports" / "run.html"
    assert Page(path.read_text()).tables["numbers"]


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("nobody", "There is no run 'nobody'"),
        ("unfinished", "Expected a finished run. Received: 'unfinished'"),
    ],
)
def test_bad_input_is_one_sentence_and_exit_code_2(monkeypatch, capfd, results, name, sentence):
    folder = results / "parameters" / "unfinished"
    folder.mkdir(exist_ok=True)
    source = (results / "parameters" / "run" / "experiment.json").read_text()
    (folder / "experiment.json").write_text(source)
    code, out, err = run(monkeypatch, capfd, name, "--results", str(results))
    assert code == 2 and sentence in err and err.count("\n") == 1
    assert "Traceback" not in out + err
    assert not (results / "reports" / f"{name}.html").exists()
