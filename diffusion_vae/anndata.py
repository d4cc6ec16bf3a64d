"""Cells of an AnnData on a manifold: counts in, locations and diffusion times out.

An `AnnData` of a file that stays open (`anndata.read_h5ad(path, backed="r")`) is read batch by
batch; so are the rows of sparse matrices, which become dense a batch at a time.
"""

import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from diffusion_vae import manifolds
from diffusion_vae.autodiff import steps_at_once
from diffusion_vae.checks import require_integer, require_positive
from diffusion_vae.comparison.candidates import name_of
from diffusion_vae.comparison.training import INITIALIZER, new_likelihood
from diffusion_vae.datasets.tables.cell_choice import CellChoice
from diffusion_vae.datasets.tables.restored import restore_counts
from diffusion_vae.datasets.tables.row_batches import BatchesInOrder, FedRows, TrainingBatches
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.likelihoods.counts import CountLaw
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models import DiffusionVAE
from diffusion_vae.models.data import BATCH_SIZE
from diffusion_vae.networks import CountEncoder, MLPDecoder, MLPEncoder
from diffusion_vae.networks.counts import start_at_rates

__all__ = ["as_batches", "embed", "fit", "restore_counts"]

STEPS = 4000  # of a training whose epochs nobody chose
FEWEST_EPOCHS, MOST_EPOCHS = 10, 150
WARMUP_SHARE = 0.2
STEPS_AT_ONCE = 20


def fit(
    adata: Any,
    manifold: Manifold | str = "sphere:2",
    *,
    layer: str | None = "counts",
    batch_key: str | None = None,
    size_factor_key: str | None = None,
    mask_var: str | None = None,
    likelihood: str | Likelihood = "negative_binomial",
    units: tuple[int, ...] = (128, 128),
    epochs: int | None = None,
    batch_size: int = 128,
    learning_rate: float = 3e-3,
    seed: int = 0,
    key_added: str = "diffusion",
    verbose: Any = 0,
    **options: Any,
) -> DiffusionVAE:
    """Trains a diffusion VAE on the cells of an AnnData, and writes where it places them.

    Writes `adata.obsm["X_diffusion"]` (locations, `[cells, ambient_dim]`),
    `adata.obs["diffusion_time"]` (one column a time, numbered from 1 on, where the manifold has
    several) and `adata.uns["diffusion_vae"]` (what `embed` needs, as plain values). Nothing is
    written before the training is done, and files are never written to.

    Counts have a size factor each, by which the decoder's rates are multiplied (the exposure of
    the law): rates are counts in a cell of median total. The encoder sees log(1 + counts), all
    cells brought to the median total. The batch of each cell goes to encoder and decoder, so that
    locations need not tell of it.

    Sparse matrices, views and data in an open file are taken as they are. A view becomes an
    AnnData of its own when the results are written, as with scanpy; the whole is not changed.

    Args:
        adata: An `anndata.AnnData`.
        manifold: A `Manifold` or its text form, such as `"sphere:1 x euclidean:2"`.
        layer: The layer of the counts; `None` takes `X`, `"raw"` takes `adata.raw.X`.
        batch_key: Column of `obs` with each cell's batch, donor or plate.
        size_factor_key: Column of `obs` with size factors; by default the total of a cell's
            counts, over the median of the totals.
        mask_var: Column of truth values of `var`, such as `"highly_variable"`: the genes to take.
        likelihood: `"negative_binomial"` (a dispersion a gene, learned), `"poisson"`, or for
            numbers that are no counts `"gaussian"` (a standard deviation a gene, learned), or a
            `Likelihood`, of which a copy is trained.
        units: Widths of the layers of the encoder, and of the hidden layers of the decoder.
        epochs: Passes over the cells; `None` takes those of about 4,000 steps, 10 to 150. The
            learning rate falls to 0 along a cosine.
        batch_size: Cells a step.
        learning_rate: Of Adam, at the start.
        seed: Integer; the same one gives the same result.
        key_added: `X_{key_added}`, `{key_added}_time` and `{key_added}_vae` are written.
        verbose: As in Keras's `fit`.
        **options: Further arguments of `DiffusionVAE`, such as `encoder` and `decoder`.

    Returns:
        The trained model.

    Raises:
        ImportError: If `anndata` is not installed.
        TypeError: If `adata` is no AnnData, or an argument of the wrong type.
        ValueError: If there is no such layer or column, counts are no whole numbers of at least
            0, a number is not finite, a cell has no count or no batch, or a batch no cell.
        FloatingPointError: If the loss became NaN or infinite.

    Example:
        >>> import anndata
        >>> import numpy as np
        >>> from diffusion_vae.anndata import fit
        >>> counts = np.random.default_rng(0).poisson(2.0, (60, 8))
        >>> adata = anndata.AnnData(counts.astype("float32"))
        >>> model = fit(adata, "sphere:1", layer=None, units=(16,), epochs=1)
        >>> adata.obsm["X_diffusion"].shape, adata.obs["diffusion_time"].shape
        ((60, 2), (60,))
        >>> adata.uns["diffusion_vae"]["manifold"]
        'sphere:1'
    """
    _require_anndata(adata)
    manifold = manifolds.get(manifold)
    batch_size = require_integer("batch_size", batch_size, 1)
    seed = require_integer("seed", seed, 0)
    law = new_likelihood(likelihood)
    choice = CellChoice(layer, batch_key, size_factor_key, mask_var, counts=law.takes_exposure)
    choice, fed, sums = choice.read(adata, law)
    batches = TrainingBatches(fed, batch_size, seed)
    epochs = _epochs(epochs, len(batches))
    steps = epochs * len(batches)
    own = {"seed": seed, "kl_warmup_steps": int(WARMUP_SHARE * steps), **options}
    model = _new_model(choice, fed, sums, manifold, law, units, own)
    rate = keras.optimizers.schedules.CosineDecay(
        require_positive("learning_rate", learning_rate), steps
    )
    at_once = steps_at_once(min(STEPS_AT_ONCE, len(batches)))
    model.compile(keras.optimizers.Adam(rate), steps_per_execution=at_once)
    history = model.fit(
        batches, shuffle=False, epochs=epochs, callbacks=[batches.follow()], verbose=verbose
    ).history
    location, time = model.encode(BatchesInOrder(fed, BATCH_SIZE))
    settings = {
        **choice.plain(),
        "manifold": name_of(manifold),
        "likelihood": type(law).__name__,
        "units": np.array(units, dtype=np.int64),
        "epochs": epochs,
        "batch_size": batch_size,
        "learning_rate": float(learning_rate),
        "seed": seed,
        "loss": np.array(history["loss"], dtype=np.float64),
    }
    _write(adata, key_added, location, time, settings)
    return model


