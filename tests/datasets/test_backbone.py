"""phi and psi of residues as files number them, and of molecules that a box has broken."""

import functools
import warnings

import numpy as np
import pytest

from diffusion_vae.datasets import backbone_angles

WHY = 'needs the extra "molecules" of the package'
HELIX = (-60.0, -45.0)
NUMBERS = ("50 ", "51 ", "52 ", "52A", "52B", "53 ", "54 ", "55 ")
ROUNDED = 0.2  # degrees that three decimals of a PDB file may cost


def next_atom(a, b, c, length, angle, torsion):
    """The atom after three others (Parsons et al. 2005, the natural extension frame)."""
    axis = (c - b) / np.linalg.norm(c - b)
    normal = np.cross(b - a, axis)
    normal /= np.linalg.norm(normal)
    angle, torsion = np.radians(angle), np.radians(torsion)
    across = np.cos(torsion) * np.cross(normal, axis) + np.sin(torsion) * normal
    return c + length * (np.sin(angle) * across - np.cos(angle) * axis)


def helix():
    """Coordinates of N, CA, C of a helix of ideal geometry, `[24, 3]` in Angstrom."""
    turn = np.radians(111.0)
    atoms = [np.zeros(3), np.array([1.458, 0.0, 0.0])]
    atoms.append(atoms[1] + 1.525 * np.array([-np.cos(turn), np.sin(turn), 0.0]))
    phi, psi = HELIX
    for _ in NUMBERS[1:]:
        atoms.append(next_atom(*atoms[-3:], 1.329, 116.2, psi))
        atoms.append(next_atom(*atoms[-3:], 1.458, 121.7, 180.0))
        atoms.append(next_atom(*atoms[-3:], 1.525, 111.0, phi))
    return np.array(atoms)


def pdb(path, residues=range(8), box=None, models=(), names=("ALA",) * 8, atoms=range(24)):
    """A PDB file of the helix, or of other coordinates, with some residues or atoms only."""
    lines = []
    for model, points in enumerate(models or [helix()]):
        lines.append(f"MODEL     {model + 1:4d}")
        if box is not None:
            lines.append(f"CRYST1{box:9.3f}{box:9.3f}{box:9.3f}{'  90.00' * 3} P 1")
        for i, point in enumerate(points):
            if i // 3 not in residues or i not in atoms:
                continue
            atom, element = (("N ", "N"), ("CA", "C"), ("C ", "C"))[i % 3]
            where = "".join(f"{value:8.3f}" for value in point)
            lines.append(
                f"ATOM  {i + 1:5d}  {atom}  {names[i // 3]} A{NUMBERS[i // 3]:>5s}   {where}"
                f"  1.00  0.00           {element}"
            )
        lines.append("ENDMDL")
    path.write_text("\n".join([*lines, "END\n"]))
    return str(path)


def opened(library, *arguments):
    """A universe or trajectory, without what the library says of the PDB files of a test."""
    module = pytest.importorskip(library, reason=WHY)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if library == "mdtraj":
            return module.load(*arguments)
        return module.Universe(*arguments, in_memory=True)  # closes the file


@pytest.fixture(params=["MDAnalysis", "mdtraj"])
def read(request):
    """The reader of one of the two libraries."""
    return functools.partial(opened, request.param)


def assert_helix(rows, count):
    assert rows.angles.shape == (count, 2)
    assert np.abs(np.degrees(rows.angles) - HELIX).max() < ROUNDED


def test_insertion_codes_do_not_part_neighbours(read, tmp_path):
    rows = backbone_angles(read(pdb(tmp_path / "helix.pdb")))
    assert_helix(rows, 6)
    names = ["ALA51", "ALA52", "ALA52A", "ALA52B", "ALA53", "ALA54"]
    if read.args == ("mdtraj",):  # which keeps no insertion codes
        names = [name.rstrip("AB") if name[-1] in "AB" else name for name in names]
    assert rows.residues.tolist() == names
    assert rows.positions.tolist() == [1, 2, 3, 4, 5, 6]
    assert rows.frames.tolist() == [0] * 6
    assert rows.chains.tolist() == ["A"] * 6


def test_no_angle_spans_a_gap(read, tmp_path):
    rows = backbone_angles(read(pdb(tmp_path / "gap.pdb", residues=[0, 1, 2, 4, 5, 6, 7])))
    assert_helix(rows, 3)  # neither side of the missing 52A
    assert rows.residues.tolist() == ["ALA51", "ALA53", "ALA54"]


def test_caps_are_neighbours(read, tmp_path):
    names = ("ACE", "ALA", "NME")
    path = pdb(tmp_path / "dipeptide.pdb", range(3), names=names, atoms=range(2, 7))
    rows = backbone_angles(read(path))
    assert_helix(rows, 1)
    assert rows.residues.tolist() == ["ALA51"]


def test_a_molecule_broken_over_the_box_has_its_angles(read, tmp_path):
    broken = np.mod(helix() + np.array([18.0, 17.5, 19.0]), 20.0)
    assert np.linalg.norm(np.diff(broken, axis=0), axis=1).max() > 15.0
    assert_helix(backbone_angles(read(pdb(tmp_path / "box.pdb", box=20.0, models=[broken]))), 6)


def test_a_box_of_one_angstrom_is_a_placeholder(read, tmp_path):
    assert_helix(backbone_angles(read(pdb(tmp_path / "one.pdb", box=1.0))), 6)


def test_what_was_superposed_after_it_broke_is_left_out_and_told(read, tmp_path):
    broken = np.mod(helix() + np.array([18.0, 17.5, 19.0]), 20.0)
    cosine, sine = np.cos(0.7), np.sin(0.7)
    turned = broken @ np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1.0]])
    source = read(pdb(tmp_path / "two.pdb", box=20.0, models=[broken, turned]))
    with pytest.warns(UserWarning, match=r"in some of the frames \(1 of 2\).* superposing"):
        rows = backbone_angles(source)
    assert_helix(rows, len(rows.frames))
    assert (rows.frames == 0).sum() == 6
    assert (rows.frames == 1).sum() < 6


def test_the_frame_that_is_shown_stays(tmp_path):
    path = pdb(tmp_path / "two.pdb", models=[helix(), helix() + 1.0])
    universe = opened("MDAnalysis", path)
    universe.trajectory[1]
    rows = backbone_angles(universe.select_atoms("resid 51:53"))
    assert universe.trajectory.frame == 1
    assert rows.frames.tolist() == [0, 0, 0, 1, 1, 1]
    assert rows.residues.tolist() == ["ALA52", "ALA52A", "ALA52B"] * 2


def test_what_has_no_backbone_is_refused(read, tmp_path):
    with pytest.raises(ValueError, match=r"N, CA and C between two others. Received: 2 residues"):
        backbone_angles(read(pdb(tmp_path / "two.pdb", residues=range(2))))
    with pytest.raises(ValueError, match="bonds C-N are at most 2 Angstrom"):
        backbone_angles(read(pdb(tmp_path / "far.pdb", residues=[0, 2, 4])))
    with pytest.raises(ValueError, match=r"Expected lengths in Angstrom .* Convert"):
        backbone_angles(read(pdb(tmp_path / "nm.pdb", models=[helix() / 10.0])))


def test_what_is_no_trajectory_is_refused():
    with pytest.raises(TypeError, match=r'Received: str. `pip install "diffusion-vae\[molecules'):
        backbone_angles("protein.pdb")
