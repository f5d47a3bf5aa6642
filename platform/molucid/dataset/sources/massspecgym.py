"""MassSpecGym: its spectra from the official table, and the structures of its training and validation folds.

Source: Bushuiev et al., "MassSpecGym" (NeurIPS 2024), MIT licence. The official table is read by
`molucid.spectra.formats.massspecgym`; here its records get their source, licence and fold.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from molucid.dataset.corpus import Molecule
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.parquet_table import open_table
from molucid.spectra.read import read_records
from molucid.spectra.source import lines, open_source
from molucid.spectra.types import Record

SOURCE, LICENCE = "MassSpecGym", "MIT"
COLUMNS = ("identifier", "mzs", "intensities", "smiles", "inchikey", "fold")
"""Columns by which the official table is known; a table with fewer is a spectra file of its owner."""
_STRUCTURE_COLUMNS = ("fold", "inchikey14", "flat_smiles")
_MAX_HEADER_CHARS = 1 << 14


def read_structures(path: Path | str, fold: str | None = None) -> Iterator[Molecule]:
    """Molecules of a Parquet table with the columns `fold`, `inchikey14` and `flat_smiles`.

    Args:
        path: the table.
        fold: `train` or `val`; `None` for both.

    Raises:
        InputError: the file is missing or damaged, or a column is missing.
    """
    table = open_table(path, _STRUCTURE_COLUMNS)
    number = 0
    for batch in table.iter_batches(columns=list(_STRUCTURE_COLUMNS)):
        for row in batch.to_pylist():
            number += 1
            if fold is None or row["fold"] == fold:
                yield Molecule(
                    f"MassSpecGym:{row['inchikey14']}", row["flat_smiles"], Where(str(path), line=number)
                )


def is_massspecgym(path: Path | str) -> bool:
    """Whether the first line of the file, gzip or not, has the columns of the official table."""
    try:
        with open_source(Path(path)) as stream:
            header = next(lines(stream, _MAX_HEADER_CHARS), None)
    except InputError:
        return False  # a broken file is for its reader to report
    return header is not None and set(COLUMNS) <= set(header.text.split("\t"))


def read(path: Path | str, fold: str | None = None) -> Iterator[Record | Rejected]:
    """Records of the official table `MassSpecGym.tsv`, of one fold or of all.

    A row that cannot be read is a `Rejected` row whatever its fold.
    """
    for record in read_records(path, "massspecgym"):
        if isinstance(record, Rejected):
            yield record
        elif fold is None or record.metadata.get("fold") == fold:
            yield replace(record, metadata={**record.metadata, "source": SOURCE, "licence": LICENCE})
