"""Neighbours that stay together, and tears, of maps that are known."""

import numpy as np
import pytest
from keras import ops
from scipy.spatial.distance import cdist
from sklearn.manifold import trustworthiness

from diffusion_vae.evaluation.topology import (
    measure_tears,
    neighbour_preservation,
    neighbourhoods,
)
from diffusion_vae.evaluation.topology.geometry import distance_matrix
from diffusion_vae.manifolds import O3, Euclidean, FlatTorus, Product, RealProjective, Sphere


class Encoder:
    def __init__(self, manifold, codes):
        self.manifold, self.codes = manifold, codes

    def encode(self, x):
        return self.codes(x), None


def uniform(manifold, count=200):
    return ops.convert_to_numpy(manifold.random_uniform((count,), seed=0))


def at(turns):
    return np.stack([np.cos(turns), np.sin(turns)], -1)


ANGLES = np.linspace(0.0, 2.0 * np.pi, 200, endpoint=False)


def test_neighbours_of_the_identity_stay():
    sphere = Sphere(2)
    x = uniform(sphere)
    kept = neighbourhoods(Encoder(sphere, lambda x: x), x)
    assert (kept.trustworthiness, kept.continuity) == (1.0, 1.0)
    assert kept.examples == 200


def test_a_fold_loses_trust_and_a_tear_loses_continuity():
    circle, x = Sphere(1), at(ANGLES)
    folded = neighbourhoods(Encoder(circle, lambda x: at(np.abs(ANGLES - np.pi))), x)
    torn = neighbourhoods(Encoder(circle, lambda x: at(0.4 * ANGLES)), x)
    assert folded.trustworthiness < 0.9 < folded.continuity
    assert torn.continuity < 0.99 < torn.trustworthiness + 0.01
    assert torn.continuity < torn.trustworthiness


def test_in_flat_space_they_are_those_of_scikit_learn():
    rng = np.random.default_rng(0)
    x, codes = rng.normal(size=(150, 5)), rng.normal(size=(150, 2))
    kept = neighbour_preservation(x, codes, Euclidean(2), neighbours=7)
    assert kept.trustworthiness == pytest.approx(trustworthiness(x, codes, n_neighbors=7))
    assert kept.continuity == pytest.approx(trustworthiness(codes, x, n_neighbors=7))


def test_the_other_name_of_a_point_is_no_tear():
    plane = RealProjective(2)
    z = uniform(plane)
    x = np.einsum("ni,nj->nij", z, z)
    named = z * np.random.default_rng(0).choice([-1.0, 1.0], size=(200, 1))
    kept = neighbour_preservation(x, named, plane)
    assert min(kept.trustworthiness, kept.continuity) > 0.995
    assert measure_tears(x, named, plane).share == 0.0


def test_neighbours_in_a_small_cap_are_those_of_the_directions():
    # Cosines in float32 keep hardly any of them.
    rng = np.random.default_rng(0)
    plane = 1e-4 * rng.normal(size=(600, 2))
    points = np.concatenate([plane, np.ones((600, 1))], axis=1)
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    lengths = rng.uniform(0.2, 5.0, (600, 1))

    def nearest(gaps):
        return np.argsort(gaps + np.where(np.eye(600), np.inf, 0.0), axis=1)[:, :10]

    def kept(gaps):
        pairs = zip(nearest(gaps), nearest(cdist(plane, plane)), strict=True)
        return np.mean([len(set(a) & set(b)) / 10 for a, b in pairs])

    unit = ops.convert_to_numpy(Sphere(2).project(lengths * points))
    assert unit.dtype == np.float64
    for manifold in (Sphere(2), RealProjective(2)):
        assert kept(distance_matrix(manifold, unit)) > 0.999
        assert kept(distance_matrix(manifold, points.astype("float32"))) > 0.95
    cosine = points.astype("float32") @ points.astype("float32").T
    assert kept(1.0 - cosine) < 0.1


@pytest.mark.parametrize("manifold", [FlatTorus(2), Product([Sphere(2), Sphere(1)])], ids=repr)
def test_the_matrix_of_distances_is_that_of_all_pairs(manifold):
    z = uniform(manifold, 40).astype(float)
    gaps = distance_matrix(manifold, z)
    one = ops.convert_to_numpy(manifold.distance(z[3], z[5]))
    assert gaps[3, 5] == gaps[5, 3] == pytest.approx(float(one), rel=1e-12)
    assert gaps.shape == (40, 40)


def test_a_circle_that_is_cut_open_is_torn_at_the_seam_alone():
    torn = measure_tears(at(ANGLES), at(0.8 * ANGLES), Sphere(1), neighbours=4)
    # Two examples on each side have a neighbour on the other.
    assert torn.share == pytest.approx(4 / 200)
    # The gap is 0.4 pi wide; pairs on an arc of 1.6 pi have a median distance of about 1.5 rad.
    assert torn.largest == pytest.approx(0.4 * np.pi / 1.5, rel=0.1)
    assert torn.quantile < 0.05
    whole = measure_tears(at(ANGLES), at(ANGLES + 1.0), Sphere(1), neighbours=4)
    assert whole.share == 0.0
    # Of two steps, where random pairs are a quarter turn apart.
    assert whole.largest == pytest.approx(2 * (2.0 * np.pi / 200) / (0.5 * np.pi), rel=0.05)


def test_neighbours_in_two_components_are_torn():
    z = uniform(O3())
    torn = measure_tears(z, z * np.where(np.arange(200) % 2, 1.0, -1.0)[:, None], O3())
    assert torn.largest == np.inf
    assert torn.share > 0.5


def test_codes_at_one_point_have_no_tears_to_measure():
    assert measure_tears(at(ANGLES), np.tile([1.0, 0.0], (200, 1)), Sphere(1)) is None


def test_too_many_neighbours_are_refused():
    sphere = Sphere(2)
    with pytest.raises(ValueError, match="less than half"):
        neighbourhoods(Encoder(sphere, lambda x: x), uniform(sphere, 10))
