"""Charts that cover closed manifolds but for a set of measure zero, with their geometry.

Volume and curvature follow from the metric tensor of a chart by automatic
differentiation: nothing of `diffusion_vae.manifolds` is used.
"""

from typing import NamedTuple

import numpy as np
from keras import ops
from manifold_list import ELLIPSOID_AXES

from diffusion_vae.autodiff import jacobian

PI = np.pi


class Chart(NamedTuple):
    """A parametrisation `[..., d] -> [..., n]` of a box, and how often it covers.

    Lengths are those of `point`, or where coordinates are not the place of a point itself,
    those of `place`.
    """

    point: callable
    low: tuple
    high: tuple
    share: float = 1.0  # volume of the manifold over that of the image
    place: callable = None


def metric(chart, u):
    """Metric tensors J^T J at the parameters, arrays `[..., d] -> [..., d, d]`."""
    place = chart.place or chart.point
    slope = ops.convert_to_numpy(jacobian(place, ops.convert_to_tensor(u)))  # [..., n, d]
    return np.swapaxes(slope, -1, -2) @ slope


def quadrature(chart, nodes):
    """Parameters `[count, d]` and areas `[count]`: Gauss-Legendre, `nodes` nodes an axis."""
    x, w = np.polynomial.legendre.leggauss(nodes)
    low, high = np.array(chart.low), np.array(chart.high)
    grids = np.meshgrid(*[x] * len(low), indexing="ij")
    weights = np.prod(np.meshgrid(*[w] * len(low), indexing="ij"), axis=0).ravel()
    unit = np.stack([grid.ravel() for grid in grids], axis=-1)  # [nodes^d, d]
    u = 0.5 * (low + high) + 0.5 * (high - low) * unit
    density = np.sqrt(np.linalg.det(metric(chart, u)))
    return u, weights * density * np.prod(0.5 * (high - low))


def scalar_curvature(chart, u):
    """Scalar curvature from the metric tensor and its differences alone, `[count]`."""

    def symbols(u):
        """Christoffel symbols Gamma^a_bc, `[count, d, d, d]`."""
        g, dg = metric(chart, u), _differences(lambda u: metric(chart, u), u)
        # dg[z, a, b, c] = d_c g_ab
        lower = 0.5 * (dg + np.swapaxes(dg, 2, 3) - np.moveaxis(dg, 3, 1))
        return np.einsum("zae,zebc->zabc", np.linalg.inv(g), lower)

    s, ds = symbols(u), _differences(symbols, u)  # ds[z, a, b, c, e] = d_e Gamma^a_bc
    ricci = np.einsum("zabda->zbd", ds) - np.einsum("zaabd->zbd", ds)
    ricci += np.einsum("zaae,zebd->zbd", s, s) - np.einsum("zade,zeab->zbd", s, s)
    g = metric(chart, u)
    return np.einsum("zbd,zbd->z", np.linalg.inv(g), ricci)


def _differences(function, u, h=2e-3):
    """Derivatives by differences of the fourth order, as a last axis."""
    d = u.shape[-1]
    stencil = np.array([1.0, -1.0, 2.0, -2.0])[:, None, None] * h * np.eye(d)  # [4, d, d]
    shifted = (u + stencil[:, :, None, :]).reshape(-1, d)  # [4 d count, d], all at once
    values = function(shifted)
    values = values.reshape(4, d, len(u), *values.shape[1:])
    slopes = (8.0 * (values[0] - values[1]) - (values[2] - values[3])) / (12.0 * h)
    return np.moveaxis(slopes, 0, -1)


def _sphere(u):
    """Hyperspherical coordinates: polar angles, then the azimuth."""
    d = u.shape[-1]
    sine = ops.ones_like(u[..., 0])
    coordinates = []
    for i in range(d):
        coordinates.append(sine * ops.cos(u[..., i]))
        sine = sine * ops.sin(u[..., i])
    return ops.stack([*coordinates, sine], axis=-1)


def _circles(u):
    pairs = ops.stack([ops.cos(u), ops.sin(u)], axis=-1)
    return ops.reshape(pairs, (-1, 2 * u.shape[-1]))


