"""The page about a comparison: what it says, and that it needs nothing else."""

import re
import shutil

import numpy as np
import pytest
from html_page import Page

from diffusion_vae.comparison import Candidate, Comparison
from diffusion_vae.comparison.page_chart import likelihood_chart
from diffusion_vae.comparison.page_pictures import component_colours
from diffusion_vae.comparison.verdict import judge
from diffusion_vae.evaluation.topology import CloudEvidence, Homology

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
EXAMPLES = 60
MEANS = {"torus:2": 13.5, "euclidean:2": 10.0, "sphere:1": -6.7}
ELBOS = {"torus:2": 8.0, "euclidean:2": 9.5, "sphere:1": -8.0}
DIM = {"torus:2": 2, "euclidean:2": 2, "sphere:1": 1}
# A torus, as `CloudEvidence` reads it: one component, two loops, one void.
TORUS = Homology((((0.2, 2.0), (0.2, 1.9)), ((0.9, 1.7),)), 1, 150, 2, 2.0)


def codes_on(manifold, angles):
    circles = np.stack([np.cos(angles), np.sin(angles)], axis=-1).reshape(len(angles), -1)
    return {"torus:2": circles, "euclidean:2": angles, "sphere:1": circles[:, :2]}[manifold]


def make(data="<b>turns</b>.csv", **changes):
    rng = np.random.default_rng(0)
    angles = rng.uniform(0.0, 2.0 * np.pi, (EXAMPLES, 2))
    noise = rng.normal(size=EXAMPLES)
    candidates = tuple(
        Candidate(
            manifold=name,
            dim=DIM[name],
            scores=mean + noise + 0.1 * rng.normal(size=(2, EXAMPLES)),
            elbo=[ELBOS[name]] * 2,
            kl=[4.0, 4.5],
            validation_loss=[-mean, -mean],
            finished=name != "sphere:1",
            steps=3000,
            draws=100,
            seconds=61.0,
            sees_beyond={"sphere:1": 0.21} if name == "torus:2" else {},
            tears={"largest": 0.9, "quantile": 0.3, "share": 0.014, "neighbours": 5},
            neighbourhoods={"trustworthiness": 0.987, "continuity": 0.978},
            codes=codes_on(name, angles),
        )
        for name, mean in MEANS.items()
    )
    values = {
        "candidates": candidates,
        "verdict": judge([each.standing for each in candidates]),
        "baseline": np.full(EXAMPLES, -5.0),
        "cloud": CloudEvidence(2.1, {2: TORUS}, 1000),
        "data": data,
        "settings": {
            "likelihood": "gaussian", "effort": {"seeds": 2, "units": [16, 16]}, "seed": 7,
            "log_scale": 0.5, "versions": {"keras": "3.12"},
        },
        "seconds": 200.0,
        "examples": codes_on("torus:2", angles),
    }  # fmt: skip
    return Comparison(**{**values, **changes})


@pytest.fixture(scope="module")
def comparison():
    return make()


@pytest.fixture(scope="module")
def path(comparison, tmp_path_factory):
    path = tmp_path_factory.mktemp("pages") / "new" / "comparison.html"
    assert comparison.save(path) == path
    assert [each.name for each in path.parent.iterdir()] == ["comparison.html"]
    return path


@pytest.fixture(scope="module")
def text(path):
    return path.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def page(text):
    return Page(text)


def test_the_verdict_is_the_heading(text, comparison):
    assert comparison.best == "torus:2" and comparison.decided
    heading = re.search(r'<h1 id="verdict">(.*?)</h1>', text).group(1)
    assert heading == comparison.verdict.sentences[0]
    assert comparison.verdict.sentences[1].replace("`", "") in text.replace("`", "")
    assert ">Decided<" in text


def test_the_table_has_the_rows_of_the_comparison(page, comparison):
    head, *rows = page.tables["numbers"]
    assert head[0] == "manifold" and head[-1] == "finished"
    assert [row[0] for row in rows] == ["torus:2", "euclidean:2", "sphere:1"]
    for row, numbers in zip(rows, comparison.rows(), strict=True):
        value, error = row[2].split(" ± ")
        assert float(value) == pytest.approx(numbers["log_likelihood"], abs=0.006)
        assert float(error) == pytest.approx(numbers["standard_error"], abs=0.006)
        assert row[6:9] == ["1.4 %", "0.987", "0.978"]
    assert [row[-1] for row in rows] == ["yes", "yes", "no"]
    assert all(attributes["title"] for tag, attributes in page.tags if "title" in attributes)


def test_each_pair_stands_once_in_either_direction(page, comparison):
    (_, *names), *rows = page.tables["margins"]
    cells = {
        (row[0], name): cell for row in rows for name, cell in zip(names, row[1:], strict=True)
    }
    ahead = comparison.margin("torus:2", "sphere:1")
    assert float(cells["torus:2", "sphere:1"]) == pytest.approx(
        ahead.difference / ahead.standard_error, rel=0.01
    )
    assert float(cells["sphere:1", "torus:2"]) == -float(cells["torus:2", "sphere:1"])
    assert cells["torus:2", "torus:2"] == ""


def test_holes_of_the_data_stand_beside_those_of_the_spaces(page):
    head, data, *rows = page.tables["holes"]
    assert head[2] == "holes, modulo 2" and data[:3] == ["the data", "2.1", "1, 2, 1"]
    assert {row[0]: row[2:] for row in rows} == {
        "torus:2": ["1, 2, 1", "yes"],
        "euclidean:2": ["1, 0, 0", "no"],
        "sphere:1": ["1, 1", "no"],
    }


