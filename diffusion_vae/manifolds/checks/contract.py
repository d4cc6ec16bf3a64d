"""Checks of shapes, symmetry, compilation and identity."""

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import compiled
from diffusion_vae.manifolds.checks.report import Failure, Skip, within
from diffusion_vae.manifolds.checks.subject import Subject, largest, lengths, to_numpy

NAMES = 4  # random names of each point


def check_shapes(s: Subject) -> str:
    """Leading axes are kept, and equal seeds give equal draws."""
    m, batch = s.manifold, (2, 3)
    z = m.prior_sample(batch, seed=s.seed)
    other = m.prior_sample(batch, seed=s.seed + 1)
    results = {
        "prior_sample": (z, (*batch, m.ambient_dim)),
        "prior_sample of no batch": (m.prior_sample((), seed=s.seed), (m.ambient_dim,)),
        "project": (m.project(z), (*batch, m.ambient_dim)),
        "tangent_project": (m.tangent_project(z, other), (*batch, m.ambient_dim)),
        "exp": (m.exp(z, 0.0 * other), (*batch, m.ambient_dim)),
        "distance": (m.distance(z, z), batch),
        "geodesic": (m.geodesic(z, z, np.zeros(batch)), (*batch, m.ambient_dim)),
        "scalar_curvature": (m.scalar_curvature(z), batch),
        "prior_log_density": (m.prior_log_density(z), batch),
    }
    for name, (value, expected) in results.items():
        if tuple(value.shape) != expected:
            raise Failure(f"{name}: expected shape {expected}, received {tuple(value.shape)}")
        if keras.backend.standardize_dtype(value.dtype) != keras.config.floatx():
            raise Failure(f"{name}: expected {keras.config.floatx()}, received {value.dtype}")
    again = to_numpy(m.prior_sample(batch, seed=s.seed))
    if largest(again - to_numpy(z)) > 0:
        raise Failure("prior_sample: expected equal draws for equal integer seeds")
    return f"{len(results)} methods keep the axes of a batch {batch} and the float type"


def check_symmetry(s: Subject) -> str:
    """Names of a point lie on the manifold, at distance 0, with one even embedding."""
    if not s.manifold.identifies_points:
        raise Skip("no points are identified")
    z = s.points
    off, apart, differ, nearer = 0.0, 0.0, 0.0, 0.0
    for stream in range(NAMES):
        to = s.normal(z.shape, 60 + stream)
        image = s.call("nearest_name", z, to)
        off = max(off, largest(s.numeric.project(image) - image) / s.scale)
        apart = max(apart, largest(s.call("distance", z, image)) / s.size)
        even = s.call("even_embedding", z) - s.call("even_embedding", image)
        differ = max(differ, largest(even))
        nearer = max(nearer, float(np.max(lengths(image - to) - lengths(z - to))) / s.scale)
    return within(
        ("names off the manifold", off, 1e-5),
        ("distance(z, name)", apart, 2e-3),
        ("even_embedding(z) - even_embedding(name)", differ, 1e-5),
        ("distance from x of nearest_name(z, x) beyond that of z", nearer, 1e-5),
    )


def check_compilation(s: Subject) -> str:
    """The compiled projection is the projection."""
    x = (2.0 * s.points[:16]).astype(keras.config.floatx())
    tensor = ops.convert_to_tensor(x)
    run = compiled(s.manifold.project, x.shape, keras.config.floatx())
    error = largest(to_numpy(run(tensor)) - to_numpy(s.manifold.project(tensor))) / s.scale
    return within(("compiled minus eager", error, 1e-5))


def check_configuration(s: Subject) -> str:
    """Keras rebuilds the manifold from its configuration."""
    config = keras.saving.serialize_keras_object(s.manifold)
    try:
        again = keras.saving.deserialize_keras_object(config)
    except (TypeError, ValueError) as error:
        raise Failure(
            "Keras cannot rebuild it from its configuration. Register the class with "
            "@keras.saving.register_keras_serializable() and give it `get_config`. "
            f"({str(error).splitlines()[0]})"
        ) from error
    if again != s.manifold:
        raise Failure(f"expected an equal manifold from the configuration, received {again!r}")
    sizes = [(m.dim, m.ambient_dim, m.time_dim, m.closed) for m in (s.manifold, again)]
    x = ops.convert_to_tensor(s.points[:16], dtype=s.numeric.dtype)
    if sizes[0] != sizes[1] or largest(to_numpy(again.project(x) - s.manifold.project(x))) > 0:
        raise Failure("another manifold comes back: `get_config` leaves out an argument")
    return "serialises and comes back equal"


def check_equality(s: Subject) -> str:
    """Equal configurations are equal manifolds with equal hashes."""
    twin = type(s.manifold).from_config(s.manifold.get_config())
    if twin != s.manifold or hash(twin) != hash(s.manifold):
        raise Failure("a manifold of the same configuration differs, or has another hash")
    if s.manifold == object():
        raise Failure("equal to an object that is not a manifold")
    return "a manifold of the same configuration is equal and has the same hash"
