"""Literature ¹H and ¹³C NMR as printed, with structures: one Parquet row per compound, both experimental texts.

The texts are read by `molucid.spectra.nmr_text`. A row of which one text cannot be read to its end is rejected as a
whole, so that every record has both lists complete.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from molucid.errors import InputError, Rejected, Where
from molucid.spectra.fields import molecule_formula
from molucid.spectra.nmr_entries import with_nmr
from molucid.spectra.nmr_text import parse_nmr_text
from molucid.spectra.parquet_table import has_columns, open_table
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Evidence, NmrPeaks, Nucleus, Record

COLUMNS = ("source", "id", "smiles", "flat_smiles", "inchikey14", "formula", "h1_text", "c13_text")
LICENCE = "MIT (collection), texts mostly CC BY"
_TEXTS: dict[Nucleus, str] = {"1H": "h1_text", "13C": "c13_text"}


def is_nmr_literature(path: Path | str) -> bool:
    """Whether the file is a Parquet table with the columns of this source."""
    return has_columns(path, COLUMNS)


def read(path: Path | str) -> Iterator[Record | Rejected]:
    """The records in the table's order, named `article#row`: an article reports several compounds.

    Raises:
        InputError: the file is not a table with `COLUMNS`.
    """
    config = ReadConfig()
    number = 0
    for batch in open_table(path, COLUMNS).iter_batches(columns=list(COLUMNS)):
        for row in batch.to_pylist():
            number += 1
            id = f"{row['id']}#{number}"
            where = Where(str(path), record=id, line=number)
            try:
                yield _record(id, row, where, config)
            except InputError as error:
                yield Rejected.from_error(id, error, where)


def _record(id: str, row: Mapping[str, Any], where: Where, config: ReadConfig) -> Record:
    found: dict[Nucleus, NmrPeaks] = {}
    for nucleus, column in _TEXTS.items():
        spectra = parse_nmr_text(row[column] or "", nucleus, config.shift_window).spectra
        if set(spectra) != {nucleus}:
            raise InputError(
                f"{' and '.join(spectra)} NMR in {column}",
                f"{nucleus} NMR",
                hint="correct the head of the text",
                code="wrong_nucleus",
            )
        found |= spectra
    evidence = Evidence(id, formula=molecule_formula(row["formula"], ()))
    metadata = {
        "source": row["source"],
        "licence": LICENCE,
        "article": row["id"],
        "inchikey14": row["inchikey14"],
    }
    record = Record(evidence, row["smiles"], where, metadata)
    return with_nmr(record, found, "shifts of the text", config.referencing)
