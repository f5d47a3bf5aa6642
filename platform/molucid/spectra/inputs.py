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
        if format is None and (is_manifest(place) or _holds_compounds(place)):
            items = _compounds(place, config)
        else:
            items = read_files([path], format, config)
        yield from unique_identifiers(items, first_places)


def _holds_compounds(place: Path) -> bool:
    return (
        place.is_dir()
        and any(entry.is_dir() and not entry.name.startswith(".") for entry in place.iterdir())
        and not is_readable_folder(place)
    )


def _compounds(place: Path, config: ReadConfig | None) -> Iterator[Record | Rejected]:
    try:
        yield from read_compounds(place, config)
    except InputError as error:
        yield Rejected.from_error(str(place), error)
