"""A model whose pictures tell where they were decoded, and a way to read them off a figure."""

import numpy as np
import pytest

from diffusion_vae.manifolds import Manifold
from diffusion_vae.plots import interactive_page

SIDE = 8  # pixels


class PositionModel:
    """Has the methods of a model; each decoded picture is a constant, or the value of `paint`.

    Args:
        manifold: A `Manifold`.
        paint: From latent points `[k, ambient_dim]` to pictures `[k, H, W]` or to grey
            values `[k]`.
    """

    def __init__(self, manifold, paint):
        self.manifold = manifold
        self.paint = paint

    def decode(self, z):
        z = np.asarray(z)
        pictures = np.asarray(self.paint(z.reshape(-1, z.shape[-1])))
        if pictures.ndim == 1:
            pictures = np.broadcast_to(pictures[:, None, None], (len(pictures), SIDE, SIDE))
        return pictures.reshape(*z.shape[:-1], *pictures.shape[1:])

    def encode(self, x):
        seed = int(1000 * np.asarray(x)[0].mean())
        location = np.array(self.manifold.prior_sample((len(x),), seed=seed))
        return location, np.ones((len(x), self.manifold.time_dim))

    def sample_posterior(self, x, n=1):
        return np.array(self.manifold.prior_sample((n, len(x)), seed=0))

    def reconstruct(self, x):
        return 0.5 * np.asarray(x)

    def sample(self, n=1):
        return self.decode(np.array(self.manifold.prior_sample((n,), seed=0)))

    def interpolate(self, z0, z1, n=10):
        s = np.linspace(0.0, 1.0, n)[:, None]
        return np.array(self.manifold.geodesic(z0, z1, s))


class Squashed(Manifold):
    """A user's ellipsoid, or ellipse, whose `project` is on it but not the closest point."""

    def __init__(self, dim=2):
        self.dim = dim
        self.ambient_dim = dim + 1

    def project(self, x):
        x = np.asarray(x) / self._radii
        return x / np.linalg.norm(x, axis=-1, keepdims=True) * self._radii

    @property
    def _radii(self):
        return np.linspace(2.0, 1.0, self.ambient_dim, dtype="float32")


@pytest.fixture
def position_model():
    return PositionModel


@pytest.fixture
def squashed():
    return Squashed


@pytest.fixture
def value_at():
    """Grey value that a figure's axes show at a place of the plane; NaN where nothing is."""

    def read(axes, x, y):
        (image,) = axes.images
        left, right, bottom, top = image.get_extent()
        pixels = np.asarray(image.get_array())  # [rows, columns, 4], the first row at the top
        column = int((x - left) / (right - left) * pixels.shape[1])
        row = int((top - y) / (top - bottom) * pixels.shape[0])
        inside = 0 <= row < pixels.shape[0] and 0 <= column < pixels.shape[1]
        if not inside or pixels[row, column, 3] == 0.0:
            return np.nan
        return float(pixels[row, column, 0])

    return read


@pytest.fixture
def page(position_model):
    """A function that makes a page of a manifold; the grey value of a picture is its place."""

    def make(manifold, n=30, event=(8, 8), paint=lambda z: 0.5 + 0.5 * z[:, 0], **options):
        model = position_model(manifold, paint)
        x = np.linspace(0.0, 1.0, n).reshape(n, *[1] * len(event)) * np.ones((n, *event))
        return interactive_page(model, x, **options), model, x

    return make
