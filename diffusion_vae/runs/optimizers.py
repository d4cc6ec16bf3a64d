"""Checks of what Keras takes unchecked: the numbers of an optimiser and of its learning rate."""

from typing import Any

from diffusion_vae.checks import (
    require_fraction,
    require_integer,
    require_number,
    require_positive,
)

SHARES = ("beta_1", "beta_2", "rho", "momentum", "ema_momentum")  # in [0, 1)
AT_LEAST_0 = ("epsilon", "weight_decay", "clipnorm", "global_clipnorm", "clipvalue")
COUNTS = {
    "warmup_steps": 0,
    "decay_steps": 1,
    "gradient_accumulation_steps": 1,
    "ema_overwrite_frequency": 1,
}


def check_optimizer(config: dict[str, Any]) -> None:
    """Checks the Keras config of an optimiser, without Keras.

    Raises:
        TypeError: If an argument is of the wrong type.
        ValueError: If it is out of range.
    """
    options = config.get("config", {})
    _check_numbers(options)
    rate = options.get("learning_rate")
    if isinstance(rate, dict):
        _check_schedule(rate)
    elif rate is not None:
        require_positive("learning_rate", rate)


def _check_schedule(schedule: dict[str, Any]) -> None:
    options = schedule.get("config")
    if not isinstance(options, dict) or not isinstance(schedule.get("class_name"), str):
        raise TypeError(
            "Expected `learning_rate` to be a number or the Keras config of a schedule, with "
            f"`class_name` and `config`. Received: {schedule!r:.80}."
        )
    _check_numbers(options)
    if options.get("warmup_target") is not None:  # rises from any rate, 0 included
        require_positive("warmup_target", options["warmup_target"])
        require_number("initial_learning_rate", options.get("initial_learning_rate"), 0.0)
    else:
        require_positive("initial_learning_rate", options.get("initial_learning_rate"))


def _check_numbers(options: dict[str, Any]) -> None:
    for name in SHARES:
        if name in options:
            require_fraction(name, options[name])
    for name in AT_LEAST_0:
        if options.get(name) is not None:
            require_number(name, options[name], 0.0)
    if options.get("loss_scale_factor") is not None:
        require_positive("loss_scale_factor", options["loss_scale_factor"])
    if "alpha" in options:  # share of the rate at the end
        require_number("alpha", options["alpha"], 0.0, 1.0)
    for name, least in COUNTS.items():
        if options.get(name) is not None:
            require_integer(name, options[name], least)
