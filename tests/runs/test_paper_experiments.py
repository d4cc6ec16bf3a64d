"""The experiments of the paper, each latent space of its tables, on little data."""

import numpy as np
import pytest

from diffusion_vae.runs import ExperimentConfig, load_run, train
from diffusion_vae.runs.published import MNIST, PERIODIC_PICTURES


def test_both_tables_have_the_same_seven_spaces():
    assert len(MNIST) == 7
    assert set(MNIST) == set(PERIODIC_PICTURES)


@pytest.mark.parametrize("latent", PERIODIC_PICTURES)
def test_translations_of_a_picture_in_every_space_of_the_paper(latent, tmp_path):
    config = ExperimentConfig(
        latent=latent,
        dataset_options={"size": 8, "train_size": 64, "test_size": 16},
        encoder_units=(16,),
        decoder_units=(16,),
        epochs=1,
        restarts=0,
    )
    trained = train(config, tmp_path, "run")
    assert np.isfinite(trained.metrics["elbo"])
    pictures = {path.name for path in trained.results.folder("images").iterdir()}
    assert pictures == {"latent.png", "reconstruction_grid.png", "reconstruction_pairs.png"}
    assert load_run(tmp_path, "run").model.manifold == trained.model.manifold
