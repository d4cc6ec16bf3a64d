"""The two halves of a trained model as functional models, for files and for other runtimes."""

from typing import Any

import keras
from keras import ops

from diffusion_vae.models.inputs import BOTH, Fed


class ExportMethods(keras.Model):
    """Methods of a model with `encoder`, `latent`, `decoder` and `likelihood`."""

    def inference_network(self, draw: bool = True) -> keras.Model:
        """The encoder with its latent head as a functional model that can be saved alone.

        Args:
            draw: Whether to give a draw `z` as well. Other runtimes, such as ONNX and LiteRT,
                cannot draw: `inference_network(draw=False)` can be exported to them.

        Returns:
            A `keras.Model` from data to a dictionary of parameters, such as `location` and
            `time`, and perhaps of `z`. Its input is a dictionary of `data` and `condition` where
            the encoder is told a condition.
        """
        self._require_built()
        data = keras.Input(self.event_shape, name="data")
        condition = self._condition_input() if self.condition == BOTH else None
        outputs = self.latent(self._features(Fed(data, condition), training=None), draw=draw)
        inputs = data if condition is None else {"data": data, "condition": condition}
        network = keras.Model(inputs, outputs, name="inference_network")
        return network if draw else _called(network)

    def generative_network(self) -> keras.Model:
        """The decoder with its likelihood as a functional model that can be saved alone.

        Returns:
            A `keras.Model` from latent points to a dictionary with `reconstruction`. Its input is
            a dictionary of `z` and `condition` where the model has a condition. Exposures are 1.
        """
        self._require_built()
        z = keras.Input(self.latent.point_shape, name="z")
        condition = None if self.condition is None else self._condition_input()
        outputs = self._outputs(z, Fed(condition=condition), training=None)
        inputs = z if condition is None else {"z": z, "condition": condition}
        return _called(keras.Model(inputs, outputs, name="generative_network"))

    def _condition_input(self) -> Any:
        return keras.Input((self.condition_width,), name="condition")


def _called(network: Any) -> keras.Model:
    """A network that has been called once, as Keras wants it before an export to ONNX."""
    if all(None not in each.shape[1:] for each in network.inputs):
        zeros = {each.name: ops.zeros((1, *each.shape[1:])) for each in network.inputs}
        network(zeros if len(zeros) > 1 else next(iter(zeros.values())))
    return network
