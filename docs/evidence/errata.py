"""Evidence for docs/errata.md: what the paper and its code have wrong, in numbers.

python docs/evidence/errata.py [--json FILE]

Every number is computed here in float64: exact kernels from `heat_kernels.numeric`, areas by
quadrature, and the published numbers from the formulas that made them.
"""

import argparse
import math
from pathlib import Path

import numpy as np
from scipy import integrate

from diffusion_vae.files import write_json
from diffusion_vae.heat_kernels import heat_kernel, numeric
from diffusion_vae.manifolds import SO3, EmbeddedTorus
from diffusion_vae.manifolds.cover import cover_by_sphere

CLAMP = -3.75  # upper limit on log time in the paper's experiments
C, A = 3.0, 0.6  # radii of the paper's torus


def short_time_kl(dim, volume, curvature, t, coefficient, two_pi=True):
    gaussian = -0.5 * dim * (math.log(2.0 * math.pi * t) if two_pi else math.log(t))
    return gaussian - 0.5 * dim + math.log(volume) + coefficient * curvature * t


def published_floors():
    """KLs of the tables at the largest allowed time, by the formulas of the code."""
    t = math.exp(CLAMP)
    flat = {"dim": 2, "volume": 4.0 * math.pi**2, "curvature": 0.0, "t": t, "coefficient": 0.25}
    sphere = {"dim": 2, "volume": 4.0 * math.pi, "curvature": 2.0, "t": t}
    projective = {"dim": 3, "volume": math.pi**2, "curvature": 6.0, "t": t}
    tube = {**flat, "volume": 8.0 * math.pi * A * C}
    coded = {
        "S^2, Table 2": (3.45, short_time_kl(**sphere, coefficient=6 / 24)),
        "flat torus, both": (6.42, short_time_kl(**flat, two_pi=False)),
        "RP^3, Table 2": (3.70, short_time_kl(**projective, coefficient=7 / 24)),
        "torus in R^3, Table 1": (6.57, short_time_kl(**tube, two_pi=False)),
    }
    exact = (
        numeric.sphere_kl(2, t),
        2.0 * numeric.sphere_kl(1, t),
        numeric.projective_kl(3, t),
        embedded_torus_kl(t),
    )
    return [(row, *found, kl) for (row, found), kl in zip(coded.items(), exact, strict=True)]


def embedded_torus_kl(t):
    """Mean of the exact KL over uniform points, from its table."""
    torus = EmbeddedTorus(C, A)
    angles = (np.arange(400) + 0.5) * 2.0 * math.pi / 400
    points = torus.from_angles(np.stack([0.0 * angles, angles], axis=-1).astype("float32"))
    kl = np.asarray(heat_kernel(torus).kl_to_prior(points, np.full((400, 1), t, "float32")))
    return float(np.average(kl, weights=C + A * np.cos(angles)))


def curvature_coefficient():
    """KL on S^d: exact, with Sc/4, with the paper's (d + 4)/24 Sc."""
    rows = []
    for dim, t in ((2, 0.05), (3, 0.05), (5, 0.05), (10, 0.02)):
        volume, curvature = numeric.sphere_volume(dim), dim * (dim - 1)
        right, paper = (
            short_time_kl(dim, volume, curvature, t, c) for c in (0.25, (dim + 4) / 24.0)
        )
        rows.append((f"S^{dim}", t, numeric.sphere_kl(dim, t), right, paper))
    return rows


def torus_area():
    """Area of the torus of revolution: as coded, by quadrature of the metric, in closed form."""
    area = integrate.quad(lambda v: 2.0 * math.pi * (C + A * math.cos(v)) * A, 0.0, 2.0 * math.pi)
    return [("8 pi a c (coded)", 8.0 * math.pi * A * C), ("quadrature", area[0]),
            ("4 pi^2 a c", EmbeddedTorus(C, A).volume)]  # fmt: skip


def so3_constants():
    """KL on SO(3) at short times: exact, with the right constants, with the coded ones."""
    right, coded = (SO3().volume, 0.75), (2**1.5 * math.pi**2, 3.0)
    cover = cover_by_sphere(SO3())
    return [
        (t, numeric.quotient_kl(cover, t), short_time_kl(3, right[0], right[1], t, 0.25),
         short_time_kl(3, coded[0], coded[1], t, 0.25))
        for t in (0.01, 0.1, 0.5)
    ]  # fmt: skip


def chordal_density():
    """E_q [coded - exact log density] on S^2, with the chord (coded) and the geodesic distance."""
    rows = []
    for log_t in (-5.0, CLAMP, -2.0, 0.0):
        t = math.exp(log_t)
        r = np.linspace(1e-6, min(math.pi, 12.0 * math.sqrt(t)) - 1e-6, 20_001)
        exact = numeric.sphere_log_density(2, r, t)
        weight = np.exp(exact) * 2.0 * math.pi * np.sin(r)
        errors = [
            integrate.simpson(weight * (coded_log_density(distance, t) - exact), x=r)
            for distance in (2.0 * np.sin(0.5 * r), r)
        ]
        rows.append((log_t, *errors))
    return rows


def coded_log_density(r, t, dim=2):
    """The paper's log q on S^d; its first factor, (r / sin r)^((d - 1)/2), is missing."""
    curvature = dim * (dim - 1)
    bracket = 3 - dim + (dim - 1) * r**2 + (dim - 3) * r / np.tan(r)
    correction = np.log1p(curvature * t / (8.0 * dim * r**2) * bracket)
    return -0.5 * dim * math.log(2.0 * math.pi * t) - r**2 / (2.0 * t) + correction


def table(title, header, rows):
    """A heading and a table in Markdown; numbers with five digits."""
    cells = [[f"{v:.5g}" if isinstance(v, float) else str(v) for v in row] for row in rows]
    lines = [header, ["---"] * len(header), *cells]
    return f"### {title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + "\n"


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    tables = {
        "1. Coefficient of the curvature": (
            ("manifold", "t", "exact KL", "Sc/4", "paper: (d + 4)/24 Sc"),
            curvature_coefficient(),
        ),
        "2. Published KLs are floors at log t = -3.75": (
            ("row", "published", "its formula at the limit", "exact KL there"),
            published_floors(),
        ),
        "3. Area of the torus in R^3, c = 3, a = 0.6": (("formula", "area"), torus_area()),
        "4. Constants of SO(3)": (
            ("t", "exact KL", "volume 223.3, Sc 3/4", "coded: 27.9, 3"),
            so3_constants(),
        ),
        "5. Error of the coded log density on S^2, mean in nats": (
            ("log t", "with the chord (coded)", "with the geodesic distance"),
            chordal_density(),
        ),
    }
    for title, (header, rows) in tables.items():
        print(table(title, header, rows))
    if arguments.json:
        write_json(arguments.json, {
            title: [dict(zip(header, row, strict=True)) for row in rows]
            for title, (header, rows) in tables.items()
        })  # fmt: skip


if __name__ == "__main__":
    main()
