"""Keras configs that every backend can read."""

import re
from typing import Any

OF_ONE_BACKEND = re.compile(r"keras\.src\.backend\.\w+\.optimizers\.")


def portable(config: Any) -> Any:
    """A Keras config that names no class of one backend.

    On PyTorch Keras writes optimizers as classes of that backend, whose module imports PyTorch.

    Args:
        config: A Keras config, or a part of one.

    Returns:
        The same with `keras.optimizers` in place of such modules.

    Example:
        >>> from diffusion_vae.configs import portable
        >>> module = "keras.src.backend.torch.optimizers.torch_adam"
        >>> portable({"module": module, "class_name": "Adam"})["module"]
        'keras.optimizers'
    """
    if isinstance(config, (list, tuple)):
        return type(config)(portable(item) for item in config)
    if not isinstance(config, dict):
        return config
    config = {name: portable(value) for name, value in config.items()}
    if OF_ONE_BACKEND.match(str(config.get("module"))):
        return {**config, "module": "keras.optimizers", "registered_name": None}
    return config
