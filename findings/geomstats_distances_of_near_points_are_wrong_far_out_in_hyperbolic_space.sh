#!/usr/bin/env bash
# Expected: the distance of two points of the hyperboloid that are 1e-4 apart is 1e-4, wherever
#   they lie; the coordinates hold it, as arsinh of the space coordinate shows.
# Guess before the run: at the origin it is right; 10 from the origin it is 0 or off by more than
#   a tenth, in float64, without a warning.
# What happens: along a ray it is 1.4 times too large at 10 from the origin and 8 times at 12,
#   without a warning; across the ray, where the heights are equal, it is right. The guess held
#   for one of the two directions, and no distance was 0.
# Why users here would meet it: codes of a tree lie far out, its neighbours are near each other,
#   and distances of codes are what nearest neighbours and Frechet means are computed from.
# Source: geomstats/geometry/hyperboloid.py: arccosh of minus the Minkowski product, in which
#   numbers of the size exp(2 r) are subtracted.
# Versions: geomstats 2.8.0, numpy 2.2.6, scipy 1.15.3, Python 3.11.
# Output seen: 1.000e-04 at 0 and 4, 9.960e-05 at 8, 1.404e-04 at 10, 8.114e-04 at 12.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  geomstats==2.8.0 numpy==2.2.6 scipy==1.15.3
cd "$work"
"$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from geomstats.geometry.hyperbolic import Hyperbolic

APART = 1e-4
space = Hyperbolic(dim=2)
found = {}
for far in (0.0, 4.0, 8.0, 10.0, 12.0):
    # Along a ray, and across it: sinh^2(d/2) = sinh^2(r) sin^2(angle/2).
    angle = 2.0 * np.arcsin(np.sinh(APART / 2) / np.sinh(far)) if far else 0.0
    start = np.array([np.cosh(far), np.sinh(far), 0.0])
    ahead = np.array([np.cosh(far + APART), np.sinh(far + APART), 0.0])
    aside = np.array([np.cosh(far), np.sinh(far) * np.cos(angle), np.sinh(far) * np.sin(angle)])
    held = np.arcsinh(ahead[1]) - np.arcsinh(start[1])  # what the coordinates hold
    found[far] = [float(space.metric.dist(start, point)) for point in (ahead, aside)]
    print(f"{far:4.0f} from the origin: {found[far][0]:.3e} along, {found[far][1]:.3e} across,"
          f" in the coordinates {held:.3e}")
    assert abs(held / APART - 1.0) < 1e-6, held
assert abs(found[0.0][0] / APART - 1.0) < 1e-3, found
assert abs(found[10.0][0] / APART - 1.0) > 0.1 and abs(found[12.0][0] / APART - 1.0) > 1.0, found
PYTHON