def _rotation(u):
    """Rodrigues' formula for an angle u_0 about the axis of polar angles u_1, u_2."""
    k = _sphere(u[..., 1:])  # [..., 3]
    zero = ops.zeros_like(u[..., 0])
    cross = ops.stack(
        [zero, -k[..., 2], k[..., 1], k[..., 2], zero, -k[..., 0], -k[..., 1], k[..., 0], zero],
        axis=-1,
    )
    outer = ops.reshape(k[..., :, None] * k[..., None, :], (-1, 9))
    cosine, sine = ops.cos(u[..., :1]), ops.sin(u[..., :1])
    identity = ops.convert_to_tensor(np.eye(3).reshape(9), dtype=u.dtype)
    return cosine * identity + sine * cross + (1.0 - cosine) * outer


def _torus(u):
    from_axis = 3.0 + 0.6 * ops.cos(u[..., 1])
    x, y = from_axis * ops.cos(u[..., 0]), from_axis * ops.sin(u[..., 0])
    return ops.stack([x, y, 0.6 * ops.sin(u[..., 1])], axis=-1)


def _ellipsoid(u):
    return _sphere(u) * ops.convert_to_tensor(ELLIPSOID_AXES, dtype=u.dtype)


def _phases(u):
    """(cos a, sin a cos b e^ip, sin a sin b e^iq), real parts first."""
    a, b, p, q = (u[..., i] for i in range(4))
    real = [ops.cos(a), ops.sin(a) * ops.cos(b) * ops.cos(p), ops.sin(a) * ops.sin(b) * ops.cos(q)]
    imaginary = [
        0.0 * a,
        ops.sin(a) * ops.cos(b) * ops.sin(p),
        ops.sin(a) * ops.sin(b) * ops.sin(q),
    ]
    return ops.stack([*real, *imaginary], axis=-1)


def _projector(u):
    """The projection z z* on a line of C^3, in which Fubini and Study's lengths are 1 / sqrt 2."""
    z = _phases(u)
    x, y = z[..., :3], z[..., 3:]
    real = x[..., :, None] * x[..., None, :] + y[..., :, None] * y[..., None, :]
    imaginary = y[..., :, None] * x[..., None, :] - x[..., :, None] * y[..., None, :]
    return ops.reshape(ops.concatenate([real, imaginary], axis=-1), (-1, 18)) / np.sqrt(2.0)


def _product(first, second, size):
    return lambda u: ops.concatenate([first(u[..., :size]), second(u[..., size:])], axis=-1)


def _sphere_chart(dim, share=1.0):
    return Chart(_sphere, (0.0,) * dim, (*((PI,) * (dim - 1)), 2.0 * PI), share)


# By the ids of manifold_list; the 7-sphere has too many dimensions for quadrature.
CHARTS = {
    "sphere:1": _sphere_chart(1),
    "sphere:2": _sphere_chart(2),
    "sphere:3": _sphere_chart(3),
    "projective:2": _sphere_chart(2, share=0.5),
    "projective:3": _sphere_chart(3, share=0.5),
    "complex-projective:2": Chart(
        _phases, (0.0,) * 4, (PI / 2, PI / 2, 2.0 * PI, 2.0 * PI), place=_projector
    ),
    "torus:1": Chart(_circles, (0.0,), (2.0 * PI,)),
    "torus:2": Chart(_circles, (0.0,) * 2, (2.0 * PI,) * 2),
    "embedded-torus:3,0.6": Chart(_torus, (0.0,) * 2, (2.0 * PI,) * 2),
    "so3": Chart(_rotation, (0.0,) * 3, (PI, PI, 2.0 * PI)),
    "o3": Chart(_rotation, (0.0,) * 3, (PI, PI, 2.0 * PI), share=2.0),
    "sphere:2 x sphere:1": Chart(
        _product(_sphere, _sphere, 2), (0.0,) * 3, (PI, 2.0 * PI, 2.0 * PI)
    ),
    "projective:2 x torus:2": Chart(
        _product(_sphere, _circles, 2), (0.0,) * 4, (PI, *((2.0 * PI,) * 3)), share=0.5
    ),
    "ellipsoid": Chart(_ellipsoid, (0.0,) * 2, (PI, 2.0 * PI)),
}
