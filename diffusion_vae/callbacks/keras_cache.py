"""A cache of Keras that saving fills and does not find: without it every save costs memory."""

import contextlib

# Kinds of object whose attributes Keras lists when it saves a model.
KINDS = ("Operation", "Layer", "Functional", "Sequential", "Metric", "Optimizer", "Loss")


def fill_saving_cache():
    """Puts the attributes that saving skips where Keras (3.12 to 3.15) looks for them.

    Keras stores each set under one name and looks it up under another, so that every save makes
    an optimizer and layers only to list their attributes; TensorFlow does not give all of their
    memory back. On a Keras that differs nothing happens.
    """
    with contextlib.suppress(ImportError, AttributeError, ValueError):
        from keras.src.backend.common import global_state
        from keras.src.saving.saving_lib import get_attr_skipset

        for kind in KINDS:
            name = f"saving_attr_skiplist_{kind}"
            if global_state.get_global_attribute(name) is None:
                global_state.set_global_attribute(name, get_attr_skipset(kind))