def embed(
    adata: Any, model: DiffusionVAE, fitted: Any = None, *, key_added: str = "diffusion"
) -> None:
    """Places cells by a model that `fit` has trained, and writes what `fit` writes.

    Genes are found by their names, in whatever order they come; further genes are not read.

    Args:
        adata: An `anndata.AnnData`, of new cells or of the old ones.
        model: The model, also one that was saved and loaded.
        fitted: The AnnData of the training, or its `uns["diffusion_vae"]`; `None` if `adata` has
            that entry itself. `anndata.concat` drops it.
        key_added: As in `fit`.

    Raises:
        ImportError: If `anndata` is not installed.
        TypeError: If `adata` is no AnnData.
        ValueError: If the entry is missing, a gene of the training is, a batch is a new one, or a
            number cannot be taken, see `fit`.

    Example:
        >>> import anndata
        >>> import numpy as np
        >>> from diffusion_vae.anndata import embed, fit
        >>> counts = np.random.default_rng(0).poisson(2.0, (60, 8)).astype("float32")
        >>> old, new = anndata.AnnData(counts[:40]), anndata.AnnData(counts[40:])
        >>> model = fit(old, "sphere:1", layer=None, units=(16,), epochs=1)
        >>> embed(new, model, old)
        >>> new.obsm["X_diffusion"].shape
        (20, 2)
    """
    settings = _settings(adata, fitted, key_added)
    batches = _batches(adata, model, settings, BATCH_SIZE)
    location, time = model.encode(batches)
    _write(adata, key_added, location, time, settings)


def as_batches(
    adata: Any,
    model: DiffusionVAE,
    fitted: Any = None,
    *,
    batch_size: int = BATCH_SIZE,
    key_added: str = "diffusion",
) -> keras.utils.PyDataset:
    """Cells in their order as every method of a model takes them.

    Such as `model.log_likelihood(as_batches(adata, model))`, in nats a cell, given its size
    factor and its batch.

    Args:
        adata: An `anndata.AnnData`.
        model: A model that `fit` has trained.
        fitted: As in `embed`.
        batch_size: Cells a batch; only one batch at a time is dense.
        key_added: As in `fit`.

    Returns:
        Batches: dictionaries of `x` (numbers as they are stored, `[batch, genes]`), `exposure`
        (size factors, `[batch]`) and `condition` (one-hot, `[batch, batches]`) if there are such,
        and `x` alone if not.

    Raises:
        ImportError: If `anndata` is not installed.
        TypeError: If `adata` is no AnnData.
        ValueError: As `embed`.
    """
    batch_size = require_integer("batch_size", batch_size, 1)
    return _batches(adata, model, _settings(adata, fitted, key_added), batch_size)


