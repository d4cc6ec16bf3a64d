"""Backbone angles of proteins, from what the readers of the field have read."""

import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

LONGEST_BOND = 2.0  # Angstrom, between atoms of a backbone; a peptide bond has 1.33
NANOMETRE = 10.0  # in Angstrom
SMALLEST_BOX = 2.0 * LONGEST_BOND  # of a box that is one, and not a placeholder of 1 Angstrom


class BackboneAngles(NamedTuple):
    """Angles phi and psi, one row a residue and frame, all residues of the first frame first.

    Attributes:
        angles: phi and psi in radians, in [-pi, pi], `[rows, 2]`.
        residues: Names such as `"ALA52A"`: residue, number, insertion code, `[rows]`.
        chains: Names of the residues' chains or segments, `[rows]`.
        positions: Places of the residues in the file, from 0, `[rows]`.
        frames: Frames, from 0, `[rows]`.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import BackboneAngles
        >>> names, place = np.array(["ALA52A"]), np.array([2])
        >>> rows = BackboneAngles(np.radians([[-60, -45]]), names, np.array(["A"]), place, place)
        >>> np.degrees(rows.angles).round(), rows.residues
        (array([[-60., -45.]]), array(['ALA52A'], dtype='<U6'))
    """

    angles: np.ndarray
    residues: np.ndarray
    chains: np.ndarray
    positions: np.ndarray
    frames: np.ndarray


def backbone_angles(trajectory: Any) -> BackboneAngles:
    """phi and psi of every residue that has both, in every frame.

    The neighbours of a residue are those before and after it in the file, whatever their
    numbers: numbers jump at gaps and repeat where there are insertion codes. An angle over a bond
    longer than 2 Angstrom is left out, and so the ends of chains and the sides of gaps are. Caps
    such as ACE and NME count as neighbours. Of alternate locations the first is taken.

    In a periodic box bonds are those to the nearest image. So take the trajectory as it was
    written: superposing turns the molecule, but not the box.

    Args:
        trajectory: An `MDAnalysis.Universe`, an `AtomGroup` of it such as
            `universe.select_atoms("protein")`, or an `mdtraj.Trajectory` (which keeps no insertion
            codes: there `positions` tells residues of one number apart).

    Returns:
        A `BackboneAngles`.

    Warns:
        UserWarning: If a bond is longer than 2 Angstrom in some frames and not in others.

    Raises:
        TypeError: If `trajectory` is something else.
        ValueError: If no residue has both angles, or lengths are not in the library's own unit.

    Example:
        >>> import numpy as np
        >>> from diffusion_vae.datasets import backbone_angles
        >>> backbone_angles(np.zeros((10, 3)))
        Traceback (most recent call last):
            ...
        TypeError: Expected an MDAnalysis Universe or AtomGroup, or an mdtraj Trajectory...
    """
    read = _read(trajectory)
    atoms = _atoms_of_rows(read.names, read.residue_of)  # [rows, 5]
    if not len(atoms):
        raise ValueError(
            "Expected residues with atoms N, CA and C between two others. Received: "
            f"{len(read.labels)} residues, none of them such."
        )
    found = [_angles(frame[atoms], box) for frame, box in read.frames]
    angles, bonds = (np.stack(parts) for parts in zip(*found, strict=True))  # [frames, rows, ...]
    _check_unit(bonds[..., 1])
    whole = np.all(bonds <= LONGEST_BOND, axis=-1)  # [frames, rows], false for NaN
    _warn_of_broken(whole)
    frames, rows = np.nonzero(whole)
    if not len(rows):
        raise ValueError(
            "Expected residues whose bonds C-N are at most 2 Angstrom. Received: "
            f"{whole.shape[1]} residues with longer ones on either side in every frame."
        )
    positions = read.residue_of[atoms[rows, 1]]
    return BackboneAngles(
        angles[whole], read.labels[positions], read.chains[positions], positions, frames
    )


class _Read(NamedTuple):
    """Atoms in file order, and their coordinates frame by frame, in Angstrom."""

    names: np.ndarray  # of atoms
    residue_of: np.ndarray  # of atoms, from 0 in file order
    labels: np.ndarray  # of residues
    chains: np.ndarray  # of residues
    frames: Iterator[tuple[np.ndarray, np.ndarray | None]]  # coordinates, box


def _read(trajectory: Any) -> _Read:
    if hasattr(trajectory, "atoms") and hasattr(trajectory, "universe"):
        return _read_mdanalysis(trajectory)
    if hasattr(trajectory, "xyz") and hasattr(trajectory, "topology"):
        return _read_mdtraj(trajectory)
    raise TypeError(
        "Expected an MDAnalysis Universe or AtomGroup, or an mdtraj Trajectory. Received: "
        f'{type(trajectory).__name__}. `pip install "diffusion-vae[molecules]"` brings a reader.'
    )


