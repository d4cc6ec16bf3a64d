"""Posteriors better than the encoder's: a short optimisation for each example."""

import math
from collections.abc import Callable
from typing import Any

import keras
import numpy as np
from keras import ops

from diffusion_vae.autodiff import value_and_gradient
from diffusion_vae.checks import require_integer
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.manifolds.numerics.vectors import ratio, safe_norm
from diffusion_vae.models.data import BATCH_SIZE
from diffusion_vae.models.inputs import fed, rows
from diffusion_vae.random import seeded
from diffusion_vae.typing import Tensor

STARTS = 256  # points of the prior among which an example looks for a better start
DRAWS = 4  # of a step
CHECKS = 4  # times as many of the comparison of old and new
RATE = 0.5  # of the first step, of the way to the maximum of a normal law
FARTHEST = 1.5  # standard deviations of the posterior that a step may go, times its rate
ELEMENTS = 2**22  # data values at a time while looking for starts


class RefinementMethods(keras.Model):
    """`refine`, for models with a `BrownianLatent`; a base of `InferenceMethods`."""

    def refine(
        self,
        x: Any,
        steps: int = 50,
        *,
        starts: int = STARTS,
        batch_size: int = BATCH_SIZE,
        seed: int | None = None,
    ) -> dict[str, np.ndarray]:
        """Parameters of better posteriors than the encoder's, example by example.

        An encoder gives each example a location and a time in one go, and loses nats by it (the
        amortisation gap, Cremer et al. 2018, arXiv 1801.03558). Here both climb the ELBO of the
        example by `steps` steps of its natural gradient (Amari 1998), cut in length, from
        reparametrised draws. They start from the encoder's location or from a draw of the prior,
        whichever has the larger p(x, z): an example whose code lies in the wrong place is found
        again. Times stay within the latent's limits, and a fixed time as it is. The new
        posterior is kept where its ELBO is larger than the encoder's by more than the standard
        error of the difference over 16 common draws; else the encoder's is. Weights stay as they
        are.

        Args:
            x: Data, `[n, *event]`, or what `fit` takes.
            steps: Steps for each example.
            starts: Number of draws from the prior that may be a start; with 0 all start at the
                encoder's location.
            batch_size: Examples at a time.
            seed: An integer of at least 0 repeats the result; `None` draws anew.

        Returns:
            `location` `[n, ambient_dim]` and `time` `[n, time_dim]`.

        Raises:
            TypeError: If the posterior is no Brownian motion, or a number not an integer.
            ValueError: If `x` or a number is out of range.

        Example:
            >>> import numpy as np
            >>> from diffusion_vae import SphereVAE
            >>> vae = SphereVAE(2, seed=0)
            >>> x = np.zeros((8, 4, 4, 1))
            >>> params = vae.refine(x, steps=5, seed=0)
            >>> params["location"].shape, params["time"].shape
            ((8, 3), (8, 1))
        """
        refined = self._posteriors(
            require_integer("steps", steps, 1), require_integer("starts", starts, 0)
        )
        x = self._examples(x)
        with seeded(self, seed):
            return self._in_batches(refined, x, batch_size=batch_size)

    def _posteriors(self, steps: int, starts: int = STARTS) -> Callable[[Any], dict[str, Tensor]]:
        """What gives the posteriors of a batch: the encoder, or with steps a `Refinement`."""
        return Refinement(self, steps, starts) if steps else self._posterior_of

    def _bounds(self, x: Any, params: dict[str, Tensor], draws: int) -> Tensor:
        """ELBOs of as many draws, `[draws, batch]`."""
        repeated = self._repeated(params, draws)
        z = self.latent.sample(repeated)
        log_prob = self._log_prob(x, self._outputs_of_draws(z, draws, x))
        # A KL that is itself an estimate is one for each draw.
        kl = self.latent.kl(params if self.latent.prior is None else repeated)
        return log_prob - ops.cast(kl, log_prob.dtype)


