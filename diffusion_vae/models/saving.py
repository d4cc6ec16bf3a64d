"""Files of a model: what is written beside Keras's own, and what is not written."""

import os
from typing import Any

import keras
import numpy as np

from diffusion_vae.layers.quantization import parts, quantization, quantize_again
from diffusion_vae.random import seed_states, set_seed_states

SEED_PREFIX = "seed_state_"
LEGACY = (".h5", ".hdf5")


class SavingMethods(keras.Model):
    """Saving and loading of a model whose constructor's arguments are its configuration."""

    def save(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Keras's `save`, to a `.keras` file.

        `keras.saving.save_model` refuses the legacy format as well, but only after Keras has
        emptied a file of that name: here it stays.

        Raises:
            ValueError: If Keras would write its legacy format, which cannot hold these models:
                the file could never be loaded.
        """
        path = str(filepath)
        if path.endswith(LEGACY):
            stem = os.path.splitext(path)[0].removesuffix(".weights")
            _refuse_legacy(f", such as {stem + '.keras'!r}", f"{path!r}, ")
        super().save(filepath, *args, **kwargs)

    def get_config(self) -> dict[str, Any]:
        """Keras's config. `keras.saving.save_model` writes its legacy format from it as well."""
        if _writes_legacy():
            _refuse_legacy()
        return super().get_config()

    def save_own_variables(self, store: Any) -> None:
        """Adds the seed generators below the model, which Keras does not restore."""
        super().save_own_variables(store)
        for index, state in enumerate(seed_states(self)):
            store[f"{SEED_PREFIX}{index}"] = state

    def load_own_variables(self, store: Any) -> None:
        """Puts back what `save_own_variables` wrote."""
        names = list(store.keys())
        seeds = [name for name in names if name.startswith(SEED_PREFIX)]
        super().load_own_variables({n: store[n] for n in names if n not in seeds})
        states = [store[f"{SEED_PREFIX}{index}"] for index in range(len(seeds))]
        set_seed_states(self, [np.asarray(state) for state in states])

    def quantize(self, *args: Any, **kwargs: Any) -> None:
        """Keras's `quantize`. The optimizer keeps its count of steps alone: the rest of its state
        is of weights that are gone, and would not fit the file."""
        super().quantize(*args, **kwargs)
        former = getattr(self, "optimizer", None)  # none before `compile`
        if former is not None and former.built:
            self.optimizer = type(former).from_config(former.get_config())
            self._build_optimizer()
            self.optimizer.iterations.assign(former.iterations)

    def get_build_config(self) -> dict[str, Any] | None:
        """The shape of the data, and how the latent, made by the constructor, was quantized."""
        config, found = super().get_build_config(), quantization(parts(self.latent))
        return {**config, "latent_quantization": found} if config and found else config

    def build_from_config(self, config: dict[str, Any]) -> None:
        """Builds the model as the one that a file was written by."""
        quantize_again(parts(self.latent), config.get("latent_quantization", {}))
        super().build_from_config(config)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Any = None) -> Any:
        """Rebuilds an untrained model from `get_config()`."""
        config = {
            name: keras.saving.deserialize_keras_object(value, custom_objects)
            if isinstance(value, dict) and "class_name" in value
            else value
            for name, value in config.items()
        }
        return cls(**config)


def _writes_legacy() -> bool:
    """Whether Keras is writing a file of its legacy format."""
    try:
        from keras.src.backend.common import global_state
    except ImportError:  # another version of Keras
        return False
    return bool(global_state.get_global_attribute("use_legacy_config", False))


def _refuse_legacy(example: str = "", path: str = "") -> None:
    raise ValueError(
        f"Expected the file of a model to end in .keras{example}. Received: {path}Keras's legacy "
        "format, from which these models cannot be loaded. `save_weights` writes the weights "
        "alone, to a .weights.h5 file."
    )
