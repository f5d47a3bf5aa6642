"""Anything that holds spectra, told apart by content: published tables, simulated samples, files, compounds.

`pack` trains on it, `elucidate` answers it, `evaluate` takes the truth from it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from molucid.dataset.shards import DatasetRoot, is_dataset, read_dataset
from molucid.dataset.sources import alberts, massbank_parquet, massspecgym, nmr_literature, nmrshiftdb2
from molucid.errors import Rejected, Where
from molucid.spectra.formats.sirius import LABELS_NAME
from molucid.spectra.inputs import read_inputs
from molucid.spectra.types import Record

SpectraKind = Literal[
    "samples",
    "massbank",
    "massspecgym",
    "alberts",
    "nmr_literature",
    "nmrshiftdb2",
    "labelled",
    "spectra",
]

_TABLES: dict[SpectraKind, tuple[Callable[[Path], bool], Callable[..., Iterator[Record | Rejected]]]] = {
    "massbank": (massbank_parquet.is_massbank_parquet, massbank_parquet.read),
    "alberts": (alberts.is_alberts, alberts.read),
    "nmr_literature": (nmr_literature.is_nmr_literature, nmr_literature.read),
    "nmrshiftdb2": (nmrshiftdb2.is_nmrshiftdb2, nmrshiftdb2.read),
    "massspecgym": (massspecgym.is_massspecgym, massspecgym.read),
}
"""Published tables: how each is recognised, and its reader."""


def kind_of(name: str) -> SpectraKind:
    """What a path or URL holds; a path without anything is `spectra`, whose reader says so."""
    path = Path(name)
    if "://" in name:
        return "samples"
    if path.name == LABELS_NAME or (path / LABELS_NAME).is_file():
        return "labelled"
    if path.is_dir():
        return "samples" if is_dataset(DatasetRoot(name)) else "spectra"
    if path.is_file():
        for kind, (is_table, _) in _TABLES.items():
            if is_table(path):
                return kind
    return "spectra"


def read_spectra(
    name: str, kind: SpectraKind | None = None, format: str | None = None
) -> Iterator[Record | Rejected]:
    """All records of one path or URL; a fault of the whole is one row where spectra are read, and raised for a table.

    Args:
        name: path or URL.
        kind: of `kind_of`, where it is known already.
        format: of spectra files, where extension and content do not tell.
    """
    found = kind or ("spectra" if format is not None else kind_of(name))
    if found == "samples":
        for stored in read_dataset(name):
            yield stored.record(Where(file=name, record=stored.sample.evidence.id))
    elif found in _TABLES:
        yield from _TABLES[found][1](name)
    else:
        yield from read_inputs([name], format)
