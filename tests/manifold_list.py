"""The one list of manifolds: every property test of the project runs over it.

    from manifold_list import ALL, CLOSED, each

    @each(CLOSED)
    def test_something(manifold): ...

The keys are the ids of the tests: text forms, or a name where there is none.
A new manifold is one more entry of `ALL`.
"""

import keras
import pytest

from diffusion_vae.manifolds import (
    O3,
    SO3,
    ComplexProjective,
    EmbeddedTorus,
    Euclidean,
    FlatTorus,
    Hyperbolic,
    ImplicitManifold,
    Product,
    RealProjective,
    Sphere,
)

ELLIPSOID_AXES = (1.5, 1.0, 0.8)


@keras.saving.register_keras_serializable("diffusion_vae_tests")
def ellipsoid(x):
    """Level-set function of the ellipsoid with semi-axes `ELLIPSOID_AXES`."""
    a, b, c = ELLIPSOID_AXES
    return (x[..., 0] / a) ** 2 + (x[..., 1] / b) ** 2 + (x[..., 2] / c) ** 2 - 1.0


ALL = {
    "sphere:1": Sphere(1),
    "sphere:2": Sphere(2),
    "sphere:3": Sphere(3),
    "sphere:7": Sphere(7),
    "projective:2": RealProjective(2),
    "projective:3": RealProjective(3),
    "complex-projective:2": ComplexProjective(2),
    "torus:1": FlatTorus(1),
    "torus:2": FlatTorus(2),
    "embedded-torus:3,0.6": EmbeddedTorus(3.0, 0.6),
    "so3": SO3(),
    "o3": O3(),
    "euclidean:1": Euclidean(1),
    "euclidean:3": Euclidean(3),
    "hyperbolic:2": Hyperbolic(2),
    "sphere:2 x sphere:1": Product([Sphere(2), Sphere(1)]),
    "hyperbolic:3,-0.5 x sphere:1": Product([Hyperbolic(3, -0.5), Sphere(1)]),
    "projective:2 x torus:2": Product([RealProjective(2), FlatTorus(2)]),
    # Its first use takes seconds: it samples its own volume.
    "ellipsoid": ImplicitManifold(ellipsoid, dim=2, ambient_dim=3, bounds=(-1.6, 1.6)),
}

CLOSED = {name: manifold for name, manifold in ALL.items() if manifold.closed}
OPEN = {name: manifold for name, manifold in ALL.items() if not manifold.closed}
FLAT = {name: manifold for name, manifold in ALL.items() if type(manifold) is Euclidean}
# Submanifolds of Euclidean space; hyperbolic space lies in Minkowski space.
IN_FLAT_SPACE = {name: m for name, m in ALL.items() if (m.ambient_metric == 1.0).all()}
SYMMETRIC = {name: manifold for name, manifold in ALL.items() if manifold.identifies_points}
# Those whose method is exact, by method: EXACT["distance"].
EXACT = {
    method: {name: m for name, m in ALL.items() if method not in m.approximate}
    for method in ("tangent_project", "exp", "distance", "geodesic", "random_uniform")
}


def each(manifolds=ALL):
    """Runs a test once for each manifold, as its argument `manifold`."""
    return pytest.mark.parametrize("manifold", list(manifolds.values()), ids=list(manifolds))
