"""CASCADE's collections of assigned shifts: NMR8K (measured), Exp5K (measured, cleaned) and DFT8K (computed).

NMR8K is an SD file of nmrshiftdb2 entries whose properties `Spectrum 13C n` and `Spectrum 1H n` read
`shift;intensity and multiplicity;atom|…`. An atom is a number in the file's own order; a hydrogen's shift names the
atom that bears it, or the hydrogen itself. Exp5K and DFT8K are a CSV table of shifts (`mol_id`, `atom_type`,
`atom_index`, `Shift`) beside an SD file whose titles are the `mol_id`.

Source: Guan et al., Chem. Sci. 2021, 12, 12012. The tables are MIT; NMR8K's data keep nmrshiftdb2's licence.
"""

from __future__ import annotations

import csv
import gzip
from collections import defaultdict
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Literal

import numpy as np
from rdkit import Chem, rdBase

from molucid.chem.identity import canonical_smiles, inchikey14
from molucid.dataset.sources.nmrshiftdb2 import LICENCE, merged_record, peak_list
from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.assigned_shifts import AssignedShifts
from molucid.spectra.types import NmrPeaks, Nucleus, Record

_NUCLEI: tuple[Nucleus, ...] = ("13C", "1H")
_ATOMIC_NUMBER: dict[Nucleus, int] = {"13C": 6, "1H": 1}


def read_assigned(path: Path | str) -> Iterator[AssignedShifts | Rejected]:
    """The spectra of NMR8K (`NMR8K.sdf.gz`), one after the other.

    Raises:
        InputError: no such file.
    """
    for number, molecule in _molecules(path):
        where = Where(str(path), f"molecule {number}")
        if molecule is None:
            yield _unreadable(number, where)
            continue
        entry = molecule.GetProp("nmrshiftdb2 ID")
        for nucleus, name, text in _spectra(molecule):
            id = f"NMR8K-{entry} {name}"
            try:
                lines = _lines(text)
                pairs = [(atom, shift) for shift, _, atom in lines]
                yield _assigned(id, molecule, nucleus, pairs, False, "CASCADE NMR8K", LICENCE)
            except InputError as error:
                yield Rejected.from_error(id, error, where)


def read_assigned_table(
    table: Path | str, structures: Path | str, collection: Literal["Exp5K", "DFT8K"]
) -> Iterator[AssignedShifts | Rejected]:
    """The shifts of Exp5K or DFT8K, one molecule and nucleus after the other.

    Args:
        table: CSV of shifts, `.gz`.
        structures: SD file of the molecules, `.gz`.
        collection: DFT8K's shifts are computed.

    Raises:
        InputError: no such file, or a table without one of its columns.
    """
    shifts: dict[str, dict[int, list[tuple[int, float]]]] = defaultdict(lambda: defaultdict(list))
    with _opened(table) as stream:
        for row in csv.DictReader(line.decode() for line in stream):
            try:
                pair = (int(row["atom_index"]), float(row["Shift"]))
                shifts[row["mol_id"]][int(row["atom_type"])].append(pair)
            except KeyError as error:
                raise InputError(
                    f"a table without {error}", "the columns mol_id, atom_type, atom_index, Shift",
                    Where(file=str(table)), code="missing_column",
                ) from None  # fmt: skip
    for number, molecule in _molecules(structures):
        where = Where(str(structures), f"molecule {number}")
        if molecule is None:
            yield _unreadable(number, where)
            continue
        entry = molecule.GetProp("_Name")
        for nucleus in _NUCLEI:
            pairs = shifts[entry][_ATOMIC_NUMBER[nucleus]]
            if not pairs:
                continue
            id = f"{collection}-{entry} {nucleus}"
            try:
                computed = collection == "DFT8K"
                yield _assigned(id, molecule, nucleus, pairs, computed, f"CASCADE {collection}", "MIT")
            except InputError as error:
                yield Rejected.from_error(id, error, where)


def read(path: Path | str) -> Iterator[Record | Rejected]:
    """NMR8K's compounds with the lists of both nuclei, the first of several per nucleus.

    Raises:
        InputError: no such file.
    """
    for number, molecule in _molecules(path):
        where = Where(str(path), f"molecule {number}")
        if molecule is None:
            yield _unreadable(number, where)
            continue
        entry = molecule.GetProp("nmrshiftdb2 ID")
        lists: dict[Nucleus, NmrPeaks] = {}
        try:
            solvents = _per_spectrum(molecule, "Solvent")
            fields = _per_spectrum(molecule, "Field Strength [MHz]")
            for nucleus, name, text in _spectra(molecule):
                if nucleus not in lists:
                    place = name.rsplit(" ", 1)[-1]
                    # a line per hydrogen becomes a line per atom
                    lines = [(shift, multiplicity) for shift, multiplicity, _ in dict.fromkeys(_lines(text))]
                    lists[nucleus] = peak_list(nucleus, lines, fields.get(place), solvents.get(place))
            smiles = canonical_smiles(Chem.RemoveHs(molecule), stereo=True)
            metadata = {"source": "CASCADE NMR8K", "licence": LICENCE, "accession": entry}
            yield merged_record(f"NMR8K-{entry}", smiles, lists, where, metadata)
        except InputError as error:
            yield Rejected.from_error(f"NMR8K-{entry}", error, where)


