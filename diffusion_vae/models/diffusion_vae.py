"""The diffusion VAE (paper, section 3) on any manifold."""

import keras
import numpy as np
from keras import ops

from diffusion_vae import heat_kernels, manifolds
from diffusion_vae.checks import require_choice, require_integer
from diffusion_vae.latents import BrownianLatent
from diffusion_vae.layers.even_decoder import METHODS, EvenDecoder
from diffusion_vae.models.arguments import checked_annealing, checked_numbers
from diffusion_vae.models.inference import BATCH_SIZE
from diffusion_vae.models.vae import VariationalAutoencoder
from diffusion_vae.serialization import serializable


@serializable
class DiffusionVAE(VariationalAutoencoder):
    """VAE whose posterior is Brownian motion on a manifold and whose prior is uniform.

    Args:
        manifold: A `Manifold` or its text form, such as `"sphere:2"`.
        encoder: Network from data to features; by default the paper's MLP.
        decoder: Network from points `[batch, ambient_dim]` to raw outputs of the
            likelihood; by default the paper's MLP. On a manifold with a symmetry it
            is wrapped in an `EvenDecoder`.
        kernel: `"auto"` (exact wherever an exact heat kernel exists, else the walk),
            `"exact"`, `"random_walk"` (the paper's) or a `Law` on the manifold.
        walk_steps: Number of steps of the random walk.
        likelihood: `"gaussian"` (unit variance), `"bernoulli"` or a `Likelihood`.
        kl_weight: A number, or a Keras learning-rate schedule of the training step.
        kl_warmup_steps: Steps over which the KL's weight rises from 0; 0: none.
        kl_capacity: `(start, end, steps)` of a rising target for the KL, or `None`.
        log_time_range: Limits on log time: `"auto"` (the kernel's), `(low, high)`,
            `None` (no limits), or a list with an entry for each time.
        initial_log_time: Log time before training.
        fixed_time: A time that replaces the encoder's, or `None` to learn it.
        time_annealing: `(start, end, steps)`: in training, log times are raised to at least
            a level that falls from `start` to `end` over so many steps and is gone after
            them, so that the coarse shape of the data is learned first; `None`: not.
        even_decoder: `"average"` or `"quadratic"`, how the decoder is made even on a manifold
            with a symmetry; ignored elsewhere.
        location_head: `"ambient"`, or `"veronese"` on a real projective space.
        posterior: Law of the posterior: `"brownian"`; on spheres also, as baselines and on
            TensorFlow only, `"power_spherical"` and (S^2) `"von_mises_fisher"`, whose
            concentration follows from the time (`latents.tfp_spherical`).
        seed: Integer seed of the default networks' weights and of the noise.
    """

    def __init__(
        self,
        manifold,
        encoder=None,
        decoder=None,
        *,
        kernel="auto",
        walk_steps=10,
        likelihood="gaussian",
        kl_weight=1.0,
        kl_warmup_steps=1000,
        kl_capacity=None,
        log_time_range="auto",
        initial_log_time=None,
        fixed_time=None,
        time_annealing=None,
        even_decoder="average",
        location_head="ambient",
        posterior="brownian",
        seed=None,
        **kwargs,
    ):
        manifold = manifolds.get(manifold)
        latent = BrownianLatent(
            _law(posterior, manifold, kernel, walk_steps),
            log_time_range=log_time_range,
            initial_log_time=initial_log_time,
            fixed_time=fixed_time,
            location_head=location_head,
            seed=seed,
            name="latent",
        )
        if decoder is not None and manifold.symmetry is not None:
            decoder = _even(decoder, manifold, even_decoder)
        super().__init__(
            latent,
            encoder,
            decoder,
            likelihood=likelihood,
            kl_weight=kl_weight,
            kl_warmup_steps=kl_warmup_steps,
            kl_capacity=kl_capacity,
            seed=seed,
            **kwargs,
        )
        self.manifold = manifold
        self.time_annealing = checked_annealing(time_annealing)
        self.posterior = posterior
        self.kernel = kernel
        self.walk_steps = walk_steps
        self.even_decoder = require_choice("even_decoder", even_decoder, METHODS)

    def sample_latent(self, features, training=None):
        if not training or self.time_annealing is None:
            return super().sample_latent(features, training)
        params = self.latent.parameters(features)
        params["time"] = ops.maximum(params["time"], self.current_least_time())
        return {**params, "z": self.latent.sample(params)}

    def current_least_time(self):
        """Least diffusion time at this training step: 0 once the annealing is over."""
        start, end, steps = self.time_annealing
        step = ops.convert_to_tensor(self.schedule_step)
        least = ops.exp(start + (end - start) * step / steps)
        return ops.where(step < steps, least, 0.0)

    def encode(self, x, batch_size=BATCH_SIZE):
        """Location `[n, ambient_dim]` and diffusion time `[n, time_dim]` of each example."""
        params = self.posterior_parameters(x, batch_size)
        return params["location"], params["time"]

    def interpolate(self, z0, z1, n=10):
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
        z0, z1 = (checked_numbers(name, z) for name, z in (("z0", z0), ("z1", z1)))
        distance = ops.convert_to_numpy(self.manifold.distance(z0, z1))
        if not np.isfinite(distance).all():
            raise ValueError(
                "Expected points that a path joins. Received points on different components "
                f"of {self.manifold!r}."
            )
        s = np.linspace(0.0, 1.0, n).reshape(n, *[1] * (np.ndim(distance)))
        return ops.convert_to_numpy(self.manifold.geodesic(z0, z1, s))

    def get_config(self):
        config = super().get_config()
        del config["latent"]
        serialize = keras.saving.serialize_keras_object
        return {
            **config,
            "manifold": serialize(self.manifold),
            "kernel": serialize(self.kernel),
            "walk_steps": self.walk_steps,
            "log_time_range": self.latent.log_time_range,
            "initial_log_time": self.latent.initial_log_time,
            "fixed_time": self.latent.fixed_time,
            "time_annealing": self.time_annealing,
            "even_decoder": self.even_decoder,
            "location_head": self.latent.location_head,
            "posterior": self.posterior,
        }

    def _default_decoder(self, event_shape, seed):
        decoder = super()._default_decoder(event_shape, seed)
        if self.manifold.symmetry is None:
            return decoder
        return _even(decoder, self.manifold, self.even_decoder)


def _law(posterior, manifold, kernel, walk_steps):
    """What moves the latent point: Brownian motion, or a law of another kind."""
    if posterior == "brownian":
        return heat_kernels.get(kernel, manifold, walk_steps)
    from diffusion_vae.latents.tfp_spherical import LAWS

    require_choice("posterior", posterior, ("brownian", *LAWS))
    return LAWS[posterior](manifold)


def _even(decoder, manifold, method):
    if isinstance(decoder, EvenDecoder):
        return decoder
    return EvenDecoder(decoder, manifold, method=method, name="even_decoder")
