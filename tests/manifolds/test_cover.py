"""What covers a quotient: points, distances and volumes agree with those of the cover."""

import ast
import math
from pathlib import Path

import numpy as np
import pytest
from keras import ops
from manifold_list import ALL

import diffusion_vae
from diffusion_vae.manifolds import O3, SO3, Product, RealProjective, Sphere
from diffusion_vae.manifolds.cover import cover_by_sphere

COVERED = {name: m for name, m in ALL.items() if m.cover is not None}
CONCRETE = {
    "ComplexProjective", "EmbeddedTorus", "Euclidean", "FlatTorus", "ImplicitManifold", "O3",
    "Product", "RealProjective", "SO3", "Sphere",
}  # fmt: skip


def each(manifolds):
    return pytest.mark.parametrize("manifold", list(manifolds.values()), ids=list(manifolds))


def test_quotients_have_a_cover_and_others_have_none():
    assert set(COVERED) == {"projective:2", "projective:3", "so3", "o3"}
    assert (RealProjective(2).cover.copies, SO3().cover.copies, O3().cover.copies) == (1, 1, 2)


def test_a_quotient_is_no_subclass_of_what_covers_it():
    assert not issubclass(RealProjective, Sphere)
    assert not issubclass(O3, SO3)


@each(COVERED)
def test_the_group_is_a_group_of_orthogonal_matrices(manifold):
    group = manifold.cover.group  # [order, n, n]
    n = manifold.cover.manifold.ambient_dim
    np.testing.assert_allclose(
        group @ np.swapaxes(group, -1, -2), np.broadcast_to(np.eye(n), group.shape), atol=1e-12
    )
    elements = {tuple(np.round(g, 9).ravel()) for g in group}
    products = {tuple(np.round(g @ h, 9).ravel() + 0.0) for g in group for h in group}
    assert products == {tuple(np.array(g) + 0.0) for g in elements}
    assert len(elements) == manifold.cover.order == 2


@each(COVERED)
def test_lifted_points_lie_on_the_cover_and_come_back(manifold):
    z = ops.convert_to_numpy(manifold.random_uniform((200,), seed=0))
    if manifold.cover.copies > 1:  # the first copy only
        z = z[np.linalg.det(z.reshape(-1, 3, 3)) > 0]
    q = ops.convert_to_numpy(manifold.cover.lift(z))
    np.testing.assert_allclose(np.linalg.norm(q, axis=-1), 1.0, atol=1e-6)
    again = ops.convert_to_numpy(manifold.cover.push(q))
    np.testing.assert_allclose(manifold.distance(z, again), 0.0, atol=2e-3)
    np.testing.assert_allclose(
        manifold.even_embedding(again), manifold.even_embedding(z), atol=1e-5
    )


@each(COVERED)
def test_a_distance_is_the_shortest_among_the_lifts_times_the_scale(manifold):
    cover = manifold.cover
    x, y = (manifold.random_uniform((100,), seed=seed) for seed in (0, 1))
    r = ops.convert_to_numpy(manifold.distance(x, y))
    p, q = (ops.convert_to_numpy(cover.lift(z)).astype("float64") for z in (x, y))
    cosines = np.einsum("bi,gij,bj->bg", p, cover.group, q)
    expected = cover.scale * np.arccos(np.clip(cosines, -1.0, 1.0)).min(axis=-1)
    same = np.isfinite(r)
    np.testing.assert_allclose(r[same], expected[same], atol=1e-3)
    assert np.all(same) or cover.copies > 1


@each(COVERED)
def test_the_volume_is_that_of_the_cover_shared_and_scaled(manifold):
    cover = manifold.cover
    assert manifold.volume == pytest.approx(cover.volume, rel=1e-12)
    known = {3: 2.0 * math.pi**2, 2: 4.0 * math.pi}[manifold.dim]
    expected = cover.copies * cover.scale**manifold.dim * known / 2.0
    assert manifold.volume == pytest.approx(expected, rel=1e-12)


def test_points_of_the_second_copy_lift_like_their_negatives():
    z = O3().random_uniform((20,), seed=0)
    np.testing.assert_allclose(O3().cover.lift(-z), O3().cover.lift(z), atol=1e-6)


def test_a_sphere_is_covered_by_itself_and_others_by_none():
    own = cover_by_sphere(Sphere(2))
    assert (own.manifold, own.order, own.antipodal, own.scale) == (Sphere(2), 1, False, 1.0)
    assert cover_by_sphere(SO3()).antipodal
    for manifold in (ALL["torus:2"], ALL["euclidean:3"], Product([Sphere(2), SO3()])):
        assert cover_by_sphere(manifold) is None


def test_nobody_but_the_manifolds_asks_for_the_type_of_one():
    """A property, the cover or a registry answers; a type would leave out a new manifold."""
    root = Path(diffusion_vae.__file__).parent
    places = []
    for path in sorted(root.rglob("*.py")):
        if path.is_relative_to(root / "manifolds"):
            continue
        for node in ast.walk(ast.parse(path.read_text())):
            if _asks_for_a_type(node):
                places.append(f"{path.relative_to(root)}:{node.lineno}")
    assert places == []


def _asks_for_a_type(node):
    """`isinstance(x, Sphere)` or `type(x) is Sphere`, of any concrete manifold."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") in ("isinstance", "issubclass"):
        named = node.args[1]
    elif isinstance(node, ast.Compare) and isinstance(node.left, ast.Call):
        if getattr(node.left.func, "id", "") != "type":
            return False
        named = ast.Tuple(node.comparators)
    else:
        return False
    return any(
        getattr(part, "id", getattr(part, "attr", "")) in CONCRETE for part in ast.walk(named)
    )
