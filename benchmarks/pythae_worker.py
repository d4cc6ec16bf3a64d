"""Trains pythae's VAE and SVAE block by block, in a process of its own (for `pythae_svae.py`).

python benchmarks/pythae_worker.py BATCH BLOCK

Writes a line of JSON with its versions; then, for each name it reads on a line of its own
(`VAE` or `SVAE`), trains that model for BLOCK steps and writes a line of JSON with the seconds of
each. It imports nothing of ours, so that it can live in another environment. Exits with 2 where
PyTorch or pythae is missing.
"""

import json
import sys
import time
import warnings
from importlib import metadata

warnings.filterwarnings("ignore")  # pythae's own, from imports and from each step
try:
    import torch
    from pythae.models import SVAE, VAE, SVAEConfig, VAEConfig
    from pythae.models.base.base_utils import ModelOutput
    from pythae.models.nn import BaseDecoder, BaseEncoder
except ImportError as error:
    print(f"PyTorch and pythae are needed: {error}.", file=sys.stderr)
    sys.exit(2)

VALUES, WIDTH = 784, 512


class Encoder(BaseEncoder):
    """784-512-512-512 with two heads, whose second is named as the model wants it."""

    def __init__(self, dim, spread, spread_name):
        super().__init__()
        self.hidden = torch.nn.Sequential(
            torch.nn.Linear(VALUES, WIDTH), torch.nn.ReLU(),
            torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU(),
            torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU(),
        )  # fmt: skip
        self.location = torch.nn.Linear(WIDTH, dim)
        self.spread = torch.nn.Linear(WIDTH, spread)
        self.spread_name = spread_name

    def forward(self, x):
        features = self.hidden(x)
        spread = {self.spread_name: self.spread(features)}
        return ModelOutput(embedding=self.location(features), **spread)


class Decoder(BaseDecoder):
    """dim-512-512-784."""

    def __init__(self, dim):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(dim, WIDTH), torch.nn.ReLU(),
            torch.nn.Linear(WIDTH, WIDTH), torch.nn.ReLU(),
            torch.nn.Linear(WIDTH, VALUES),
        )  # fmt: skip

    def forward(self, z):
        return ModelOutput(reconstruction=self.layers(z))


def models():
    """A Gaussian VAE on R^2, and a von Mises-Fisher VAE on S^2 (three coordinates)."""
    shape = {"input_dim": (VALUES,)}
    return {
        "VAE": VAE(VAEConfig(**shape, latent_dim=2), Encoder(2, 2, "log_covariance"), Decoder(2)),
        "SVAE": SVAE(
            SVAEConfig(**shape, latent_dim=3), Encoder(3, 1, "log_concentration"), Decoder(3)
        ),
    }


def trainer(model, x, batch):
    """A function that trains for all batches of `x` but the first and returns the seconds."""
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3)
    model.train()

    def step(rows):
        start = time.perf_counter()
        optimizer.zero_grad()
        model({"data": rows}).loss.backward()
        optimizer.step()
        return time.perf_counter() - start

    def block():
        order = torch.randperm(len(x))
        return [step(x[rows]) for rows in order.split(batch)][1:]

    return block


def main(batch, block):
    torch.manual_seed(0)
    x = torch.rand(batch * (block + 1), VALUES)
    blocks = {name: trainer(model, x, batch) for name, model in models().items()}
    for run in blocks.values():
        run()  # warms up
    packages = {name: metadata.version(name) for name in ("torch", "pythae")}
    print(json.dumps({**packages, "threads": torch.get_num_threads()}), flush=True)
    for line in sys.stdin:
        print(json.dumps(blocks[line.strip()]()), flush=True)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
