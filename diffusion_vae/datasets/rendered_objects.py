"""Folders of rendered objects, each seen under many known poses."""

from pathlib import Path

import numpy as np

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.images import Size, read_images
from diffusion_vae.datasets.object_split import TEST, TRAIN, SplitUnit, split_objects
from diffusion_vae.datasets.registry import register
from diffusion_vae.datasets.render_folder import POSES, Poses, QuaternionOrder, read_renders


@register("rendered_objects", "a folder of objects rendered in known poses (circle, SO(3))")
def load_rendered_objects(
    path: str | Path,
    poses: Poses | None = None,
    size: Size | None = None,
    every: int = 1,
    number_of_renders: int | None = None,
    quaternion_order: QuaternionOrder = "wxyz",
    train_share: float = 0.7,
    unlabelled_share: float = 0.0,
    split: SplitUnit = "object",
    seed: int = 17,
) -> Dataset:
    """Rendered objects with their poses, split into training and validation by object.

    The folder holds `images/` and one of

    - `identifiers/identifiers.json`: lists `render_number`, `model_identifier`,
      `object_type` and `filename`, one entry an image;
    - `identifiers/angles.json`: lists `model_identifier` (file names; `.off` stands for
      `.png`; the object is what comes before the first `_`) and `angles` in radians;
    - `identifiers/quaternions.json`: the same with `quaternions`;

    or only images named `<type>_<object>_<render number>_.png`. A render number r is
    the angle 2 pi r / number_of_renders, so that the first and the last differ.

    Labels number the objects; `extras` has `objects` (their names), `types`, and
    `train_supervised`, zero for the objects whose pose is held back.

    Args:
        path: The folder.
        poses: Which file to read: `"identifiers"`, `"angles"` or `"quaternions"`;
            `None` takes the first of them that exists.
        size: Pixels a side or `(height, width)` to resize to.
        every: Keeps every n-th render of each object.
        number_of_renders: Renders in a full turn; `None` infers it from the numbers.
        quaternion_order: `"wxyz"` or `"xyzw"`.
        train_share: Share of the supervised objects for training; the rest is the test set.
        unlabelled_share: Share of all objects that join the training set unsupervised.
        split: `"object"`, or `"example"` to split single images (for one object).
        seed: Seed of the split.
    """
    from diffusion_vae.manifolds import SO3, FlatTorus

    folder = Path(path).expanduser()
    if not folder.is_dir():
        raise FileNotFoundError(f"There is no folder {str(folder)!r}; check `path`.")
    require_choice("quaternion_order", quaternion_order, ("wxyz", "xyzw"))
    require_choice("poses", poses, (None, *POSES))
    renders = read_renders(folder, poses, number_of_renders, quaternion_order)
    renders = renders.every(require_integer("every", every, 1))
    names, labels, tags = split_objects(
        renders.objects,
        split,
        train_share,
        seed,
        unlabelled_share=unlabelled_share,
        where=repr(str(folder)),
    )
    train, test = tags != TEST, tags == TEST
    pictures = read_images(list(renders.files), size)
    circles = renders.factors.shape[1]
    _, first = np.unique(renders.objects, return_index=True)
    colouring = {1: "circle", 2: "torus"}.get(circles)
    return Dataset(
        name="rendered_objects",
        train=pictures[train],
        test=pictures[test],
        train_factors=renders.factors[train],
        test_factors=renders.factors[test],
        train_labels=labels[train],
        test_labels=labels[test],
        factor_manifold=SO3() if renders.rotations else FlatTorus(circles),
        colouring="rotation" if renders.rotations else colouring,
        extras={
            "objects": names,
            "types": renders.types[first],
            "train_supervised": (tags[train] == TRAIN).astype(np.float32),
        },
    )
