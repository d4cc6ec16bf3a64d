"""Data sets for blind trials: a hidden point of a known space, turned into data by a fresh map.

Three kinds, of 2,400 to 6,000 examples:

- `a`: random smooth maps into R^50, every column of variance 1, with noise of 0.1;
- `b`: spike counts of 100 simulated neurons, each with a preferred point;
- `c`: pictures of 16x16 with noise of 0.05 (`blind_pictures.py`).

Hidden points are uniform; on the disc, the ball and the cylinder within their bounds. All
follows from a seed that kind, space and index give, by NumPy alone, so that it is the same on
every backend. A map is drawn anew until no two places that are far apart look alike
(`tells_apart`).

Beside them data that live on none of the candidates (`make_none`), and the protocol of mGPLVM
(`make_mgplvm`).
"""

import math

import numpy as np
from blind_pictures import PICTURES
from blind_spaces import SPACES, angles_of, chords, make_sphere

KINDS = ("a", "b", "c")
SIZES = (2400, 3600, 4800, 6000)  # examples, by index in turn
COLUMNS, HIDDEN, STEEPNESS, NOISE = 50, 40, 1.5, 0.1  # of random maps
NEURONS = 100
PICTURE_NOISE = 0.05
CHECKED = 1000  # points of which all pairs are compared
FAR, APART, EVENNESS = 0.5, 4.0, 0.25  # the rule of `tells_apart`
MARGIN = 1.2  # by which preferred points go beyond the bounds of a space that has some
TRIES = 50
NONE = ("two circles", "figure eight", "white noise")
MGPLVM = ("torus:2", "so3", "sphere:3")


def make(kind, space, index):
    """Blind data, and what is hidden in them.

    Args:
        kind: `"a"`, `"b"` or `"c"`.
        space: A key of `SPACES`.
        index: 0, 1, ...: another map, another number of examples.

    Returns:
        Data, float32 `[n, 50]`, `[n, 100]` (counts) or `[n, 16, 16, channels]`; and the points
        of the space, float32 `[n, ambient]`, in the library's coordinates.
    """
    random = generator(kind, space, index)
    z, _, draw = kept_map(kind, space, SIZES[index % len(SIZES)], random)
    return draw().astype(np.float32), z.astype(np.float32)


def kept_map(kind, space, count, random):
    """Points of the space, their data without noise, and a function that draws the data, of the
    first map that the rule keeps."""
    z = SPACES[space].draw(random, count)
    for _ in range(TRIES):
        signal, unit, draw = MAKERS[kind](space, z, random)
        if tells_apart(signal[:CHECKED], unit, SPACES[space].embed(z[:CHECKED])):
            return z, signal, draw
    raise RuntimeError(f"No map of {space!r} to data of kind {kind!r} in {TRIES} tries.")


def generator(*names):
    """Random numbers that texts and whole numbers name."""
    words = "/".join(map(str, names)).encode()
    return np.random.default_rng(np.random.SeedSequence(list(words)))


def margins(signal, unit, q):
    """How well data without noise tell places apart.

    Args:
        signal: Data without noise, `[n, ...]`.
        unit: Standard deviation of the noise.
        q: The places, embedded true to scale for short distances, `[n, k]`.

    Returns:
        Least distance of data, in standard deviations of the noise, of two places further apart
        than `FAR` of the greatest distance there is; and the least of all pairs' ratios of
        distances in data and space, over the median ratio.
    """
    flat = np.asarray(signal, float).reshape(len(signal), -1) / unit
    upper = np.triu_indices(len(q), 1)
    seen, true = chords(flat, flat)[upper], chords(q, q)[upper]
    ratios = seen / true
    return seen[true > FAR * true.max()].min(), ratios.min() / np.median(ratios)


def tells_apart(signal, unit, q):
    """The rule by which a map is kept: far places differ by at least `APART` standard deviations
    of the noise, and no pair is pressed together by more than 1 / `EVENNESS`."""
    apart, evenness = margins(signal, unit, q)
    return apart >= APART and evenness >= EVENNESS


# Makers: data without noise and the standard deviation of their noise, as the rule needs them,
# and a function that draws the data.


def smooth_map(space, z, random):
    """(a): a network of one hidden layer with random weights."""
    x = network(SPACES[space].embed(z), random)
    return x, NOISE, lambda: x + NOISE * random.standard_normal(x.shape)


def network(q, random):
    """Columns of mean 0 and variance 1, smooth in the embedded points, `[n, k] -> [n, 50]`."""
    q = (q - q.mean(axis=0)) / q.std()
    slopes = random.standard_normal((q.shape[1], HIDDEN)) * STEEPNESS / math.sqrt(q.shape[1])
    hidden = np.tanh(q @ slopes + random.standard_normal(HIDDEN))
    x = hidden @ random.standard_normal((HIDDEN, COLUMNS))
    return (x - x.mean(axis=0)) / x.std(axis=0)


