"""The computation graph for TensorBoard, which Keras leaves out for subclassed models."""

from pathlib import Path
from typing import Any

import keras


def write_graph(model: Any, log_dir: str | Path) -> None:
    """Writes the graph of one call of a built model; TensorFlow backend only.

    Args:
        model: A built model.
        log_dir: Folder of the event file.
    """
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    signature: Any = tf.TensorSpec((None, *model.event_shape), keras.config.floatx())
    if model.condition is not None:
        condition = tf.TensorSpec((None, model.condition_width), keras.config.floatx())
        signature = {"x": signature, "condition": condition}
    traced = tf.function(lambda x: model(x, training=False)).get_concrete_function(signature)
    writer = tf.summary.create_file_writer(str(log_dir))
    with writer.as_default(step=0):
        tf.summary.graph(traced.graph)
    writer.close()
