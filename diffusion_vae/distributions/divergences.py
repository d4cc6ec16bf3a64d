"""Kullback-Leibler divergences known in closed form, for `tfp.distributions.kl_divergence`."""

from typing import Any

import tensorflow as tf
from tensorflow_probability.python.distributions import SphericalUniform, kullback_leibler
from tensorflow_probability.python.internal import prefer_static

from diffusion_vae.distributions.heat_kernel import HeatKernel
from diffusion_vae.distributions.uniform import ManifoldUniform
from diffusion_vae.manifolds import Sphere
from diffusion_vae.typing import Tensor


@kullback_leibler.RegisterKL(HeatKernel, SphericalUniform)
def _heat_kernel_to_spherical(
    a: HeatKernel, b: SphericalUniform, name: str | None = None
) -> Tensor:
    if a.manifold != Sphere(int(b.dimension) - 1):
        raise ValueError(
            f"Expected a heat kernel on the sphere of R^{int(b.dimension)}, where the uniform law "
            f"lives. Received: {a.manifold!r}."
        )
    return _to_prior(a, b, name)


@kullback_leibler.RegisterKL(HeatKernel, ManifoldUniform)
def _heat_kernel_to_uniform(a: HeatKernel, b: ManifoldUniform, name: str | None = None) -> Tensor:
    _require_same_manifold(a, b)
    return _to_prior(a, b, name)


def _to_prior(a: HeatKernel, b: Any, name: str | None) -> Tensor:
    with tf.name_scope(name or "kl_heat_kernel_manifold_uniform"):
        kl = a.kernel.kl_to_prior(*a.broadcast_parameters())
        shape = prefer_static.broadcast_shape(prefer_static.shape(kl), b.batch_shape_tensor())
        return tf.broadcast_to(kl, shape)


@kullback_leibler.RegisterKL(ManifoldUniform, ManifoldUniform)
def _uniform_to_uniform(a: ManifoldUniform, b: ManifoldUniform, name: str | None = None) -> Tensor:
    _require_same_manifold(a, b)
    with tf.name_scope(name or "kl_manifold_uniform_manifold_uniform"):
        shape = prefer_static.broadcast_shape(a.batch_shape_tensor(), b.batch_shape_tensor())
        return tf.zeros(shape, a.dtype)


def _require_same_manifold(a: Any, b: Any) -> None:
    if a.manifold != b.manifold:
        raise ValueError(
            "Expected two distributions on one manifold. "
            f"Received: {a.manifold!r} and {b.manifold!r}."
        )
