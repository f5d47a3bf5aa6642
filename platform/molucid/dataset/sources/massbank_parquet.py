"""MassBank as one Parquet table: experimental tandem mass spectra with structure, adduct, energy and fold.

Each record keeps its own licence. The table's energies need care:

- what a number without a unit (`?`) means depends on the instrument: `molucid.spectra.energy.collision_energy`;
- a ramp is no single energy, so none is kept; the metadata say what it was;
- RIKEN's Waters spectra labelled `6 V` are rejected by name: replicates with that same label agree at a
  square-root cosine of 0.43 only, so the label does not describe them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from molucid.chem.adducts import parse_adduct
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.energy import collision_energy
from molucid.spectra.fields import molecule_formula
from molucid.spectra.instrument import instrument_class
from molucid.spectra.parquet_table import open_table
from molucid.spectra.types import Evidence, MassSpectrum, Record

COLUMNS = (
    *("accession", "smiles", "inchikey14", "formula", "precursor_mz", "adduct", "collision_energy"),
    *("collision_energy_unit", "instrument_type", "fragmentation_mode", "license", "contributor", "fold"),
    *("mzs", "intensities"),
)


def is_massbank_parquet(path: Path | str) -> bool:
    """Whether the file is a Parquet table with the columns of this source."""
    with Path(path).open("rb") as stream:
        if stream.read(4) != b"PAR1":
            return False
    return set(COLUMNS) <= set(open_table(path).schema_arrow.names)


def read(path: Path | str, fold: str | None = None) -> Iterator[Record | Rejected]:
    """The records of one fold (`train` or `val`) or of all, in the table's order.

    Raises:
        InputError: the file is not a table with `COLUMNS`.
    """
    if not is_massbank_parquet(path):
        raise InputError(
            "another file",
            f"a Parquet table with the columns {', '.join(COLUMNS)}",
            Where(file=str(path)),
            code="missing_column",
        )
    number = 0
    for batch in open_table(path).iter_batches(batch_size=4096, columns=list(COLUMNS)):
        for row in batch.to_pylist():
            number += 1
            if fold is None or row["fold"] == fold:
                where = Where(str(path), record=row["accession"], line=number)
                yield _record(row, where)


def _record(row: Mapping[str, Any], where: Where) -> Record | Rejected:
    try:
        if row["contributor"] == "RIKEN" and row["collision_energy"] == 6:
            raise InputError(
                "a RIKEN spectrum labelled 6 V",
                "a spectrum whose energy is known",
                hint="replicates with this label do not agree; leave the record out",
                code="unreliable_energy",
            )
        energy = collision_energy(
            row["collision_energy"],
            row["collision_energy_unit"],
            instrument_class(row["instrument_type"]),
            row["fragmentation_mode"],
        )
        spectrum = MassSpectrum(
            row["mzs"],
            row["intensities"],
            precursor_mz=row["precursor_mz"],
            adduct=parse_adduct(row["adduct"]).name,
            collision_energy_ev=energy.ev,
            normalized_collision_energy=energy.normalized,
            instrument=row["instrument_type"],
        )
        evidence = Evidence(row["accession"], molecule_formula(row["formula"], (spectrum,)), (spectrum,))
    except InputError as error:
        return Rejected.from_error(row["accession"], error, where)
    unit = row["collision_energy_unit"] or ""
    metadata = {
        "source": "MassBank",
        "licence": row["license"],
        "accession": row["accession"],
        "contributor": row["contributor"],
        "fold": row["fold"],
        "inchikey14": row["inchikey14"],
    }
    if row["collision_energy"] is not None:
        metadata["collision_energy"] = f"{row['collision_energy']:g} {unit}"
    return Record(evidence, row["smiles"], where, metadata)
