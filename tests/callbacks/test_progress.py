"""The bar in the terminal: no number is cut, whatever the width."""

import io
import re

import pytest
from rich.console import Console

from diffusion_vae.callbacks import ProgressBar

LOGS = {"elbo": -3752.694, "kl_loss": 4.38441, "mse": 0.0710561, "loss": 1.0}


def shown(width, epochs, first=0, steps=10):
    """What is left on a terminal of this width after two epochs."""
    console = Console(width=width, force_terminal=True, color_system=None, file=io.StringIO())
    bar = ProgressBar(console)
    bar.set_params({"epochs": epochs, "steps": steps})
    bar.on_train_begin()
    for epoch in range(first, first + 2):
        bar.on_epoch_begin(epoch)
        for batch in range(steps):
            bar.on_train_batch_end(batch)
        bar.on_epoch_end(epoch, LOGS)
    (task,) = bar._progress.tasks
    bar.on_train_end()
    lines = re.split(r"[\r\n]+", re.sub(r"\x1b\[[^A-Za-z]*[A-Za-z]", "", console.file.getvalue()))
    return [line for line in lines if line.strip()], task


@pytest.mark.parametrize("width", [60, 72, 80, 100, 200])
@pytest.mark.parametrize("epochs", [3, 300, 2000])
def test_numbers_and_times_are_whole_at_every_width(width, epochs):
    lines, _ = shown(width, epochs)
    assert max(map(len, lines)) <= width
    assert "…" not in "".join(lines)
    assert lines[-1].rstrip().endswith("elbo -3753  kl 4.384  mse 0.07106")
    assert f"epoch {2:>{len(str(epochs))}}/{epochs}" in lines[-1]
    if width >= 72:
        assert re.search(r"left (\d+:\d\d:\d\d|-:--:--)", lines[-1])


def test_a_training_that_goes_on_has_the_rest_before_it():
    assert shown(80, epochs=10, first=8)[1].percentage == 100
    assert shown(80, epochs=10, first=0)[1].percentage == pytest.approx(20)
