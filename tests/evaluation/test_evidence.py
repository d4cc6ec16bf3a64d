"""Evidence beside the likelihood: what a comparison of latent spaces is told."""

import json
import time

import numpy as np
import pytest
from keras import ops

from diffusion_vae.evaluation.topology import evidence
from diffusion_vae.evaluation.topology.geometry import distance_matrix
from diffusion_vae.manifolds import FlatTorus, Manifold, RealProjective, Sphere


def data_on(manifold, count, columns=50):
    z = ops.convert_to_numpy(manifold.random_uniform((count,), seed=0))
    shared = ops.convert_to_numpy(manifold.even_embedding(z))
    rng = np.random.default_rng(0)
    hidden = np.tanh(shared @ rng.normal(size=(shared.shape[1], 40)))
    return hidden @ rng.normal(size=(40, columns)), z


def test_codes_in_order_have_clean_evidence():
    torus = FlatTorus(2)
    x, z = data_on(torus, 5000)
    start = time.process_time()
    found = evidence(x, z, torus, homology=False)
    assert time.process_time() - start < 4.0  # half of it is seen on a quiet machine
    assert found.tears.share == 0.0
    assert found.neighbourhoods.trustworthiness > 0.99
    assert found.homology == {}
    assert found.betti_numbers == {2: (1, 2, 1), 3: (1, 2, 1)}
    lines = found.describe().splitlines()
    assert [line.split(":")[0] for line in lines] == [
        "largest jump", "jump of 99 %", "torn examples", "trustworthiness", "continuity"
    ]  # fmt: skip
    assert all(line.endswith(")") for line in lines)  # its meaning


def test_shuffled_codes_are_torn():
    sphere = Sphere(2)
    x, z = data_on(sphere, 600)
    found = evidence(x, z[::-1], sphere, homology=False)
    assert found.tears.share > 0.9
    assert found.neighbourhoods.continuity < 0.6


@pytest.mark.slow
def test_holes_stand_beside_those_of_the_space():
    pytest.importorskip("ripser", reason="Install ripser to run this test.")
    plane = RealProjective(2)
    x, z = data_on(plane, 2000)
    found = evidence(x, z, plane)
    for prime, expected in {2: (1, 1, 1), 3: (1, 0, 0)}.items():
        assert found.homology[prime].betti_numbers == expected == found.betti_numbers[prime]
    assert "the space has (1, 0, 0)" in found.describe()
    assert json.loads(json.dumps(found.as_dict()))["homology"]["2"]["prime"] == 2
    again = evidence(x, z, plane)
    assert again == found


def test_codes_at_one_point_are_said_to_have_no_scale():
    x = np.random.default_rng(0).normal(size=(100, 3))
    found = evidence(x, np.tile([1.0, 0.0], (100, 1)), Sphere(1), homology=False)
    assert found.tears is None
    assert "largest jump: None" in found.describe()


def test_what_does_not_belong_together_is_refused():
    x, z = data_on(Sphere(2), 50)
    with pytest.raises(ValueError, match=r"Expected `codes` of shape \(50, 3\)"):
        evidence(x, z[:40], Sphere(2))
    with pytest.raises(ValueError, match="Expected finite `codes`"):
        evidence(x, np.full_like(z, np.nan), Sphere(2))
    with pytest.raises(ValueError, match="Expected finite `x`"):
        evidence(np.full_like(x, np.inf), z, Sphere(2))


def test_a_space_with_no_distance_of_its_own_is_measured_by_chords():
    class Globe(Manifold):
        dim, ambient_dim = 2, 3

        def project(self, x):
            return Sphere(2).project(x)

    _, z = data_on(Sphere(2), 60)
    chords = 2.0 * np.sin(0.5 * distance_matrix(Sphere(2), z))
    assert distance_matrix(Globe(), z) == pytest.approx(chords, abs=1e-6)
    assert evidence(z, z, Globe(), homology=False).betti_numbers == {2: None, 3: None}
