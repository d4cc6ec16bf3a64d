"""A binary tree whose nodes have wandered apart: data with more and more branches."""

import numpy as np

from diffusion_vae.checks import require_integer, require_number, require_positive
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.registry import register


@register("branching_tree", "vectors on a binary tree of 7 levels (branching diffusion)")
def make_branching_tree(
    levels: int = 7,
    dim: int = 50,
    noise: float = 0.5,
    train_per_node: int = 20,
    test_per_node: int = 10,
    seed: int = 0,
) -> Dataset:
    """Points of R^dim about the nodes of a binary tree, each a normal step from its parent.

    The root is at 0. Its two children are a step away from it, their children a step from them,
    and so on: 2 + 4 + ... + 2^levels nodes. An example is a node with normal noise. Cells that
    differentiate look like this, and so do taxonomies.

    The factors are the level of the node and its number within the level, from left to right; the
    classes are the 8 nodes of the third level that an example descends from, and 0 above them.

    Args:
        levels: Levels below the root, 1 to 12.
        dim: Number of coordinates.
        noise: Standard deviation of each coordinate about its node.
        train_per_node: Training examples of each node.
        test_per_node: Test examples of each node.
        seed: Seed of the tree and of the noise.

    Raises:
        TypeError: If an option is of the wrong type.
        ValueError: If it is out of range.

    References:
        Mathieu et al. (2019), Continuous hierarchical representations with Poincare VAEs.
    """
    require_number("levels", require_integer("levels", levels, 1), 1, 12)
    require_positive("noise", noise)
    rng = np.random.default_rng(seed)
    parents = np.zeros((1, require_integer("dim", dim, 1)))
    nodes, places = [], []
    for level in range(1, levels + 1):
        parents = np.repeat(parents, 2, axis=0)
        parents = parents + rng.standard_normal(parents.shape)
        nodes.append(parents)
        places.append(np.column_stack([np.full(2**level, level), np.arange(2**level)]))
    centres, factors = np.concatenate(nodes), np.concatenate(places)
    branch = np.where(factors[:, 0] < 3, 0, factors[:, 1] >> np.maximum(factors[:, 0] - 3, 0))
    branch = np.where(factors[:, 0] < 3, 0, branch + 1)
    arrays = {}
    for split, count in (("train", train_per_node), ("test", test_per_node)):
        index = np.repeat(np.arange(len(centres)), require_integer(f"{split}_per_node", count, 1))
        x = centres[index] + noise * rng.standard_normal((len(index), dim))
        arrays[split] = (x.astype(np.float32), factors[index].astype(np.float32), branch[index])
    return Dataset(
        name="branching_tree",
        train=arrays["train"][0],
        test=arrays["test"][0],
        train_factors=arrays["train"][1],
        test_factors=arrays["test"][1],
        train_labels=arrays["train"][2],
        test_labels=arrays["test"][2],
        colouring="labels",
    )