def test_what_imitates_what_is_said_of_candidates(page):
    assert page.tables["imitations"][1] == ["torus:2", "sphere:1", "21.0 %", "sees more"]


def test_the_chart_has_its_marks_in_order_and_says_who_leads_by_the_elbo(comparison, text):
    chart = likelihood_chart(comparison)
    first, second, last = chart["rows"]
    assert first["best"] and 0 <= first["low"] < first["value"] < first["high"] <= 100
    assert second["value"] < first["value"] and first["elbo"] < second["elbo"] < first["value"]
    scale = (first["value"] - second["value"]) / 3.5  # percent a nat
    assert (first["value"] - first["elbo"]) / scale == pytest.approx(5.5, rel=0.2)
    assert "by it, euclidean:2 would lead" in text
    assert len(first["trainings"]) == 2 and last["name"] == "sphere:1"


def test_a_candidate_far_behind_leaves_the_others_apart():
    comparison = make()
    far = comparison["sphere:1"].scores
    far -= 500.0
    first, second, last = likelihood_chart(comparison)["rows"]
    assert last["value"] is None and first["value"] - second["value"] > 10


def test_neighbours_in_the_data_have_like_colours():
    angles = np.linspace(0.0, 2.0 * np.pi, 400)
    rgb = component_colours(np.stack([np.cos(angles), np.sin(angles)], axis=-1))
    assert np.abs(np.diff(rgb, axis=0)).max() < 0.02  # and the last is the first
    assert np.abs(rgb[0] - rgb[200]).max() > 0.2


def test_pictures_are_inside_with_their_meaning_on_both_grounds(page):
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert [each["alt"].split(",")[0] for each in images] == [
        "Codes on torus:2", "Codes on euclidean:2", "Codes on sphere:1",
    ]  # fmt: skip
    night = [attributes for tag, attributes in page.tags if tag == "source"]
    assert len(night) == len(images)
    assert all(attributes["role"] for tag, attributes in page.tags if "aria-label" in attributes)


def test_the_page_asks_nothing_of_the_network(page, text):
    for _tag, attributes in page.tags:
        for name in ("src", "srcset", "href"):
            assert attributes.get(name, "data:").startswith("data:")
    assert "<script" not in text and "@import" not in text and "url(" not in text
    assert "http" not in re.sub(r"data:image/png;base64,[\w+/=]*", "", text)


def test_names_are_escaped(text):
    assert "&lt;b&gt;turns&lt;/b&gt;.csv" in text and "<b>turns" not in text


def test_the_call_makes_the_same_again(text):
    call = re.search("<pre><code>(.*?)</code>", text, re.DOTALL).group(1).replace("&#34;", '"')
    settings = {}

    def compare_manifolds(x, names, **options):
        settings.update(options, names=names)

    exec(call, {"compare_manifolds": compare_manifolds, "Effort": dict, "x": None})
    assert settings == {
        "names": list(MEANS), "likelihood": "gaussian", "standardize": True,
        "effort": {"seeds": 2, "units": (16, 16)}, "seed": 7,
    }  # fmt: skip


def test_what_is_not_known_is_left_out(tmp_path):
    full = make()
    (kept,) = [each for each in full.candidates if each.manifold == "torus:2"]
    bare = Candidate(
        **{
            **{name: getattr(kept, name) for name in kept.__dataclass_fields__},
            "manifold": "<MyManifold>", "tears": None, "neighbourhoods": {}, "sees_beyond": {},
        }
    )  # fmt: skip
    alone = make(
        candidates=(bare,), verdict=judge([bare.standing]), baseline=None, cloud=None,
        examples=None, settings={},
    )  # fmt: skip
    text = alone.save(tmp_path / "alone.html").read_text(encoding="utf-8")
    tables = Page(text).tables
    assert set(tables) == {"numbers", "trainings", "settings", "versions"}
    assert tables["numbers"][1][6:9] == ["–", "–", "–"]


def test_a_path_that_is_no_page_gets_one_sentence(comparison, tmp_path):
    with pytest.raises(ValueError, match=r"ends in \.html\. Received: 'page.pdf'"):
        comparison.save("page.pdf")
    (tmp_path / "file").touch()
    with pytest.raises(OSError, match=r"Could not write .*is a file and no folder"):
        comparison.save(tmp_path / "file" / "page.html")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(OSError, match=r"Could not write .*a folder has this name"):
        comparison.save(tmp_path / "folder.html")
    assert sorted(each.name for each in tmp_path.iterdir()) == ["file", "folder.html"]


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
def test_chromium_shows_it_without_errors_on_wide_and_narrow_screens(path):
    sync_api = pytest.importorskip("playwright.sync_api")
    asked, errors = [], []
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=["--no-sandbox"])
        for width, scheme in ((1000, "light"), (360, "dark")):
            tab = browser.new_page(viewport={"width": width, "height": 700}, color_scheme=scheme)
            tab.on("request", lambda request: asked.append(request.url))
            tab.on("console", lambda message: errors.append(message.text))
            tab.on("pageerror", lambda error: errors.append(str(error)))
            tab.goto(path.as_uri())
            assert tab.title() == "Which manifold? <b>turns</b>.csv: torus:2"
            assert tab.locator("h1").is_visible()
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            shown = "Array.from(document.images, i => i.complete && i.naturalWidth > 0)"
            assert tab.evaluate(shown) == [True] * 3
            dark = tab.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (dark == "rgb(255, 255, 255)") == (scheme == "light")
        browser.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:"))] == []
