"""What `molucid elucidate` reads: records after clean-up, and which of their evidence is to be used."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from molucid.chem.identity import inchikey14
from molucid.dataset.identifiers import UsedIdentifiers
from molucid.dataset.sources.spectra_inputs import read_spectra
from molucid.errors import InputError, Rejected
from molucid.files import sha256_file
from molucid.model.config import MODALITY_NAMES
from molucid.spectra.clean import clean_all
from molucid.spectra.compound_manifest import is_manifest, read_manifest_rows
from molucid.spectra.formats.sirius import LABELS_NAME
from molucid.spectra.types import Record


def read_inputs(
    files: list[str], format: str | None, clean_config: Any
) -> tuple[list[Record], list[Rejected]]:
    """All records of `files` after clean-up, and all rejected rows, both in input order."""
    records: list[Record] = []
    rejected: list[Rejected] = []
    used = UsedIdentifiers()
    found = (item for name in files for item in read_spectra(name, format=format))
    unique = used.reject_repeated(found, lambda record: record.evidence.id)
    for item in clean_all(unique, clean_config):
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            records.append(_with_readable_structure(item))
    return records, rejected


def _with_readable_structure(record: Record) -> Record:
    """The record, without its known structure if that is no SMILES: it only judges the answer."""
    if record.smiles is None:
        return record
    try:
        inchikey14(record.smiles)
    except InputError:
        metadata = {**record.metadata, "unreadable_smiles": record.smiles}
        return replace(record, smiles=None, metadata=metadata)
    return record


def input_hashes(files: Sequence[str], format: str | None) -> dict[str, str]:
    """sha256 of every file that `read_inputs` reads, by its path as `files` lead to it.

    Of a folder these are all files below it, of a manifest also the files that it names, of `labels.tsv` all files
    beside it. Names that begin with a dot are left out, and what cannot be opened has no hash, because it was not read.
    """
    hashes: dict[str, str] = {}
    for path in (found for name in files for found in _files_of(Path(name), format)):
        if path.is_file():
            try:
                hashes[_encodable(path)] = sha256_file(path)
            except OSError:
                continue  # its record is rejected, with the reason
    return hashes


def _encodable(path: Path) -> str:
    # A name may hold bytes that are no UTF-8, which no JSON can.
    return os.fsencode(path).decode("utf-8", "backslashreplace")


def _files_of(place: Path, format: str | None) -> Iterator[Path]:
    if place.is_dir():
        yield from _files_below(place)
    elif place.name == LABELS_NAME:
        yield from _files_below(place.parent)
    else:
        yield place
        if format is None and is_manifest(place):
            yield from _named_files(place)


def _named_files(manifest: Path) -> Iterator[Path]:
    try:
        listed = list(read_manifest_rows(manifest))
    except InputError:
        return  # nothing that it names was read
    for item in listed:
        for file in () if isinstance(item, Rejected) else item.files:
            if file.path.is_dir():
                yield from _files_below(file.path)
            else:
                yield file.path


def _files_below(folder: Path, above: frozenset[str] = frozenset()) -> Iterator[Path]:
    real = os.path.realpath(folder)
    if real in above:
        return  # a link back to a folder that it lies in
    try:
        entries = sorted(folder.iterdir())
    except OSError:
        return  # its compound is rejected, with the reason
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_dir():
            yield from _files_below(entry, above | {real})
        else:
            yield entry


def evidence_kinds(text: str) -> list[str]:
    """The kinds that `--evidence` names.

    Raises:
        InputError: one that is not a kind of evidence.
    """
    kinds = [kind.strip() for kind in text.split(",")]
    if not set(kinds) <= set(MODALITY_NAMES):
        raise InputError(
            f"--evidence {text}", f"some of {', '.join(MODALITY_NAMES)}", code="unknown_evidence"
        )
    return kinds
