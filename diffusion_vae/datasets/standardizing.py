"""Columns of mean 0 and standard deviation 1, and the way back to the units of the data."""

import dataclasses
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from diffusion_vae.datasets.base import Dataset
from diffusion_vae.datasets.stored.base import StoredPictures


@dataclass(frozen=True, eq=False)
class Scaling:
    """How columns were standardised.

    A log density of standardised examples less `log_scale` is that of the data in their units.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import Scaling
        >>> scaling = Scaling.of(np.array([[0.0, 5.0], [4.0, 5.0]]))
        >>> scaling.apply([[4.0, 5.0]])
        array([[1., 0.]], dtype=float32)
        >>> round(scaling.log_scale, 4)  # log 2 + log 1
        0.6931

    Attributes:
        mean: Mean of each column, float64 `[columns]`.
        scale: Standard deviation of each column, or 1 if it is constant, float64 `[columns]`.
    """

    mean: np.ndarray
    scale: np.ndarray

    @classmethod
    def of(cls, x: ArrayLike) -> "Scaling":
        """The scaling that standardises examples `[N, columns]` (scikit-learn's)."""
        from sklearn.preprocessing import StandardScaler

        scaler = StandardScaler().fit(np.asarray(x, np.float64))
        return cls(scaler.mean_, scaler.scale_)

    @property
    def log_scale(self) -> float:
        """Sum of the logarithms of the scales, in nats."""
        return float(np.log(self.scale).sum())

    def apply(self, x: ArrayLike) -> np.ndarray:
        """Examples standardised, `[..., columns]`, float32."""
        return ((np.asarray(x, np.float64) - self.mean) / self.scale).astype(np.float32)

    def undo(self, x: ArrayLike) -> np.ndarray:
        """Standardised examples in the units of the data, `[..., columns]`, float32."""
        return (np.asarray(x, np.float64) * self.scale + self.mean).astype(np.float32)


def standardized(dataset: Dataset) -> Dataset:
    """The data set with each column less its training mean, over its training deviation.

    `load(name, standardize=True)` does this. A constant column is divided by 1.

    Args:
        dataset: Examples that are rows of numbers, in memory.

    Returns:
        A `Dataset` with a `scaling`, which takes examples and densities back to the units of
        the data.

    Raises:
        ValueError: If the examples are no rows of numbers, or are scaled already.
    """
    train = dataset.train
    if isinstance(train, StoredPictures) or train.ndim != 2:
        raise ValueError(
            "Expected examples that are rows of numbers, [N, columns], to standardize. Received: "
            f"examples of shape {dataset.event_shape}. Leave out `standardize`; the values of "
            "pictures are brought to another range with `value_range`."
        )
    if dataset.scaling is not None or dataset.dynamic_binarization:
        how = "standardized" if dataset.scaling is not None else "dynamically binarized"
        raise ValueError(
            f"Expected data as they were measured to standardize. Received: {how} ones."
        )
    scaling, render = Scaling.of(train), dataset.render
    return dataclasses.replace(
        dataset,
        train=scaling.apply(train),
        test=scaling.apply(dataset.test),
        render=None if render is None else lambda factors: scaling.apply(render(factors)),
        options={**dataset.options, "standardize": True},
        scaling=scaling,
    )
