"""TensorFlow Probability's distributions work on TensorFlow alone."""

import keras

if keras.backend.backend() != "tensorflow":
    collect_ignore_glob = ["test_*.py"]
