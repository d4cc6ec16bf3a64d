"""The two halves of a trained model as functional models, for files and for other runtimes."""

from typing import Any

import keras
from keras import ops


class ExportMethods(keras.Model):
    """Methods of a model with `encoder`, `latent`, `decoder` and `likelihood`."""

    def inference_network(self, draw: bool = True) -> keras.Model:
        """The encoder with its latent head as a functional model that can be saved alone.

        Args:
            draw: Whether to give a draw `z` as well. Other runtimes, such as ONNX and LiteRT,
                cannot draw: `inference_network(draw=False)` can be exported to them.

        Returns:
            A `keras.Model` from data to a dictionary of parameters, such as `location` and
            `time`, and perhaps of `z`.
        """
        self._require_built()
        inputs = keras.Input(self.event_shape, name="data")
        outputs = self.latent(self.encoder(inputs), draw=draw)
        network = keras.Model(inputs, outputs, name="inference_network")
        return network if draw else _called(network)

    def generative_network(self) -> keras.Model:
        """The decoder with its likelihood as a functional model that can be saved alone.

        Returns:
            A `keras.Model` from latent points to a dictionary with `reconstruction`.
        """
        self._require_built()
        inputs = keras.Input(self.latent.point_shape, name="z")
        outputs = self.likelihood(self.decoder(inputs))
        return _called(keras.Model(inputs, outputs, name="generative_network"))


def _called(network: Any) -> keras.Model:
    """A network that has been called once, as Keras wants it before an export to ONNX."""
    shape = network.input_shape[1:]
    if None not in shape:
        network(ops.zeros((1, *shape)))
    return network
