"""Everything that a command takes as spectra: files, folders of instruments, folders of compounds, manifests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

from molucid.errors import InputError, Rejected, Where
from molucid.spectra.compound_manifest import is_manifest
from molucid.spectra.compounds import read_compounds
from molucid.spectra.formats.sirius import LABELS_NAME
from molucid.spectra.measurements import split
from molucid.spectra.read import is_spectra_file, read_files, unique_identifiers
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record


def read_inputs(
    paths: Sequence[Path | str], format: str | None = None, config: ReadConfig | None = None
) -> Iterator[Record | Rejected]:
    """The records of all `paths` as one input: identifiers are unique over all of them.

    A path that cannot be read at all is one `Rejected` row; those after it are read.

    Args:
        paths: spectra files, Bruker or Varian folders, folders with a folder per compound, the folder of one
            compound, or manifests.
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
    """Whether a path is a manifest, or a folder of anything else than the data of one Bruker or Varian sample.

    Such data lie in the folder itself or in its own experiments, and no other folder or spectra file lies there.
    """
    place = Path(path)
    if not place.is_dir():
        return is_manifest(place)
    if _is_labelled(place):
        return False
    try:
        measured, others = split(place)
    except OSError:
        return True  # whose reader says why it may not be read
    return not measured or any(entry.is_dir() or is_spectra_file(entry) for entry in others)


def _is_labelled(place: Path) -> bool:
    return (place / LABELS_NAME).is_file()


def _compounds(place: Path, config: ReadConfig | None) -> Iterator[Record | Rejected]:
    try:
        yield from read_compounds(place, config)
    except InputError as error:
        yield Rejected.from_error(str(place), error)