def _new_model(
    choice: CellChoice,
    fed: FedRows,
    sums: np.ndarray,
    manifold: Manifold,
    law: Likelihood,
    units: tuple[int, ...],
    options: dict[str, Any],
) -> DiffusionVAE:
    """A model that is built, and whose decoder starts at the mean counts of the genes.

    Args:
        choice: What the cells have fixed.
        fed: The cells.
        sums: Sum of each gene, `[genes]`.
        manifold: The latent space.
        law: The likelihood.
        units: Widths of layers.
        options: Arguments of `DiffusionVAE`, which count before those made here.
    """
    encoder: keras.layers.Layer = MLPEncoder(units, initializer=INITIALIZER)
    if choice.counts:
        encoder = CountEncoder(units, total=choice.total, initializer=INITIALIZER)
    decoder = MLPDecoder(units, initializer=INITIALIZER)
    condition = None if choice.batch_key is None else "both"
    own = {"encoder": encoder, "decoder": decoder, "condition": condition}
    model = DiffusionVAE(manifold, likelihood=law, **{**own, **options})
    model.build(fed.shapes)
    if isinstance(law, CountLaw) and "decoder" not in options:
        exposure = fed.beside["exposure"].sum(dtype=np.float64) * law.exposure
        start_at_rates(decoder, sums / exposure, law.link)
    return model


def _batches(adata: Any, model: Any, settings: dict[str, Any], batch_size: int) -> BatchesInOrder:
    if not isinstance(model, DiffusionVAE):
        raise TypeError(
            f"Expected `model` to be what `fit` returned. Received: {type(model).__name__}."
        )
    _, fed, _ = CellChoice.from_plain(settings).read(adata, model.likelihood)
    return BatchesInOrder(fed, batch_size)


def _require_anndata(adata: Any) -> None:
    """Raises an error unless results can be written to what was given."""
    try:
        from anndata import AnnData
    except ImportError:
        raise ImportError(
            "Expected the package `anndata` to be installed. Received: none. Install it: "
            'pip install "diffusion-vae[cells]".'
        ) from None
    if not isinstance(adata, AnnData):
        advice = " Open it: `anndata.read_h5ad(path)`." if isinstance(adata, str) else ""
        raise TypeError(
            f"Expected `adata` to be an AnnData. Received: {type(adata).__name__}.{advice}"
        )
    if adata.isbacked and adata.is_view:
        raise ValueError(
            "Expected an AnnData that results can be written to. Received: a part of one whose "
            "file is open. Give the whole, with `mask_var` if it is about genes, or the part "
            "after `.to_memory()` or `.copy(filename)`."
        )


def _epochs(epochs: int | None, steps: int) -> int:
    """Number of epochs of so many steps each."""
    if epochs is not None:
        return require_integer("epochs", epochs, 1)
    return max(FEWEST_EPOCHS, min(MOST_EPOCHS, round(STEPS / steps)))


def _settings(adata: Any, fitted: Any, key: str) -> dict[str, Any]:
    """What `fit` wrote about a training."""
    _require_anndata(adata)
    found = adata if fitted is None else fitted
    found = getattr(found, "uns", {}).get(f"{key}_vae") if hasattr(found, "uns") else found
    if not isinstance(found, Mapping) or "genes" not in found:
        raise ValueError(
            f"Expected the AnnData of the training, or its `uns[{key + '_vae'!r}]`, as `fitted`. "
            f"Received: {'none' if fitted is None else 'something else'}."
        )
    return dict(found)


def _write(
    adata: Any, key: str, location: np.ndarray, time: np.ndarray, settings: dict[str, Any]
) -> None:
    """Writes the results, after all that can go wrong."""
    names = [f"{key}_time"]
    if time.shape[1] > 1:
        names = [f"{key}_time_{number}" for number in range(1, time.shape[1] + 1)]
    before = adata.uns.get(f"{key}_vae")
    old = before.get("time_keys", ()) if isinstance(before, Mapping) else ()
    with warnings.catch_warnings():
        # That a view becomes an AnnData of its own is what is wanted.
        warnings.filterwarnings("ignore", category=_implicit_modification())
        adata.obsm[f"X_{key}"] = np.array(location)
    for name in map(str, old):
        if name not in names and name in adata.obs:
            del adata.obs[name]
    for name, values in zip(names, time.T, strict=True):
        adata.obs[name] = np.array(values)
    adata.uns[f"{key}_vae"] = {**settings, "time_keys": np.array(names, dtype=object)}


def _implicit_modification() -> type[Warning]:
    from anndata import ImplicitModificationWarning

    return ImplicitModificationWarning
