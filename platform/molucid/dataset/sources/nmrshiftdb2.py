"""nmrshiftdb2 as one Parquet table: ¹³C and ¹H shift lists, one spectrum per row, merged by compound.

Rows whose shifts were calculated, not measured, are rejected. The lists do not say which atom a shift belongs to.
Carbons carry `S`, `D`, `T` or `Q` for the number of their hydrogens; hydrogens rarely carry a multiplicity and never a
coupling constant.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from molucid.chem.identity import formula_of
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.assigned_shifts import ListedShifts
from molucid.spectra.nmr_entries import PeakEntry, peaks_of
from molucid.spectra.nmr_multiplicity import CARBON_TYPES, known_multiplicity
from molucid.spectra.nmr_window import ShiftWindowConfig
from molucid.spectra.parquet_table import has_columns, open_table
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.types import Evidence, NmrPeaks, Nucleus, Record

LICENCE = "nmrshiftdb2 Database License"

COLUMNS = (
    *(
        "nmrshiftdb_id",
        "smiles",
        "inchikey14",
        "nucleus",
        "solvent",
        "field_mhz",
        "calculated",
        "shifts_ppm",
    ),
    *("multiplicity", "fold"),
)


def is_nmrshiftdb2(path: Path | str) -> bool:
    """Whether the file is a Parquet table with the columns of this source."""
    return has_columns(path, COLUMNS)


def read(path: Path | str, fold: str | None = None) -> Iterator[Record | Rejected]:
    """One record per compound, with the first measured list of each nucleus; further lists are rows of their own.

    A further list of a nucleus is a record of its own, because its shifts are another measurement.

    Args:
        path: the table; rows of one compound may stand anywhere in it.
        fold: `train`, `val` or all.

    Raises:
        InputError: the file is missing or damaged, or lacks one of `COLUMNS`.
    """
    # merged by compound: the whole table is a few ten MB
    pending: dict[str, list[tuple[Mapping[str, Any], dict[Nucleus, NmrPeaks], Where]]] = {}
    for row, where in _rows(path, fold):
        try:
            nucleus, lines = _lines(row)
            peaks = peak_list(nucleus, lines, row["field_mhz"], row["solvent"])
        except InputError as error:
            yield Rejected.from_error(_id(row), error, where)
            continue
        compound = pending.setdefault(row["smiles"], [])
        for _, lists, _ in compound:
            if nucleus not in lists:
                lists[nucleus] = peaks
                break
        else:
            compound.append((row, {nucleus: peaks}, where))
    for compound in pending.values():
        for row, lists, where in compound:
            metadata = {
                "source": "nmrshiftdb2",
                "licence": LICENCE,
                "accession": str(row["nmrshiftdb_id"]),
                "fold": row["fold"],
                "inchikey14": row["inchikey14"],
            }
            try:
                yield merged_record(_id(row), row["smiles"], lists, where, metadata)
            except InputError as error:
                yield Rejected.from_error(_id(row), error, where)


def read_lists(path: Path | str, fold: str | None = None) -> Iterator[ListedShifts | Rejected]:
    """The measured lists as they stand, one per row of the table.

    Args:
        path: the table.
        fold: `train`, `val` or all.

    Raises:
        InputError: the file is missing or damaged, or lacks one of `COLUMNS`.
    """
    for row, where in _rows(path, fold):
        try:
            nucleus, lines = _lines(row)
        except InputError as error:
            yield Rejected.from_error(_id(row), error, where)
            continue
        yield ListedShifts(
            _id(row),
            row["smiles"],
            row["inchikey14"],
            nucleus,
            np.array([shift for shift, _ in lines], np.float64),
            tuple(_multiplicity(text, nucleus) if nucleus == "13C" else None for _, text in lines),
            "nmrshiftdb2",
            LICENCE,
        )


def merged_record(
    id: str, smiles: str, lists: Mapping[Nucleus, NmrPeaks], where: Where, metadata: Mapping[str, str]
) -> Record:
    """A record of a compound's lists.

    Raises:
        InputError: no list at all (`no_spectrum`), or a SMILES that cannot be read.
    """
    if not lists:
        raise InputError("no ¹³C or ¹H list", "at least one", code="no_spectrum")
    evidence = Evidence(id, formula_of(smiles), h_nmr=lists.get("1H"), c_nmr=lists.get("13C"))
    return Record(evidence, smiles, where, metadata)


def _id(row: Mapping[str, Any]) -> str:
    return f"nmrshiftdb2-{row['nmrshiftdb_id']}-{row['nucleus']}"


def _rows(path: Path | str, fold: str | None) -> Iterator[tuple[Mapping[str, Any], Where]]:
    number = 0
    for batch in open_table(path, COLUMNS).iter_batches(batch_size=4096, columns=list(COLUMNS)):
        for row in batch.to_pylist():
            number += 1
            if fold is None or row["fold"] == fold:
                yield row, Where(str(path), record=str(row["nmrshiftdb_id"]), line=number)


def _lines(row: Mapping[str, Any]) -> tuple[Nucleus, list[tuple[float, str | None]]]:
    if row["calculated"]:
        raise InputError("calculated shifts", "measured ones", code="calculated_shifts")
    if row["nucleus"] not in ("1H", "13C"):
        raise InputError(f"nucleus {row['nucleus']!r}", "1H or 13C", code="unsupported_nucleus")
    if not row["shifts_ppm"]:
        raise InputError("no shifts", "at least one", code="no_peaks")
    return row["nucleus"], list(zip(row["shifts_ppm"], row["multiplicity"], strict=True))


def peak_list(
    nucleus: Nucleus, lines: Sequence[tuple[float, str | None]], field_mhz: str | None, solvent: str | None
) -> NmrPeaks:
    """The measured list of a database that repeats a line for each atom it belongs to.

    Equal lines become one peak. For carbons their number is that of the atoms; for hydrogens it means nothing, because
    some entries repeat a line per hydrogen and others per position.

    Args:
        nucleus: observed nucleus.
        lines: shift in ppm and multiplicity of each.
        field_mhz: as the source writes it; what is no number is unknown.
        solvent: as the source writes it.

    Raises:
        InputError: what is no possible shift of the nucleus (`shift_outside_window`).
    """
    counts = Counter((shift, _multiplicity(text, nucleus)) for shift, text in lines)
    entries = [
        PeakEntry(shift, multiplicity=name, num_hydrogens=count if nucleus == "13C" else None)
        for (shift, name), count in counts.items()
    ]
    named = canonical_solvent(solvent) if solvent else None
    return peaks_of(nucleus, entries, ShiftWindowConfig(), _field_mhz(field_mhz), named)


def _multiplicity(text: str | None, nucleus: Nucleus) -> str | None:
    name = (text or "").strip()
    if nucleus == "13C":
        return name.upper() if name.upper() in CARBON_TYPES else None
    return known_multiplicity(
        name
    )  # contributors wrote what they liked; a word that is no splitting says nothing


def _field_mhz(text: str | None) -> float | None:
    try:
        value = float(text) if text else 0.0
    except ValueError:
        return None  # "Unreported", "Unknown"
    return value if 0 < value < math.inf else None
