#!/usr/bin/env bash
# Expected: a PDB file has one CRYST1 record, before its first MODEL (the format's own order), and
#   every model has that box: MDAnalysis gives it in each frame, as mdtraj does.
# Guess before the run: dimensions [30, 30, 30, 90, 90, 90] in both frames.
# What happens: with MODEL records `dimensions` is None in every frame, and nothing is said. The same
#   file without MODEL and ENDMDL has its box. mdtraj reads the box from both.
# Why users here would meet it: angles of molecules that are broken over the box need the nearest
#   images. Without a box a bond is as long as the box, and its angles are left out or wrong.
# Source: MDAnalysis/coordinates/PDB.py, PDBReader (records of a frame are read from its MODEL on);
#   wwPDB format 3.3, order of records.
# Versions: MDAnalysis 2.11.0, mdtraj 1.11.1.post1, numpy 2.4.6, Python 3.11.
# Output seen: 1 model: [30. 30. 30. 90. 90. 90.]; 2 models: [None, None]; mdtraj: 3.0 nm in both.
set -euo pipefail
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python3 -m venv "$work/venv"
"$work/venv/bin/pip" install --quiet --disable-pip-version-check \
  MDAnalysis==2.11.0 mdtraj==1.11.1.post1 numpy==2.4.6
cd "$work"
"$work/venv/bin/python" -W ignore - <<'PYTHON'
from pathlib import Path

import MDAnalysis
import mdtraj

BOX = "CRYST1   30.000   30.000   30.000  90.00  90.00  90.00 P 1           1\n"
ATOM = "ATOM      1  CA  ALA A   1       {:5.3f}   2.000   3.000  1.00  0.00           C\n"
Path("one.pdb").write_text(BOX + ATOM.format(1.0) + "END\n")
models = (f"MODEL     {i:4d}\n{ATOM.format(1.0 * i)}ENDMDL\n" for i in (1, 2))
Path("two.pdb").write_text(BOX + "".join(models) + "END\n")

found = {}
for name in ("one.pdb", "two.pdb"):
    universe = MDAnalysis.Universe(name)
    found[name] = [None if f.dimensions is None else f.dimensions.tolist()
                   for f in universe.trajectory]
    lengths = mdtraj.load(name).unitcell_lengths
    print(name, "MDAnalysis:", found[name], "mdtraj:", lengths.tolist())
    assert abs(lengths - 3.0).max() < 1e-6
assert found["one.pdb"] == [[30.0, 30.0, 30.0, 90.0, 90.0, 90.0]], found
assert found["two.pdb"] == [None, None], found
PYTHON
