"""The interactive page: what it holds, and that it needs no network."""

import base64
import json
import re
import sys
from html.parser import HTMLParser

import imageio.v3 as imageio
import numpy as np
import pytest
from manifold_list import ALL, each

from diffusion_vae.manifolds import (
    O3,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Product,
    RealProjective,
    Sphere,
)
from diffusion_vae.plots.traces import plain_text

pytest.importorskip("plotly")


class Elements(HTMLParser):
    """Start tags with their attributes, and the text of each script by its id."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.scripts, self._id = [], {}, None
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        self._id = dict(attrs).get("id") if tag == "script" else None

    def handle_data(self, data):
        if self._id is not None:
            self.scripts[self._id] = self.scripts.get(self._id, "") + data


def figure_and_pictures(text):
    scripts = Elements(text).scripts
    return json.loads(scripts["figure"]), json.loads(scripts["pictures"])


def sheet(pictures, name):
    source = pictures["sheets"][name]["source"]
    return imageio.imread(base64.b64decode(source.split(",")[1]))


def picture_at(pictures, name, index):
    columns, height, width = (
        pictures["sheets"][name]["columns"],
        pictures["height"],
        pictures["width"],
    )
    top, left = index // columns * height, index % columns * width
    return sheet(pictures, name)[top : top + height, left : left + width]


def points(figure):
    """Traces of points that can be pointed at."""
    return [trace for trace in figure["data"] if "customdata" in trace]


def column(trace, name):
    """Numbers of a trace, which plotly may have packed."""
    values = trace[name]
    if isinstance(values, dict):
        return np.frombuffer(base64.b64decode(values["bdata"]), values["dtype"])
    return np.array(values)


@each(ALL)
def test_every_point_of_every_manifold_is_on_the_page_once_a_panel(page, manifold):
    text, _, _ = page(manifold, 12, paint=lambda z: np.full(len(z), 0.5), labels=np.arange(12) % 3)
    figure, pictures = figure_and_pictures(text)
    per_panel: dict = {}
    for trace in points(figure):
        place = trace.get("scene") or trace.get("xaxis")
        per_panel.setdefault(place, []).extend(column(trace, "customdata").tolist())
    assert all(len(set(members)) == len(members) for members in per_panel.values())
    assert set().union(*per_panel.values()) == set(range(pictures["count"]))


def test_nothing_is_fetched_from_elsewhere(page):
    text, _, _ = page(Sphere(2))
    for _tag, attributes in Elements(text).tags:
        assert "href" not in attributes
        assert attributes.get("src", "data:").startswith("data:")
    style = re.search("<style>(.*?)</style>", text, re.DOTALL).group(1)
    assert "url(" not in style and "@import" not in style


def test_a_point_leads_to_its_decoded_picture_its_example_and_its_label(page):
    text, model, x = page(Sphere(2), labels=np.array(["cat", "dog", "eel"] * 10))
    figure, pictures = figure_and_pictures(text)
    z = model.encode(x)[0]
    assert pictures["labels"] == ["cat", "dog", "eel"] * 10
    seen = 0
    for trace in points(figure):
        for i, *place in zip(*(column(trace, k) for k in ("customdata", *"xyz")), strict=True):
            decoded = picture_at(pictures, "decoded", int(i))
            np.testing.assert_allclose(decoded / 255, 0.5 + 0.5 * place[0], atol=1 / 255)
            if i < len(x):
                np.testing.assert_allclose(place, z[i], atol=1e-6)
                assert trace["name"] == pictures["labels"][i]
                example = picture_at(pictures, "example", int(i))
                np.testing.assert_allclose(example / 255, x[i], atol=1 / 255)
                seen += 1
    assert seen == len(x)


def test_a_label_cannot_end_the_script(page):
    text, _, _ = page(Sphere(2), labels=np.array(["</script><b>", "x"] * 15), title="<b>&")
    _, pictures = figure_and_pictures(text)
    assert pictures["labels"][0] == "</script><b>"
    assert "<title>&lt;b&gt;&amp;</title>" in text
    assert [tag for tag, _ in Elements(text).tags if tag == "b"] == []


@pytest.mark.parametrize("event", [(64, 64, 1), (64, 64, 3)])
def test_the_page_stays_under_15_megabytes(page, event):
    """Noise cannot be compressed: no pictures take more room."""
    rng = np.random.default_rng(0)
    text, _, _ = page(Sphere(2), 2000, event, paint=lambda z: rng.uniform(size=(len(z), *event)))
    assert 4e6 < len(text.encode()) < 15e6


@pytest.mark.parametrize(
    ("manifold", "axes"),
    [
        (Sphere(2), {"scene"}),
        (EmbeddedTorus(), {"scene"}),
        (FlatTorus(2), {"xaxis", "yaxis"}),
        (RealProjective(2), {"xaxis", "yaxis"}),
        (Euclidean(3), {"scene"}),
        (O3(), {"scene", "scene2"}),
        (Product([Sphere(2), FlatTorus(1)]), {"scene", "xaxis2", "yaxis2"}),
    ],
)
def test_each_panel_has_axes_of_its_kind(page, manifold, axes):
    text, _, _ = page(manifold, 8, paint=lambda z: np.full(len(z), 0.5))
    figure, _ = figure_and_pictures(text)
    found = {name for name in figure["layout"] if re.match(r"scene|[xy]axis", name)}
    assert found == axes


def test_a_class_stands_in_the_legend_once(page):
    text, _, _ = page(O3(), 24, paint=lambda z: np.full(len(z), 0.5), labels=np.arange(24) % 2)
    figure, _ = figure_and_pictures(text)
    shown = [trace["name"] for trace in points(figure) if trace["showlegend"]]
    assert sorted(shown) == sorted(set(shown)) and {"0", "1"} <= set(shown)


def test_near_points_hide_far_ones(page):
    """Below an opacity of 1, plotly draws the far side of the sphere over the near one."""
    text, _, _ = page(
        Sphere(2), 24, paint=lambda z: np.full(len(z), 0.5), labels=np.arange(24) % 2
    )
    figure, _ = figure_and_pictures(text)
    classes = [trace for trace in points(figure) if trace["name"] in ("0", "1")]
    assert [trace["marker"]["opacity"] for trace in classes] == [1.0, 1.0]
    (surface,) = [trace for trace in figure["data"] if trace["type"] == "surface"]
    mesh = np.stack([column(surface, axis) for axis in "xyz"], axis=-1)
    np.testing.assert_allclose(np.linalg.norm(mesh, axis=-1), 0.97)


def test_mathematics_becomes_plain_text():
    assert plain_text("$RP^{2}$, equal marks") == "RP<sup>2</sup>, equal marks"
    assert plain_text(r"$3\pi/2$") == "3π/2"


def test_without_plotly_the_extra_is_named(page, monkeypatch):
    monkeypatch.setitem(sys.modules, "plotly", None)
    with pytest.raises(ImportError, match=r"diffusion-vae\[interactive\]"):
        page(Sphere(2))


def test_no_example_is_an_error(page):
    with pytest.raises(ValueError, match="at least one example"):
        page(Sphere(2), 0)
