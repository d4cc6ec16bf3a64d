"""Methods of a trained model: NumPy in, NumPy out, in batches."""

from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import no_gradients
from diffusion_vae.checks import require_integer
from diffusion_vae.models.arguments import require_numbers
from diffusion_vae.models.data import BATCH_SIZE, check_dense
from diffusion_vae.models.evidence import EvidenceMethods
from diffusion_vae.models.inputs import BOTH, Fed, InputMethods, fed, is_named, rows
from diffusion_vae.models.network_checks import decoded, encoded
from diffusion_vae.models.pipelines import batches_of, is_source
from diffusion_vae.random import seeded
from diffusion_vae.typing import Tensor


class InferenceMethods(EvidenceMethods, InputMethods):
    """Methods of a model with `encoder`, `latent`, `decoder` and `likelihood`.

    Every method takes and returns NumPy arrays, works in batches, and draws its noise
    from the model's seed generators, which go on with every draw. With an integer `seed` a
    method draws the same each time, at one `batch_size`, and leaves the generators where they
    are. Data `x` may also come from a source of batches that ends: a `tf.data.Dataset`, a
    `keras.utils.PyDataset`, a PyTorch `DataLoader` or a generator, in its order; of elements
    (x, y) x is taken. With a condition or an exposure, data are the dictionaries that `fit`
    takes, `{"x": x, "condition": c, "exposure": e}`.
    """

    def posterior_parameters(self, x: Any, batch_size: int = BATCH_SIZE) -> dict[str, np.ndarray]:
        """Parameters of the posteriors of `x` `[n, *event]`, a dictionary of `[n, ...]`."""
        x = self._examples(x, encoding=True)
        return self._in_batches(self._posterior_of, x, batch_size=batch_size)

    def sample_posterior(
        self, x: Any, n: int = 1, batch_size: int = BATCH_SIZE, *, seed: int | None = None
    ) -> np.ndarray:
        """Draws from the posterior of each example.

        Args:
            x: Data, `[examples, *event]`.
            n: Number of draws an example.
            batch_size: Examples at a time.
            seed: An integer of at least 0 repeats the draws; `None` gives new ones.

        Returns:
            Latent points, `[n, examples, *point_shape]`.
        """
        n = require_integer("n", n, 1)
        params = self.posterior_parameters(x, batch_size)
        with seeded(self, seed):
            return np.stack([self._draw(params, batch_size) for _ in range(n)])

    def decode(
        self,
        z: Any,
        batch_size: int = BATCH_SIZE,
        *,
        condition: Any = None,
        exposure: Any = None,
    ) -> np.ndarray:
        """Mean of p(x | z) at latent points, `[..., *point_shape] -> [..., *event]`.

        Args:
            z: Latent points.
            batch_size: Points at a time.
            condition: `[k]` for all points or `[..., k]`, for a model with a condition.
            exposure: A positive number for all points or `[...]`, for a likelihood of counts;
                by default 1.
        """
        self._require_built()
        z, shape = require_numbers("z", z), self.latent.point_shape
        if z.shape[-len(shape) :] != shape:
            raise ValueError(
                f"Expected latent points of shape [..., {', '.join(map(str, shape))}]. "
                f"Received shape: {z.shape}."
            )
        leading = z.shape[: -len(shape)]
        given = self._given(leading, condition, exposure)
        means = self._decoded(
            lambda outputs: outputs["reconstruction"], z.reshape(-1, *shape), given, batch_size
        )
        return means.reshape(*leading, *means.shape[1:])

    def reconstruct(self, x: Any, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Mean of p(x | z) at the location of each posterior, `[n, *event]`."""
        x, given = self._with_what_is_given(x)
        return self.decode(self._centres(x, batch_size), batch_size, **given())

    def sample(
        self,
        n: int = 1,
        batch_size: int = BATCH_SIZE,
        noise: bool = False,
        *,
        condition: Any = None,
        exposure: Any = None,
        seed: int | None = None,
    ) -> np.ndarray:
        """Decoded draws from the prior, `[n, *event]`.

        Args:
            n: Number of draws.
            batch_size: Draws at a time.
            noise: Whether to draw from p(x | z), or to give its mean.
            condition: `[k]` for all draws or `[n, k]`, as in `decode`.
            exposure: A number for all draws or `[n]`, as in `decode`.
            seed: An integer of at least 0 repeats the draws; `None` gives new ones.
        """
        self._require_built()
        n = require_integer("n", n, 1)
        given = self._given((n,), condition, exposure)
        with seeded(self, seed):
            z = ops.convert_to_numpy(self.latent.prior_sample(n))
            if not noise:
                return self.decode(z, batch_size, condition=condition, exposure=exposure)
            return self._decoded(
                lambda outputs: self.likelihood.sample(outputs, self.seed_generator),
                z,
                given,
                batch_size,
            )

    def elbo(self, x: Any, batch_size: int = BATCH_SIZE, *, seed: int | None = None) -> np.ndarray:
        """Evidence lower bound of each example in nats, one draw each, `[n]`."""

        def bound(x: Any) -> Tensor:
            params = self._posterior_of(x)
            outputs = self._outputs(self.latent.sample(params), fed(x))
            log_prob = self._log_prob(x, outputs)
            return log_prob - ops.cast(self.latent.kl(params), log_prob.dtype)

        x = self._examples(x)
        with seeded(self, seed):
            return self._in_batches(bound, x, batch_size=batch_size)

    # -- pieces ------------------------------------------------------------------

    def _posterior_of(self, x: Any) -> dict[str, Tensor]:
        features = self._features(fed(x), training=False)
        return self.latent.parameters(ops.cast(features, self.latent.compute_dtype))

    def _features(self, given: Fed, training: bool | None) -> Tensor:
        """What the encoder makes of data, and of a condition that it is told."""
        condition = given.condition if self.condition == BOTH else None
        return encoded(self.encoder, self._filled(given.x), condition, training=training)

    def _filled(self, x: Tensor) -> Tensor:
        """Data as the encoder sees them: 0 for missing values, after it has standardised them."""
        if not self.likelihood.ignores_missing:
            return x
        return ops.where(ops.isnan(x), getattr(self.encoder, "neutral_value", 0.0), x)

    def _outputs(
        self, z: Tensor, given: Fed | None = None, training: bool | None = False
    ) -> dict[str, Tensor]:
        """Outputs of the likelihood at latent points, with what is given for each."""
        given = given or Fed()
        raw = decoded(self.decoder, z, given.condition, training=training)
        if given.exposure is None:
            return self.likelihood(raw)
        return self.likelihood(raw, exposure=given.exposure)

    def _decoded(
        self,
        function: Callable[[dict[str, Tensor]], Tensor],
        z: np.ndarray,
        given: dict[str, np.ndarray],
        batch_size: int,
    ) -> np.ndarray:
        """A function of the outputs at latent points `[n, *point_shape]`."""
        if not given:
            return self._in_batches(lambda z: function(self._outputs(z)), z, batch_size=batch_size)
        return self._in_batches(
            lambda inputs: function(self._outputs(inputs["x"], fed(inputs))),
            {"x": z, **given},
            batch_size=batch_size,
        )

    def _log_prob(self, x: Any, outputs: dict[str, Tensor]) -> Tensor:
        """log p(x | z), of data in the dtype of a reconstruction."""
        x = ops.cast(fed(x).x, outputs["reconstruction"].dtype)
        return self.likelihood.log_prob(x, outputs)

    def _repeated(self, params: dict[str, Tensor], draws: int) -> dict[str, Tensor]:
        """Parameters of as many draws, `[draws, batch, ...]`."""
        return {
            name: ops.repeat(ops.expand_dims(value, 0), draws, axis=0)
            for name, value in params.items()
        }

    def _outputs_of_draws(
        self, z: Tensor, draws: int, x: Any = None, training: bool = False
    ) -> dict[str, Tensor]:
        """Outputs at latent points `[draws, batch, *point_shape]`, `[draws, batch, ...]`.

        Args:
            z: Latent points.
            draws: Number of draws.
            x: Data of the batch, with what is given for each.
            training: Whether this is a training step.
        """
        flat = ops.reshape(z, (-1, *self.latent.point_shape))
        return {
            name: ops.reshape(value, (draws, -1, *value.shape[1:]))
            for name, value in self._outputs(flat, fed(x).tiled(draws), training).items()
        }

    def _draw(self, params: dict[str, np.ndarray], batch_size: int) -> np.ndarray:
        names = list(params)
        return self._in_batches(
            lambda *values: self.latent.sample(dict(zip(names, values, strict=True))),
            *params.values(),
            batch_size=batch_size,
        )

    def _centres(self, x: Any, batch_size: int) -> np.ndarray:
        """Latent points at which `reconstruct` decodes, `[n, *point_shape]`."""
        params = self.posterior_parameters(x, batch_size)
        if "location" not in params:
            raise NotImplementedError(
                f"{type(self).__name__} must implement `_centres`, the latent points of a "
                f"reconstruction: its parameters {sorted(params)} have no `location`."
            )
        return params["location"]

    def _examples(self, x: Any, encoding: bool = False) -> Any:
        """Checked examples, for which the model is built if it is not.

        Args:
            x: Data of any kind.
            encoding: Whether only the encoder is to see them.

        Returns:
            An array or a dictionary of arrays, or an iterator of them from a source of batches.
        """
        check_dense("x", x)
        if is_source(x):
            return (self._require_examples(batch, encoding) for batch in batches_of(x))
        if is_named(x):
            x = {**x, "x": ops.convert_to_numpy(x["x"]) if ops.is_tensor(x["x"]) else x["x"]}
        return self._require_examples(ops.convert_to_numpy(x) if ops.is_tensor(x) else x, encoding)

    def _require_examples(self, x: Any, encoding: bool = False) -> Any:
        checked = self._checked_arrays("x", x, encoding)
        found = fed(checked).x.astype(keras.config.floatx(), copy=False)
        return {**checked, "x": found} if isinstance(checked, dict) else found

    def _with_what_is_given(self, x: Any) -> tuple[Any, Callable[[], dict[str, Any]]]:
        """Data that are to be encoded, and what is given for each once they have been."""
        if not (self.condition or self.likelihood.takes_exposure):
            return x, dict
        if not is_source(x):
            x = self._examples(x)
            given = {k: v for k, v in x.items() if k != "x"} if isinstance(x, dict) else {}
            return x, lambda: given
        seen: list[dict[str, Any]] = []

        def noted() -> Any:
            for batch in self._examples(x):
                seen.append(
                    {k: v for k, v in batch.items() if k != "x"} if is_named(batch) else {}
                )
                yield batch

        return noted(), lambda: {k: np.concatenate([each[k] for each in seen]) for k in seen[0]}

    def _in_batches(self, function: Callable[..., Any], *arrays: Any, batch_size: int) -> Any:
        """Applies a function of tensors batch by batch and joins what it returns.

        Args:
            function: Of as many tensors, or dictionaries of them, as there are arrays.
            arrays: Arrays, or dictionaries of them, of one length; or one iterator of such.
            batch_size: Rows at a time, at most.
        """
        batch_size = require_integer("batch_size", batch_size, 1)
        whole = isinstance(arrays[0], (np.ndarray, dict))
        pieces = []
        for group in [arrays] if whole else zip(*arrays, strict=True):
            for start in range(0, rows(group[0]), batch_size):
                part = slice(start, start + batch_size)
                batch = [_tensors(each, part) for each in group]
                with no_gradients():
                    result = function(*batch)
                pieces.append(keras.tree.map_structure(ops.convert_to_numpy, result))
        if not pieces:
            raise ValueError("Expected at least one example. Received: none.")
        return keras.tree.map_structure(lambda *parts: np.concatenate(parts), *pieces)

    def _require_built(self) -> None:
        if not self.built:
            raise ValueError(
                f"Expected a model that has seen data. Received: {self.name!r}, which is not "
                "built. Call `fit`, or `build((None, *shape_of_one_example))`, first."
            )


def _tensors(arrays: Any, part: slice) -> Any:
    """Some rows of an array, or of each of a dictionary of them."""
    return keras.tree.map_structure(lambda array: ops.convert_to_tensor(array[part]), arrays)
