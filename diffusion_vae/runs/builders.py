"""From a configuration to an untrained model."""

import contextlib

import keras

from diffusion_vae import heat_kernels, likelihoods, manifolds, networks
from diffusion_vae.models import DiffusionVAE, InfoCatVAE, InfoVAE, SpatialVAE
from diffusion_vae.random import layer_seeds
from diffusion_vae.runs.kinds import NETWORK_OPTIONS


def build_model(config, event_shape, seed=None):
    """The untrained model of a configuration.

    Args:
        config: An `ExperimentConfig`.
        event_shape: Shape of one example.
        seed: Replaces the configuration's seed (restarts).

    Returns:
        A `VariationalAutoencoder` of the kind `config.model`.
    """
    with dtype_policy(config.precision):
        return BUILDERS[config.model](config, event_shape, config.seed if seed is None else seed)


@contextlib.contextmanager
def dtype_policy(name):
    """Keras's dtype policy for the layers made inside, and the former one again after it."""
    former = keras.config.dtype_policy()
    keras.config.set_dtype_policy(name)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(former)


def _diffusion(config, event_shape, seed, cls=DiffusionVAE):
    manifold = manifolds.get(config.latent)
    likelihood = _likelihood(config)
    return cls(
        manifold,
        *_networks(config, likelihood, event_shape, layer_seeds(seed, 2)),
        kernel=heat_kernels.get(config.kernel, manifold, config.steps, config.kl),
        steps=config.steps,
        log_time_range=config.log_time_range or "auto",
        initial_log_time=config.initial_log_time,
        fixed_time=config.fixed_time,
        time_annealing=config.time_annealing,
        mode=config.mode,
        head=config.head,
        latent=config.posterior,
        name=_layer_name(config.latent),
        **_common(config, likelihood, seed),
        **config.model_options,
    )


def _info(config, event_shape, seed):
    return _diffusion(config, event_shape, seed, InfoVAE)


def _infocat(config, event_shape, seed):
    likelihood = _likelihood(config)
    common = _common(config, likelihood, seed)
    encoder, decoder = _networks(config, likelihood, event_shape, layer_seeds(seed, 2))
    return InfoCatVAE(
        encoder=encoder,
        decoder=decoder,
        beta=common.pop("kl_weight"),
        name="infocat_vae",
        **common,
        **config.model_options,
    )


def _spatial(config, event_shape, seed):
    common = _common(config, _likelihood(config), seed)
    return SpatialVAE(name="spatial_vae", **common, **config.model_options)


BUILDERS = {
    "diffusion": _diffusion,
    "info": _info,
    "infocat": _infocat,
    "spatial": _spatial,
}


def _likelihood(config):
    """The likelihood of a configuration."""
    if config.likelihood == "gaussian":
        return likelihoods.Gaussian(
            config.scale, config.variance, config.per_dimension, config.output_activation
        )
    return likelihoods.get(config.likelihood)


def _common(config, likelihood, seed):
    """Arguments that every kind of model takes."""
    return {
        "likelihood": likelihood,
        "kl_weight": config.kl_weight,
        "kl_warmup_steps": config.kl_warmup_steps,
        "kl_capacity": config.kl_capacity,
        "seed": seed,
    }


def _networks(config, likelihood, event_shape, seeds):
    """Encoder and decoder of a configuration."""
    outputs = (*event_shape[:-1], event_shape[-1] * likelihood.outputs_per_value)
    common = {"activation": config.activation}
    if config.batch_norm is not None:
        common["batch_norm"] = config.batch_norm
    if config.network == "mlp":
        common["initializer"] = config.initializer
        return (
            networks.mlp_encoder(
                config.encoder_units,
                dropout=config.encoder_dropout,
                standardize=config.encoder_standardize,
                seed=seeds[0],
                **common,
            ),
            networks.mlp_decoder(
                outputs,
                config.decoder_units,
                bias_range=config.decoder_bias_range,
                seed=seeds[1],
                **common,
            ),
        )
    if len(event_shape) not in (2, 3):
        raise ValueError(
            "Expected pictures, (height, width) or (height, width, channels), for network "
            f"'conv'. Received: examples of shape {tuple(event_shape)}. Use network 'mlp'."
        )
    common |= {name: getattr(config, name) for name in NETWORK_OPTIONS["conv"]}
    return (
        networks.conv_encoder(event_shape, seed=seeds[0], **common),
        networks.conv_decoder(outputs, seed=seeds[1], **common),
    )


def _layer_name(text):
    """A text form as the name of a Keras layer."""
    return text.replace(":", "_").replace(" ", "_").replace(",", "_")
