"""A cache of Keras that saving fills under a name where it does not look for it."""

import contextlib

# Kinds of object whose attributes Keras lists when it saves a model.
KINDS = ("Operation", "Layer", "Functional", "Sequential", "Metric", "Optimizer", "Loss")


def fill_saving_cache() -> None:
    """Stores the attributes that saving skips under the name that Keras (3.12 to 3.15) reads.

    Keras stores each set under one name and reads it under another. Every save therefore makes
    an optimizer and layers only to list their attributes, and TensorFlow keeps a part of their
    memory. Other versions of Keras are left unchanged.
    """
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        from keras.src.backend.common import global_state
        from keras.src.saving.saving_lib import get_attr_skipset

        for kind in KINDS:
            name = f"saving_attr_skiplist_{kind}"
            if global_state.get_global_attribute(name) is None:
                global_state.set_global_attribute(name, get_attr_skipset(kind))
