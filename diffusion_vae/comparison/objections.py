"""What speaks against every candidate: nothing to find, tears, pieces, loops."""

from collections.abc import Sequence

import numpy as np

from diffusion_vae import manifolds
from diffusion_vae.comparison.verdict import Standing, margin, tears_needlessly
from diffusion_vae.evaluation.topology import CloudEvidence


def objections(
    leader: Standing,
    standings: Sequence[Standing],
    baseline: np.ndarray | None,
    cloud: CloudEvidence | None,
) -> list[str]:
    """Sentences for which the leader is not named with certainty, however far it is ahead.

    Args:
        leader: The candidate that the likelihoods name.
        standings: All candidates.
        baseline: Log-likelihoods without a latent space, `[n]`, in nats, or `None`.
        cloud: What the data look like without a model, or `None`.
    """
    found = []
    if baseline is not None:
        gain = margin(leader.scores, baseline[None])
        if not (gain.sure and gain.difference > 0):
            found.append(
                f"{leader.manifold} explains the data no better than independent columns do "
                f"({gain} nats an example): nothing speaks for any manifold."
            )
    if tears_needlessly(leader, standings):
        found.append(
            f"{100 * (leader.torn or 0.0):.0f} % of the examples are torn from their neighbours "
            f"on {leader.manifold}, and fewer elsewhere: the data may live on none of these."
        )
    holes = None if cloud is None else cloud.homology.get(2)
    space = manifolds.get(leader.manifold).betti_numbers(2) if _has_text(leader) else None
    if holes is None or space is None:
        return found
    if holes.components > space[0]:
        found.append(
            f"The data fall into {holes.components} separate pieces, {leader.manifold} does not: "
            "the data may live on none of these."
        )
    loops, own = holes.betti_numbers[1], space[1] if len(space) > 1 else 0
    if loops is not None and loops > own:
        found.append(
            f"The data have {_count(loops, 'loop')}, {leader.manifold} has {own}: they fill only "
            "a part of it, or live on none of these."
        )
    return found


def _has_text(standing: Standing) -> bool:
    """Whether the name of a candidate is a text form, and not one of the user's own."""
    try:
        manifolds.get(standing.manifold)
    except ValueError:
        return False
    return True


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