def _read_mdanalysis(source: Any) -> _Read:
    atoms, universe = source.atoms, source.universe
    residues = universe.residues
    count = len(residues)
    codes = getattr(residues, "icodes", np.full(count, ""))
    parts = zip(residues.resnames, residues.resids, codes, strict=True)
    labels = np.array([f"{name}{number}{code}" for name, number, code in parts])

    def frames() -> Iterator[tuple[np.ndarray, np.ndarray | None]]:
        shown = universe.trajectory.frame
        try:
            for step in universe.trajectory:
                yield atoms.positions.astype(float), step.triclinic_dimensions
        finally:
            universe.trajectory[shown]

    chains = np.array(residues.segids, dtype=str)
    return _Read(atoms.names, atoms.resindices, labels, chains, frames())


def _read_mdtraj(source: Any) -> _Read:
    atoms, residues = list(source.topology.atoms), list(source.topology.residues)
    boxes = source.unitcell_vectors
    frames = (
        (NANOMETRE * xyz.astype(float), None if boxes is None else NANOMETRE * boxes[i])
        for i, xyz in enumerate(source.xyz)
    )
    chains = [residue.chain.chain_id or str(residue.chain.index) for residue in residues]
    return _Read(
        np.array([atom.name for atom in atoms]),
        np.array([atom.residue.index for atom in atoms]),
        np.array([f"{residue.name}{residue.resSeq}" for residue in residues]),
        np.array(chains),
        frames,
    )


def _atoms_of_rows(names: np.ndarray, residue_of: np.ndarray) -> np.ndarray:
    """Indices of C before, N, CA, C, N after, of residues that have all five, `[rows, 5]`."""
    count = int(residue_of.max(initial=-1)) + 1
    first = {}
    for name in ("N", "CA", "C"):
        at = np.flatnonzero(names == name)
        residues, where = np.unique(residue_of[at], return_index=True)  # the first of each
        first[name] = np.full(count + 2, -1)  # a place before and one after
        first[name][residues + 1] = at[where]
    before, own, after = slice(0, count), slice(1, count + 1), slice(2, count + 2)
    rows = np.stack(
        [first["C"][before], *(first[name][own] for name in ("N", "CA", "C")), first["N"][after]],
        axis=1,
    )
    return rows[(rows >= 0).all(axis=1)]


def _angles(points: np.ndarray, box: np.ndarray | None) -> tuple[np.ndarray, np.ndarray]:
    """phi, psi `[rows, 2]` and lengths of bonds `[rows, 4]` of five atoms `[rows, 5, 3]`."""
    bonds = _nearest(np.diff(points, axis=1), box)
    phi, psi = (_dihedral(*np.moveaxis(bonds[:, i : i + 3], 1, 0)) for i in (0, 1))
    return np.stack([phi, psi], axis=1), np.linalg.norm(bonds, axis=-1)


def _nearest(bonds: np.ndarray, box: np.ndarray | None) -> np.ndarray:
    """Difference vectors to the nearest periodic image; `box` has an edge in each row."""
    if box is None or not np.any(box):
        return bonds
    inverse = np.linalg.pinv(np.asarray(box, float))
    if (np.linalg.norm(inverse, axis=0) * SMALLEST_BOX >= 1.0).any():  # heights of the box
        return bonds
    return bonds - np.round(bonds @ inverse) @ box


def _dihedral(first: np.ndarray, middle: np.ndarray, last: np.ndarray) -> np.ndarray:
    """Dihedral angle of three bonds, `[..., 3]` each, positive clockwise along the middle one
    (IUPAC-IUB 1970)."""
    left, right = np.cross(first, middle), np.cross(middle, last)
    sine = np.linalg.norm(middle, axis=-1) * np.sum(first * right, axis=-1)
    return np.arctan2(sine, np.sum(left * right, axis=-1))


def _check_unit(lengths: np.ndarray) -> None:
    """Refuses lengths N-CA that are no Angstrom: the limit on bonds would mean nothing."""
    usual = float(np.median(lengths))
    if usual < 0.5 * LONGEST_BOND:
        raise ValueError(
            "Expected lengths in Angstrom in MDAnalysis and in nanometres in mdtraj, with N-CA "
            f"near 1.46 Angstrom. Received: {usual:.3g}. Convert the coordinates."
        )


def _warn_of_broken(whole: np.ndarray) -> None:
    """Warns of residues that have both angles in some frames and not in others."""
    torn = whole.any(axis=0) & ~whole.all(axis=0)
    if torn.any():
        frames = int((~whole[:, torn]).any(axis=1).sum())
        warnings.warn(
            f"{int(torn.sum())} residues have a bond longer than 2 Angstrom in some of the frames "
            f"({frames} of {len(whole)}), and were left out there. Take the trajectory as it was "
            "written, before superposing and with its box.",
            UserWarning,
            stacklevel=3,
        )
