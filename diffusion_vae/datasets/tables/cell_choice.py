"""Which numbers of an AnnData a model is trained on, and how further cells are brought to them."""

from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from diffusion_vae.datasets.tables.base import listed
from diffusion_vae.datasets.tables.cells import matrix_of
from diffusion_vae.datasets.tables.groups import column_of, groups_of
from diffusion_vae.datasets.tables.looking import look_through
from diffusion_vae.datasets.tables.row_batches import FedRows
from diffusion_vae.datasets.tables.rows import Rows
from diffusion_vae.likelihoods import Likelihood

WHAT = "the AnnData"
TEXTS = ("layer", "batch_key", "size_factor_key", "mask_var")


@dataclass(frozen=True)
class CellChoice:
    """A matrix of an AnnData, and columns of it and of `obs`.

    What a training has fixed comes with the first cells that are read: genes, batches, the median
    total.

    Attributes:
        layer: A layer, `"raw"`, or `None` for `X`.
        batch_key: Column of `obs` with each cell's batch, or `None`.
        size_factor_key: Column of `obs` with each cell's size factor; `None` takes the total of
            its counts over the median total.
        mask_var: Column of truth values of `var` that says which genes to take; `None` takes all.
        counts: Whether the numbers are counts.
        genes: Names of the genes; empty before the first cells.
        batches: Names of the batches.
        total: Median total of the cells.
    """

    layer: str | None = None
    batch_key: str | None = None
    size_factor_key: str | None = None
    mask_var: str | None = None
    counts: bool = True
    genes: tuple[str, ...] = ()
    batches: tuple[str, ...] = ()
    total: float = 0.0

    def read(self, data: Any, likelihood: Likelihood) -> tuple["CellChoice", FedRows, np.ndarray]:
        """Cells as a model is fed them, after one look at all of their numbers.

        Args:
            data: An AnnData, which is not changed.
            likelihood: The law of the numbers, which checks them as well.

        Returns:
            The choice with what these cells fix; the rows; the sum of each gene `[genes]`.

        Raises:
            ValueError: If something of that name is not there, or a value cannot be taken.
        """
        matrix, names = matrix_of(data, WHAT, self.layer)
        what = f"`layer={self.layer!r}`" if self.layer else "`X`"
        columns = self._known(names) if self.genes else self._masked(data, len(names))
        rows = Rows(matrix, columns, what)
        genes = names if columns is None else [names[place] for place in columns]
        codes, batches = None, self.batches
        if self.batch_key is not None:
            codes, batches = groups_of(
                data.obs, "batch_key", self.batch_key, "`obs`", self.batches or None
            )
        check = likelihood.check_data
        cells = data.obs_names
        sums = look_through(rows, what, cells, genes, counts=self.counts, check=check)
        if self.counts:
            _require_counts(sums.rows, what, cells)
        total = self.total or (float(np.median(sums.rows)) if self.counts else 0.0)
        exposure = self._exposure(data, sums.rows, total) if self.counts else None
        condition = None if codes is None else np.eye(len(batches))[codes]
        fixed = replace(self, genes=tuple(genes), batches=tuple(batches), total=total)
        return fixed, FedRows(rows, condition, exposure), sums.columns

    def _known(self, names: list[str]) -> np.ndarray | None:
        """Places of the genes of the training among those of other cells."""
        if tuple(names) == self.genes:
            return None
        place = {name: number for number, name in enumerate(names)}
        missing = [name for name in self.genes if name not in place]
        if missing:
            raise ValueError(
                f"Expected {WHAT} to have the {len(self.genes)} genes of the training. Received: "
                f"one without {listed(missing)}."
            )
        if len(place) < len(names):
            raise ValueError(
                f"Expected {WHAT} to have genes of different names, or those of the training in "
                "their order. Received: names that occur twice. Call "
                "`adata.var_names_make_unique()`."
            )
        return np.array([place[name] for name in self.genes])

    def _masked(self, data: Any, count: int) -> np.ndarray | None:
        """Places of the genes that `mask_var` marks."""
        if self.mask_var is None:
            return None
        from_raw = self.layer == "raw" and "raw" not in data.layers
        frame = data.raw.var if from_raw else data.var
        mask = column_of(frame, "mask_var", self.mask_var, "`var`").to_numpy()
        if mask.dtype != bool or not mask.any():
            raise ValueError(
                f"Expected {self.mask_var!r} of `var` to hold truth values, and to be true for "
                f"some of the {count} genes. Received: dtype {mask.dtype}, "
                f"{int(np.count_nonzero(mask == True))} true."  # noqa: E712 (of any dtype)
            )
        return np.flatnonzero(mask)

    def _exposure(self, data: Any, totals: np.ndarray, total: float) -> np.ndarray:
        """Size factors, `[cells]`."""
        if self.size_factor_key is None:
            return totals / total
        series = column_of(data.obs, "size_factor_key", self.size_factor_key, "`obs`")
        if series.dtype.kind not in "uif":
            raise ValueError(
                f"Expected {self.size_factor_key!r} of `obs` to hold numbers. Received: "
                f"{series.dtype}."
            )
        factors = series.to_numpy(dtype=np.float64)
        wrong = np.flatnonzero(~(np.isfinite(factors) & (factors > 0)))
        if len(wrong):
            raise ValueError(
                f"Expected {self.size_factor_key!r} of `obs` to be positive. Received: "
                f"{factors[wrong[0]]:g} for cell {data.obs_names[wrong[0]]!r}, and "
                f"{len(wrong)} such cells in all."
            )
        return factors

    def plain(self) -> dict[str, Any]:
        """The choice as values that survive a `.h5ad` file; what is `None` is left out."""
        found: dict[str, Any] = {name: getattr(self, name) for name in TEXTS}
        found = {name: value for name, value in found.items() if value is not None}
        found |= {"counts": self.counts, "genes": np.array(self.genes, dtype=object)}
        if self.batch_key is not None:
            found["batches"] = np.array(self.batches, dtype=object)
        if self.counts:
            found["total"] = self.total
        return found

    @classmethod
    def from_plain(cls, stored: dict[str, Any]) -> Self:
        """The choice that `plain` described."""
        return cls(
            **{name: str(stored[name]) for name in TEXTS if name in stored},
            counts=bool(stored["counts"]),
            genes=tuple(map(str, stored["genes"])),
            batches=tuple(map(str, stored.get("batches", ()))),
            total=float(stored.get("total", 0.0)),
        )


def _require_counts(totals: np.ndarray, what: str, cells: Any) -> None:
    empty = np.flatnonzero(totals == 0)
    if len(empty):
        raise ValueError(
            f"Expected every cell to have a count in {what}. Received: {len(empty)} cells "
            f"without one, the first {cells[empty[0]]!r}. Leave them out first: "
            "`scanpy.pp.filter_cells(adata, min_counts=1)`."
        )
