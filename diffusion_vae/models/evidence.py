"""Log-likelihoods of a trained model by importance weighting."""

import functools
import math
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import as_graph
from diffusion_vae.checks import require_fraction, require_integer
from diffusion_vae.models.data import BATCH_SIZE
from diffusion_vae.models.graphs import KeptGraphs
from diffusion_vae.models.inputs import rows
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


class EvidenceMethods(RefinementMethods):
    """`log_likelihood`, a base of `InferenceMethods`."""

    _graphs: KeptGraphs | None = None  # of `log_likelihood`

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
            x: Data, as in all methods.
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
        count = rows(x) if isinstance(x, (np.ndarray, dict)) else None
        examples = batch_size if count is None else max(1, min(batch_size, count))
        from_prior = round(prior_share * samples)
        share = from_prior / samples

        def log_sum(draw: Callable[..., Tensor], draws: int) -> Callable[..., Tensor]:
            def total(x: Any, params: dict[str, Tensor]) -> Tensor:
                return ops.logsumexp(self._log_weights(x, params, draw, draws, share), axis=0)

            return self._kept_graph((draw.__name__, draws, share), total)

        rounds: list[Callable[..., Tensor]] = []
        laws = {self._posterior_draws: samples - from_prior, self._prior_draws: from_prior}
        for draw, count in laws.items():
            draws = max(1, min(count, ROWS // examples))
            rounds += [log_sum(draw, draws)] * (count // draws)
            rounds += [log_sum(draw, count % draws)] if count % draws else []
        bar = keras.utils.Progbar(count, verbose=verbose, unit_name="example")

        def estimate(x: Any) -> Tensor:
            params = posterior_of(x)
            total = functools.reduce(ops.logaddexp, (part(x, params) for part in rounds))
            bar.add(rows(x))
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
        x: Any,
        params: dict[str, Tensor],
        draw: Callable[..., Tensor],
        draws: int,
        share: float,
    ) -> Tensor:
        """log p(x | z) p(z) / q(z) for fresh z, `[draws, batch]`; q: a `share` of the prior."""
        repeated = self._repeated(params, draws)
        z = draw(repeated)
        outputs = self._outputs_of_draws(z, draws, x)
        log_prior = self.latent.prior_log_density(z)
        log_q = self.latent.log_density(z, repeated)
        if share:
            log_q = ops.logaddexp(math.log1p(-share) + log_q, math.log(share) + log_prior)
        log_prob = self._log_prob(x, outputs)
        return log_prob + ops.cast(log_prior - log_q, log_prob.dtype)
