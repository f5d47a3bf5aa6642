"""Training data of the shift network: graphs, shifts of known atoms, and lists whose atoms are to be found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError
from molucid.simulate.nmr_graph import HYDROGENS, NmrGraph, Z, read_graph
from molucid.simulate.shift_model import C_COMPUTED, C_SHIFT, H_COMPUTED, H_SHIFT
from molucid.spectra.assigned_shifts import AssignedShifts, ListedShifts
from molucid.spectra.nmr_multiplicity import CARBON_TYPES
from molucid.spectra.nmr_window import ShiftWindowConfig
from molucid.spectra.types import FloatArray, Nucleus

CARBON = 6

_COLUMN: dict[tuple[Nucleus, bool], int] = {
    ("13C", False): C_SHIFT,
    ("1H", False): H_SHIFT,
    ("13C", True): C_COMPUTED,
    ("1H", True): H_COMPUTED,
}


@dataclass(frozen=True, slots=True, eq=False)
class Targets:
    """Shifts of known atoms.

    Attributes:
        molecule: int64 `[targets]`.
        atom: within the molecule; int64 `[targets]`.
        column: of the network's output, `C_SHIFT`, `H_SHIFT`, `C_COMPUTED` or `H_COMPUTED`; int64 `[targets]`.
        shift_ppm: float64 `[targets]`.
    """

    molecule: NDArray[np.int64]
    atom: NDArray[np.int64]
    column: NDArray[np.int64]
    shift_ppm: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class ShiftList:
    """A measured list without atoms.

    Attributes:
        molecule: number of the molecule.
        nucleus: observed nucleus.
        shift_ppm: float64 `[shifts]`.
        num_hydrogens: on the carbon of each shift, from its type; −1 where it has none; int64 `[shifts]`.
    """

    molecule: int
    nucleus: Nucleus
    shift_ppm: FloatArray
    num_hydrogens: NDArray[np.int64]


@dataclass(slots=True)
class ShiftTrainingSet:
    """Molecules with their shifts; rows that cannot be used are counted by reason.

    Attributes:
        graphs: one per SMILES.
        inchikeys: first block of each.
        lists: lists without atoms.
        left_out: number of rows by reason.
        used: number of rows by source and licence.
        window: shifts that are taken.
    """

    graphs: list[NmrGraph] = field(default_factory=list)
    inchikeys: list[str] = field(default_factory=list)
    lists: list[ShiftList] = field(default_factory=list)
    left_out: Counter[str] = field(default_factory=Counter)
    used: Counter[str] = field(default_factory=Counter)
    window: ShiftWindowConfig = field(default_factory=ShiftWindowConfig)
    _number_of: dict[str, int] = field(default_factory=dict)
    _assigned: list[tuple[int, int, int, float]] = field(default_factory=list)

    def add_assigned(self, rows: Iterable[AssignedShifts], excluded_inchikey14: Container[str]) -> None:
        """Add shifts of known atoms; those of hydrogens that no carbon bears are left out."""
        for row in rows:
            if row.inchikey14 in excluded_inchikey14:
                self.left_out["held_out"] += 1
                continue
            try:
                number = self._number(row.smiles, row.inchikey14)
            except InputError as error:
                self.left_out[error.code] += 1
                continue
            low, high = self.window.of(row.nucleus)
            column, atoms = _COLUMN[row.nucleus, row.computed], self.graphs[number].atoms
            for atom in np.unique(row.atom):
                if atoms[atom, Z] != CARBON:
                    continue
                shifts = row.shift_ppm[row.atom == atom]
                # a computed geometry has three shifts for the hydrogens of a methyl group that turns in reality
                shifts = np.array([shifts.mean()]) if row.computed else np.unique(shifts)
                plausible = (shifts >= low) & (shifts <= high)
                if not plausible.all():
                    self.left_out["implausible_shift"] += int((~plausible).sum())
                self._assigned += [(number, int(atom), column, float(shift)) for shift in shifts[plausible]]
            self.used[f"{row.source}, {row.nucleus}, {row.licence}"] += 1

    def add_lists(self, rows: Iterable[ListedShifts], excluded_inchikey14: Container[str]) -> None:
        """Add lists without atoms."""
        for row in rows:
            low, high = self.window.of(row.nucleus)
            if row.inchikey14 in excluded_inchikey14:
                self.left_out["held_out"] += 1
            elif not len(row.shift_ppm) or row.shift_ppm.min() < low or row.shift_ppm.max() > high:
                self.left_out["implausible_shift"] += 1
            else:
                try:
                    number = self._number(row.smiles, row.inchikey14)
                except InputError as error:
                    self.left_out[error.code] += 1
                    continue
                types = [CARBON_TYPES.index(name) if name in CARBON_TYPES else -1 for name in row.carbon_type]
                self.lists.append(ShiftList(number, row.nucleus, row.shift_ppm, np.array(types, np.int64)))
                self.used[f"{row.source}, {row.nucleus}, {row.licence}"] += 1

    def assigned(self) -> Targets:
        """All shifts of known atoms."""
        return targets_from(self._assigned)

    def _number(self, smiles: str, inchikey14: str) -> int:
        number = self._number_of.get(smiles)
        if number is None:
            graph = read_graph(smiles)
            number = self._number_of[smiles] = len(self.graphs)
            self.graphs.append(graph)
            self.inchikeys.append(inchikey14)
        return number


def targets_from(rows: list[tuple[int, int, int, float]]) -> Targets:
    """Targets of rows of molecule, atom, column and shift."""
    molecule, atom, column, shift = zip(*rows, strict=True) if rows else ((), (), (), ())
    return Targets(
        np.array(molecule, np.int64), np.array(atom, np.int64), np.array(column, np.int64), np.array(shift, np.float64)
    )  # fmt: skip


def joined(first: Targets, second: Targets) -> Targets:
    """Both."""
    return Targets(
        np.concatenate([first.molecule, second.molecule]),
        np.concatenate([first.atom, second.atom]),
        np.concatenate([first.column, second.column]),
        np.concatenate([first.shift_ppm, second.shift_ppm]),
    )


def observed_atoms(graph: NmrGraph, nucleus: Nucleus) -> NDArray[np.int64]:
    """Carbons, or carbons with hydrogen; int64, ascending."""
    carbon = graph.atoms[:, Z] == CARBON
    return np.flatnonzero(carbon if nucleus == "13C" else carbon & (graph.atoms[:, HYDROGENS] > 0))
