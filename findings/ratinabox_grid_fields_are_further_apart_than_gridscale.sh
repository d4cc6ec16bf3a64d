#!/usr/bin/env bash
# Expected: the grid scale of a grid cell is the distance between neighbouring firing fields, as in
#   the papers on recorded cells: GridCells with gridscale 0.4 m has fields 0.4 m apart.
# Guess before the run: nearest fields of a rate map are 0.40 m apart.
# What happens: they are 0.46 m apart. The parameter is the distance between wave fronts of the
#   three cosines; fields of a hexagonal grid are 2 / sqrt(3) times as far from each other. The
#   comment on `width_ratio` speaks of the distance between fields, and is right with that factor
#   only.
# Why users here would meet it: the torus of a module is the plane modulo its fields. Phases, true
#   angles and place maps that are computed with the parameter as the spacing are wrong by 15 %,
#   and a decoded torus then seems to tear.
# Source: ratinabox/Neurons.py, GridCells.get_state; Hafting et al. 2005 for the spacing of fields.
# Versions: ratinabox 1.15.3, numpy 2.4.6, scipy 1.17.1, Python 3.11.
# Output seen: gridscale 0.4000, nearest fields 0.4610 apart, ratio 1.1524 (2 / sqrt(3) = 1.1547;
#   places are 2.5 mm apart).
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  ratinabox==1.15.3 numpy==2.4.6 scipy==1.17.1
cd "$work"
MPLBACKEND=Agg "$work/venv/bin/python" - <<'PYTHON'
import numpy as np
from ratinabox.Agent import Agent
from ratinabox.Environment import Environment
from ratinabox.Neurons import GridCells
from scipy.ndimage import maximum_filter
from scipy.spatial.distance import cdist

SCALE = 0.4
agent = Agent(Environment({"scale": 2.0}))
cell = {"n": 1, "gridscale": np.array([SCALE]), "orientation": np.array([0.3])}
cells = GridCells(agent, {**cell, "phase_offset": np.array([[1.0, 2.0]])})
grid = np.linspace(0.0, 2.0, 801)  # every 2.5 mm
places = np.stack(np.meshgrid(grid, grid, indexing="ij"), axis=-1).reshape(-1, 2)
rates = cells.get_state(evaluate_at=None, pos=places).reshape(len(grid), -1)
peaks = (rates == maximum_filter(rates, 41)) & (rates > 0.95 * rates.max())
fields = places[peaks.ravel()]
distances = cdist(fields, fields) + 9.0 * np.eye(len(fields))
spacing = np.median(np.sort(distances, axis=1)[:, :2])
print(f"gridscale {SCALE:.4f}, nearest fields {spacing:.4f} apart, ratio {spacing / SCALE:.4f}")
assert abs(spacing / SCALE - 2.0 / np.sqrt(3.0)) < 0.01, spacing
PYTHON
