"""What xtb writes about vibrations: `vibspectrum`, `g98.out` and the geometries of an optimisation, `xtbopt.log`."""

from __future__ import annotations

import re

import numpy as np

from molucid.errors import InputError, Where
from molucid.spectra.types import FloatArray

_RIGID_BELOW_CM1 = 0.05
"""xtb projects translations and rotations out of the Hessian, which leaves them at ±0.00; nothing else is there."""


def parse_vibspectrum(text: str, where: Where | None = None) -> tuple[FloatArray, FloatArray]:
    """Wavenumbers in cm⁻¹, ascending, and IR intensities in km mol⁻¹ of all modes but the rigid ones; `[modes]` each.

    Imaginary modes have negative wavenumbers, as in the file.

    Raises:
        InputError: a file that is cut off or is none (`unreadable_output`).
    """
    lines = text.split("\n")
    if not lines[0].startswith("$vibrational spectrum") or "$end" not in lines:
        raise _unreadable("no or half a vibspectrum", where)
    rows = [line.split() for line in lines[1 : lines.index("$end")] if not line.startswith("#")]
    try:
        # mode, symmetry (absent for rigid modes), wavenumber, intensity, IR, RAMAN
        values = np.array([(float(row[-4]), float(row[-3])) for row in rows], np.float64).reshape(-1, 2)
    except (ValueError, IndexError):
        raise _unreadable("a row of vibspectrum without its numbers", where) from None
    vibrates = np.abs(values[:, 0]) >= _RIGID_BELOW_CM1
    return values[vibrates, 0], values[vibrates, 1]


def parse_normal_modes(
    text: str, num_atoms: int, where: Where | None = None
) -> tuple[FloatArray, FloatArray]:
    """Wavenumbers `[modes]` and squared mass-weighted displacements `[modes, atoms]` of `g98.out`, two decimals each.

    xtb writes displacements multiplied by the square root of the atom's mass, of unit length per mode, so a row is
    the atoms' shares in the mode's energy.

    Raises:
        InputError: a file that is cut off or is none (`unreadable_output`).
    """
    blocks = re.split(r"^ *Frequencies --", text, flags=re.MULTILINE)[1:]
    wavenumbers: list[float] = []
    shares: list[FloatArray] = []
    try:
        for block in blocks:
            lines = block.split("\n")
            found = [float(word) for word in lines[0].split()]
            first = next(i for i, line in enumerate(lines) if line.split()[:2] == ["Atom", "AN"]) + 1
            table = np.array([line.split()[2:] for line in lines[first : first + num_atoms]], np.float64)
            displacement = table.reshape(num_atoms, len(found), 3)
            wavenumbers += found
            shares += list((displacement**2).sum(2).T)
    except (ValueError, StopIteration):
        raise _unreadable("half a table of normal modes in g98.out", where) from None
    return np.array(wavenumbers), np.array(shares).reshape(-1, num_atoms)


def parse_last_geometry(text: str, where: Where | None = None) -> FloatArray:
    """Positions in Å of the last of several geometries in XYZ format, `[atoms, 3]`.

    Raises:
        InputError: a file that is cut off or is none (`unreadable_output`).
    """
    lines = text.rstrip().split("\n")
    try:
        num_atoms = int(lines[0])
        positions = np.array([line.split()[1:4] for line in lines[-num_atoms:]], np.float64)
        positions = positions.reshape(num_atoms, 3)
    except ValueError:
        raise _unreadable("half a file of geometries", where) from None
    if len(lines) % (num_atoms + 2):
        raise _unreadable("half a file of geometries", where)
    return positions


def _unreadable(got: str, where: Where | None) -> InputError:
    return InputError(got, "a whole output file of xtb", where, code="unreadable_output")
