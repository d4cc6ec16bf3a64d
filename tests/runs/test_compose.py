"""From choices and settings to a record, and on to the model that it builds."""

import pytest

from diffusion_vae.likelihoods import LIKELIHOODS
from diffusion_vae.runs import Record, compose
from diffusion_vae.runs.kinds import COMPONENTS
from diffusion_vae.runs.recipes import recipe, usual_restarts


def build(shape=(4, 4), **choices):
    """The built model of a record, made of its JSON form."""
    model = Record.from_dict(compose(**choices).as_dict()).build_model()
    model.build((None, *shape))
    return model


@pytest.mark.parametrize(
    ("choice", "error"),
    [
        ({"epochs": 0}, ValueError), ({"batch_size": 0}, ValueError),
        ({"restarts": -1}, ValueError), ({"learning_rate": 0.0}, ValueError),
        ({"seed": -1}, ValueError), ({"model": "gan"}, ValueError),
        ({"network": "gru"}, ValueError), ({"manifold": "klein"}, ValueError),
        ({"network": "conv", "settings": {"network.padding": "valid"}}, ValueError),
        ({"epochs": "3"}, TypeError), ({"epochs": 1.5}, TypeError), ({"seed": 1.5}, TypeError),
        ({"learning_rate": "1"}, TypeError), ({"model": 3}, TypeError),
    ],
)  # fmt: skip
def test_bad_choices_are_refused(choice, error):
    with pytest.raises(error, match=r"Expected|Unknown"):
        compose(**choice)


def test_the_cosine_schedule_rises_and_falls():
    record = compose(learning_rate=2e-3, schedule="cosine", settings={"schedule.warmup_steps": 10})
    rate = record.build_optimizer(110)._learning_rate
    assert [float(rate(step)) for step in (0, 5, 10)] == pytest.approx([0.0, 1e-3, 2e-3])
    assert [float(rate(step)) for step in (60, 110)] == pytest.approx([1e-3, 0.0], abs=1e-9)
    with pytest.raises(ValueError, match="Expected a schedule of the learning rate"):
        compose(settings={"schedule.warmup_steps": 10})


def test_a_schedule_of_a_chosen_length_keeps_it():
    record = compose(schedule="cosine", settings={"schedule.decay_steps": 10})
    rate = record.build_optimizer(1000)._learning_rate
    assert [float(rate(step)) for step in (0, 5, 10)] == pytest.approx([1e-3, 5e-4, 0.0])


def test_a_constant_rate_replaces_the_schedule_of_a_base():
    base = compose(schedule="cosine", learning_rate=2e-3)
    record = compose(base=base, schedule="constant")
    assert record.optimizer["config"]["learning_rate"] == 2e-3


def test_a_recipe_serves_its_model_and_data():
    record = compose("info", dataset="gaussian_mixture")
    assert record.model["config"]["manifold"]["config"] == {"dim": 1}
    assert record.model["config"]["likelihood"]["config"]["scale"] == "predicted"
    assert (record.training.epochs, record.training.passes) == (20, 100)
    other = compose("info", dataset="mnist")
    assert other.model["config"]["manifold"]["class_name"] == "Euclidean"
    assert other.model["config"]["manifold"]["config"] == {"dim": 2}
    assert recipe("info", "mnist") == recipe("diffusion", "mnist") == {}
    assert compose("diffusion", dataset="mnist").training.epochs == 20


def test_a_choice_beats_the_recipe():
    record = compose(
        "info", dataset="gaussian_mixture", manifold="euclidean:2", epochs=3,
        settings={"encoder.units": (5,), "likelihood.variance": 1.0},
    )  # fmt: skip
    assert record.model["config"]["manifold"]["config"] == {"dim": 2}
    assert record.model["config"]["encoder"]["config"]["units"] == [5]
    assert record.model["config"]["decoder"]["config"]["units"] == [100, 100]
    assert record.model["config"]["likelihood"]["config"]["variance"] == 1.0
    assert record.training.epochs == 3


def test_a_recipe_leaves_out_what_the_chosen_parts_do_not_take():
    convolutional = compose("infocat", dataset="mnist", network="conv").model["config"]["encoder"]
    assert convolutional["class_name"] == "ConvEncoder"
    assert "units" not in convolutional["config"]
    assert convolutional["config"]["batch_norm"] is False  # holds for every kind of network
    record = compose("info", dataset="gaussian_mixture", settings={"likelihood": "bernoulli"})
    assert record.model["config"]["likelihood"]["class_name"] == "Bernoulli"


