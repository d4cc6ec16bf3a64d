"""The contract of all layers, over several manifolds; see `layer_check.py`."""

import keras
import numpy as np
import pytest
from layer_check import LayerCase, check_layer
from manifold_list import ALL

from diffusion_vae import layers
from diffusion_vae.heat_kernels import RandomWalk
from diffusion_vae.layers import (
    BrownianMotionSampling,
    DiffusionTime,
    EvenDecoder,
    KLDivergenceLoss,
    ManifoldProjection,
    VeroneseProjection,
)

BATCH = 5
SPACES = ("sphere:2", "torus:2", "so3", "euclidean:3", "projective:2 x torus:2")


def normal(*shape):
    return np.random.default_rng(0).normal(size=shape).astype("float32")


def dense(width):
    return lambda features: keras.layers.Dense(width)(features)


def posterior(manifold):
    """Symbolic location and time from features."""

    def upstream(features):
        location = ManifoldProjection(manifold)(dense(manifold.ambient_dim)(features))
        return [location, DiffusionTime(manifold.time_dim, (-6.0, -2.0))(features)]

    return upstream


def points(manifold):
    location = np.asarray(manifold.prior_sample((BATCH,), seed=0))
    return [location, np.full((BATCH, manifold.time_dim), 0.05, "float32")]


def cases():
    for name in SPACES:
        manifold = ALL[name]
        kernel = RandomWalk(manifold, steps=2)
        yield (
            f"projection {name}",
            LayerCase(
                ManifoldProjection,
                {"manifold": manifold},
                normal(BATCH, manifold.ambient_dim),
                dense(manifold.ambient_dim),
            ),
        )
        yield (
            f"sampling {name}",
            LayerCase(
                BrownianMotionSampling,
                {"kernel": kernel, "seed": 3},
                points(manifold),
                posterior(manifold),
                generators=1,
            ),
        )
        yield (
            f"kl {name}",
            LayerCase(
                KLDivergenceLoss,
                {"kernel": kernel, "weight": 0.5, "seed": None},
                points(manifold),
                posterior(manifold),
                generators=1,
            ),
        )
    for dim in (1, 2, 3):
        width = (dim + 1) * (dim + 2) // 2
        yield (
            f"veronese projective:{dim}",
            LayerCase(
                VeroneseProjection,
                {"manifold": f"projective:{dim}"},
                normal(BATCH, width),
                dense(width),
            ),
        )
    limits = {
        "limited": (-6.0, -1.0),
        "free": None,
        "mixed": [(-6.0, -1.0), None, (-3.0, 1.0)],
    }
    for name, log_time_range in limits.items():
        yield (
            f"time {name}",
            LayerCase(
                DiffusionTime,
                {"time_dim": 3, "log_time_range": log_time_range, "initial_log_time": -1.5},
                normal(BATCH, 4),
                lambda features: features,
                trainable=2,
            ),
        )
    for method, width in (("average", 3), ("quadratic", 6)):
        decoder = keras.Sequential(
            [keras.Input((width,)), keras.layers.Dense(8, "relu"), keras.layers.Dense(4)]
        )
        yield (
            f"even decoder {method}",
            LayerCase(
                EvenDecoder,
                {"decoder": decoder, "manifold": "projective:2", "method": method},
                normal(BATCH, 3),
                dense(3),
                trainable=4,
                wraps=True,
            ),
        )


CASES = dict(cases())
JAX = ("kl sphere:2", "veronese projective:2", "time mixed", "even decoder average")


MARKED = [pytest.param(name, marks=pytest.mark.jax if name in JAX else ()) for name in CASES]


@pytest.mark.parametrize("name", MARKED)
def test_contract(name, tmp_path):
    check_layer(CASES[name], tmp_path)


def test_every_layer_is_here():
    of_pictures = {"AffineAugmentation", "CircularPadding2D"}  # tests of their own
    assert {case.cls for case in CASES.values()} == {
        getattr(layers, name) for name in layers.__all__ if name not in of_pictures
    }