def tuning_curves(space, z, random):
    """(b): counts of neurons that fire most at their preferred points.

    The rate is a base of 0.1 to 0.5 counts and a bump of 5 to 15, Gaussian in the distance of the
    embedded points: a von Mises bump on the circle, a place field in the plane. Widths are such
    that a bump's mean over the space is 8 % to 15 % of its peak, times 0.8 to 1.25 for each
    neuron. Where the space has an edge, some fields have their middle beyond it. The rule sees
    square roots, whose variance is about 1.
    """
    q = SPACES[space].embed(z)
    preferred = SPACES[space].embed(SPACES[space].draw(random, NEURONS))
    preferred[:, SPACES[space].bounded] *= MARGIN
    width = width_of_share(q, preferred, random.uniform(0.08, 0.15))
    widths = width * np.exp(random.uniform(-1.0, 1.0, NEURONS) * math.log(1.25))
    base, peak = random.uniform(0.1, 0.5, NEURONS), random.uniform(5.0, 15.0, NEURONS)
    rates = base + peak * np.exp(-0.5 * (chords(q, preferred) / widths) ** 2)
    return square_root(rates), 1.0, lambda: random.poisson(rates)


def square_root(counts):
    """2 sqrt(x + 3/8), which has a variance of about 1 for Poisson counts (Anscombe 1948)."""
    return 2.0 * np.sqrt(counts + 0.375)


def width_of_share(q, preferred, share):
    """Width of bumps whose mean is that share of their peak, by bisection."""
    squares = chords(q[:CHECKED], preferred) ** 2
    low, high = 0.01, 10.0
    for _ in range(40):
        middle = math.sqrt(low * high)
        mean = np.exp(-0.5 * squares / middle**2).mean()
        low, high = (middle, high) if mean < share else (low, middle)
    return middle


def noisy_pictures(space, z, random):
    """(c): pictures with noise."""
    x = PICTURES[space](random)(z)
    return x, PICTURE_NOISE, lambda: x + PICTURE_NOISE * random.standard_normal(x.shape)


MAKERS = {"a": smooth_map, "b": tuning_curves, "c": noisy_pictures}


def make_none(name, index):
    """Data `[n, 50]` on none of the spaces: `"two circles"` far from each other, a
    `"figure eight"`, both by maps of kind `a`, or `"white noise"` of variance 1."""
    random = generator("none", name, index)
    count = SIZES[index % len(SIZES)]
    if name == "white noise":
        return random.standard_normal((count, COLUMNS)).astype(np.float32)
    angle = random.uniform(0.0, 2.0 * math.pi, count)
    if name == "two circles":
        second = random.integers(2, size=count)
        q = np.stack([np.cos(angle) + 3.0 * second, np.sin(angle), 0.5 * second], axis=1)
    elif name == "figure eight":
        q = np.stack([np.cos(angle), np.sin(angle) * np.cos(angle)], axis=1)
    else:
        raise ValueError(f"Expected one of {NONE}. Received: {name!r}.")
    x = network(q, random)
    return (x + NOISE * random.standard_normal(x.shape)).astype(np.float32)


def make_mgplvm(space, index, conditions=200, neurons=None):
    """The protocol of mGPLVM's comparisons (Jensen et al. 2020, arXiv 2006.07429).

    Activity is a exp(-d^2 / (2 l^2)) + c with Gaussian noise, d the geodesic distance from the
    neuron's preferred point, itself measured with an error of an eighth of its mean. By neuron:
    a of 1 ± 0.2, c up to 0.2, noise of 0.2 ± 0.02, l up to 15 % above a width by which a ball
    holds 12 % of the torus, 7 % of S^3, and 1 rad on SO(3).

    Args:
        space: One of `MGPLVM`.
        index: 0, 1, ...
        conditions: Examples: there 200 against R^d, 300 against each other.
        neurons: `None`: 200, but 150 on the torus up to 200 conditions, as there.

    Returns:
        Data, float32 `[conditions, neurons]`, and the points `[conditions, ambient]`.
    """
    random = generator("mgplvm", space, index)
    if neurons is None:
        neurons = 150 if space == "torus:2" and conditions <= 200 else 200
    draw = make_sphere(3).draw if space == "sphere:3" else SPACES[space].draw
    z, preferred = draw(random, conditions), draw(random, neurons)
    distance = GEODESICS[space](z, preferred)  # [conditions, neurons]
    distance += random.standard_normal(distance.shape) * distance.mean() / 8.0
    gain = 1.0 + 0.2 * random.standard_normal(neurons)
    base = random.uniform(0.0, 0.2, neurons)
    noise = 0.2 + 0.02 * random.standard_normal(neurons)
    width = MGPLVM_WIDTHS[space] * (1.0 + random.uniform(0.0, 0.15, neurons))
    mean = gain * np.exp(-0.5 * (distance / width) ** 2) + base
    x = mean + noise * random.standard_normal(mean.shape)
    return x.astype(np.float32), z.astype(np.float32)


def torus_distance(z, p):
    turns = angles_of(z)[:, None] - angles_of(p)
    return np.linalg.norm(np.arccos(np.cos(turns)), axis=-1)


GEODESICS = {
    "torus:2": torus_distance,
    "sphere:3": lambda z, p: np.arccos(np.clip(z @ p.T, -1.0, 1.0)),
    "so3": lambda z, p: np.arccos(np.clip(0.5 * (z @ p.T - 1.0), -1.0, 1.0)),
}
MGPLVM_WIDTHS = {
    "torus:2": 2.0 * math.pi * math.sqrt(0.12 / math.pi),
    "sphere:3": (0.07 * 2.0 * math.pi**2 / (4.0 * math.pi / 3.0)) ** (1.0 / 3.0),
    "so3": 1.0,
}
