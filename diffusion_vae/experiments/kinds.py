"""The kinds of model that `diffusion-vae train --model` knows, by name."""

from dataclasses import dataclass

# Fields of `ExperimentConfig` that speak of a diffusion on a manifold.
DIFFUSION_FIELDS = (
    "latent", "kernel", "steps", "kl", "log_time_range", "initial_log_time", "fixed_time",
    "mode", "head", "posterior",
)  # fmt: skip


@dataclass(frozen=True)
class ModelKind:
    """What a configuration may say about one kind of model.

    Attributes:
        description: One line for `diffusion-vae list`.
        options: Keys of `model_options`.
        unused: Fields of `ExperimentConfig` that this kind does not take.
    """

    description: str
    options: tuple = ()
    unused: tuple = ()


MODELS = {
    "diffusion": ModelKind("∆VAE: Brownian motion on a manifold, uniform prior"),
}
