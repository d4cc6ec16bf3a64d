"""What a user's networks take and return is said when it does not fit."""

import keras
import numpy as np
import pytest
from backends import QUICK_STEPS

import diffusion_vae as dv
from diffusion_vae import likelihoods
from diffusion_vae.models.network_checks import last_activation

L = keras.layers


@pytest.fixture
def rows():
    return np.random.default_rng(0).random((8, 6), dtype=np.float32)


def fit(x, encoder=None, decoder=None, make=dv.SphereVAE, **options):
    model = make(2, encoder or keras.Sequential([L.Dense(4)]), decoder, seed=0, **options)
    model.compile("adam", **QUICK_STEPS)
    model.fit(x, verbose=0)


def several(inputs, kind):
    """The encoder of Keras's own VAE example: a mean, a variance and a draw."""
    outputs = {name: L.Dense(2)(inputs) for name in ("mean", "log_var", "z")}
    return keras.Model(inputs, outputs if kind is dict else list(outputs.values()))


def test_an_encoder_of_several_outputs(rows):
    message = r"return features \[batch, n\]. Received: a list of 3. The model makes location and"
    with pytest.raises(ValueError, match=message):
        fit(rows, several(keras.Input((6,)), list))
    with pytest.raises(ValueError, match=r"a dictionary of 3, \['mean', 'log_var', 'z'\]"):
        fit(rows, several(keras.Input((6,)), dict))


def test_networks_of_two_inputs(rows):
    for size, part in ((6, "encoder"), (3, "decoder")):
        two = [keras.Input((size,)), keras.Input((3,))]
        network = keras.Model(two, L.Dense(6)(L.Concatenate()(two)))
        with pytest.raises(ValueError, match=f"the {part} to take one tensor.*2 inputs"):
            fit(rows, **{part: network})


@pytest.mark.parametrize(
    "make, options",
    [
        (dv.SphereVAE, {}),
        (dv.RealProjectiveVAE, {"even_decoder": "average"}),
        (dv.RealProjectiveVAE, {"even_decoder": "quadratic"}),
    ],
)
def test_a_decoder_of_several_outputs(rows, make, options):
    class Pair(L.Layer):
        def call(self, z):
            return z, z

    size = 6 if options.get("even_decoder") == "quadratic" else 3
    for decoder in (several(keras.Input((size,)), list), Pair()):
        with pytest.raises(
            ValueError, match=r"the decoder to return one tensor.*a (list|tuple) of"
        ):
            fit(rows, decoder=decoder, make=make, **options)


def test_parts_of_keras_2_are_named(rows):
    tf_keras = pytest.importorskip("tf_keras")

    class Own(tf_keras.Model):
        pass

    for encoder in (tf_keras.Sequential([tf_keras.layers.Dense(4)]), Own()):
        with pytest.raises(TypeError, match=r"of Keras 3 \(`import keras`\), not tf_keras"):
            fit(rows, encoder)
    schedule = tf_keras.optimizers.schedules.ExponentialDecay(1.0, 10, 0.9)
    with pytest.raises(TypeError, match=r"`kl_weight`.*Keras 3"):
        dv.SphereVAE(2, kl_weight=schedule)
    with pytest.raises(TypeError, match=r"learning rate.*Keras 3"):
        dv.SphereVAE(2).compile(keras.optimizers.Adam(schedule))
    with pytest.raises(ValueError, match="Keras 3"):
        dv.SphereVAE(2).compile(tf_keras.optimizers.Adam())
    with pytest.raises(TypeError, match="Keras 3"):
        dv.SphereVAE(2).fit(rows, callbacks=tf_keras.callbacks.EarlyStopping())


def ending_in(last):
    inputs = keras.Input((3,))
    dense = L.Dense(6, name="last")
    if last == "argument":
        return keras.Sequential([L.Dense(6, "sigmoid")])
    if last == "layer, then a shape":
        return keras.Sequential([L.Dense(6), L.Activation("softmax"), L.Reshape((6,))])
    if last == "functional":
        return keras.Model(inputs, L.Reshape((6,))(L.Activation("hard_sigmoid")(dense(inputs))))
    if last == "function":
        return keras.Model(inputs, keras.ops.sigmoid(dense(inputs)))
    if last == "nested":
        return keras.Sequential([L.Dense(3), keras.Sequential([L.Dense(6), L.ReLU()])])
    return keras.Model(
        inputs, L.Dropout(0.1)(keras.Sequential([dense, L.Activation("tanh")])(inputs))
    )


@pytest.mark.parametrize(
    "last, name",
    [
        ("argument", "sigmoid"),
        ("layer, then a shape", "softmax"),
        ("functional", "hardsigmoid"),
        ("function", "sigmoid"),
        ("nested", "relu"),
        ("nested in a functional model", "tanh"),
    ],
)
def test_the_last_activation_of_a_network(last, name):
    decoder = ending_in(last)
    decoder.build((None, 3))
    assert last_activation(decoder) == name


@pytest.mark.parametrize(
    "likelihood",
    [
        "bernoulli",
        likelihoods.Gaussian("predicted"),
        likelihoods.Gaussian(output_activation="sigmoid"),
    ],
    ids=["bernoulli", "predicted", "activated"],
)
def test_a_decoder_that_ends_in_a_sigmoid_is_warned_of(likelihood):
    for make in (dv.SphereVAE, dv.RealProjectiveVAE):
        decoder = keras.Sequential([L.Dense(6, "sigmoid")])
        model = make(2, decoder=decoder, likelihood=likelihoods.get(likelihood))
        with pytest.warns(
            UserWarning, match="The decoder ends in 'sigmoid'.*without an activation"
        ):
            model.build((None, 6))


def test_logits_and_means_are_not_warned_of():
    dv.SphereVAE(2, decoder=keras.Sequential([L.Dense(6)]), likelihood="bernoulli").build(
        (None, 6)
    )
    dv.SphereVAE(2, decoder=keras.Sequential([L.Dense(6, "sigmoid")])).build((None, 6))
    dv.SphereVAE(2, likelihood="bernoulli").build((None, 6))


@pytest.mark.parametrize("name", ["m.h5", "m.hdf5", "m.weights.h5"])
def test_a_file_that_could_not_be_read_is_not_written(rows, tmp_path, name):
    model = dv.SphereVAE(2)
    model.build((None, 6))
    with pytest.raises(ValueError, match=r"such as '.*m\.keras'"):
        model.save(tmp_path / name)
    assert not list(tmp_path.iterdir())
    model.save_weights(tmp_path / "m.weights.h5")
    with pytest.raises(ValueError, match=r"end in \.keras\. Received: Keras's legacy format"):
        keras.saving.save_model(model, tmp_path / "other.h5")
