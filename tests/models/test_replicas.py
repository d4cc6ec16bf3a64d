"""Two replicas train as one device does (in a process of its own, which sets up devices)."""

import json
import subprocess
import sys

import pytest

SCRIPT = """
import json, sys
import numpy as np, tensorflow as tf, keras
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * 2)
tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})  # few steps
import diffusion_vae as dv
from diffusion_vae.networks import MLPDecoder, MLPEncoder

x = np.random.default_rng(0).random((16, 6), dtype=np.float32)

def make(strategy, time):
    with strategy.scope():
        encoder = keras.Sequential([keras.layers.Dense(
            8, "relu", kernel_initializer=keras.initializers.GlorotUniform(seed=1),
            kernel_regularizer="l2")])
        decoder = MLPDecoder((8,), event_shape=(6,), seed=2)
        model = dv.SphereVAE(2, encoder, decoder, fixed_time=time, seed=0, kl_warmup_steps=4)
        model.compile(keras.optimizers.SGD(0.01), jit_compile=False)
        model.build((None, 6))
    return model

def train(strategy, time):
    model = make(strategy, time)
    return model, model.fit(x, batch_size=8, epochs=3, shuffle=False, verbose=0).history

two = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
one = tf.distribute.OneDeviceStrategy("CPU:0")
(a, first), (b, second) = train(one, 1e-14), train(two, 1e-14)
gap = max(float(np.abs(np.asarray(p) - np.asarray(q)).max()) for p, q in zip(a.weights, b.weights))

model = make(two, 0.5)
batch = np.repeat(x[:1], 4, axis=0)
noise = two.run(lambda: model(tf.constant(batch), training=True)["z"])
values = [v.numpy().tolist() for v in two.experimental_local_results(noise)]
print(json.dumps({"first": first, "second": second, "gap": gap, "noise": values}))
"""


@pytest.fixture(scope="module")
def report():
    finished = subprocess.run([sys.executable, "-c", SCRIPT], capture_output=True, text=True)
    assert finished.returncode == 0, finished.stderr[-3000:]
    return json.loads(finished.stdout.splitlines()[-1])


@pytest.mark.slow
def test_two_replicas_train_as_one_without_noise(report):
    assert report["gap"] < 1e-6
    for name, values in report["first"].items():
        assert report["second"][name] == pytest.approx(values, rel=1e-5), name


def test_replicas_draw_noise_of_their_own(report):
    first, second = report["noise"]
    assert first != second
