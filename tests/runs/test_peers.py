"""The measures and the table by which other embeddings stand beside ours."""

import numpy as np
import pytest


@pytest.fixture
def peers(script):
    return script("peers")


def circle(angles):
    return np.stack([np.cos(angles), np.sin(angles)], axis=-1)


ANGLES = np.linspace(0.0, 2.0 * np.pi, 300, endpoint=False)
MAPS = {  # of the circle's angle: degree, whether it is recovered
    "identity": (circle(ANGLES), 1, True),
    "mirrored": (circle(0.4 - ANGLES), -1, True),
    "twice round": (circle(2.0 * ANGLES), 2, False),
    "there and back": (circle(2.0 * np.cos(ANGLES)), 0, False),
    "cut open": (circle(0.8 * ANGLES), 1, False),
}


@pytest.mark.parametrize("name", MAPS)
def test_only_homeomorphisms_of_the_circle_are_recovered(peers, name):
    codes, degree, held = MAPS[name]
    found = peers.measure("sphere:1", circle(ANGLES), codes, "sphere:1")
    assert found["recovered"] == held
    if name != "cut open":  # has no degree
        assert found["degree"] == degree


def test_what_is_not_recovered_is_torn_or_folded(peers):
    torn, folded = (
        peers.measure("sphere:1", circle(ANGLES), MAPS[name][0], "sphere:1")
        for name in ("cut open", "twice round")
    )
    assert torn["torn"] > 0.0 == torn["folded"]
    assert folded["folded"] > 0.0 == folded["torn"]


def test_plain_coordinates_need_no_degree_but_one_name_for_each_place(peers):
    z = circle(ANGLES)
    eight = np.stack([np.cos(ANGLES), np.sin(2.0 * ANGLES)], axis=-1)
    oval = peers.measure("sphere:1", z, z * [3.0, 1.0], "euclidean:2")
    crossed = peers.measure("sphere:1", z, eight, "euclidean:2")
    assert oval["recovered"] and oval["degree"] is None
    assert not crossed["recovered"]


@pytest.mark.parametrize("space", ["torus:2", "sphere:2", "projective:2"])
def test_the_identity_is_recovered_from_few_examples(peers, space):
    z = peers.MAKERS[space].draw(np.random.default_rng(0), peers.FEW)
    found = peers.measure(space, z, z, space)
    assert found["recovered"] and abs(found["degree"]) == 1


def test_another_name_of_a_line_is_the_same_line(peers):
    random = np.random.default_rng(0)
    z = peers.MAKERS["projective:2"].draw(random, peers.FEW)
    signs = random.choice([-1.0, 1.0], (len(z), 1))
    assert peers.measure("projective:2", z, signs * z, "projective:2")["recovered"]


def test_few_examples_have_no_noise_and_are_the_same_again(peers):
    x, z = peers.data_of("small", "sphere:1", 0)
    assert (x.shape, z.shape) == ((300, 50), (300, 2))
    np.testing.assert_array_equal(x, peers.data_of("small", "sphere:1", 0)[0])
    near = np.argsort(np.arctan2(z[:, 1], z[:, 0]))
    steps = np.linalg.norm(np.diff(x[near], axis=0), axis=1)
    assert np.median(steps) < 0.5  # noise of 0.1 alone would make 1


def test_a_peer_that_raises_keeps_its_row(peers):
    nothing = {"seconds": 1.0, "cpu_seconds": 2.0, "target": None, "note": "ImportError: no peer"}
    row = {"space": "torus:2", "method": "DREiMac", "recovered": False, **nothing}
    cells = peers.summary([row])
    assert cells[:4] == ["torus:2", "DREiMac", "ImportError: no peer", "0 of 1"]
    assert len(cells) == len(peers.HEADER)