def test_laws_of_counts_are_chosen_and_set_by_name():
    settings = {
        "likelihood": "poisson",
        "likelihood.exposure": 0.5,
        "likelihood.missing": "ignore",
    }
    record = compose("info", dataset="gaussian_mixture", settings=settings)
    likelihood = record.model["config"]["likelihood"]
    assert likelihood["class_name"] == "Poisson"
    assert {name: likelihood["config"][name] for name in ("exposure", "missing", "link")} == {
        "exposure": 0.5, "missing": "ignore", "link": "log",
    }  # fmt: skip
    settings = {"likelihood": "negative_binomial", "likelihood.dispersion": "predicted"}
    record = compose("info", dataset="gaussian_mixture", settings=settings)
    assert record.model["config"]["likelihood"]["config"]["dispersion"] == "predicted"
    with pytest.raises(ValueError, match="`exposure` to be positive"):
        compose(settings={"likelihood": "poisson", "likelihood.exposure": -1.0})
    with pytest.raises(ValueError, match=r"`likelihood\.classes`, which Categorical needs"):
        compose(settings={"likelihood": "categorical"})
    settings = {"likelihood": "categorical", "likelihood.classes": 3}
    record = compose("info", dataset="gaussian_mixture", settings=settings)
    assert record.model["config"]["likelihood"]["config"]["classes"] == 3


def test_every_named_law_is_a_choice_of_the_command():
    given_by_name = {name for name in LIKELIHOODS if name != "mixed"}  # a mixture is an object
    assert set(COMPONENTS["likelihood"]) == given_by_name
    for name, address in COMPONENTS["likelihood"].items():
        assert address == f"diffusion_vae.likelihoods:{LIKELIHOODS[name].__name__}"


def test_restarts_are_for_data_that_a_torus_unfolds():
    assert compose().restarts == usual_restarts("periodic_pictures", "torus:2") == 12
    assert compose(manifold="sphere:2").restarts == compose(dataset="digits").restarts == 0
    assert (compose().training.epochs, compose(dataset="digits").training.epochs) == (15, 20)


def test_options_of_a_kind_of_model_are_checked():
    model = build(model="info", settings={"alpha": 0.5, "divergence": "energy"})
    assert (model.alpha, type(model.divergence).__name__) == (0.5, "EnergyDistanceToPrior")
    with pytest.raises(ValueError, match="Did you mean 'lambda_'"):
        compose("info", settings={"lambda": 1.0})
    with pytest.raises(ValueError, match="'alpha'"):
        compose("diffusion", settings={"alpha": 1.0})


def test_an_output_activation_reaches_the_likelihood():
    model = build(settings={"likelihood.output_activation": "sigmoid"})
    assert model.likelihood.output_activation == "sigmoid"
    with pytest.raises(ValueError, match=r"likelihood Bernoulli among.*'output_activation'"):
        compose(settings={"likelihood": "bernoulli", "likelihood.output_activation": "sigmoid"})


def test_the_encoders_dropout_reaches_it():
    model = build(settings={"encoder.dropout": 0.25})
    rates = [layer.rate for layer in model.encoder.layers if hasattr(layer, "rate")]
    assert rates == [0.25] * 3


def test_the_statistics_of_the_data_reach_the_encoder():
    model = build(settings={"encoder.standardize": (1.0, 4.0)})
    first = model.encoder.layers[0]
    assert (first.scale, first.offset) == (0.25, -0.25)


def test_the_range_of_the_first_biases_reaches_the_decoder():
    model = build(settings={"decoder.bias_range": 3.0})
    assert model.decoder.layers[0].bias_initializer.maxval == 3.0


SMALL = {"encoder.units": (16,), "decoder.units": (16,)}


def test_settings_reach_the_model():
    model = build(
        manifold="projective:2",
        settings={
            "likelihood": "bernoulli", "kernel": "random_walk", "walk_steps": 3,
            "kernel.kl_formula": "paper", "even_decoder": "quadratic",
            "location_head": "veronese", "log_time_range": (-8.0, -1.0), "initial_log_time": -4.0,
            "kl_weight": 0.5, "kl_warmup_steps": 7, "network.batch_norm": True, **SMALL,
        },
    )  # fmt: skip
    kernel = model.latent.kernel
    assert (kernel.steps, kernel.kl_formula) == (3, "paper")
    assert model.latent.time.log_time_range == [(-8.0, -1.0)]
    assert model.latent.time.initial_log_time == [-4.0]
    assert (model.even_decoder, model.latent.location_head) == ("quadratic", "veronese")
    assert (model.kl_weight, model.kl_warmup_steps) == (0.5, 7)
    assert type(model.likelihood).__name__ == "Bernoulli"
    for network in (model.encoder, model.decoder.decoder):
        assert any("BatchNorm" in type(layer).__name__ for layer in network.layers)


def test_a_named_walk_has_the_steps_of_the_model():
    model = build(settings={"kernel": "random_walk", "walk_steps": 20})
    assert model.latent.kernel.steps == 20


