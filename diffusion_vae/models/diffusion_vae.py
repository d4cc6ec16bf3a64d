"""The diffusion VAE (paper, section 3) on any manifold."""

from typing import Any, Literal, TypeAlias, TypedDict, Unpack

import keras
import numpy as np
from keras import ops

from diffusion_vae import heat_kernels, manifolds, networks, priors
from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.heat_kernels import Law
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.layers.even_decoder import METHODS, EvenDecoder
from diffusion_vae.manifolds import Manifold
from diffusion_vae.models.arguments import network_or_default, require_numbers, require_ramp
from diffusion_vae.models.data import BATCH_SIZE
from diffusion_vae.models.pseudo_inputs import PseudoInputMethods
from diffusion_vae.models.vae import VAEOptions, VariationalAutoencoder
from diffusion_vae.priors import PriorName
from diffusion_vae.serialization import serializable
from diffusion_vae.signatures import with_full_signature
from diffusion_vae.typing import Tensor

Limits: TypeAlias = tuple[float, float] | None
Kernel: TypeAlias = Law | Literal["auto", "exact", "random_walk"]
Posterior: TypeAlias = Literal["brownian", "power_spherical", "von_mises_fisher"]


class SpaceOptions(TypedDict, total=False):
    """Arguments of the latent space and its posteriors; see `DiffusionVAE`."""

    kernel: Kernel
    walk_steps: int
    log_time_range: Literal["auto"] | Limits | list[Limits]
    initial_log_time: float | list[float] | None
    fixed_time: float | list[float] | None
    time_annealing: tuple[float, float, float] | None
    even_decoder: Literal["auto", "average", "quadratic"]
    location_head: Literal["auto", "ambient", "veronese"]
    posterior: Posterior


class DiffusionOptions(VAEOptions, SpaceOptions, total=False):
    """Arguments that every diffusion VAE takes by name; see `DiffusionVAE`."""

    prior: PriorName
    prior_components: int


