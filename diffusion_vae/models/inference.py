"""Methods of a trained model: NumPy in, NumPy out, in batches."""

import functools
import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import as_graph, no_gradients
from diffusion_vae.checks import require_fraction, require_integer
from diffusion_vae.models.arguments import require_examples, require_numbers
from diffusion_vae.models.data import BATCH_SIZE, check_dense
from diffusion_vae.models.graphs import KeptGraphs
from diffusion_vae.models.pipelines import batches_of, is_source
from diffusion_vae.models.refinement import RefinementMethods
from diffusion_vae.random import seeded
from diffusion_vae.typing import Tensor

ROWS = 1024  # decoder rows at a time for several samples an example: they stay in the cache


class LogLikelihood(NamedTuple):
    """Importance-weighted estimate of log p(x), in nats.

    Attributes:
        mean: Mean over the examples.
        standard_error: Standard error of that mean over examples.
        per_example: Estimates, `[n]`.
    """

    mean: float
    standard_error: float
    per_example: np.ndarray


class InferenceMethods(RefinementMethods):
    """Methods of a model with `encoder`, `latent`, `decoder` and `likelihood`.

    Every method takes and returns NumPy arrays, works in batches, and draws its noise
    from the model's seed generators, which go on with every draw. With an integer `seed` a
    method draws the same each time, at one `batch_size`, and leaves the generators where they
    are. Data `x` may also come from a source of batches that ends: a `tf.data.Dataset`, a
    `keras.utils.PyDataset`, a PyTorch `DataLoader` or a generator, in its order; of elements
    (x, y) x is taken.
    """

    _graphs: KeptGraphs | None = None  # of `log_likelihood`

    def posterior_parameters(self, x: Any, batch_size: int = BATCH_SIZE) -> dict[str, np.ndarray]:
        """Parameters of the posteriors of `x` `[n, *event]`, a dictionary of `[n, ...]`."""
        return self._in_batches(self._posterior_of, self._examples(x), batch_size=batch_size)

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

    def decode(self, z: Any, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Mean of p(x | z) at latent points, `[..., *point_shape] -> [..., *event]`."""
        self._require_built()
        z, shape = require_numbers("z", z), self.latent.point_shape
        if z.shape[-len(shape) :] != shape:
            raise ValueError(
                f"Expected latent points of shape [..., {', '.join(map(str, shape))}]. "
                f"Received shape: {z.shape}."
            )
        leading = z.shape[: -len(shape)]
        flat = z.reshape(-1, *shape)
        means = self._in_batches(
            lambda z: self._outputs(z)["reconstruction"], flat, batch_size=batch_size
        )
        return means.reshape(*leading, *means.shape[1:])

    def reconstruct(self, x: Any, batch_size: int = BATCH_SIZE) -> np.ndarray:
        """Mean of p(x | z) at the location of each posterior, `[n, *event]`."""
        return self.decode(self._centres(x, batch_size), batch_size)

    def sample(
        self,
        n: int = 1,
        batch_size: int = BATCH_SIZE,
        noise: bool = False,
        *,
        seed: int | None = None,
    ) -> np.ndarray:
        """Decoded draws from the prior, `[n, *event]`.

        Args:
            n: Number of draws.
            batch_size: Draws at a time.
            noise: Whether to draw from p(x | z), or to give its mean.
            seed: An integer of at least 0 repeats the draws; `None` gives new ones.
        """
        self._require_built()
        n = require_integer("n", n, 1)
        with seeded(self, seed):
            z = ops.convert_to_numpy(self.latent.prior_sample(n))
            if not noise:
                return self.decode(z, batch_size)
            return self._in_batches(
                lambda z: self.likelihood.sample(self._outputs(z), self.seed_generator),
                z,
                batch_size=batch_size,
            )

    def elbo(self, x: Any, batch_size: int = BATCH_SIZE, *, seed: int | None = None) -> np.ndarray:
        """Evidence lower bound of each example in nats, one draw each, `[n]`."""

        def bound(x: Tensor) -> Tensor:
            params = self._posterior_of(x)
            outputs = self._outputs(self.latent.sample(params))
            log_prob = self._log_prob(x, outputs)
            return log_prob - ops.cast(self.latent.kl(params), log_prob.dtype)

        x = self._examples(x)
        with seeded(self, seed):
            return self._in_batches(bound, x, batch_size=batch_size)

    def log_likelihood(
        self,
        x: Any,
        samples: int = 100,
        batch_size: int = BATCH_SIZE,
        verbose: int = 0,
        *,
        prior_share: float = 0.0,
        refine_steps: int = 0,
        seed: int | None = None,
    ) -> LogLikelihood:
        """Importance-weighted estimate of log p(x) (Burda et al. 2016; paper, section 4.1).

        log (1/L) sum_l p(x | z_l) p(z_l) / q(z_l) with z_l from q, by default the posterior
        q(z | x); in expectation a lower bound that rises with `samples`. The encoder sees one
        place where x may come from. With a `prior_share` of s, q is the mixture
        s p(z) + (1 - s) q(z | x), and that share of the draws comes from the prior (defensive
        importance sampling, Hesterberg 1995). No weight p / q is then over 1 / s. In a small
        latent space, draws from the prior also find the places that the encoder has missed.

        Args:
            x: Data, `[n, *event]`.
            samples: Number L of draws per example.
            batch_size: Examples at a time; memory does not depend on `n` or L.
            verbose: 1 shows a progress bar.
            prior_share: Share of the draws that come from the prior, in [0, 1).
            refine_steps: Steps of `refine`, which improves the posteriors first, so that a poor
                encoder costs no draws; 0 takes those of the encoder.
            seed: An integer of at least 0 repeats the estimate; `None` draws anew.

        Returns:
            A `LogLikelihood`.
        """
        samples = require_integer("samples", samples, 1)
        prior_share = require_fraction("prior_share", prior_share)
        posterior_of = self._posteriors(require_integer("refine_steps", refine_steps, 0))
        x = self._examples(x)
        batch_size = require_integer("batch_size", batch_size, 1)
        count = len(x) if isinstance(x, np.ndarray) else None
        examples = batch_size if count is None else max(1, min(batch_size, count))
        from_prior = round(prior_share * samples)
        share = from_prior / samples

        def log_sum(draw: Callable[..., Tensor], draws: int) -> Callable[..., Tensor]:
            def total(x: Tensor, params: dict[str, Tensor]) -> Tensor:
                return ops.logsumexp(self._log_weights(x, params, draw, draws, share), axis=0)

            return self._kept_graph((draw.__name__, draws, share), total)

        rounds: list[Callable[..., Tensor]] = []
        laws = {self._posterior_draws: samples - from_prior, self._prior_draws: from_prior}
        for draw, count in laws.items():
            draws = max(1, min(count, ROWS // examples))
            rounds += [log_sum(draw, draws)] * (count // draws)
            rounds += [log_sum(draw, count % draws)] if count % draws else []
        bar = keras.utils.Progbar(count, verbose=verbose, unit_name="example")

        def estimate(x: Tensor) -> Tensor:
            params = posterior_of(x)
            total = functools.reduce(ops.logaddexp, (part(x, params) for part in rounds))
            bar.add(len(x))
            return total - math.log(samples)

        with seeded(self, seed):
            per_example = self._in_batches(estimate, x, batch_size=batch_size)
        count = len(per_example)
        error = per_example.std(ddof=1) / math.sqrt(count) if count > 1 else math.nan
        return LogLikelihood(float(per_example.mean()), float(error), per_example)

    # -- pieces ------------------------------------------------------------------

    def _kept_graph(
        self, key: Hashable, function: Callable[..., Any], variables: Any = None
    ) -> Callable[..., Any]:
        """A function as a graph (`as_graph`), traced at the first call with a key."""
        if self._graphs is None:
            self._graphs = KeptGraphs()
        return self._graphs.get(self, key, lambda: as_graph(function, variables))

    def _posterior_of(self, x: Tensor) -> dict[str, Tensor]:
        features = self.encoder(x, training=False)
        return self.latent.parameters(ops.cast(features, self.latent.compute_dtype))

    def _outputs(self, z: Tensor) -> dict[str, Tensor]:
        return self.likelihood(self.decoder(z, training=False))

    def _log_prob(self, x: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        """log p(x | z), of data in the dtype of a reconstruction."""
        return self.likelihood.log_prob(ops.cast(x, outputs["reconstruction"].dtype), outputs)

    def _posterior_draws(self, params: dict[str, Tensor]) -> Tensor:
        """Latent points for parameters `[draws, batch, ...]`, `[draws, batch, *point_shape]`."""
        return self.latent.sample(params)

    def _prior_draws(self, params: dict[str, Tensor]) -> Tensor:
        """As many latent points, of the prior."""
        draws, batch = ops.shape(next(iter(params.values())))[:2]
        z = self.latent.prior_sample(draws * batch)
        z = ops.cast(z, next(iter(params.values())).dtype)
        return ops.reshape(z, (draws, batch, *self.latent.point_shape))

    def _log_weights(
        self,
        x: Tensor,
        params: dict[str, Tensor],
        draw: Callable[..., Tensor],
        draws: int,
        share: float,
    ) -> Tensor:
        """log p(x | z) p(z) / q(z) for fresh z, `[draws, batch]`; q: a `share` of the prior."""
        repeated = self._repeated(params, draws)
        z = draw(repeated)
        outputs = self._outputs_of_draws(z, draws)
        log_prior = self.latent.prior_log_density(z)
        log_q = self.latent.log_density(z, repeated)
        if share:
            log_q = ops.logaddexp(math.log1p(-share) + log_q, math.log(share) + log_prior)
        log_prob = self._log_prob(x, outputs)
        return log_prob + ops.cast(log_prior - log_q, log_prob.dtype)

    def _repeated(self, params: dict[str, Tensor], draws: int) -> dict[str, Tensor]:
        """Parameters of as many draws, `[draws, batch, ...]`."""
        return {
            name: ops.repeat(ops.expand_dims(value, 0), draws, axis=0)
            for name, value in params.items()
        }

    def _outputs_of_draws(self, z: Tensor, draws: int) -> dict[str, Tensor]:
        """Outputs at latent points `[draws, batch, *point_shape]`, `[draws, batch, ...]`."""
        flat = ops.reshape(z, (-1, *self.latent.point_shape))
        return {
            name: ops.reshape(value, (draws, -1, *value.shape[1:]))
            for name, value in self._outputs(flat).items()
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

    def _examples(self, x: Any) -> Any:
        """Checked examples, for which the model is built if it is not.

        Returns:
            An array, or an iterator of arrays from a source of batches.
        """
        check_dense("x", x)
        if is_source(x):
            return map(self._require_examples, batches_of(x))
        return self._require_examples(ops.convert_to_numpy(x) if ops.is_tensor(x) else x)

    def _require_examples(self, x: Any) -> np.ndarray:
        x = require_examples("x", x, self.event_shape if self.built else None)
        if not self.built:
            self.build(x.shape)
        return x

    def _in_batches(self, function: Callable[..., Any], *arrays: Any, batch_size: int) -> Any:
        """Applies a function of tensors batch by batch and joins what it returns.

        Args:
            function: Of as many tensors as there are arrays.
            arrays: Arrays of one length, or one iterator of arrays.
            batch_size: Rows at a time, at most.
        """
        batch_size = require_integer("batch_size", batch_size, 1)
        whole = isinstance(arrays[0], np.ndarray)
        pieces = []
        for group in [arrays] if whole else zip(*arrays, strict=True):
            for start in range(0, len(group[0]), batch_size):
                batch = [ops.convert_to_tensor(a[start : start + batch_size]) for a in group]
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
