"""Bad command lines: exit code 2, one sentence, no traceback, nothing written."""

import sys

import pytest

from diffusion_vae import cli

TRAIN = "train --dataset gaussian_mixture --latent euclidean:1"
MISSPELT = "Did you mean"

# Command line: parts of its sentence, what was expected and what was received.
COMMANDS = {
    "trian": ("'trian'", f"{MISSPELT} 'train'?"),
    "list all": ("unexpected extra argument", "all"),
    "evaluate": ("Missing argument", "RUN"),
    "train --epoch 3": ("No such option: --epoch", "--epochs"),
    "train --latent": ("'--latent' requires an argument",),
    "train --epochs many": ("'--epochs'", "integer"),
    "train --epochs 0": ("`epochs` to be at least 1", "Received: 0"),
    "train --batch-size -1": ("`batch_size` to be at least 1", "Received: -1"),
    "train --learning-rate nan": ("`learning_rate` to be a finite number", "Received: nan"),
    "train --seed -1": ("`seed` in [0, 2^31)", "Received: -1"),
    "train --latent spheer:2": ("Expected one of", f"{MISSPELT} 'sphere'?"),
    "train --latent sphere:0": ("`dim` to be at least 1", "Received: 0"),
    "train --latent so3:3": ("without arguments", "'so3:3'"),
    "train --model infocta": ("`model`", f"'infocta'. {MISSPELT} 'infocat'?"),
    "train --network cnov": ("`network`", f"{MISSPELT} 'conv'?"),
    "train --dataset mnits": ("Expected one of", f"{MISSPELT} 'mnist'?"),
    "train --dataset /no/such/file.npz": ("check the path", "/no/such/file.npz"),
    "train --dataset digits --dataset-option colour": ("KEY=VALUE", "Received: 'colour'"),
    "train --dataset digits --dataset-option colour=1": ("Expected among", "'colour'"),
    "train --model info --model-option lambda=1": ("among", f"'lambda'. {MISSPELT} 'lambda_'?"),
    "train --curriculum 2,1": ("rising cutoffs", "Received: (2, 1)"),
    "train --whiten": ("a `curriculum` with `whiten`", "Received: ()"),
    "train --curriculum a": ("--curriculum to be whole numbers", "Received: 'a'"),
    "train --betas 0.9": ("--betas to be 2 numbers", "Received: '0.9'"),
    "train --betas 1,2": ("`betas`", "Received: (1.0, 2.0)"),
    "train --log-time-range 1": ("--log-time-range to be 2 numbers", "Received: '1'"),
    "train --kl-capacity 1,2": ("--kl-capacity to be 3 numbers", "Received: '1,2'"),
    "train --warmup-steps 5": ("`warmup_steps`", "5 with 'constant'"),
    "train --run a/b": ("a plain folder name", "Received: 'a/b'"),
    "train --config /no/such.json": ("no configuration file", "/no/such.json"),
    "train --resume nowhere": ("no run 'nowhere'", "Runs there: none"),
    f"{TRAIN} --likelihood poisson": ("`likelihood`", "Received: 'poisson'"),
    f"{TRAIN} --likelihood bernoulli": ("in [0, 1]", "Received: values from -7"),
    f"{TRAIN} --variance 0": ("`variance` to be positive", "Received: 0.0"),
    f"{TRAIN} --scale learnt": ("`scale`", f"'learnt'. {MISSPELT} 'learned'?"),
    f"{TRAIN} --kernel exakt": ("`kernel`", f"'exakt'. {MISSPELT} 'exact'?"),
    f"{TRAIN} --kl asymptotik --kernel random_walk": ("`kl`", f"{MISSPELT} 'asymptotic'?"),
    f"{TRAIN} --activation rellu": ("keras.activations", f"'rellu'. {MISSPELT} 'relu'?"),
    f"{TRAIN} --initializer he": ("keras.initializers", "Received: 'he'"),
    f"{TRAIN} --encoder-units 0": ("at least 1", "Received: 0"),
    f"{TRAIN} --network conv": ("for network 'conv'", "Received: examples of shape (2,)"),
    f"{TRAIN} --fixed-time -1": ("`fixed_time` to be positive", "Received: -1.0"),
    f"{TRAIN} --initial-log-time nan": ("`initial_log_time`", "Received: nan"),
    f"{TRAIN} --log-time-range 1,-1": ("low < high", "Received: (1.0, -1.0)"),
    f"{TRAIN} --head veronese": ("a real projective space", "Received: Euclidean"),
    f"{TRAIN} --posterior power_spherical": ("a Sphere", "Received: Euclidean"),
    f"{TRAIN} --dataset-option train_size=0": ("`train_size`", "Received: 0"),
    "evaluate nowhere": ("no run 'nowhere'", "Runs there: none"),
    "evaluate nowhere --which best": ("no run 'nowhere'", "Runs there: none"),
    "evaluate nowhere --which lst": ("`which`", f"Received: 'lst'. {MISSPELT} 'last'?"),
    "plot nowhere": ("no run 'nowhere'", "Runs there: none"),
    "reproduce tabel1": ("Expected one of", f"{MISSPELT} 'table1'?"),
    "reproduce table1 --spaces spere:2": ("some of", f"{MISSPELT} 'sphere:2'?"),
    "reproduce table1 --runs 0": ("`runs` to be at least 1", "Received: 0"),
    "reproduce table1 --epochs 0": ("`epochs` to be at least 1", "Received: 0"),
    "reproduce table1 --jobs 0": ("`processes` to be at least 1", "Received: 0"),
    "convert /no/such pictures.h5": ("check the path", "/no/such"),
    "convert /no/such pictures.png": ("ends in .h5", "Received: 'pictures.png'"),
    "convert /no/such pictures.h5 --size 0": ("`size`", "Received: 0"),
}


@pytest.mark.parametrize("line", COMMANDS)
def test_a_bad_command_is_one_sentence(monkeypatch, capfd, tmp_path, line):
    monkeypatch.chdir(tmp_path)
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