class Refinement:
    """Improved posteriors of batches `[batch, *event]`, a dictionary of tensors.

    Args:
        model: A built model, or one that is built before the first batch.
        steps: Steps for each example.
        starts: Number of draws from the prior that may be a start.
    """

    def __init__(self, model: Any, steps: int, starts: int) -> None:
        if not isinstance(model.latent, BrownianLatent):
            raise TypeError(
                "Expected a model whose latent is a `BrownianLatent`, with a location and a time "
                f"to refine. Received: {type(model).__name__} with {type(model.latent).__name__}."
            )
        self.model, self.steps, self.starts = model, steps, starts
        self.rows = 0  # of the largest batch

    def __call__(self, x: Any) -> dict[str, Tensor]:
        count = rows(x)
        if keras.backend.backend() == "jax":  # it compiles once for each size
            self.rows = max(self.rows, count)
            order = np.arange(self.rows) % count
            x = keras.tree.map_structure(lambda part: ops.take(part, order, axis=0), x)
        params = self.model._posterior_of(x)
        point = self._start(x, params)
        step = self._kept("step", self._step)
        for index in range(self.steps):
            falling = RATE * 0.5 * (1.0 + math.cos(math.pi * index / self.steps))
            point, _ = step(x, point, ops.convert_to_tensor(falling, point.dtype))
        found = self.model.latent.parameters_at(point)
        better = self._is_better(x, self.model.latent.coordinates(params), point)[:, None]
        return {name: ops.where(better, found[name], params[name])[:count] for name in found}

    def _kept(self, name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        """A function as a graph that the model keeps."""
        return self.model._kept_graph(("refinement", name), function, self.model.variables)

    # -- where to start ------------------------------------------------------------

    def _start(self, x: Any, params: dict[str, Tensor]) -> Tensor:
        """Coordinates of the encoder's posteriors, or of broad ones at better points."""
        latent = self.model.latent
        own = latent.coordinates(params)
        if not self.starts:
            return own
        points = latent.prior_sample(self.starts)
        chunk = max(1, ELEMENTS // max(1, math.prod(fed(x).x.shape)))
        score = self._kept("score", self._best_point)
        best, location = self._kept("own score", self._own_score)(x, params["location"])
        encoded = best
        for start in range(0, self.starts, chunk):
            best, location = score(x, points[start : start + chunk], best, location)
        moved = {**params, "location": location}
        if latent.time is not None:
            # From a draw to the mode beside it the way is long for a narrow posterior.
            broad = ops.exp(ops.convert_to_tensor(latent.time.initial_log_time, own.dtype))
            moved["time"] = ops.maximum(params["time"], broad)
        return ops.where((best > encoded)[:, None], latent.coordinates(moved), own)

    def _own_score(self, x: Any, location: Tensor) -> tuple[Tensor, Tensor]:
        """log p(x, z) at the encoder's locations, and these."""
        return self._log_joint(x, location, self.model._outputs(location, fed(x))), location

    def _best_point(
        self, x: Any, points: Tensor, best: Tensor, location: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The largest log p(x, z) of each example so far, and its z."""
        outputs = self._outputs_for_all(x, points)
        log_joint = self._log_joint(x, points[:, None], outputs)  # [points, batch]
        found = ops.max(log_joint, axis=0)
        point = ops.take(points, ops.argmax(log_joint, axis=0), axis=0)
        better = found > best
        location = ops.where(better[:, None], ops.cast(point, location.dtype), location)
        return ops.where(better, found, best), location

    def _outputs_for_all(self, x: Any, points: Tensor) -> dict[str, Tensor]:
        """Outputs at points `[points, ...]` for each example, `[points, batch or 1, ...]`."""
        if not isinstance(x, dict):  # they are the same for all
            outputs = self.model._outputs(points)
            return {name: ops.expand_dims(value, 1) for name, value in outputs.items()}
        given = fed(x)
        count = ops.shape(given.x)[0]
        every = ops.repeat(ops.expand_dims(points, 1), count, axis=1)  # [points, batch, n]
        return self.model._outputs_of_draws(every, points.shape[0] or ops.shape(points)[0], x)

    def _log_joint(self, x: Any, z: Tensor, outputs: dict[str, Tensor]) -> Tensor:
        log_prob = self.model._log_prob(x, outputs)
        log_joint = log_prob + ops.cast(self.model.latent.prior_log_density(z), log_prob.dtype)
        return ops.where(ops.isfinite(log_joint), log_joint, -math.inf)  # never NaN

    # -- steps -----------------------------------------------------------------------

    def _step(self, x: Any, point: Tensor, rate: Tensor) -> tuple[Tensor, Tensor]:
        """One step, back on the manifold and within the limits; ELBOs before, `[draws, batch]`."""
        latent = self.model.latent

        def bound(point: Tensor) -> Tensor:
            return self.model._bounds(x, latent.parameters_at(point), DRAWS)

        bounds, slope = value_and_gradient(bound, point)
        slope = slope / DRAWS  # [batch, n], of their mean
        params = latent.parameters_at(point)
        deviation, share = self._metric(params["time"])
        ambient = deviation.shape[-1]
        shift = latent.manifold.gradient(params["location"], slope[:, :ambient])
        # In standard deviations of the posterior; the curvature at a good posterior is 1.
        shift = shift * deviation
        shift = shift * ops.minimum(1.0, ratio(FARTHEST, safe_norm(shift, keepdims=True)))
        growth = ops.clip(slope[:, ambient:] * share, -1.0, 1.0)
        move = rate * ops.concatenate([shift * deviation, growth], axis=-1)
        moved = latent.nearest_coordinates(point + move)
        finite = ops.all(ops.isfinite(moved), axis=-1, keepdims=True)
        return ops.where(finite, moved, point), bounds

    def _metric(self, time: Tensor) -> tuple[Tensor, Tensor]:
        """Standard deviation of each coordinate, and 2 / dim of each learned time.

        For a normal law with a common variance t in d dimensions, t and 2 / d are the inverse of
        the Fisher information of mean and log t.
        """
        latent = self.model.latent
        deviation = ops.sqrt(time)
        deviations, shares, first = [], [], 0
        for factor in latent.manifold.factors or (latent.manifold,):
            own = deviation[:, first : first + factor.time_dim]
            first += factor.time_dim
            if factor.time_dim != factor.ambient_dim:  # one time for all coordinates
                own = ops.repeat(own, factor.ambient_dim // factor.time_dim, axis=-1)
            deviations.append(own)
            shares += [2.0 * factor.time_dim / factor.dim] * factor.time_dim
        learned = [] if latent.time is None else shares
        return (
            ops.concatenate(deviations, axis=-1),
            ops.convert_to_tensor(learned, deviation.dtype),
        )

    # -- the comparison ----------------------------------------------------------------

    def _is_better(self, x: Any, old: Tensor, new: Tensor) -> np.ndarray:
        """Whether the ELBO at new coordinates is higher beyond chance, `[batch]`."""
        # A graph for the ELBOs alone would cost more than the gradients that nobody uses.
        step, still = self._kept("step", self._step), ops.zeros((), old.dtype)
        seed = int(keras.random.randint((), 0, 2**31 - 1, seed=self.model.seed_generator))
        values = []
        for point in (old, new):
            with seeded(self.model, seed):  # common draws
                few = [ops.convert_to_numpy(step(x, point, still)[1]) for _ in range(CHECKS)]
            values.append(np.concatenate(few).astype(float))  # [draws, batch]
        before, after = values
        with np.errstate(invalid="ignore"):
            gain = after - before
            error = gain.std(axis=0, ddof=1) / math.sqrt(len(gain))
            risen = gain.mean(axis=0) > error
        usable = np.isfinite(before).all(axis=0)
        return np.isfinite(after).all(axis=0) & (risen | ~usable)
