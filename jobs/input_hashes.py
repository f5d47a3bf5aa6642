"""sha256 of every file that spectra were read from: of folders, manifests and what they name."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

from molucid.errors import InputError, Rejected
from molucid.files import sha256_file
from molucid.spectra.compound_manifest import is_manifest, read_manifest_rows
from molucid.spectra.formats.sirius import LABELS_NAME


def input_hashes(files: Sequence[str], format: str | None) -> dict[str, str]:
    """sha256 of every file that is read, by its path as `files` lead to it.

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