def _opened(path: Path | str) -> gzip.GzipFile:
    if not Path(path).is_file():
        raise InputError("no file", "a gzipped file of CASCADE", Where(file=str(path)), code="missing_file")
    return gzip.open(path)


def _molecules(path: Path | str) -> Iterator[tuple[int, Chem.Mol | None]]:
    with _opened(path) as stream, rdBase.BlockLogs():
        yield from enumerate(Chem.ForwardSDMolSupplier(stream, removeHs=False), start=1)


def _unreadable(number: int, where: Where) -> Rejected:
    return Rejected(str(number), "invalid_structure", "got a molblock that RDKit cannot read", where)


def _spectra(molecule: Chem.Mol) -> Iterator[tuple[Nucleus, str, str]]:
    for name in molecule.GetPropNames():
        for nucleus in _NUCLEI:
            if name.startswith(f"Spectrum {nucleus} "):
                yield nucleus, name.removeprefix("Spectrum "), molecule.GetProp(name)


def _lines(text: str) -> list[tuple[float, str | None, int]]:
    """Shift, multiplicity and atom of each line of a spectrum."""
    lines = []
    for item in text.strip().strip("|").split("|"):
        parts = item.split(";")
        try:
            shift, atom = float(parts[0]), int(parts[2])
        except (ValueError, IndexError):
            raise InputError(
                f"line {shorten(item)!r}", "shift;intensity and multiplicity;atom", code="invalid_peak"
            ) from None
        lines.append((shift, parts[1].lstrip("0123456789.- ").strip() or None, atom))
    return lines


def _per_spectrum(molecule: Chem.Mol, name: str) -> dict[str, str]:
    """Values of a property that reads `0:value 1:value`, by the number of the spectrum."""
    if not molecule.HasProp(name):
        return {}
    values: dict[str, str] = {}
    place = None
    for word in molecule.GetProp(name).split():
        head, colon, rest = word.partition(":")
        if colon and head.isdigit():
            place, word = head, rest
        if place is not None:
            values[place] = f"{values[place]} {word}" if place in values else word
    return values


def _assigned(
    id: str,
    molecule: Chem.Mol,
    nucleus: Nucleus,
    pairs: Iterable[tuple[int, float]],
    computed: bool,
    source: str,
    licence: str,
) -> AssignedShifts:
    """Shifts numbered by the heavy atoms of a SMILES instead of by the atoms of the file."""
    numbered = Chem.Mol(molecule)
    for atom in numbered.GetAtoms():
        atom.SetIntProp("file_atom", atom.GetIdx())
    Chem.RemoveStereochemistry(numbered)
    with rdBase.BlockLogs():
        numbered = Chem.RemoveHs(numbered)
    smiles = Chem.MolToSmiles(numbered)
    order = list(numbered.GetPropsAsDict(includePrivate=True, includeComputed=True)["_smilesAtomOutputOrder"])
    place = {numbered.GetAtomWithIdx(old).GetIntProp("file_atom"): new for new, old in enumerate(order)}
    atoms, shifts = [], []
    for file_atom, shift in sorted(set(pairs)):
        if not 0 <= file_atom < molecule.GetNumAtoms():
            raise InputError(
                f"atom {file_atom}", f"one of {molecule.GetNumAtoms()} atoms", code="invalid_atom"
            )
        atom = molecule.GetAtomWithIdx(file_atom)
        if nucleus == "13C" and atom.GetAtomicNum() != 6:
            raise InputError(f"¹³C on {atom.GetSymbol()}", "¹³C on carbon", code="invalid_atom")
        if nucleus == "1H" and atom.GetAtomicNum() == 1:
            (atom,) = atom.GetNeighbors()
        if atom.GetIdx() not in place or (nucleus == "1H" and not atom.GetTotalNumHs(includeNeighbors=True)):
            raise InputError(f"¹H on {atom.GetSymbol()}{file_atom} without hydrogen", "¹H on an atom with hydrogen",
                             code="invalid_atom")  # fmt: skip
        atoms.append(place[atom.GetIdx()])
        shifts.append(shift)
    return AssignedShifts(
        id, smiles, inchikey14(smiles), nucleus, np.array(atoms, np.int64), np.array(shifts, np.float64),
        computed, source, licence,
    )  # fmt: skip
