"""Makes `sphere_high_dim.json`: log densities of Brownian motion on large spheres, by mpmath.

python tests/oracles/make_sphere_high_dim.py

The series of zonal harmonics as it stands, with as many digits as its terms cancel.
"""

import json
import math
from pathlib import Path

import mpmath as mp

DIMENSIONS = (64, 128, 512, 1024)
SCALED_TIMES = (0.3, 1.0, 5.0)  # times the dimension
SPREADS = (0.0, 0.5, 1.0, 1.2)  # of the mean angle; and one far away
FAR = 1.9


def log_densities(dim, t, radii):
    """sum_l N_l P_l(cos r) exp(-l (l + d - 1) t / 2) / Vol at the radii."""
    log_terms = []  # of the series at r = 0
    degree, largest = 0, 0.0
    while degree < 10 or log_terms[-1] > -80.0 - FAR**2 / (2.0 * t):
        k, d, log_n = degree, dim, 0.0
        if k:
            log_n = math.lgamma(k + d - 1) - math.lgamma(k + 1) - math.lgamma(d)
            log_n += math.log(2 * k + d - 1)
        log_terms.append(log_n - 0.5 * k * (k + d - 1) * t)
        largest = max(largest, log_terms[-1])
        degree += 1
    mp.mp.dps = math.ceil((largest + FAR**2 / (2.0 * t)) / math.log(10.0)) + 40
    t = mp.mpf(t)
    log_volume = mp.log(2) + mp.mpf(dim + 1) / 2 * mp.log(mp.pi) - mp.loggamma(mp.mpf(dim + 1) / 2)
    weights = []
    count, decay, ratio, step = mp.mpf(1), mp.mpf(1), mp.exp(-t * dim / 2), mp.exp(-t)
    for k in range(degree):  # N_k = (2k + d - 1) (k + d - 2)! / (k! (d - 1)!)
        weights.append(count * decay)
        count *= mp.mpf((2 * k + dim + 1) * (k + dim - 1)) / ((2 * k + dim - 1) * (k + 1))
        decay *= ratio
        ratio *= step
    values = []
    for r in radii:
        x = mp.cos(mp.mpf(r))
        before, now, total = mp.mpf(1), x, weights[0] + weights[1] * x
        for k in range(1, degree - 1):
            before, now = now, ((2 * k + dim - 1) * x * now - k * before) / (k + dim - 1)
            total += weights[k + 1] * now
        values.append(float(mp.log(total) - log_volume))
    return values


def main():
    rows = []
    for dim in DIMENSIONS:
        for scaled in SCALED_TIMES:
            t = scaled / dim
            radii = [s * math.acos(math.exp(-0.5 * scaled)) for s in SPREADS] + [FAR]
            values = log_densities(dim, t, radii)
            rows += [[dim, t, r, value] for r, value in zip(radii, values, strict=True)]
            print(rows[-1], mp.mp.dps, flush=True)
    report = {"command": "python tests/oracles/make_sphere_high_dim.py"}
    report |= {"mpmath": mp.__version__, "columns": ["dim", "t", "r", "log_q"], "rows": rows}
    Path(__file__).with_name("sphere_high_dim.json").write_text(
        json.dumps(report, indent=0) + "\n"
    )


if __name__ == "__main__":
    main()
