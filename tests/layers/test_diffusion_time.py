"""Times within limits: where they start, where they end, and what is reported."""

import math

import keras
import numpy as np
import pytest
from backends import value_and_gradients
from keras import ops

from diffusion_vae.layers import DiffusionTime


def features(scale=1.0, rows=50):
    return (scale * np.random.default_rng(0).normal(size=(rows, 6))).astype("float32")


def untrained(**options):
    layer = DiffusionTime(**options)
    return layer, np.log(ops.convert_to_numpy(layer(features())))


@pytest.mark.parametrize(
    "options, expected",
    [
        ({"time_dim": 1, "log_time_range": (-8.0, -2.0)}, [-5.0]),
        ({"time_dim": 1, "log_time_range": (-8.0, -2.0), "initial_log_time": -2.1}, [-2.1]),
        (
            {"time_dim": 2, "log_time_range": (-8.0, -2.0), "initial_log_time": [-7.9, -3]},
            [-7.9, -3],
        ),
        ({"time_dim": 2}, [0.0, 0.0]),
        ({"time_dim": 2, "initial_log_time": -40.0}, [-40.0, -40.0]),
        (
            {"time_dim": 2, "log_time_range": [(-8.0, -2.0), None], "initial_log_time": -3},
            [-3, -3],
        ),
        ({"time_dim": 3, "log_time_range": [(-9, -1), None, (0, 1)]}, [-5.0, 0.0, 0.5]),
    ],
)
def test_an_untrained_layer_gives_the_initial_time_to_all(options, expected):
    _, log_time = untrained(**options)
    np.testing.assert_allclose(
        log_time, np.broadcast_to(expected, log_time.shape), rtol=2e-6, atol=1e-6
    )


@pytest.mark.jax
def test_limits_hold_for_any_weights():
    layer, _ = untrained(time_dim=2, log_time_range=[(-8.0, -2.0), (-1.0, 0.5)])
    layer.set_weights([np.full((6, 2), 100.0), np.zeros(2)])
    log_time = np.log(ops.convert_to_numpy(layer(features(100.0))))
    for column, (low, high) in zip(log_time.T, [(-8.0, -2.0), (-1.0, 0.5)], strict=True):
        assert column.min() == pytest.approx(low, abs=1e-5)
        assert column.max() == pytest.approx(high, abs=1e-5)


def test_the_middle_has_slope_one_and_no_limits_slope_one_everywhere():
    kernel = np.zeros((6, 1))
    kernel[0] = 1.0
    x = np.zeros((3, 6), "float32")
    x[:, 0] = [-0.01, 0.0, 0.01]
    for limits, start in (((-8.0, -2.0), -5.0), (None, 1.0)):
        layer, _ = untrained(time_dim=1, log_time_range=limits)
        layer.set_weights([kernel, np.array([start])])
        log_time = np.log(np.asarray(layer(x)))[:, 0]
        # features act divided by the square root of their number
        assert log_time[2] - log_time[0] == pytest.approx(0.02 / math.sqrt(6), rel=1e-3)
        assert log_time[1] == pytest.approx(start, abs=1e-6)


def test_wider_features_do_not_run_ahead():
    # One step of SGD moves log t as much on 4 features as on 400 equal ones.
    moved = []
    for width in (4, 400):
        layer = DiffusionTime(1)
        x = np.ones((2, width), "float32")
        layer(x)
        _, gradients = value_and_gradients(
            lambda kernel, x=x, layer=layer: ops.sum(
                ops.log(layer.stateless_call([kernel, layer.bias.value], [], x)[0])
            ),
            layer.kernel.value,
        )
        moved.append(float(np.sum(gradients[0]) / math.sqrt(width)))
    assert moved[0] == pytest.approx(moved[1], rel=1e-5)


def test_share_at_limit_counts_one_per_cent_of_the_width():
    layer = DiffusionTime(2, (-10.0, 0.0))
    log_time = np.array(
        [[-9.95, -5.0], [-9.85, -0.15], [-0.05, -9.95], [-5.0, -5.0]]
    )  # inside 0.1 of a limit or not
    share = np.asarray(layer.share_at_limit(ops.convert_to_tensor(np.exp(log_time))))
    np.testing.assert_array_equal(share, [0.5, 0.0, 1.0, 0.0])


def test_share_at_limit_of_a_free_time_is_zero():
    layer = DiffusionTime(2, [None, (-4.0, 0.0)])
    times = ops.exp(ops.array([[80.0, -2.0], [-80.0, -0.001]]))
    np.testing.assert_array_equal(np.asarray(layer.share_at_limit(times)), [0.0, 0.5])


def test_limits_survive_the_file_as_they_were(tmp_path):
    limits = [(-8.0, -2.0), None]
    inputs = keras.Input((6,))
    model = keras.Model(inputs, DiffusionTime(2, limits, [-3.0, 1.0], name="time")(inputs))
    model.save(tmp_path / "time.keras")
    layer = keras.saving.load_model(tmp_path / "time.keras").get_layer("time")
    assert layer.log_time_range == limits
    assert layer.initial_log_time == [-3.0, 1.0]


@pytest.mark.parametrize(
    "options, message",
    [
        (
            {"log_time_range": (1.0, -1.0)},
            r"\(low, high\) with low < high.*Received: \(1.0, -1.0\)",
        ),
        ({"log_time_range": (-1.0, math.inf)}, "both finite"),
        ({"log_time_range": (math.nan, 0.0)}, "low < high"),
        ({"log_time_range": [(-1.0, 0.0)] * 3}, "one entry for each of 2 times"),
        ({"initial_log_time": [0.0, 0.0, 0.0]}, "a number or 2 of them"),
        (
            {"log_time_range": (-8.0, -2.0), "initial_log_time": -2.0},
            r"strictly between -8 and -2, the limits on log time\. Received: -2.0",
        ),
        ({"log_time_range": (-8.0, -2.0), "initial_log_time": 0.1}, "strictly between"),
    ],
)
def test_bad_arguments_say_what_to_do(options, message):
    with pytest.raises(ValueError, match=message):
        DiffusionTime(2, **options)
