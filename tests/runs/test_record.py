"""The record of a run: JSON and YAML, what is refused, what follows from a base."""

import copy
import dataclasses
import json

import keras
import pytest
from bad_calls import bad, each_bad

from diffusion_vae import InfoVAE
from diffusion_vae.runs import Fit, Record, compose, read_record

NAN, INF = float("nan"), float("inf")
FREE = {"consistency_weight": 1.0, "mutual_information_weight": 0.5}

# What there is to choose, each in a record of its own.
RECORDS = {
    "defaults": {},
    "info": {"model": "info", "manifold": "sphere:2", "settings": {"alpha": 0.0}},
    "infocat": {"model": "infocat", "settings": {"augmentation": "affine", **FREE}},
    "augmentation": {
        "model": "infocat",
        "settings": {"augmentation": "affine", "augmentation.degrees": 5.0, **FREE},
    },
    "infocat on a sphere": {"model": "infocat", "manifold": "sphere:9"},
    "spatial": {"model": "spatial", "settings": {"variant": "mvn", "covariance": "full"}},
    "one class a space": {
        "model": "diffusion_vae.models:SphereVAE",
        "settings": {"dim": 3, "kernel": "random_walk", "kernel.kl_formula": "paper"},
    },
    "mlp": {"network": "mlp", "settings": {"encoder.standardize": (1.0, 4.0)}},
    "conv": {
        "network": "conv", "settings": {"network.pool_sizes": ((2, 3), None, 2), "encoder.seed": 5}
    },
    "spatial networks": {"network": "spatial"},
    "two kinds of networks": {"settings": {"encoder": "conv", "decoder": "mlp"}},
    "bernoulli": {"settings": {"likelihood": "bernoulli"}},
    "predicted scale": {
        "settings": {"likelihood.scale": "predicted", "likelihood.per_dimension": True}
    },
    "sigmoid": {"settings": {"likelihood.output_activation": "sigmoid"}},
    "cosine": {"schedule": "cosine", "settings": {"schedule.warmup_steps": 10}},
    "cosine without warm-up": {"schedule": "cosine", "learning_rate": 2e-3},
    "RP^2": {
        "manifold": "projective:2",
        "settings": {"even_decoder": "quadratic", "location_head": "veronese"},
    },
    "RP^3": {"manifold": "projective:3"},
    "embedded torus": {"manifold": "embedded-torus:2,0.5"},
    "product": {"manifold": "sphere:2 x torus:1", "settings": {"log_time_range": (-9.0, -2.0)}},
    "mixed precision": {"settings": {"dtype": "mixed_bfloat16"}},
    "walk": {"settings": {"kernel": "random_walk", "walk_steps": 3, "kernel.kl_formula": "paper"}},
    "named walk": {"settings": {"kernel": "random_walk", "walk_steps": 3}},
    "law": {"manifold": "sphere:2", "settings": {"posterior": "power_spherical"}},
    "mmd": {"model": "info", "settings": {"divergence.bandwidth": 3.0}},
    "energy": {"model": "info", "settings": {"divergence": "energy"}},
    "heat kernel": {
        "model": "info", "manifold": "sphere:2",
        "settings": {"divergence": "heat_kernel", "divergence.time": 0.2},
    },
    "training": {
        "epochs": 3, "batch_size": 7, "seed": 2, "restarts": 1,
        "settings": {"fit.curriculum": (1, 2), "fit.whiten": True, "fit.patience": 4},
    },
    "data": {
        "dataset": "digits", "settings": {"dataset.binarize": "threshold", "dataset.seed": 3}
    },
    **{
        name: {"settings": {"optimizer": name}}
        for name in ("adamw", "nadam", "lion", "rmsprop", "sgd")
    },
}  # fmt: skip


@pytest.fixture(scope="module")
def records():
    """Every record of the list, made once."""
    return {name: compose(**choices) for name, choices in RECORDS.items()}


@pytest.mark.slow
@pytest.mark.parametrize("name", RECORDS)
def test_a_record_survives_json_and_a_base_without_changes(records, name):
    record = records[name]
    again = Record.from_dict(json.loads(json.dumps(record.as_dict())))
    assert again == record
    assert compose(base=record) == record


