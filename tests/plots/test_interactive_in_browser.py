"""The interactive page answers in headless Chromium."""

import shutil

import numpy as np
import pytest

from diffusion_vae.manifolds import FlatTorus, Sphere

pytest.importorskip("plotly")

BROWSER = shutil.which("chromium") or shutil.which("google-chrome")
# Software rendering for WebGL, and nothing asked of the network.
FLAGS = [
    "--no-sandbox",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]


@pytest.mark.slow
@pytest.mark.skipif(BROWSER is None, reason="there is no Chromium on this machine")
@pytest.mark.parametrize("manifold", [Sphere(2), FlatTorus(2)])
def test_pointing_at_a_point_in_chromium_shows_its_picture(page, manifold, tmp_path):
    sync_api = pytest.importorskip("playwright.sync_api")
    text, model, x = page(manifold, 400, labels=np.arange(400) % 7)
    (tmp_path / "page.html").write_text(text)
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=BROWSER, args=FLAGS)
        tab = browser.new_page(viewport={"width": 600, "height": 480})
        asked, errors = [], []
        tab.on("request", lambda request: asked.append(request.url))
        tab.on("pageerror", lambda error: errors.append(str(error)))
        tab.goto((tmp_path / "page.html").as_uri())
        tab.wait_for_selector("body[data-ready=yes]", timeout=120_000)
        box = tab.locator("#space").bounding_box()
        rng = np.random.default_rng(0)
        first = tab.get_attribute("#shown", "data-index")
        for across, down in rng.uniform(0.25, 0.7, size=(200, 2)):
            tab.mouse.move(box["x"] + across * box["width"], box["y"] + down * box["height"])
            tab.wait_for_timeout(50)
            index = int(tab.get_attribute("#shown", "data-index"))
            if str(index) != first and index < len(x):
                break
        label = tab.inner_text("#label")
        shade = tab.evaluate(
            "document.getElementById('decoded').getContext('2d').getImageData(0, 0, 1, 1).data[0]"
        )
        browser.close()
    assert errors == []
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:"))] == []
    assert str(index) != first and label == f"label {index % 7}"
    z = model.encode(x)[0]
    np.testing.assert_allclose(shade / 255, 0.5 + 0.5 * z[index, 0], atol=2 / 255)