def test_bare_names_are_the_models_first():
    record = compose(dataset="digits", settings={"test_fraction": 0.5, "walk_steps": 3})
    assert record.dataset["options"] == {"test_fraction": 0.5}
    assert record.model["config"]["walk_steps"] == 3
    assert record.model["config"]["kernel"] == "auto"  # looking for a name makes no part
    assert compose("infocat", settings={"checkpoint_every": 2}).fit["checkpoint_every"] == 2


CONVOLUTIONS = {
    "network.filters": (4, 5), "network.kernel_sizes": (3, (1, 3)),
    "network.pool_sizes": ((2, 3), None), "network.dense_units": (6,),
    "network.padding": "circular",
}  # fmt: skip


@pytest.mark.parametrize("shape", [(5, 7), (5, 7, 3)])
def test_convolutional_settings_reach_the_networks(shape):
    model = build(shape, manifold="sphere:2", network="conv", settings=CONVOLUTIONS)
    names = [type(layer).__name__ for layer in model.encoder.layers]
    assert names.count("CircularPadding2D") == names.count("Conv2D") == 2
    assert names.count("MaxPooling2D") == 1
    assert names.count("BatchNormalization") == 2  # the network's default
    assert model.encoder.output_shape == (None, 6)
    assert model.decoder.output_shape == (None, *shape)


@pytest.mark.parametrize(("network", "sizes"), [("mlp", SMALL), ("conv", CONVOLUTIONS)])
@pytest.mark.parametrize("batch_norm", [None, True, False])
def test_batch_norm_is_the_networks_default_or_as_chosen(network, sizes, batch_norm):
    chosen = {} if batch_norm is None else {"network.batch_norm": batch_norm}
    model = build((4, 4, 1), manifold="sphere:2", network=network, settings={**sizes, **chosen})
    found = any("BatchNorm" in type(layer).__name__ for layer in model.decoder.layers)
    assert found == (network == "conv" if batch_norm is None else batch_norm)


@pytest.mark.parametrize("shape", [(9,), (3, 3, 3, 3)])
def test_convolutions_refuse_data_that_are_no_pictures(shape):
    with pytest.raises(ValueError, match=r"Expected pictures.*Use an MLPEncoder"):
        build(shape, network="conv", settings=CONVOLUTIONS)


def test_settings_of_the_spatial_vae_reach_it():
    options = {"variant": "low_rank", "map_size": 3, "maps": 5, "rank": 2, "covariance": "full"}
    settings = {**options, "likelihood.variance": 0.1}
    model = Record.from_dict(compose("spatial", seed=3, settings=settings).as_dict()).build_model()
    assert options.items() <= model.get_config().items()
    assert (model.latent.rank, model.latent.covariance, model.latent.maps) == (2, "full", 5)
    assert (model.likelihood.variance, model.seed) == (0.1, 3)


@pytest.mark.parametrize(
    ("choice", "sentence"),
    [
        ({"manifold": "so3"}, "no `manifold` with the model SpatialVAE"),
        ({"settings": {"kernel": "exact"}}, "'kernel'"),
        ({"settings": {"walk_steps": 3}}, "'walk_steps'"),
        ({"settings": {"encoder.units": (8,)}}, "SpatialEncoder among .*'units'"),
        ({"settings": {"model.size": 3}}, "SpatialVAE among .*'size'"),
        ({"settings": {"variant": "vanilla", "map_size": 3}}, "Expected `map_size` 1"),
    ],
)
def test_what_the_spatial_vae_would_ignore_is_refused(choice, sentence):
    with pytest.raises(ValueError, match=sentence):
        compose("spatial", **choice)


def test_the_recipe_of_the_spatial_vae_takes_the_range_of_tanh():
    record = compose("spatial", dataset="cifar10")
    assert record.dataset["options"] == {"value_range": [-1, 1]}
    assert record.training.batch_size == 100
    assert record.model["class_name"] == "SpatialVAE"


def test_a_model_of_an_address_is_named_after_its_space_or_class():
    assert compose(manifold="sphere:2 x torus:1").model["config"]["name"] == "sphere_2_x_torus_1"
    address = "diffusion_vae.models:SphereVAE"
    first, second = (compose(address, settings={"dim": 3}) for _ in range(2))
    assert first == second
    assert first.model["config"]["dim"] == 3


def test_digits_are_trained_with_a_scale_that_does_not_collapse():
    def likelihood(**choices):
        return compose(manifold="sphere:2", dataset="digits", **choices).model["config"][
            "likelihood"
        ]

    usual = likelihood()["config"]
    assert (usual["scale"], usual["variance"]) == ("learned", 0.05)
    chosen = {"likelihood.scale": "fixed", "likelihood.variance": 1.0}
    plain = likelihood(settings=chosen)["config"]
    assert (plain["scale"], plain["variance"]) == ("fixed", 1.0)
    assert likelihood(settings={"likelihood": "bernoulli"})["class_name"] == "Bernoulli"