@pytest.mark.parametrize("name", RECORDS)
def test_model_and_optimizer_of_a_record_are_what_it_says(records, name):
    record = records[name]
    model = record.build_model()
    assert type(model).__name__ == record.model["class_name"]
    assert model.seed == record.seed
    optimizer = record.build_optimizer(100)
    assert type(optimizer).__name__ == record.optimizer["class_name"]
    assert json.loads(json.dumps(record.as_dict())) == record.as_dict()


def test_a_record_is_short_and_readable(records):
    model = records["conv"].model["config"]
    assert model["encoder"]["config"]["filters"] == [64, 64, 64]
    assert model["encoder"]["config"]["pool_sizes"] == [[2, 3], None, 2]
    assert model["manifold"]["config"] == {"dim": 2}
    assert "layers" not in json.dumps(records["conv"].as_dict())


# -- a base and other choices beside it --------------------------------------------------


@pytest.fixture(scope="module")
def base():
    return compose(
        manifold="sphere:2", dataset="digits", epochs=3, batch_size=50, learning_rate=2e-3,
        schedule="cosine", seed=4, restarts=1,
        settings={"encoder.units": (7,), "likelihood.variance": 0.5, "dataset.test_fraction": 0.3,
                  "schedule.warmup_steps": 9, "kl_weight": 0.25},
    )  # fmt: skip


def differences(first, second):
    """Keys of two nested dictionaries whose values differ, as `a.b.c`."""
    if not (isinstance(first, dict) and isinstance(second, dict)):
        return [] if first == second else [""]
    return [
        f"{key}.{rest}".rstrip(".")
        for key in {**first, **second}
        for rest in differences(first.get(key), second.get(key))
    ]


@pytest.mark.parametrize(
    ("choice", "changed"),
    [
        ({"epochs": 5}, {"fit.epochs"}),
        ({"batch_size": 5}, {"fit.batch_size"}),
        ({"seed": 5}, {"seed", "model.config.seed"}),
        ({"restarts": 0}, {"restarts"}),
        ({"learning_rate": 3e-3}, {"optimizer.config.learning_rate.config.warmup_target"}),
        ({"settings": {"kl_weight": 1.0}}, {"model.config.kl_weight"}),
        ({"settings": {"encoder.units": (9,)}}, {"model.config.encoder.config.units"}),
        ({"settings": {"likelihood.variance": 2}}, {"model.config.likelihood.config.variance"}),
        ({"settings": {"optimizer.beta_2": 0.9}}, {"optimizer.config.beta_2"}),
        ({"settings": {"dataset.seed": 3}}, {"dataset.options.seed"}),
        ({"manifold": "sphere:3"}, {"model.config.manifold.config.dim", "model.config.name"}),
    ],
)
def test_beside_a_base_one_choice_changes_one_thing(base, choice, changed):
    record = compose(base=base, **choice)
    assert set(differences(base.as_dict(), record.as_dict())) == changed


def test_another_network_leaves_out_what_the_base_says_of_the_former(base):
    record = compose(base=base, network="conv", settings={"encoder.filters": (4,)})
    assert record.model["config"]["encoder"]["class_name"] == "ConvEncoder"
    assert record.model["config"]["encoder"]["config"]["filters"] == [4]
    assert record.model["config"]["decoder"]["class_name"] == "ConvDecoder"
    with pytest.raises(ValueError, match=r"ConvEncoder among .*'units'"):
        compose(base=base, network="conv", settings={"encoder.units": (8,)})


def test_another_manifold_wraps_and_unwraps_the_decoder(base):
    projective = compose(base=base, manifold="projective:2")
    assert projective.model["config"]["decoder"]["class_name"] == "EvenDecoder"
    assert compose(base=projective, manifold="sphere:2") == base


def test_another_data_set_has_options_of_its_own(base):
    record = compose(base=base, dataset="gaussian_mixture")
    assert record.dataset == {"name": "gaussian_mixture", "options": {}}


