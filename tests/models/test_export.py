"""The halves of a model in other runtimes: ONNX, LiteRT and SavedModel, each by its own."""

import keras
import numpy as np
import pytest
from manifold_list import ALL

import diffusion_vae as dv
from diffusion_vae.networks import MLPDecoder, MLPEncoder

pytestmark = [
    pytest.mark.slow,
    # Of the converters.
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::UserWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]

# A level set is projected to by Newton steps with eigenvectors, which only TensorFlow has.
TENSORFLOW_ONLY = ("ellipsoid",)
PORTABLE = {name: manifold for name, manifold in ALL.items() if name not in TENSORFLOW_ONLY}


def onnx(network, inputs, folder):
    runtime = pytest.importorskip("onnxruntime")
    pytest.importorskip("tf2onnx")
    network.export(folder / "half.onnx", format="onnx", verbose=False)
    session = runtime.InferenceSession(folder / "half.onnx")
    names = [output.name for output in session.get_outputs()]
    values = session.run(None, {session.get_inputs()[0].name: inputs})
    return dict(zip(names, values, strict=True))


def litert(network, inputs, folder):
    import tensorflow as tf

    network.export(folder / "half.tflite", format="litert", verbose=False)
    run = tf.lite.Interpreter(str(folder / "half.tflite")).get_signature_runner()
    return run(**{next(iter(run.get_input_details())): inputs})


def saved_model(network, inputs, folder):
    import tensorflow as tf

    network.export(folder / "half", format="tf_saved_model", verbose=False)
    loaded = tf.saved_model.load(folder / "half")
    return {name: value.numpy() for name, value in loaded.serve(inputs).items()}


RUNTIMES = [onnx, litert, saved_model]
runtime = pytest.mark.parametrize("runtime", RUNTIMES, ids=lambda function: function.__name__)


def agrees(runtime, network, inputs, folder, points=None):
    """Whether another runtime gives all numbers of a network to 1e-5 of their size.

    Of the names of a point (`points`: manifolds of outputs) it may give another.
    """
    expected = network(inputs)
    received = dict(runtime(network, inputs, folder))
    assert received.keys() == expected.keys()
    for name, value in expected.items():
        value = np.asarray(value)
        if name in (points or {}):
            shared = points[name].even_embedding
            value, received[name] = np.asarray(shared(value)), np.asarray(shared(received[name]))
        assert np.ptp(value, axis=0).max() > 1e-4, name  # no constant
        tolerance = 1e-5 * max(1.0, np.abs(value).max())
        np.testing.assert_allclose(received[name], value, atol=tolerance, rtol=0, err_msg=name)


def together(networks, shape):
    """One network of several: every conversion has its own cost."""
    inputs = keras.Input(shape)
    outputs = {
        f"{name}_{key}": value
        for name, network in networks.items()
        for key, value in keras.Model(network.input, network.output, name=name)(inputs).items()
    }
    return keras.Model(inputs, outputs)


def model(manifold, shape, **options):
    networks = MLPEncoder((8,), seed=1), MLPDecoder((8,), seed=2)
    vae = dv.DiffusionVAE(manifold, *networks, kernel="random_walk", seed=0, **options)
    vae.build((None, *shape))
    kernel = vae.latent.time.kernel  # zeros at the start: times would not depend on the data
    kernel.assign(np.random.default_rng(1).standard_normal(kernel.shape))
    return vae


MODELS = {
    "infocat": lambda **networks: dv.InfoCatVAE(seed=0, **networks),
    "naive": lambda **networks: dv.SpatialVAE(variant="naive", maps=2, seed=0, **networks),
    "low_rank": lambda **networks: dv.SpatialVAE(maps=2, seed=0, **networks),
    "full": lambda **networks: dv.SpatialVAE(maps=2, covariance="full", seed=0, **networks),
}


