"""The experiments of the paper, each latent space of its tables, on little data."""

import numpy as np
import pytest

from diffusion_vae.runs import load_run, train
from diffusion_vae.runs.published import MNIST, PERIODIC_PICTURES

pytestmark = pytest.mark.usefixtures("without_graphs")


def test_both_tables_have_the_same_seven_spaces():
    assert len(MNIST) == 7
    assert set(MNIST) == set(PERIODIC_PICTURES)


@pytest.mark.slow
@pytest.mark.parametrize("space", PERIODIC_PICTURES)
def test_translations_of_a_picture_in_every_space_of_the_paper(space, tmp_path, pictures):
    trained = train(pictures(manifold=space), tmp_path, "run")
    assert np.isfinite(trained.metrics["elbo"])
    images = {path.name for path in trained.results.folder("images").iterdir()}
    assert images == {"latent.png", "reconstruction_grid.png", "reconstruction_pairs.png"}
    assert load_run(tmp_path, "run").model.manifold == trained.model.manifold