def test_a_related_model_keeps_arguments_networks_and_manifold(base):
    record = compose("info", base=base, settings={"alpha": 0.0})
    mine, theirs = record.model["config"], base.model["config"]
    assert record.model["class_name"] == "InfoVAE"
    theirs = {key: value for key, value in theirs.items() if key not in InfoVAE.fixed_arguments}
    assert {key: mine[key] for key in theirs} == theirs
    assert (record.fit, record.optimizer, record.dataset) == (
        base.fit, base.optimizer, base.dataset
    )  # fmt: skip
    assert compose("diffusion", base=record) == base


def test_another_kind_of_model_has_arguments_and_networks_of_its_own(base):
    record = compose("infocat", base=base)
    assert record.model["config"]["encoder"]["config"]["units"] == [400]
    assert record.model["config"]["manifold"] is None
    assert (record.fit, record.optimizer) == (base.fit, base.optimizer)


def test_a_law_of_the_base_can_be_replaced():
    walk = compose(settings={"kernel": "random_walk", "kernel.kl_formula": "paper"})
    config = walk.model["config"]["kernel"]["config"]
    assert (config["steps"], config["kl_formula"]) == (10, "paper")
    longer = compose(base=walk, settings={"walk_steps": 20}).model["config"]
    assert longer["kernel"]["config"]["steps"] == longer["walk_steps"] == 20
    assert compose(base=walk, settings={"kernel": "exact"}).model["config"]["kernel"] == "exact"


def test_mixed_precision_beside_a_base_reaches_its_networks(base):
    config = compose(base=base, settings={"dtype": "mixed_bfloat16"}).model["config"]
    policies = {config["dtype"], config["encoder"]["config"]["dtype"]}
    assert policies == {config["decoder"]["config"]["dtype"]} == {"mixed_bfloat16"}


# -- files ---------------------------------------------------------------------------------

BY_HAND = """
model:
  class_name: DiffusionVAE
  config:
    manifold: sphere:2
    encoder: {class_name: MLPEncoder, config: {units: [8]}}
    likelihood: bernoulli
    kl_warmup_steps: 5
optimizer:
  class_name: Adam
  config:
    learning_rate:
      class_name: CosineDecay
      config: {initial_learning_rate: 0.002, decay_steps: null}
dataset:
  name: digits
fit: {epochs: 1}
seed: 3
"""


@pytest.mark.parametrize("ending", ["yaml", "yml"])
def test_a_record_that_is_written_by_hand(tmp_path, ending):
    path = tmp_path / f"experiment.{ending}"
    path.write_text(BY_HAND)
    record = read_record(path)
    assert (record.seed, record.restarts, record.training) == (3, 0, Fit(epochs=1))
    model = record.build_model()
    assert (model.manifold.dim, model.encoder.units, model.kl_warmup_steps) == (2, (8,), 5)
    assert type(model.likelihood).__name__ == "Bernoulli"
    rate = record.build_optimizer(10)._learning_rate
    assert [float(rate(step)) for step in (0, 5, 10)] == pytest.approx([2e-3, 1e-3, 0.0])
    complete = compose(base=record)
    assert complete.model["config"]["manifold"]["config"] == {"dim": 2}
    assert compose(base=complete) == complete
    other = compose(base=record, settings={"kernel": "random_walk", "kernel.kl_formula": "paper"})
    assert other.model["config"]["kernel"]["config"]["manifold"]["class_name"] == "Sphere"


def test_one_class_a_space_and_a_keras_layer_by_hand():
    record = Record.from_dict(
        {
            "model": {
                "class_name": "SphereVAE",
                "config": {"dim": 3, "encoder": {
                    "class_name": "Flatten", "config": {"name": "encoder"}}},
            },
            "dataset": {"name": "digits"},
        }
    )  # fmt: skip
    model = record.build_model()
    assert model.manifold.dim == 3
    assert isinstance(model.encoder, keras.layers.Flatten)
    assert compose(base=record, settings={"dim": 4}).build_model().manifold.dim == 4


