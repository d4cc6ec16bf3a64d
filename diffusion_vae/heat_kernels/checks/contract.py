"""Checks of a law by itself: shapes, limits, gradients, identity."""

import keras
import numpy as np

from diffusion_vae.autodiff import compiled, jacobian
from diffusion_vae.heat_kernels.checks.subject import LawSubject, tensor
from diffusion_vae.manifolds.checks.report import Failure, within
from diffusion_vae.manifolds.checks.subject import largest, to_numpy

COUNT = 64  # draws of the checks that compare point by point


def check_shapes(s: LawSubject) -> str:
    """Leading axes broadcast, and equal seeds give equal draws."""
    n, law = s.manifold.ambient_dim, s.law
    location = tensor(s.starts)  # [3, n]
    time = tensor(np.broadcast_to(s.longest, (2, 1, len(s.longest))))  # [2, 1, time_dim]
    y = tensor(s.prior_draws[:3])  # [3, n]
    draws = law.sample(location, time, seed=s.seed)
    found = {
        "log_density": (law.log_density(y, location, time), (2, 3)),
        "log_density of a single point": (law.log_density(y[0], location[0], s.longest), ()),
        "sample": (draws, (2, 3, n)),
        "sample of a single point": (law.sample(location[0], s.longest, seed=s.seed), (n,)),
        "kl_to_prior": (law.kl_to_prior(location, time, seed=s.seed), (2, 3)),
        "score": (law.score(y, location, time), (2, 3, n)),
    }
    for name, (value, expected) in found.items():
        if tuple(value.shape) != expected:
            raise Failure(f"{name}: expected shape {expected}, received {tuple(value.shape)}")
        if keras.backend.standardize_dtype(value.dtype) != keras.config.floatx():
            raise Failure(f"{name}: expected {keras.config.floatx()}, received {value.dtype}")
    again = law.sample(location, time, seed=s.seed)
    if largest(to_numpy(again) - to_numpy(draws)) > 0:
        raise Failure("sample: expected equal draws for equal integer seeds")
    if largest(to_numpy(draws)[0] - to_numpy(draws)[1]) == 0:
        raise Failure("sample: expected noise of its own for each of the times")
    batch = to_numpy(found["log_density"][0])[0]
    single = np.array([float(law.log_density(y[i], location[i], s.longest)) for i in range(3)])
    if not np.allclose(batch, single, rtol=1e-3, atol=1e-3):  # another component has -inf
        raise Failure(f"log_density: expected {single} as of single points, received {batch}")
    return f"{len(found)} calls broadcast (3,) against (2, 1) and keep the float type"


def check_time_range(s: LawSubject) -> str:
    """Default limits are in order, and training starts between them."""
    limits, starts = s.law.default_log_time_range(), s.law.default_initial_log_time()
    if not len(limits) == len(starts) == s.manifold.time_dim:
        raise Failure(
            f"expected {s.manifold.time_dim} limits and starts, received {limits} and {starts}"
        )
    for pair, start in zip(limits, starts, strict=True):
        low, high = (-np.inf, np.inf) if pair is None else pair
        if not low < start < high:
            raise Failure(f"expected a start between the limits {pair}, received {start:.4g}")
    return f"log time starts at {np.round(starts, 2).tolist()}"


def check_points(s: LawSubject) -> str:
    """Draws lie on the manifold."""
    z = np.concatenate([s.draws(time, 4) for time in (s.times[0], s.times[-1])])
    scale = float(np.max(np.abs(z)))
    error = largest(to_numpy(s.manifold.project(tensor(z))) - z) / scale
    return within(("draws off the manifold, relative", error, 1e-5))


def check_finite_values(s: LawSubject) -> str:
    """Nothing is NaN or plus infinity from the shortest to the longest time, near and far."""
    for share in (0.0, 0.5, 1.0):
        time = np.exp([low + share * (high - low) for low, high in s.limits])
        draws = s.call("sample", s.starts, time, seed=s.seed_of(5))
        values = {
            "sample": draws,
            "kl_to_prior": s.call("kl_to_prior", s.starts, time, seed=s.seed_of(6)),
            "log_density at draws": s.call("log_density", draws, s.starts, time),
        }
        for name, value in values.items():
            if not np.all(np.isfinite(value)):
                raise Failure(f"{name} is NaN or infinite at the times {time}")
        far = s.call("log_density", s.prior_draws[:COUNT, None], s.starts, time)
        if np.any(np.isnan(far)) or np.any(far == np.inf):  # another component has density 0
            raise Failure(f"log_density is NaN or +inf at draws of the prior, at the times {time}")
    return "finite at the limits of log time and between"


def check_gradients(s: LawSubject) -> str:
    """Draws are differentiable in location and time."""
    start = np.repeat(s.starts, COUNT // len(s.starts), axis=0)  # [count, n]
    time = np.broadcast_to(s.times[-1], (len(start), len(s.longest)))
    seed = s.seed_of(7)
    by_time = jacobian(lambda t: s.law.sample(tensor(start), t, seed=seed), tensor(time))
    by_location = jacobian(lambda z: s.law.sample(z, tensor(time), seed=seed), tensor(start))
    for name, slope in (("time", to_numpy(by_time)), ("location", to_numpy(by_location))):
        if not np.all(np.isfinite(slope)):
            raise Failure(f"NaN or infinite derivatives of draws by the {name}")
        if not np.any(slope):
            raise Failure(f"draws do not depend on the {name}")
    return "finite derivatives of draws by location and time"


def check_compilation(s: LawSubject) -> str:
    """The compiled log density is the log density."""
    y = s.draws(s.longest, 8)[:COUNT]
    start, time = tensor(s.starts), tensor(s.longest)
    run = compiled(lambda y: s.law.log_density(y, start, time), y.shape, keras.config.floatx())
    error = largest(to_numpy(run(tensor(y))) - s.call("log_density", y, s.starts, s.longest))
    return within(("compiled minus eager, in nats", error, 1e-3))


def check_configuration(s: LawSubject) -> str:
    """Keras rebuilds the law from its configuration."""
    config = keras.saving.serialize_keras_object(s.law)
    try:
        again = keras.saving.deserialize_keras_object(config)
    except (TypeError, ValueError) as error:
        raise Failure(
            "Keras cannot rebuild it from its configuration. Register the class with "
            "@keras.saving.register_keras_serializable() and give it `get_config`. "
            f"({str(error).splitlines()[0]})"
        ) from error
    if again != s.law:
        raise Failure(f"expected an equal law from the configuration, received {again!r}")
    y = s.draws(s.longest, 8)[:COUNT]
    values = [
        to_numpy(law.log_density(*map(tensor, (y, s.starts, s.longest)))) for law in (s.law, again)
    ]
    if largest(values[0] - values[1]) > 0:
        raise Failure("another law comes back: `get_config` leaves out an argument")
    return "serialises and comes back equal"


def check_equality(s: LawSubject) -> str:
    """Laws of one configuration are equal and have equal hashes."""
    twin = type(s.law).from_config(s.law.get_config())
    if twin != s.law or hash(twin) != hash(s.law):
        raise Failure("a law of the same configuration differs, or has another hash")
    if s.law == object():
        raise Failure("equal to an object that is no law")
    return "a law of the same configuration is equal and has the same hash"
