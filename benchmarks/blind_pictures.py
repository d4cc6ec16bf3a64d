"""Pictures of 16x16 whose hidden factor is a point of one of the spaces of the blind trials.

Each maker draws what is fresh (a photograph's part, a pattern, a shape) from `random` and
returns a function from points to pictures, `[n, ambient] -> [n, 16, 16, channels]`, all values
in about [0, 1].
"""

import numpy as np
from blind_spaces import angles_of

from diffusion_vae.datasets.fourier_picture import FourierPicture, random_coefficients
from diffusion_vae.datasets.images import load_picture, resize
from diffusion_vae.datasets.lines import draw_lines
from diffusion_vae.datasets.rotated_image import disc, rotate_picture
from diffusion_vae.datasets.rotations import polynomial, random_function, sphere_grid

SIDE = 16
ORDER, GAMMA = 3, 0.5  # of periodic pictures
BLOBS, REACH = 4, 0.45  # of a thing in the window; how far its middle moves, in half sides
GROWTH = 0.4  # a thing's size is exp(GROWTH w), with w the third coordinate of the ball


def turned_photograph(random):
    """S^1: a part of a photograph, grey, turned about its middle."""
    photograph = load_picture(random.choice(["china", "flower"])).mean(axis=2, keepdims=True)
    side = int(random.integers(120, 320))
    top, left = (int(random.integers(length - side)) for length in photograph.shape[:2])
    part = resize(photograph[top : top + side, left : left + side], SIDE)
    shown = part[disc(SIDE) > 0.5]
    part = np.clip((part - shown.min()) / (shown.max() - shown.min()), 0.0, 1.0)
    return lambda z: rotate_picture(part, angles_of(z))


def translated_pattern(random):
    """T^2: a periodic picture, moved both ways."""
    picture = periodic(random, ORDER)
    return lambda z: 0.5 + 0.5 * picture.images(angles_of(z), SIDE)


def panorama(random):
    """S^1 x R: a view out of a panorama, turned all round and tilted up and down.

    The panorama repeats after a whole turn both ways; a view shows half of its height, and the
    tilt of -1.5 to 1.5 rad leaves out what lies behind: no two tilts give one view.
    """
    picture = periodic(random, ORDER)

    def view(z):
        shifts = np.stack([z[:, 2], angles_of(z[:, :2])[:, 0]], axis=1)
        whole = 0.5 + 0.5 * picture.images(shifts, 2 * SIDE)
        return whole[:, :SIDE, ::2]

    return view


def glowing_rod(random):
    """RP^2: a rod without a head, near ends thicker and brighter; the tint is fresh."""
    tints = random.uniform(0.6, 1.6, 3)
    weights = random.uniform(0.5, 1.0, 3)
    return lambda z: weights * draw_lines(z, SIDE) ** tints


def turned_top(random):
    """S^2: a ball with a pattern that is symmetric about an axis, the axis turned."""
    pixels, inside = front_of_ball()
    waves = random.standard_normal((3, 3)) / np.sqrt([1.0, 2.0, 3.0])  # [channels, degrees]
    waves[:, 0] += np.sign(waves[:, 0])  # the two ends of the axis differ

    def draw(z):
        height = z @ pixels.T  # [n, pixels]: the latitude on the ball that a pixel sees
        powers = np.stack([height, 1.5 * height**2 - 0.5, np.sin(3.0 * height)], axis=-1)
        return on_ball(np.tanh(powers @ waves.T), inside)

    return draw


def turned_ball(random):
    """SO(3): a coloured ball without symmetry, turned freely; its front is seen."""
    pixels, inside = front_of_ball()
    seed, fine = int(random.integers(2**31)), sphere_grid(2_000)
    functions = [random_function(seed, channel) for channel in range(3)]
    scales = [np.abs(polynomial(f, fine)).max() for f in functions]

    def draw(z):
        seen = pixels @ z.reshape(-1, 3, 3)  # [n, pixels, 3]: rows are R^T g
        colours = [polynomial(f, seen) / scale for f, scale in zip(functions, scales, strict=True)]
        return on_ball(np.stack(colours, axis=-1), inside)

    return draw


def moved_thing(random):
    """R^2 and R^3: a coloured thing that moves in the window; in R^3 it grows as it comes near."""
    places = random.uniform(-0.3, 0.3, (BLOBS, 2))
    widths = random.uniform(0.15, 0.3, BLOBS)
    colours = random.dirichlet(np.ones(3), BLOBS) * 1.5  # [blobs, channels]
    pixels = (np.arange(SIDE) + 0.5) * 2.0 / SIDE - 1.0

    def draw(z):
        size = np.exp(GROWTH * z[:, 2:3]) if z.shape[1] == 3 else np.ones((len(z), 1))
        picture = np.zeros((len(z), SIDE, SIDE, 3))
        for place, width, colour in zip(places, widths, colours, strict=True):
            middle = REACH * z[:, :2] + size * place  # [n, 2]
            rows, columns = (
                np.exp(-0.5 * ((pixels - middle[:, i, None]) / (size * width)) ** 2)
                for i in (0, 1)
            )
            picture += (rows[:, :, None] * columns[:, None, :])[..., None] * colour
        return np.tanh(picture)

    return draw


def periodic(random, order):
    """A fresh picture without seams, in [-1, 1]."""
    return FourierPicture(random_coefficients(order, int(random.integers(2**31))), GAMMA)


def front_of_ball():
    """Points of a ball that pixels see, `[pixels, 3]`, and the mask of those pixels."""
    y, x = (np.mgrid[:SIDE, :SIDE] + 0.5) * 2.0 / SIDE - 1.0
    inside = x**2 + y**2 < 1.0
    x, y = x[inside], y[inside]
    return np.stack([x, -y, np.sqrt(1.0 - x**2 - y**2)], axis=1), inside


def on_ball(values, inside):
    """Pictures of values in [-1, 1] at the pixels of a ball, `[n, pixels, 3]`; grey outside."""
    pictures = np.full((len(values), SIDE, SIDE, 3), 0.5)
    pictures[:, inside] = 0.5 + 0.5 * values
    return pictures


PICTURES = {
    "sphere:1": turned_photograph,
    "sphere:2": turned_top,
    "torus:2": translated_pattern,
    "projective:2": glowing_rod,
    "so3": turned_ball,
    "sphere:1 x euclidean:1": panorama,
    "euclidean:2": moved_thing,
    "euclidean:3": moved_thing,
}