def other_model(name, shape):
    decoder = keras.Sequential(
        [keras.layers.Flatten(), keras.layers.Dense(12), keras.layers.Reshape((4, 3))]
    )
    vae = MODELS[name](encoder=MLPEncoder((8,), seed=1), decoder=decoder)
    vae.build((None, *shape))
    if name != "infocat":  # nearly zeros at the start
        kernel = vae.latent.covariance_head.kernel
        kernel.assign(np.random.default_rng(1).standard_normal(kernel.shape))
    return vae


SHAPE = (4, 3)


@pytest.fixture(scope="module")
def others():
    """Models of other latents, by name."""
    return {name: other_model(name, SHAPE) for name in MODELS}


@pytest.fixture(scope="module")
def encoders(others):
    """Locations and times of every space, one ambient head, and what other models infer."""
    networks = {
        f"space_{index}": model(manifold, SHAPE).inference_network(draw=False)
        for index, manifold in enumerate(PORTABLE.values())
    }
    ambient = model("projective:2", SHAPE, location_head="ambient")
    networks["ambient"] = ambient.inference_network(draw=False)
    networks |= {name: vae.inference_network(draw=False) for name, vae in others.items()}
    assert all("z" not in network.output for network in networks.values())
    return together(networks, SHAPE)


@runtime
def test_locations_and_times_of_every_space_and_other_models(x, tmp_path, encoders, runtime):
    points = {
        f"space_{index}_location": manifold
        for index, manifold in enumerate(PORTABLE.values())
        if manifold.identifies_points
    }
    agrees(runtime, encoders, x, tmp_path, points)


@runtime
def test_a_network_alone_has_outputs_of_these_names(x, tmp_path, runtime):
    network = model("sphere:2", SHAPE).inference_network(draw=False)
    assert network.output.keys() == {"location", "time"}
    agrees(runtime, network, x, tmp_path)


@pytest.mark.parametrize("name", TENSORFLOW_ONLY)
def test_locations_and_times_of_a_space_that_needs_tensorflow(x, tmp_path, name):
    network = model(ALL[name], SHAPE).inference_network(draw=False)
    agrees(saved_model, network, x, tmp_path)


@runtime
@pytest.mark.parametrize("name", ["sphere:2", "projective:2 x torus:2"])
def test_decoders(tmp_path, name, runtime):
    networks = {}
    for even_decoder in ("average", "quadratic"):
        vae = model(ALL[name], SHAPE, even_decoder=even_decoder, likelihood="bernoulli")
        networks[even_decoder] = vae.generative_network()
    z = np.asarray(ALL[name].prior_sample((5,), seed=0))
    agrees(runtime, together(networks, z.shape[1:]), z, tmp_path)


@runtime
def test_a_decoder_alone_has_outputs_of_its_names(tmp_path, others, runtime):
    z = np.asarray(others["infocat"].latent.prior_sample(5))
    agrees(runtime, others["infocat"].generative_network(), z, tmp_path)


@runtime
def test_decoders_that_read_an_embedding(tmp_path, runtime):
    space = ALL["hyperbolic:3,-0.5 x sphere:1"]
    network = model(space, SHAPE, likelihood="bernoulli").generative_network()
    agrees(runtime, network, np.asarray(space.prior_sample((5,), seed=0)), tmp_path)


@runtime
def test_decoders_of_maps(tmp_path, others, runtime):
    networks = {k: vae.generative_network() for k, vae in others.items() if k != "infocat"}
    z = np.asarray(others["full"].latent.prior_sample(5))
    agrees(runtime, together(networks, z.shape[1:]), z, tmp_path)


@pytest.mark.jax
def test_a_saved_model_of_every_backend(x, tmp_path):
    network = model("sphere:2", x.shape[1:]).inference_network(draw=False)
    agrees(saved_model, network, x, tmp_path)


@pytest.mark.jax
def test_a_network_without_draws_survives_its_own_file(x, tmp_path):
    network = model("sphere:2", x.shape[1:]).inference_network(draw=False)
    network.save(tmp_path / "half.keras")
    loaded = keras.saving.load_model(tmp_path / "half.keras")
    np.testing.assert_array_equal(loaded(x)["location"], network(x)["location"])
    assert loaded.output.keys() == {"location", "time"}
