"""Did the encoder capture the topology of the data? Winding numbers and jumps.

A continuous encoder between tori of equal dimension has a degree, the determinant of
the matrix that counts how often each latent angle turns when one factor goes round
once. A degree of +-1 makes it onto (paper, section 4.2) - if it is continuous, which
is why the largest jump between neighbouring examples is part of the verdict.
"""

from dataclasses import asdict, dataclass

import numpy as np
from keras import ops

from diffusion_vae.manifolds import FlatTorus, Sphere

STEPS = 400  # examples on a loop through one factor
LOOPS = 4  # loops of each factor, at different values of the others
LARGEST_JUMP = 0.2  # radians between neighbours, for a map that counts as continuous


@dataclass(frozen=True)
class TorusTopology:
    """What loops through the factors of the data become in latent space.

    Attributes:
        winding: Turns of each latent angle (rows) as each factor (columns) goes
            round once, integers `[dim, dim]`.
        determinant: Degree of the encoder, if it is continuous.
        largest_jump: Largest geodesic distance between the codes of neighbouring
            examples, of `STEPS` a loop, in radians.
        captured: Whether the determinant is +-1 and no jump is over 0.2.
    """

    winding: tuple
    determinant: int
    largest_jump: float
    captured: bool

    def as_dict(self):
        """The same as a JSON-able dictionary."""
        return asdict(self)


def torus_topology(model, dataset, steps=STEPS, loops=LOOPS, seed=0):
    """Winding matrix and continuity of a model's encoder on data with torus factors.

    Args:
        model: A model on a flat torus (or circle) with `encode`.
        dataset: A `Dataset` whose factors live on a flat torus of the same
            dimension and that can `render` new examples.
        steps: Examples on each loop.
        loops: Loops of each factor, at random values of the others.
        seed: Of these values.

    Returns:
        A `TorusTopology`, or `None` where the latent space or the data have no
        winding matrix.
    """
    latent, factors = getattr(model, "manifold", None), dataset.factor_manifold
    if dataset.render is None or not (_is_torus(latent) and _is_torus(factors)):
        return None
    if latent.dim != factors.dim:
        return None
    rng = np.random.default_rng(seed)
    turns, jump = [], 0.0
    for factor in range(factors.dim):
        base = rng.uniform(0.0, 2.0 * np.pi, (loops, 1, factors.dim))
        path = np.repeat(base, steps + 1, axis=1)  # [loops, steps + 1, dim], closed
        path[..., factor] += np.linspace(0.0, 2.0 * np.pi, steps + 1)
        x = dataset.render(path.reshape(-1, factors.dim))
        codes, _ = model.encode(x)  # [loops * (steps + 1), ambient_dim]
        codes = codes.reshape(loops, steps + 1, -1)
        moves = angle_steps(latent, codes)  # [loops, steps, dim]
        jump = max(jump, float(np.sqrt((moves**2).sum(axis=-1)).max()))
        # A jump can make loops disagree; the median then stands for them.
        turns.append(np.median(moves.sum(axis=1) / (2.0 * np.pi), axis=0))
    winding = np.rint(np.stack(turns, axis=1)).astype(int)  # [latent angle, factor]
    determinant = round(float(np.linalg.det(winding)))
    return TorusTopology(
        winding=tuple(tuple(int(n) for n in row) for row in winding),
        determinant=determinant,
        largest_jump=jump,
        captured=abs(determinant) == 1 and jump <= LARGEST_JUMP,
    )


def angle_steps(manifold, codes):
    """Signed angles between consecutive codes, `[..., n, ambient_dim] -> [..., n - 1, dim]`."""
    torus = FlatTorus(1) if isinstance(manifold, Sphere) else manifold
    return ops.convert_to_numpy(torus.angle_between(codes[..., :-1, :], codes[..., 1:, :]))


def _is_torus(manifold):
    return isinstance(manifold, FlatTorus) or manifold == Sphere(1)
