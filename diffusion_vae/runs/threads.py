"""Processes that share the cores of a machine."""

import os

import keras


def limit_threads(threads: int) -> None:
    """Gives this process its share of the cores, if its backend has not begun to work."""
    if keras.backend.backend() == "jax":
        os.environ.setdefault("NPROC", str(threads))  # read once, by the first computation
    if keras.backend.backend() == "torch":
        import torch

        torch.set_num_threads(threads)
    if keras.backend.backend() != "tensorflow":
        return
    import tensorflow as tf

    try:
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
    except RuntimeError:
        pass  # a process that has had a job before: it has its share
