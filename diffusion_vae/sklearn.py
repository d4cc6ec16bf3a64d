"""The diffusion VAE as an estimator of scikit-learn."""

import math
import warnings
from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
from numpy.typing import ArrayLike
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin
from sklearn.preprocessing import StandardScaler
from sklearn.utils import check_array, check_random_state
from sklearn.utils.validation import check_is_fitted, validate_data

from diffusion_vae import likelihoods, manifolds
from diffusion_vae.autodiff import steps_at_once
from diffusion_vae.checks import require_fraction, require_integer, require_positive
from diffusion_vae.comparison.candidates import name_of
from diffusion_vae.comparison.scoring import prior_share
from diffusion_vae.comparison.training import INITIALIZER, Effort, new_likelihood
from diffusion_vae.datasets import Dataset
from diffusion_vae.datasets.batches import ShuffledBatches
from diffusion_vae.likelihoods import Likelihood
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models import DiffusionVAE
from diffusion_vae.networks import MLPDecoder, MLPEncoder

WARMUP_SHARE = 0.2
SEEDS = 2**31 - 1
FLOATS = ("float64", "float32")


class ManifoldEmbedding(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """Places the rows of a table on a manifold, and gives the density of the table.

    A `DiffusionVAE` with the manners of scikit-learn: pipelines, `GridSearchCV`, `clone`,
    `set_output`, `pickle` and `joblib.dump`. For pictures, other networks and everything else
    that a model can do, take `DiffusionVAE`; a fitted one is in `model_`.

    Data are float64 or float32, and locations come back as such; whole numbers become float64.
    Columns are standardised in float64, and the networks compute in Keras's float type. Missing
    values (NaN) are refused, unless the likelihood leaves them out (`missing="ignore"`); sparse
    tables are refused.

    Args:
        manifold: A `Manifold` or its text form, such as `"torus:2"`; or `"auto"`: the one that
            `compare_manifolds` names. Where it is undecided and names none, the one of the
            largest log-likelihood is taken; either way a warning says that it is undecided.
        encoder_units: Widths of the encoder's layers.
        decoder_units: Widths of the decoder's hidden layers.
        likelihood: `"gaussian"` (independent normal values whose standard deviations are
            learned, one a column), another name such as `"bernoulli"` (values in [0, 1]) or
            `"poisson"` (counts), or a `Likelihood`, of which a copy is trained.
        standardize: Whether columns are brought to mean 0 and variance 1 for the networks.
            What is returned is in the units of the data all the same, densities included.
        epochs: Passes over the examples. The learning rate falls to 0 along a cosine.
        batch_size: Examples a step.
        learning_rate: Of Adam, at the start.
        n_init: Trainings from different initial weights, of which the best is kept, by the loss
            of the held-out examples: a single one may fold or tear the data.
        validation_fraction: Share of the examples that are held out to compare trainings, in
            [0, 1). At 0 their training losses are compared.
        n_draws: Draws an example in `score` and `score_samples`.
        candidates: Manifolds or their text forms that `"auto"` compares; `None` for those of
            `compare_manifolds`.
        effort: How long the comparison trains, an `Effort`; `None` for its default.
        random_state: Integer, `numpy.random.RandomState` or `None`, as everywhere in
            scikit-learn. An integer repeats weights, order and noise.
        verbose: As in Keras's `fit`.

    Attributes:
        model_: The trained `DiffusionVAE`, of the standardised columns.
        manifold_: The manifold on which it places them.
        comparison_: The `Comparison` that named it, after `manifold="auto"`.
        history_: What its training reported of each epoch, lists by name.
        n_iter_: Number of epochs.
        scaler_: The `StandardScaler` of the columns.
        n_features_in_: Number of columns.
        feature_names_in_: Their names, where the data have names.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.sklearn import ManifoldEmbedding
        >>> angle = np.linspace(0, 2 * np.pi, 50)
        >>> x = np.stack([np.cos(angle), np.sin(angle), np.cos(angle + 1)], axis=1)
        >>> embedding = ManifoldEmbedding("sphere:1", epochs=1, random_state=0).fit(x)
        >>> embedding.transform(x).shape
        (50, 2)
        >>> embedding.get_feature_names_out()
        array(['manifoldembedding0', 'manifoldembedding1'], dtype=object)
    """

    def __init__(
        self,
        manifold: Manifold | str = "sphere:2",
        *,
        encoder_units: tuple[int, ...] = (64, 64),
        decoder_units: tuple[int, ...] = (64, 64),
        likelihood: str | Likelihood = "gaussian",
        standardize: bool = True,
        epochs: int = 100,
        batch_size: int = 64,
        learning_rate: float = 5e-3,
        n_init: int = 2,
        validation_fraction: float = 0.1,
        n_draws: int = 100,
        candidates: Sequence[Manifold | str] | None = None,
        effort: Effort | None = None,
        random_state: Any = None,
        verbose: Any = 0,
    ) -> None:
        self.manifold = manifold
        self.encoder_units = encoder_units
        self.decoder_units = decoder_units
        self.likelihood = likelihood
        self.standardize = standardize
        self.epochs = epochs
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.n_init = n_init
        self.validation_fraction = validation_fraction
        self.n_draws = n_draws
        self.candidates = candidates
        self.effort = effort
        self.random_state = random_state
        self.verbose = verbose

    # -- training ----------------------------------------------------------------

    def fit(self, X: ArrayLike, y: Any = None) -> Self:
        """Trains the model.

        Args:
            X: Data, `[n, columns]`, n at least 2; an array or a table with names.
            y: Ignored.

        Raises:
            TypeError: If a parameter is of the wrong type.
            ValueError: If one is out of range, or the data are not finite numbers or outside
                the likelihood's support.
            FloatingPointError: If the loss became NaN or infinite.
        """
        x: np.ndarray = validate_data(
            self, X, dtype=FLOATS, ensure_min_samples=2, ensure_all_finite=self._finite()
        )
        rng = check_random_state(self.random_state)
        share = require_fraction("validation_fraction", self.validation_fraction)
        seeds = rng.randint(SEEDS, size=require_integer("n_init", self.n_init, 1))
        self._score_seed = int(rng.randint(SEEDS))
        likelihood = new_likelihood(self.likelihood)
        if self.standardize and not likelihood.takes_scaled_data:
            raise ValueError(
                f"Expected `standardize=False` with a {type(likelihood).__name__} likelihood, "
                f"whose values are {likelihood.support}. Received: "
                f"standardize={self.standardize!r}."
            )
        scaler = StandardScaler(with_mean=bool(self.standardize), with_std=bool(self.standardize))
        self.scaler_ = scaler.set_output(transform="default")
        self.scaler_.fit(x.astype("float64"))
        self.manifold_ = self._chosen(x)
        held_out = math.floor(share * len(x))
        test, train = np.split(rng.permutation(self._scaled(x)), [held_out])
        trained = [self._train(train, test, int(seed)) for seed in seeds]
        judge = "val_loss" if held_out else "loss"
        self.model_, self.history_ = min(trained, key=lambda each: each[1][judge][-1])
        self.n_iter_ = len(self.history_["loss"])
        return self

    def _chosen(self, x: np.ndarray) -> Manifold:
        """The manifold that was given, or the one that the comparison names."""
        if self.manifold != "auto":
            return manifolds.get(self.manifold)
        from diffusion_vae.comparison import compare_manifolds

        found = compare_manifolds(
            x,
            self.candidates,
            likelihood=self.likelihood,
            standardize=bool(self.standardize),
            effort=self.effort,
            homology=False,
            seed=self._score_seed,
            verbose=bool(self.verbose),
        )
        self.comparison_ = found
        name = found.best or max(found.candidates, key=lambda each: each.log_likelihood).manifold
        if not found.decided:
            warnings.warn(f"{found.verdict} {name} is taken.", UserWarning, stacklevel=3)
        known = {name_of(each): each for each in self.candidates or ()}
        return manifolds.get(known.get(name, name))

    def _train(
        self, train: np.ndarray, test: np.ndarray, seed: int
    ) -> tuple[DiffusionVAE, dict[str, list[float]]]:
        """A model trained from one seed, and what each epoch reported."""
        epochs = require_integer("epochs", self.epochs, 1)
        batch_size = require_integer("batch_size", self.batch_size, 1)
        # In an order of our own, so that nobody's global random state is touched.
        batches = ShuffledBatches(Dataset("X", train=train, test=train[:1]), batch_size, seed)
        steps = epochs * len(batches)
        model = DiffusionVAE(
            self.manifold_,
            MLPEncoder(self.encoder_units, initializer=INITIALIZER),
            MLPDecoder(self.decoder_units, initializer=INITIALIZER),
            likelihood=new_likelihood(self.likelihood),
            kl_warmup_steps=int(WARMUP_SHARE * steps),
            seed=seed,
        )
        rate = keras.optimizers.schedules.CosineDecay(
            require_positive("learning_rate", self.learning_rate), steps
        )
        model.compile(keras.optimizers.Adam(rate), steps_per_execution=steps_at_once(len(batches)))
        history = model.fit(
            batches,
            shuffle=False,
            epochs=epochs,
            validation_data=test if len(test) else None,
            callbacks=[batches.follow()],
            verbose=self.verbose,
        )
        return model, history.history

    # -- locations ---------------------------------------------------------------

    def transform(self, X: ArrayLike) -> np.ndarray:
        """Location of each row on the manifold, `[n, columns] -> [n, ambient_dim]`."""
        x = self._validated(X)
        return self.model_.encode(self._scaled(x))[0].astype(x.dtype)

    def inverse_transform(self, X: ArrayLike) -> np.ndarray:
        """Mean of the data at points of the manifold, `[n, ambient_dim] -> [n, columns]`.

        Points off the manifold are projected to it.
        """
        check_is_fitted(self)
        points: np.ndarray = check_array(X, dtype=FLOATS)
        if points.shape[1] != self._n_features_out:
            raise ValueError(
                f"Expected points of {self.model_.manifold!r} with {self._n_features_out} "
                f"coordinates, as `transform` gives them. Received: {points.shape[1]}."
            )
        z = keras.ops.convert_to_numpy(self.model_.manifold.project(points))
        return self._in_units(self.model_.decode(z)).astype(points.dtype)

    # -- densities ---------------------------------------------------------------

    def score_samples(self, X: ArrayLike) -> np.ndarray:
        """Log density of each row in nats, in the units of the data, `[n]`.

        An importance-weighted estimate from `n_draws` draws (`DiffusionVAE.log_likelihood`);
        the same table gives the same numbers.
        """
        x = self._validated(X)
        estimate = self.model_.log_likelihood(
            self._scaled(x),
            require_integer("n_draws", self.n_draws, 1),
            prior_share=prior_share(self.model_.manifold),
            seed=self._score_seed,
        )
        scale = self.scaler_.scale_
        return estimate.per_example - (0.0 if scale is None else np.log(scale).sum())

    def score(self, X: ArrayLike, y: Any = None) -> float:
        """Mean log density of the rows in nats; higher is better. `y` is ignored."""
        return float(self.score_samples(X).mean())

    def sample(self, n_samples: int = 1, random_state: Any = None) -> np.ndarray:
        """Draws of new rows, noise included, `[n_samples, columns]`.

        Args:
            n_samples: Number of draws.
            random_state: As in the constructor, whose value stands in for `None`.
        """
        check_is_fitted(self)
        given = self.random_state if random_state is None else random_state
        seed = int(check_random_state(given).randint(SEEDS))
        return self._in_units(self.model_.sample(n_samples, noise=True, seed=seed))

    # -- pieces ------------------------------------------------------------------

    def _validated(self, X: ArrayLike) -> np.ndarray:
        check_is_fitted(self)
        finite = self._finite()
        return validate_data(self, X, dtype=FLOATS, reset=False, ensure_all_finite=finite)

    def _finite(self) -> bool | str:
        """Whether data must be finite, as scikit-learn says it."""
        return "allow-nan" if likelihoods.get(self.likelihood).ignores_missing else True

    def _scaled(self, x: np.ndarray) -> np.ndarray:
        """Rows as the model sees them."""
        return self.scaler_.transform(x.astype("float64"))

    def _in_units(self, examples: np.ndarray) -> np.ndarray:
        """Rows in the units of the data."""
        return self.scaler_.inverse_transform(examples.astype("float64"))

    @property
    def _n_features_out(self) -> int:
        return self.model_.manifold.ambient_dim

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = list(FLOATS)
        return tags
