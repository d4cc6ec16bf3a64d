"""Bad command lines: exit code 2, one sentence, no traceback, nothing written."""

import sys

import pytest

from diffusion_vae import cli
from diffusion_vae.runs import training

TRAIN = "train --dataset gaussian_mixture --manifold euclidean:1"
MISSPELT = "Did you mean"

# Command line: parts of its sentence, what was expected and what was received.
COMMANDS = {
    "trian": ("'trian'", f"{MISSPELT} 'train'?"),
    "list all": ("unexpected extra argument", "all"),
    "evaluate": ("Missing argument", "RUN"),
    "options spheree": ("Expected a model, latent space", f"'spheree'. {MISSPELT} 'sphere'?"),
    "options nowhere:Class": ("package.module:Class", "no module 'nowhere'"),
    "train --epoch 3": ("No such option: --epoch", "--epochs"),
    "train --manifold": ("'--manifold' requires an argument",),
    "train --epochs many": ("'--epochs'", "integer"),
    "train --epochs 0": ("`epochs` to be at least 1", "Received: 0"),
    "train --batch-size -1": ("`batch_size` to be at least 1", "Received: -1"),
    "train --learning-rate nan": ("`learning_rate` to be positive and finite", "Received: nan"),
    "train --learning-rate 0": ("`learning_rate` to be positive and finite", "Received: 0.0"),
    "train --seed -1": ("`seed` to be at least 0", "Received: -1"),
    "train --seed 2147483648": ("`seed` in [0, 2^31)", "Received: 2147483648"),
    "train --restarts -1": ("`restarts` to be at least 0", "Received: -1"),
    "train --manifold spheer:2": ("Expected one of", f"{MISSPELT} 'sphere'?"),
    "train --manifold sphere:0": ("`dim` to be at least 1", "Received: 0"),
    "train --manifold so3:3": ("without arguments", "'so3:3'"),
    "train --model infocta": ("`model`", f"'infocta'. {MISSPELT} 'infocat'?"),
    "train --model nowhere:Class": ("package.module:Class", "no module 'nowhere'"),
    "train --model diffusion_vae.models:SphereVEA": ("package.module:Class", "'SphereVAE'?"),
    "train --model keras.layers:Dense": ("VariationalAutoencoder", "'keras.layers:Dense'"),
    "train --model spatial --manifold so3": ("no `manifold`", "'so3'"),
    "train --network cnov": ("`network`", f"{MISSPELT} 'conv'?"),
    "train --schedule cosin": ("`schedule`", f"{MISSPELT} 'cosine'?"),
    "train --dataset mnits": ("Expected one of", f"{MISSPELT} 'mnist'?"),
    "train --dataset /no/such/file.npz": ("check the path", "/no/such/file.npz"),
    "train --dataset digits --set colour": ("KEY=VALUE", "Received: 'colour'"),
    "train --set =3": ("KEY=VALUE", "Received: '=3'"),
    "train --dataset digits --set dataset.colour=1": ("load_digits among", "'colour'"),
    "train --model info --set lambda=1": ("an argument of", f"'lambda'. {MISSPELT} 'lambda_'?"),
    "train --set model.alpha=1": ("DiffusionVAE among", "'alpha'"),
    "train --set fit.curriculum=2,1": ("rising cutoffs", "Received: (2, 1)"),
    "train --set fit.whiten=true": ("a `curriculum` with `whiten`", "Received: ()"),
    "train --set fit.whiten=maybe": ("`fit.whiten` to be true or false", "Received: 'maybe'"),
    "train --set fit.curriculum=a": ("`fit.curriculum` to be a list of integers", "'a'"),
    "train --set fit.patience=0": ("`patience` to be at least 1", "Received: 0"),
    "train --set fit.epoch=3": ("Fit among", f"'epoch'. {MISSPELT} 'epochs'?"),
    "train --set optimizer.beta_1=0.9,0.99": ("`optimizer.beta_1` to be a number", "'0.9,0.99'"),
    "train --set optimizer.beta_1=1": ("`beta_1` to be in [0, 1)", "Received: 1"),
    "train --set optimizer.beta_2=2": ("`beta_2` to be in [0, 1)", "Received: 2"),
    "train --set optimizer.beta_1=none": ("`beta_1` to be a number", "Received: None"),
    "train --set optimizer.epsilon=nan": ("`optimizer.epsilon` to be finite", "Received: nan"),
    "train --set optimizer=adm": ("`optimizer`", f"'adm'. {MISSPELT} 'adam'?"),
    "train --set learning_rate=3": ("`--learning-rate`", "learning_rate=3"),
    "train --set manifold=so3": ("`--manifold`", "manifold=so3"),
    "train --set seed=3": ("`--seed`", "seed=3"),
    "train --set log_time_range=1": ("`log_time_range` to be 'auto' or 2 numbers", "'1'"),
    "train --set kl_capacity=1,2": ("`kl_capacity` to be 3 numbers", "Received: '1,2'"),
    "train --set kl_weight=nan": ("`kl_weight`", "Received: nan"),
    "train --set schedule.warmup_steps=5": ("--schedule cosine", "no schedule"),
    "train --schedule cosine --set schedule.warmup_steps=-5": ("at least 0", "Received: -5"),
    "train --schedule cosine --set schedule.warmup_steps=2.5": ("an integer", "2.5"),
    "train --import nowhere": ("`--import` to name a module", "Received: 'nowhere'"),
    "train --run a/b": ("a plain folder name", "Received: 'a/b'"),
    "train --config /no/such.json": ("no file", "/no/such.json"),
    "train --resume nowhere": ("no run 'nowhere'", "Runs there: none"),
    "train --resume nowhere --epochs 3": ("no `--epochs` with `--resume`", "as it was begun"),
    "train --resume nowhere --set fit.epochs=3": ("no `--set` with `--resume`", "Leave it out"),
    f"{TRAIN} --set likelihood=poison": ("`likelihood`", "Received: 'poison'"),
    f"{TRAIN} --set likelihood=bernoulli": ("in [0, 1]", "Received: values from -7"),
    f"{TRAIN} --set likelihood.variance=0": ("`variance` to be positive", "Received: 0.0"),
    f"{TRAIN} --set likelihood.scale=learnt": ("`scale`", f"'learnt'. {MISSPELT} 'learned'?"),
    f"{TRAIN} --set kernel=exakt": ("`kernel`", f"'exakt'. {MISSPELT} 'exact'?"),
    f"{TRAIN} --set kernel=random_walk --set kernel.kl_formula=asymptotik": (
        "`kl_formula`", f"{MISSPELT} 'asymptotic'?"
    ),
    f"{TRAIN} --set walk_steps=0": ("`walk_steps` to be at least 1", "Received: 0"),
    f"{TRAIN} --set walk_steps=true": ("`walk_steps` to be an integer", "'true'"),
    f"{TRAIN} --set network.activation=rellu": ("keras.activations", f"{MISSPELT} 'relu'?"),
    f"{TRAIN} --set network.initializer=he": ("keras.initializers", "Received: 'he'"),
    f"{TRAIN} --set encoder.units=0": ("at least 1", "Received: 0"),
    f"{TRAIN} --set encoder.units=8.5": ("`encoder.units` to be a list of integers", "'8.5'"),
    f"{TRAIN} --set encoder.unit=8": ("MLPEncoder among", f"{MISSPELT} 'units'?"),
    f"{TRAIN} --set encodr.units=8": ("a part among", f"{MISSPELT} 'encoder'?"),
    f"{TRAIN} --set units=8": ("which several have", "encoder.units or decoder.units"),
    f"{TRAIN} --set encoder=gru": ("`encoder` to be one of ('mlp'", "'gru'"),
    f"{TRAIN} --set encoder.dropout=1": ("`dropout` to be in [0, 1)", "Received: 1.0"),
    f"{TRAIN} --set dtype=mixed_bfloat": ("`dtype`", "'mixed_bfloat'"),
    f"{TRAIN} --network conv": ("Use an MLPEncoder", "(2,)"),
    f"{TRAIN} --set fixed_time=-1": ("`fixed_time` to be positive", "Received: -1.0"),
    f"{TRAIN} --set initial_log_time=nan": ("`initial_log_time`", "Received: nan"),
    f"{TRAIN} --set log_time_range=1,-1": ("low < high", "Received: (1.0, -1.0)"),
    f"{TRAIN} --set location_head=veronese": ("a projective space", "Received: Euclidean"),
    f"{TRAIN} --set location_head=veronse": ("`location_head`", f"{MISSPELT} 'veronese'?"),
    f"{TRAIN} --set posterior=power_spherical": ("of type Sphere", "Received: Euclidean"),
    f"{TRAIN} --set dataset.train_size=0": ("`train_size`", "Received: 0"),
    f"{TRAIN} --set dataset.train_size=a": ("`dataset.train_size` to be an integer", "'a'"),
    f"{TRAIN} --set augmentation=affine": ("an argument of", "'augmentation'"),
    f"{TRAIN} --model info --set alpha=2": ("`alpha` to be at most 1", "Received: 2.0"),
    f"{TRAIN} --model info --set divergence=mmdd": ("`divergence`", f"{MISSPELT} 'mmd'?"),
    "evaluate nowhere": ("no run 'nowhere'", "Runs there: none"),
    "evaluate nowhere --which best": ("no run 'nowhere'", "Runs there: none"),
    "evaluate nowhere --which lst": ("`which`", f"Received: 'lst'. {MISSPELT} 'last'?"),
    "plot nowhere": ("no run 'nowhere'", "Runs there: none"),
    "report nowhere": ("no run 'nowhere'", "Runs there: none"),
    "reproduce tabel1": ("Expected one of", f"{MISSPELT} 'table1'?"),
    "reproduce table1 --spaces spere:2": ("some of", f"{MISSPELT} 'sphere:2'?"),
    "reproduce table1 --runs 0": ("`runs` to be at least 1", "Received: 0"),
    "reproduce table1 --epochs 0": ("`epochs` to be at least 1", "Received: 0"),
    "reproduce table1 --first-seed -1": ("`seed` to be at least 0", "Received: -1"),
    "reproduce settings --runs 1 --jobs 0": ("`processes` to be at least 1", "Received: 0"),
    "convert /no/such pictures.h5": ("check the path", "/no/such"),
    "convert /no/such pictures.png": ("ends in .h5", "Received: 'pictures.png'"),
    "convert /no/such pictures.h5 --size 0": ("`size`", "Received: 0"),
}  # fmt: skip


def trained(*args, **kwargs):
    raise AssertionError("a bad command trains")


@pytest.mark.slow
@pytest.mark.parametrize("line", COMMANDS)
def test_a_bad_command_is_one_sentence(monkeypatch, capfd, tmp_path, line):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(training, "_fit", trained)
    monkeypatch.setattr(sys, "argv", ["diffusion-vae", *line.split()])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    written = capfd.readouterr().err
    assert stopped.value.code == 2, written
    assert written.startswith("Error: ") and written.count("\n") == 1, written
    for part in COMMANDS[line]:
        assert part in written
    assert not list(tmp_path.iterdir())


def test_no_command_shows_the_help(monkeypatch, capfd):
    monkeypatch.setattr(sys, "argv", ["diffusion-vae"])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    output = capfd.readouterr()
    assert stopped.value.code == 0 and output.err == ""
    assert "reproduce" in output.out