def test_json_is_read_as_well(tmp_path):
    record = compose(manifold="sphere:2", dataset="digits")
    path = tmp_path / "experiment.json"
    about = {"run": "mine", "started": "today", "attempt": 0, "attempt_seed": 0, "versions": {}}
    path.write_text(json.dumps({**record.as_dict(), **about}))
    assert read_record(path) == record


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("model: [1, 2", "Expected valid YAML in .*experiment.yaml. Received: .*line 1"),
        ("model: !!python/object/apply:os.system ['true']", "Expected valid YAML"),
        ("a: 1\n  b: 2", "Expected valid YAML"),
        ("3", "Expected a record as an object. Received: int"),
        ("- 3", "Expected a record as an object. Received: list"),
        ("", "Expected a record as an object. Received: NoneType"),
        ("dataset: {name: digits}", "a record with a model and a dataset"),
        (BY_HAND.replace("fit:", "fitt:"), "'fitt'. Did you mean 'fit'"),
        (BY_HAND.replace("units", "unit"), "'unit'"),
        (BY_HAND.replace("MLPEncoder", "MLPEncodr"), "'MLPEncodr'"),
        (BY_HAND.replace("sphere:2", "spheer:2"), "Did you mean 'sphere'"),
        (BY_HAND.replace("kl_warmup_steps", "kl_warmup"), "Did you mean 'kl_warmup_steps'"),
    ],
)
def test_a_broken_file_is_one_sentence(tmp_path, text, sentence):
    path = tmp_path / "experiment.yaml"
    path.write_text(text)
    with pytest.raises((ValueError, TypeError), match=sentence) as caught:
        read_record(path).build_model()
    assert "\n" not in str(caught.value)


# -- what is refused -----------------------------------------------------------------------

GOOD = {
    "model": {"class_name": "DiffusionVAE", "config": {"manifold": "sphere:2"}},
    "dataset": {"name": "digits"},
}


def changed(*path, to):
    """A call that reads the good record with another value somewhere."""
    values = copy.deepcopy(GOOD)
    room = values
    for key in path[:-1]:
        room = room.setdefault(key, {})
    room[path[-1]] = to
    return lambda: Record.from_dict(values)


def optimizer(**config):
    return changed("optimizer", to={"class_name": "Adam", "config": config})


def cosine(**config):
    return optimizer(
        learning_rate={
            "class_name": "CosineDecay",
            "config": {"initial_learning_rate": 1e-3, "decay_steps": None, **config},
        }
    )


