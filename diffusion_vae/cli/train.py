"""`diffusion-vae train`: its options are the fields of `ExperimentConfig`."""

from pathlib import Path
from typing import Annotated

import typer

from diffusion_vae.cli import worker
from diffusion_vae.cli.common import DEFAULT_RESULTS, Results, console, option
from diffusion_vae.cli.values import key_values, numbers, sizes

# Options that are not part of the experiment.
NOT_SETTINGS = (
    "context", "results", "run", "resume", "config", "dataset_option", "model_option", "hosts",
    "rank",
)  # fmt: skip


def train(
    context: typer.Context,
    latent: Annotated[
        str, option("Latent space: [cyan]sphere:2[/], torus, so3, ..., 'sphere:2 x torus:1'.")
    ] = "torus",
    dataset: Annotated[str, option("Data set by name, or a path.")] = "periodic_pictures",
    dataset_option: Annotated[
        list[str], option("An option of the data set, repeatable.", metavar="KEY=VALUE")
    ] = [],  # noqa: B006 (Typer copies it)
    model: Annotated[
        str, option("Kind of model: diffusion, ... (see [cyan]list[/]).")
    ] = "diffusion",
    model_option: Annotated[
        list[str], option("An option of the kind of model, repeatable.", metavar="KEY=VALUE")
    ] = [],  # noqa: B006 (Typer copies it)
    epochs: Annotated[int | None, option("Passes over the data.", show_default="15 or 20")] = None,
    passes: Annotated[int, option("Passes over the data in an epoch, for small data.")] = 1,
    curriculum: Annotated[
        str | None, option("Low frequencies first: rising cutoffs such as 1,2,4.")
    ] = None,
    whiten: Annotated[
        bool, option("Make all frequencies of the curriculum's pictures equally strong.")
    ] = False,
    batch_size: Annotated[int, option("Examples a step.")] = 128,
    learning_rate: Annotated[float, option("Of the Adam optimiser.")] = 1e-3,
    schedule: Annotated[
        str, option("Learning rate over the run: constant, or cosine (falls to 0).")
    ] = "constant",
    warmup_steps: Annotated[
        int, option("Steps over which the rate of the cosine schedule first rises.")
    ] = 0,
    betas: Annotated[
        str, option("Decay rates of Adam's two running averages, joined by a comma.")
    ] = "0.9,0.999",
    precision: Annotated[
        str,
        option("Keras's dtype policy: float32, or mixed_bfloat16 (geometry stays in float32)."),
    ] = "float32",
    xla: Annotated[
        bool, option("Compile steps with XLA on a CPU too; pays for long trainings.")
    ] = False,
    seed: Annotated[int, option("Of weights, noise and the order of the data.")] = 0,
    restarts: Annotated[
        int | None,
        option(
            "Start anew at most so often when the loss is stuck.",
            show_default="12 for periodic_pictures, else 0",
        ),
    ] = None,
    patience: Annotated[
        int | None, option("Stop after so many epochs without a better validation ELBO.")
    ] = None,
    checkpoint_every: Annotated[
        int | None, option("Keep the model of every so many epochs.")
    ] = None,
    pictures_every: Annotated[
        int | None, option("Draw the latent space every so many epochs, and a GIF.")
    ] = None,
    topology_every: Annotated[
        int | None, option("Measure the topology every so many epochs, for TensorBoard.")
    ] = None,
    results: Results = DEFAULT_RESULTS,
    run: Annotated[str | None, option("Name of this run.", show_default="the time")] = None,
    resume: Annotated[
        str | None, option("Continue this run where it was interrupted.", metavar="RUN")
    ] = None,
    config: Annotated[
        Path | None,
        option("An experiment.json to repeat; options given beside it replace its own."),
    ] = None,
    hosts: Annotated[
        str | None,
        option("Machines that train together (JAX): HOST:PORT,HOST,..., the same for each."),
    ] = None,
    rank: Annotated[int, option("Place of this machine among the hosts, from 0.")] = 0,
    likelihood: Annotated[str, option("gaussian or bernoulli.", "Model")] = "gaussian",
    variance: Annotated[float, option("Of the Gaussian likelihood.", "Model")] = 1.0,
    scale: Annotated[
        str, option("Of the Gaussian likelihood: fixed, learned or predicted.", "Model")
    ] = "fixed",
    per_dimension: Annotated[
        bool, option("Whether values have scales of their own.", "Model")
    ] = False,
    output_activation: Annotated[
        str, option("Of the Gaussian likelihood: linear; sigmoid for data in [0, 1].", "Model")
    ] = "linear",
    network: Annotated[str, option("Kind of networks: mlp or conv.", "Model")] = "mlp",
    encoder_units: Annotated[
        str, option("mlp: widths of the encoder's layers.", "Model")
    ] = "512,512,512",
    encoder_dropout: Annotated[
        float, option("mlp: share of the encoder's values that training drops.", "Model")
    ] = 0.0,
    encoder_standardize: Annotated[
        str | None,
        option("mlp: mean and deviation of the data, for the encoder: MEAN,DEVIATION.", "Model"),
    ] = None,
    decoder_units: Annotated[
        str, option("mlp: widths of the decoder's layers.", "Model")
    ] = "512,512",
    decoder_bias_range: Annotated[
        float,
        option("mlp: the decoder's first biases start between plus and minus this.", "Model"),
    ] = 0.0,
    filters: Annotated[str, option("conv: filters of each convolution.", "Model")] = "64,64,64",
    kernel_sizes: Annotated[str, option("conv: 3, or one a layer: 5,3,3x1.", "Model")] = "3",
    pool_sizes: Annotated[str, option("conv: 2, or one a layer: 2x4,2,none.", "Model")] = "2",
    dense_units: Annotated[
        str,
        option("conv: widths of the encoder's dense layers; the decoder mirrors them.", "Model"),
    ] = "64",
    padding: Annotated[
        str, option("conv: same, or circular for periodic pictures.", "Model")
    ] = "same",
    activation: Annotated[str, option("Activation of the hidden layers.", "Model")] = "relu",
    initializer: Annotated[
        str, option("mlp: law of the initial weights, by Keras's name.", "Model")
    ] = "glorot_uniform",
    batch_norm: Annotated[
        bool | None,
        option("Normalise batches in both networks.", "Model", show_default="conv: yes, mlp: no"),
    ] = None,
    mode: Annotated[
        str, option("Even decoder on RP^d: average or quadratic.", "Model")
    ] = "average",
    head: Annotated[str, option("Location on RP^d: ambient or veronese.", "Model")] = "ambient",
    posterior: Annotated[
        str, option("brownian; on spheres also power_spherical, von_mises_fisher.", "Posterior")
    ] = "brownian",
    kernel: Annotated[
        str, option("auto (exact where known), exact, random_walk.", "Posterior")
    ] = "auto",
    steps: Annotated[int, option("Steps of the random walk.", "Posterior")] = 10,
    kl: Annotated[
        str, option("KL of the walk: asymptotic, paper or monte_carlo.", "Posterior")
    ] = "asymptotic",
    kl_weight: Annotated[float, option("Weight of the KL in the loss.", "Posterior")] = 1.0,
    kl_warmup_steps: Annotated[
        int, option("Steps over which the weight rises from 0.", "Posterior")
    ] = 1000,
    kl_capacity: Annotated[
        str | None,
        option("Rising target for the KL: START,END,STEPS.", "Posterior", show_default="none"),
    ] = None,
    log_time_range: Annotated[
        str | None,
        option("Limits on log time: LOW,HIGH.", "Posterior", show_default="by latent space"),
    ] = None,
    initial_log_time: Annotated[
        float | None, option("Log time before training.", "Posterior")
    ] = None,
    fixed_time: Annotated[
        float | None, option("A time instead of learned ones.", "Posterior")
    ] = None,
    time_annealing: Annotated[
        str | None,
        option("Least log time in training: START,END,STEPS.", "Posterior"),
    ] = None,
):
    """Train a model, report its numbers on held-out data, write a results folder.

    Without options: a flat torus learns the translations of a periodic picture.
    """
    if worker.is_needed(hosts):
        worker.watch(hosts, rank)
    settings = {name: value for name, value in locals().items() if name not in NOT_SETTINGS}
    settings["dataset_options"] = key_values("--dataset-option", dataset_option)
    settings["model_options"] = key_values("--model-option", model_option)
    for name in ("encoder_units", "decoder_units", "filters", "dense_units"):
        settings[name] = numbers(f"--{name.replace('_', '-')}", settings[name], int)
    settings["kernel_sizes"] = sizes("--kernel-sizes", kernel_sizes)
    settings["pool_sizes"] = sizes("--pool-sizes", pool_sizes)
    settings["betas"] = numbers("--betas", betas, float, count=2)
    settings["curriculum"] = () if curriculum is None else numbers("--curriculum", curriculum, int)
    if encoder_standardize is not None:
        settings["encoder_standardize"] = numbers(
            "--encoder-standardize", encoder_standardize, float, count=2
        )
    if time_annealing is not None:
        settings["time_annealing"] = numbers("--time-annealing", time_annealing, float, count=3)
    if log_time_range is not None:
        settings["log_time_range"] = numbers("--log-time-range", log_time_range, float, count=2)
    if kl_capacity is not None:
        settings["kl_capacity"] = numbers("--kl-capacity", kl_capacity, float, count=3)

    from diffusion_vae import experiments
    from diffusion_vae.callbacks import ProgressBar
    from diffusion_vae.runs.summary import print_summary

    cluster = experiments.ALONE if hosts is None else experiments.join(hosts.split(","), rank)
    watched = {
        "cluster": cluster,
        "callbacks": lambda: [ProgressBar(console)],
        "say": lambda message: console.print(f"[yellow]{message}[/]"),
    }
    if resume is not None:
        trained = experiments.resume(resume, results, **watched)
        if trained is not None:
            print_summary(trained, console)
        return
    given = {name: value for name, value in settings.items() if _is_given(context, name)}
    if config is not None:
        stored = experiments.read_config(config).as_dict()
        chosen_network = given.get("network", stored["network"])
        settings = {**experiments.without_foreign(stored, chosen_network), **given}
    else:
        usual = experiments.without_foreign(experiments.recipe(model, dataset), network)
        options = ("dataset_options", "model_options")
        merged = {name: usual.get(name, {}) | settings[name] for name in options}
        settings |= usual | given | merged
    chosen = experiments.ExperimentConfig.from_dict(settings)
    shown = experiments.latent_name(chosen.model, chosen.latent)
    console.print(
        f"Training [bold]{shown}[/] on [bold]{chosen.dataset}[/], "
        f"{chosen.planned_epochs} epochs, seed {chosen.seed}."
    )
    trained = experiments.train(chosen, results, run, **watched)
    if trained is not None:
        print_summary(trained, console)


def _is_given(context, name):
    """Whether an option stands on the command line."""
    option = name.removesuffix("s") if name in ("dataset_options", "model_options") else name
    source = context.get_parameter_source(option)
    return source is not None and source.name == "COMMANDLINE"