@with_full_signature
@serializable
class DiffusionVAE(PseudoInputMethods, VariationalAutoencoder):
    """VAE whose posterior is Brownian motion on a manifold and whose prior is uniform, or learned.

    With a learned prior `kl_loss` is an estimate from one draw (`BrownianLatent`): right in
    expectation, and for one example it may be negative.

    Args:
        manifold: A `Manifold` or its text form, such as `"sphere:2"`.
        encoder: Network from data to features; by default the paper's MLP.
        decoder: Network from points `[batch, ambient_dim]` to raw outputs of the
            likelihood; by default the paper's MLP. On a projective space it
            is wrapped in an `EvenDecoder`.
        kernel: `"auto"` (exact wherever an exact heat kernel exists, else the walk),
            `"exact"`, `"random_walk"` (the paper's) or a `Law` on the manifold.
        walk_steps: Number of steps of the random walk.
        log_time_range: Limits on log time: `"auto"` (the kernel's), `(low, high)`,
            `None` (no limits), or a list with an entry for each time.
        initial_log_time: Log time before training.
        fixed_time: A time that replaces the encoder's, or `None` to learn it.
        time_annealing: `(start, end, steps)`: in training, log times are raised to at least
            a level that falls from `start` to `end` over `steps` training steps and is gone
            after them, so that the coarse shape of the data is learned first. `None` turns it
            off.
        even_decoder: How the decoder is made even on a projective space, ignored elsewhere:
            `"quadratic"`, `"average"` (the paper's, on real ones), or `"auto"`: the former, except
            for a decoder that is built already for points of `ambient_dim` coordinates.
        location_head: `"auto"`: `"veronese"` on projective and hyperbolic spaces, and
            `"ambient"` (the paper's) elsewhere.
        posterior: Law of the posterior: `"brownian"`; on spheres also, as baselines and on
            TensorFlow only, `"power_spherical"` and (S^2) `"von_mises_fisher"`, whose
            concentration follows from the time (`latents.tfp_spherical`).
        prior: `"manifold"`: the uniform law, on open spaces the standard normal law or its like;
            `"uniform"`, the same on closed manifolds alone; `"heat_kernel"`: on open spaces,
            the motion from the origin of learned time (`priors.HeatKernelPrior`); `"mixture"`: a
            mixture of the
            posterior's laws with learned centres, times and weights (`priors.MixturePrior`);
            `"vamp"`: the mixture of the posteriors of learned pseudo-inputs
            (`priors.VampPrior`).
        prior_components: Number of components of a mixture; ignored elsewhere.
        kwargs: `likelihood`, `kl_weight`, `kl_warmup_steps`, `kl_capacity`, `condition`, `seed`
            and `name` as in `VariationalAutoencoder`.

    Raises:
        TypeError: If an argument is of the wrong type, or unknown.
        ValueError: If an argument is out of range, or does not fit the manifold.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae import DiffusionVAE
        >>> vae = DiffusionVAE("sphere:2 x torus:1", seed=0)
        >>> vae.compile("adam")
        >>> history = vae.fit(np.zeros((8, 4, 4, 1)), verbose=0)
        >>> location, time = vae.encode(np.zeros((5, 4, 4, 1)))
        >>> location.shape, time.shape
        ((5, 5), (5, 2))
    """

    fixed_arguments: tuple[str, ...] = ("latent",)

    def __init__(
        self,
        manifold: Manifold | str,
        encoder: keras.Layer | None = None,
        decoder: keras.Layer | None = None,
        *,
        kernel: Kernel = "auto",
        walk_steps: int = 10,
        log_time_range: Literal["auto"] | Limits | list[Limits] = "auto",
        initial_log_time: float | list[float] | None = None,
        fixed_time: float | list[float] | None = None,
        time_annealing: tuple[float, float, float] | None = None,
        even_decoder: Literal["auto", "average", "quadratic"] = "auto",
        location_head: Literal["auto", "ambient", "veronese"] = "auto",
        posterior: Posterior = "brownian",
        prior: PriorName = "manifold",
        prior_components: int = 50,
        **kwargs: Unpack[VAEOptions],
    ) -> None:
        manifold = manifolds.get(manifold)
        require_choice("even_decoder", even_decoder, METHODS)
        dtype = kwargs.get("dtype")
        law = _law(posterior, manifold, kernel, walk_steps)
        latent = BrownianLatent(
            law,
            log_time_range=self._limits(law, log_time_range),
            initial_log_time=initial_log_time,
            fixed_time=fixed_time,
            location_head=location_head,
            prior=priors.make(prior, law, prior_components, kwargs.get("seed"), dtype),
            seed=kwargs.get("seed"),
            name="latent",
            dtype=dtype,
        )
        decoder = network_or_default("decoder", decoder, networks.MLPDecoder, dtype)
        if manifold.reads_embedding and not isinstance(decoder, EvenDecoder):
            decoder = EvenDecoder(
                decoder, manifold, method=even_decoder, name="even_decoder", dtype=dtype
            )
        super().__init__(latent, encoder, decoder, **kwargs)
        if self.objective.takes_densities and "sample" in law.approximate:
            raise ValueError(
                f"Expected an exact kernel for objective={kwargs.get('objective')!r}, whose draws "
                f"are weighed by their density. Received: {law!r}. Use "
                'kernel="exact" or objective="elbo".'
            )
        self.manifold = manifold
        self.kernel = kernel
        self.walk_steps = walk_steps
        self.log_time_range = log_time_range
        self.time_annealing: Any = require_ramp("time_annealing", time_annealing)
        self.even_decoder = even_decoder
        self.posterior = posterior
        self.prior = prior
        self.prior_components = prior_components
        self._read_pseudo_inputs()

    @staticmethod
    def _limits(law: Law, log_time_range: Any) -> Any:
        """Limits on log time as the latent takes them."""
        return log_time_range

    def sample_latent(self, features: Tensor, training: bool | None = None) -> dict[str, Tensor]:
        if not training or self.time_annealing is None:
            return super().sample_latent(features, training)
        params = self.latent.parameters(features)
        time = params["time"]
        params["time"] = ops.maximum(time, ops.cast(self.current_least_time(), time.dtype))
        return {**params, "z": self.latent.sample(params)}

    def current_least_time(self) -> Tensor:
        """Least diffusion time at this training step: 0 once the annealing is over."""
        start, end, steps = self.time_annealing
        step = self._step()
        least = ops.exp(start + (end - start) * step / steps)
        return ops.where(step < steps, least, 0.0)

    def encode(self, x: Any, batch_size: int = BATCH_SIZE) -> tuple[np.ndarray, np.ndarray]:
        """Location `[n, ambient_dim]` and diffusion time `[n, time_dim]` of each example."""
        params = self.posterior_parameters(x, batch_size)
        return params["location"], params["time"]

    def interpolate(self, z0: Any, z1: Any, n: int = 10) -> np.ndarray:
        """`n` equally spaced points of the geodesic from `z0` to `z1`, ends included.

        Args:
            z0: Latent points, `[..., ambient_dim]`.
            z1: Latent points, `[..., ambient_dim]`.
            n: Number of points, at least 2.

        Returns:
            Points of the manifold, `[n, ..., ambient_dim]`.

        Raises:
            ValueError: If no path joins the points (two components of O(3)).
        """
        n = require_integer("n", n, 2)  # both ends
        z0, z1 = (require_numbers(name, z) for name, z in (("z0", z0), ("z1", z1)))
        distance = ops.convert_to_numpy(self.manifold.distance(z0, z1))
        if not np.isfinite(distance).all():
            raise ValueError(
                "Expected points that a path joins. Received points on different components "
                f"of {self.manifold!r}."
            )
        s = np.linspace(0.0, 1.0, n).reshape(n, *[1] * (np.ndim(distance)))
        return ops.convert_to_numpy(self.manifold.geodesic(z0, z1, s))

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["latent"]
        serialize = keras.saving.serialize_keras_object
        return {
            **config,
            "manifold": serialize(self.manifold),
            "kernel": serialize(self.kernel),
            "walk_steps": self.walk_steps,
            "log_time_range": self.log_time_range,
            "initial_log_time": self.latent.initial_log_time,
            "fixed_time": self.latent.fixed_time,
            "time_annealing": self.time_annealing,
            "even_decoder": self.even_decoder,
            "location_head": self.latent.location_head,
            "posterior": self.posterior,
            "prior": self.prior,
            "prior_components": self.prior_components,
        }


def _law(posterior: str, manifold: Manifold, kernel: Any, walk_steps: int) -> Law:
    """The law of the posterior: Brownian motion, or another kind on spheres."""
    if posterior == "brownian":
        return heat_kernels.get(kernel, manifold, walk_steps)
    from diffusion_vae.latents.tfp_spherical import LAWS

    require_choice("posterior", posterior, ("brownian", *LAWS))
    return LAWS[posterior](manifold)