REFUSED = [
    bad("a list", lambda: Record.from_dict([1]), TypeError, "a record as an object", "list"),
    bad("nothing", lambda: Record.from_dict({}), ValueError, "a model and a dataset", "'model'"),
    bad("a part too many", changed("colour", to=1), ValueError, "parts of a record", "'colour'"),
    bad("a misspelt part", changed("seeds", to=1), ValueError, "parts of a record",
        "Did you mean 'seed'?"),
    bad("a model as a text", changed("model", to="diffusion"), TypeError, "`model` of a record",
        "'diffusion'"),
    bad("a model of no class", changed("model", to={"config": {}}), TypeError, "`class_name`",
        "{'config'"),
    bad("an optimizer as a number", changed("optimizer", to=3), TypeError, "`optimizer`", "3"),
    bad("data as a text", changed("dataset", to=["digits"]), TypeError, "`dataset`", "digits"),
    bad("options as a list", changed("dataset", to={"name": "digits", "options": [1]}), TypeError,
        "`options`", "[1]"),
    bad("options beside options", changed("dataset", to={"name": "digits", "seed": 1}), TypeError,
        "`options`", "'seed'"),
    bad("a fit as a list", changed("fit", to=[3]), TypeError, "`fit` of a record", "[3]"),
    bad("a misspelt field of fit", changed("fit", to={"epoch": 3}), ValueError, "fields of `fit`",
        "Did you mean 'epochs'?"),
    bad("no epochs", changed("fit", to={"epochs": 0}), ValueError, "`epochs` to be at least 1",
        "0"),
    bad("half an epoch", changed("fit", to={"epochs": 1.5}), TypeError, "an integer", "1.5"),
    bad("epochs in letters", changed("fit", to={"epochs": "3"}), TypeError, "an integer", "'3'"),
    bad("True for one", changed("fit", to={"passes": True}), TypeError, "an integer", "True"),
    bad("no batch size", changed("fit", to={"batch_size": None}), TypeError, "`batch_size`",
        "None"),
    bad("XLA as a word", changed("fit", to={"jit_compile": "yes"}), TypeError, "True or False",
        "'yes'"),
    bad("cutoffs that fall", changed("fit", to={"curriculum": [2, 1]}), ValueError, "rising",
        "(2, 1)"),
    bad("one cutoff", changed("fit", to={"curriculum": 3}), TypeError, "rising", "3"),
    bad("whitening of nothing", changed("fit", to={"whiten": True}), ValueError, "a `curriculum`",
        "()"),
    bad("a negative seed", changed("seed", to=-1), ValueError, "`seed` to be at least 0", "-1"),
    bad("half a seed", changed("seed", to=1.5), TypeError, "`seed`", "1.5"),
    bad("a large seed", changed("seed", to=2**31), ValueError, "[0, 2^31)", "2147483648"),
    bad("restarts below 0", changed("restarts", to=-1), ValueError, "`restarts`", "-1"),
    bad("an infinite rate", optimizer(learning_rate=INF), ValueError, "`learning_rate`", "inf"),
    bad("a rate of NaN", optimizer(learning_rate=NAN), ValueError, "positive and finite", "nan"),
    bad("no rate", optimizer(learning_rate=0), ValueError, "positive", "0"),
    bad("a rate in letters", optimizer(learning_rate="1"), TypeError, "a number", "'1'"),
    bad("a decay rate of 1", optimizer(beta_1=1.0), ValueError, "`beta_1` to be in [0, 1)", "1.0"),
    bad("no decay rate", optimizer(beta_2=None), TypeError, "`beta_2` to be a number", "None"),
    bad("a rate that rises", cosine(alpha=2.0), ValueError, "`alpha`", "2.0"),
    bad("averages never", optimizer(ema_overwrite_frequency=0), ValueError, "at least 1", "0"),
    bad("a loss turned over", optimizer(loss_scale_factor=-1.0), ValueError, "positive", "-1.0"),
    bad("an infinite epsilon", optimizer(epsilon=INF), ValueError, "`epsilon`", "inf"),
    bad("arguments as a list", changed("optimizer", to={"class_name": "Adam", "config": [1]}),
        TypeError, "arguments by name", "'Adam'"),
    bad("no schedule", optimizer(learning_rate={"alpha": 1}), TypeError, "a schedule", "'alpha'"),
    bad("a warm-up of half a step", cosine(warmup_steps=1.5), TypeError, "`warmup_steps`", "1.5"),
    bad("a warm-up to NaN", cosine(warmup_target=NAN), ValueError, "`warmup_target`", "nan"),
    bad("a rate that starts at 0", cosine(initial_learning_rate=0.0), ValueError,
        "`initial_learning_rate`", "0.0"),
    bad("no such file", lambda: read_record("/no/such.json"), FileNotFoundError, "no file",
        "/no/such.json"),
    bad("a program", lambda: read_record(__file__), ValueError, "valid JSON", "line 1"),
]  # fmt: skip


@each_bad(REFUSED)
def test_bad_records_are_refused(case):
    case.check()


BUILT = [
    bad("no model of ours", changed("model", to={"class_name": "Dropout", "config": {"rate": 0}}),
        ValueError, "a model of diffusion_vae", "Dropout"),
    bad("an unknown class", changed("model", to={"class_name": "KleinBottleVAE"}), TypeError,
        "Keras config of the model", "'KleinBottleVAE'"),
    bad("an unknown argument", changed("model", "config", "colour", to=1), TypeError,
        "arguments of DiffusionVAE", "'colour'"),
    bad("no manifold", changed("model", "config", to={}), TypeError, "Keras config of the model",
        "'manifold'"),
    bad("a manifold of another module", changed("model", "config", "manifold", to={
        "class_name": "Popen", "module": "subprocess", "config": {}}), TypeError,
        "Keras config of the model", "Popen"),
    bad("a time of NaN", changed("model", "config", "initial_log_time", to=NAN), ValueError,
        "`initial_log_time`", "nan"),
    bad("a negative time", changed("model", "config", "fixed_time", to=-1), ValueError,
        "`fixed_time`", "-1"),
]  # fmt: skip


@each_bad(BUILT)
def test_bad_models_of_records_are_refused(case):
    call = case.call
    dataclasses.replace(case, call=lambda: call().build_model()).check()
