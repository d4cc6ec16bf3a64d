"""The record that every loader of a data set returns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.datasets.stored.base import StoredPictures

if TYPE_CHECKING:  # manifolds need Keras, and the command lists data sets without it
    import tensorflow as tf

    from diffusion_vae.datasets.standardizing import Scaling
    from diffusion_vae.manifolds import Manifold

SPLITS = ("train", "test")
COLOURINGS = ("labels", "scale", "torus", "circle", "rotation", "line", None)


@dataclass(frozen=True, eq=False)
class Dataset:
    """Training and test examples, with their factors and labels where they are known.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import Dataset
        >>> x = np.random.default_rng(0).random((20, 8, 8, 1), dtype=np.float32)
        >>> dataset = Dataset("mine", train=x[:16], test=x[16:])
        >>> dataset.event_shape
        (8, 8, 1)

    Attributes:
        name: What `load` takes to make this data set (a registered name or a path).
        train: Training examples, float32 `[N, *event]`; or `StoredPictures`, which stay in
            their file and are read batch by batch.
        test: Test examples, float32 `[M, *event]`.
        train_factors: Known latent factors of the training examples, `[N, f]`:
            angles in radians on a torus, rotation matrices `[N, 9]` on SO(3).
        test_factors: The same for the test examples, `[M, f]`.
        train_labels: Class of each training example, integer `[N]`.
        test_labels: Class of each test example, integer `[M]`.
        factor_manifold: The manifold on which the factors live.
        colouring: How a picture colours the examples: by `"labels"`, by their first
            factor as `"scale"`, or by their factors as `"torus"`, `"circle"`, `"rotation"` or
            `"line"`.
        options: JSON-able options, such that `load(name, **options)` makes the
            same data set again.
        extras: Further arrays, such as Fourier coefficients.
        render: Makes examples of given factors, `[n, f] -> [n, *event]`, for loops
            through the factors; `None` where new examples cannot be made.
        dynamic_binarization: Whether `train` holds probabilities of which each
            epoch takes a fresh 0/1 draw (`as_tf_dataset`, `epoch`).
        column_names: Names of the columns of a table, whose examples are no pictures.
        label_names: Names of the classes 0, 1, ..., where they have names.
        scaling: How the columns were standardised, see `standardized`.
    """

    name: str
    train: np.ndarray | StoredPictures
    test: np.ndarray
    train_factors: np.ndarray | None = None
    test_factors: np.ndarray | None = None
    train_labels: np.ndarray | None = None
    test_labels: np.ndarray | None = None
    factor_manifold: Manifold | None = None
    colouring: str | None = None
    options: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, np.ndarray] = field(default_factory=dict)
    render: Callable[[np.ndarray], np.ndarray] | None = None
    dynamic_binarization: bool = False
    column_names: tuple[str, ...] | None = None
    label_names: tuple[str, ...] | None = None
    scaling: Scaling | None = None

    def __post_init__(self) -> None:
        require_choice("colouring", self.colouring, COLOURINGS)
        for split in SPLITS:
            if not hasattr(getattr(self, split), "shape"):
                raise TypeError(
                    f"Expected `{split}` to be an array of examples [N, ...]. "
                    f"Received: {type(getattr(self, split)).__name__}."
                )
        if self.train.shape[1:] != self.test.shape[1:]:
            raise ValueError(
                f"Expected training and test examples of one shape. Received: "
                f"{self.train.shape[1:]} and {self.test.shape[1:]} in {self.name!r}."
            )
        for split in SPLITS:
            for kind in ("factors", "labels"):
                rows = getattr(self, f"{split}_{kind}")
                if rows is not None and len(rows) != len(getattr(self, split)):
                    raise ValueError(
                        f"Expected one row of `{split}_{kind}` for each of the "
                        f"{len(getattr(self, split))} examples. Received: {len(rows)}."
                    )

    @classmethod
    def from_factors(
        cls,
        render: Callable[[np.ndarray], np.ndarray],
        train_factors: np.ndarray,
        test_factors: np.ndarray,
        manifold: Manifold,
        colouring: str | None,
        **more: Any,
    ) -> Dataset:
        """Data set of examples made from their factors.

        Args:
            render: Makes examples of factors, `[n, f] -> [n, *event]`.
            train_factors: `[N, f]`.
            test_factors: `[M, f]`.
            manifold: The manifold of the factors.
            colouring: How a picture colours the examples.
            **more: Other fields of the record.
        """
        return cls(
            name=more.pop("name", ""),
            train=render(train_factors),
            test=render(test_factors),
            train_factors=train_factors,
            test_factors=test_factors,
            factor_manifold=manifold,
            colouring=colouring,
            render=render,
            **more,
        )

    @property
    def event_shape(self) -> tuple[int, ...]:
        """Shape of one example."""
        return self.train.shape[1:]

    def examples(self, split: str) -> np.ndarray | StoredPictures:
        """The examples of a split, `"train"` or `"test"`."""
        return getattr(self, require_choice("split", split, SPLITS))

    def epoch(self, seed: int | None = None) -> np.ndarray | StoredPictures:
        """Training examples as one epoch sees them: a fresh 0/1 draw if dynamic.

        Args:
            seed: An integer, or `None` for a draw that cannot be repeated.

        Returns:
            Examples, float32 `[N, *event]`; `train` itself unless dynamic.
        """
        if not self.dynamic_binarization:
            return self.train
        uniform = np.random.default_rng(seed).random(self.train.shape, dtype=np.float32)
        return (uniform < self.train).astype(np.float32)

    def as_tf_dataset(
        self,
        split: str = "train",
        batch_size: int = 128,
        shuffle: bool | None = None,
        seed: int | None = 0,
    ) -> tf.data.Dataset:
        """The examples as a `tf.data.Dataset` of batches.

        Every pass over the pipeline reshuffles (and redraws, if the binarization is
        dynamic); two pipelines of the same seed give the same sequence of passes.

        Args:
            split: `"train"` or `"test"`.
            batch_size: Examples a batch; the last batch may be smaller.
            shuffle: Whether to shuffle again in each pass. `None` shuffles the
                training examples only.
            seed: An integer, or `None` for an order that cannot be repeated.

        Returns:
            A `tf.data.Dataset` of float32 batches `[batch, *event]`.
        """
        import tensorflow as tf

        batch_size = require_integer("batch_size", batch_size, 1)
        if seed is not None:
            require_integer("seed", seed, 0)
        examples = self.examples(split)  # [N, *event]
        indices = tf.data.Dataset.range(len(examples))
        if split == "train" if shuffle is None else shuffle:
            indices = indices.shuffle(len(examples), seed=seed, reshuffle_each_iteration=True)
        batches = indices.batch(batch_size)
        if not (self.dynamic_binarization and split == "train"):
            return batches.map(_gathering(examples)).prefetch(tf.data.AUTOTUNE)
        gather = _gathering(examples)
        seeds = tf.data.Dataset.random(seed=seed, rerandomize_each_iteration=True).batch(2)

        def draw(i: tf.Tensor, pair: tf.Tensor) -> tf.Tensor:
            batch = gather(i)  # [batch, *event]
            uniform = tf.random.stateless_uniform(tf.shape(batch), pair)
            return tf.cast(uniform < batch, tf.float32)

        return tf.data.Dataset.zip((batches, seeds)).map(draw).prefetch(tf.data.AUTOTUNE)


def _gathering(examples: np.ndarray | StoredPictures) -> Callable[[tf.Tensor], tf.Tensor]:
    """Function from indices to examples for a pipeline, from memory or from the file."""
    import tensorflow as tf

    if not isinstance(examples, StoredPictures):
        array = tf.constant(examples)
        return lambda indices: tf.gather(array, indices)

    def read(indices: tf.Tensor) -> tf.Tensor:
        batch = tf.numpy_function(examples.__getitem__, [indices], tf.float32)
        return tf.ensure_shape(batch, (None, *examples.shape[1:]))

    return read
