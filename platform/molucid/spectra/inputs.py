"""Everything that a command takes as spectra: files, folders of instruments, folders of compounds, manifests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from molucid.errors import InputError, Rejected, Where
from molucid.spectra.compound_manifest import is_manifest
from molucid.spectra.compounds import read_compounds
from molucid.spectra.read import is_readable_folder, read_files, unique_identifiers
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record


def read_inputs(
    paths: Sequence[Path | str], format: str | None = None, config: ReadConfig | None = None
) -> Iterator[Record | Rejected]:
    """The records of all `paths` as one input: identifiers are unique over all of them.

    A path that cannot be read at all is one `Rejected` row; those after it are read.

    Args:
        paths: spectra files, Bruker or Varian folders, folders with a folder per compound, or manifests.
        format: of files, where extension and content do not tell.
        config: bounds on each file.
    """
    first_places: dict[str, Where] = {}
    for path in paths:
        place = Path(path)
        if format is None and holds_compounds(place):
            items = _compounds(place, config)
        else:
            items = read_files([path], format, config)
        yield from unique_identifiers(items, first_places)


def holds_compounds(path: Path | str) -> bool:
    """Whether a path is a manifest, or a folder with a folder per compound."""
    place = Path(path)
    if not place.is_dir():
        return is_manifest(place)
    folders = (entry for entry in place.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    return any(folders) and not is_readable_folder(place)


def _compounds(place: Path, config: ReadConfig | None) -> Iterator[Record | Rejected]:
    try:
        yield from read_compounds(place, config)
    except InputError as error:
        yield Rejected.from_error(str(place), error)
