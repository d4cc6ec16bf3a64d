"""Whether a decoder sees all of its latent space, or only a smaller one."""

import itertools

import numpy as np
from scipy.linalg import block_diag

from diffusion_vae import manifolds
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models import DiffusionVAE

POINTS = 400
STEP = 1e-2  # of the finite differences, in units of the space


def sees_beyond(model: DiffusionVAE, points: np.ndarray, smaller: str) -> float:
    """The share of what a decoder sees that a smaller space cannot hold.

    Args:
        model: A trained model on the larger space.
        points: Codes, `[n, ambient_dim]`.
        smaller: Text form of a space that the larger one covers, or has more factors than.

    Returns:
        `difference_between_copies` of a quotient, else `change_beyond`; near 0 if the larger
        space imitates the smaller one.
    """
    space = manifolds.get(smaller)
    if space.dim == model.manifold.dim:
        return difference_between_copies(model, points, copies(model.manifold, space))
    return change_beyond(model, points, space.dim)


def difference_between_copies(model: DiffusionVAE, points: np.ndarray, group: np.ndarray) -> float:
    """How far a decoder differs between the points that a quotient takes for one.

    Args:
        model: A model on the cover.
        points: Codes, `[n, ambient_dim]`.
        group: Matrices whose images of a point are one point of the quotient,
            `[order, ambient_dim, ambient_dim]`.

    Returns:
        Mean squared difference between decoded copies over that between decoded random pairs.
    """
    z = points[:POINTS]
    decoded = model.decode(z).reshape(len(z), -1)
    images = [(z @ g.T).astype(z.dtype) for g in group if not np.allclose(g, np.eye(len(g)))]
    apart = [np.square(decoded - model.decode(z).reshape(len(z), -1)).sum(-1) for z in images]
    spread = 2 * decoded.var(axis=0).sum()
    return float(np.mean(apart) / spread) if spread > 0 else 0.0  # it sees nothing at all


def change_beyond(model: DiffusionVAE, points: np.ndarray, dim: int) -> float:
    """The share of a decoder's change that lies in more than `dim` directions.

    The derivative of the decoder at a code has as many directions as its latent space. A
    decoder that sees a space of `dim` dimensions has no change in the others.

    Args:
        model: A trained model.
        points: Codes, `[n, ambient_dim]`.
        dim: Dimension of the smaller space.

    Returns:
        Mean over codes of the share of the squared derivative, from 0 to 1 - dim / d.
    """
    space = model.manifold
    z = points[:POINTS]
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(space.dim + 2, *z.shape)).astype(z.dtype)
    columns = []
    tangents = []
    for v in vectors:
        v = np.asarray(space.tangent_project(z, v))
        v = v / np.linalg.norm(v, axis=-1, keepdims=True)
        ahead, behind = (np.asarray(space.exp(z, s * STEP * v)) for s in (1, -1))
        columns.append((model.decode(ahead) - model.decode(behind)).reshape(len(z), -1))
        tangents.append(v)
    change = np.stack(columns, -1).astype("float64") / (2 * STEP)  # [n, values, vectors]
    frame = np.stack(tangents, -1).astype("float64")  # [n, ambient, vectors]
    # The derivative in an orthonormal frame: change = J E^T frame.
    jacobian = change @ np.linalg.pinv(frame, rcond=1e-4)  # [n, values, ambient]
    squares = np.square(np.linalg.svd(jacobian, compute_uv=False))  # [n, ...], largest first
    whole = squares.sum(-1)
    beyond = np.where(whole > 0, squares[:, dim:].sum(-1) / np.where(whole > 0, whole, 1.0), 0.0)
    return float(np.mean(beyond))


def copies(larger: Manifold, smaller: Manifold) -> np.ndarray:
    """Matrices that map a point to those that a quotient takes for the same, the identity first.

    Args:
        larger: The cover.
        smaller: The quotient; of a product, with its factors in the same order.

    Returns:
        `[order, ambient_dim, ambient_dim]`, in the coordinates of the cover.

    Example:
        >>> from diffusion_vae.manifolds import RealProjective, Sphere
        >>> copies(Sphere(1), RealProjective(1)).tolist()
        [[[1.0, 0.0], [0.0, 1.0]], [[-1.0, -0.0], [-0.0, -1.0]]]
    """
    identity = np.eye(larger.ambient_dim)
    if larger.factors:
        blocks = [copies(a, b) for a, b in zip(larger.factors, smaller.factors, strict=True)]
        return np.stack([block_diag(*chosen) for chosen in itertools.product(*blocks)])
    if larger == smaller:
        return identity[None]
    if larger.cover is not None and larger.cover.copies > 1:
        return np.stack([identity, -identity])
    if smaller.cover is None or smaller.cover.manifold != larger:
        raise ValueError(f"Expected a quotient of {larger!r}. Received: {smaller!r}.")
    return smaller.cover.group
