"""Which file each spectrum of a merged compound came from, told in the metadata of its record."""

from __future__ import annotations

from collections.abc import Mapping

from molucid.errors import Where
from molucid.spectra.types import Record

_PREFIX = "file_of_"


def file_notes(files: Mapping[str, str]) -> dict[str, str]:
    """Metadata that name the file of each spectrum.

    Args:
        files: name of the spectrum (`ir`, `h_nmr`, `c_nmr`, `msms#1`, …) → path of its file or folder.
    """
    return {f"{_PREFIX}{spectrum}": file for spectrum, file in files.items()}


def where_of(record: Record, spectrum: str) -> Where:
    """Place of one spectrum of a record: its own file where that is noted, else the place of the record."""
    file = record.metadata.get(f"{_PREFIX}{spectrum}")
    return record.where if file is None else Where(file, record.where.record)
