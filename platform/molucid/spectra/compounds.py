"""Compounds whose spectra lie in several files: a folder for each, or a manifest that names the files of each.

Every compound is one item under its own name: a record with all its evidence, or the row that says why there is none.
Every file, or record in a file, that cannot be used is one more row, named `compound/file`, and the rest of the
compound is answered. Files that contradict each other (two formulas, two structures, two ¹³C spectra) reject the
compound, since nothing says which of them is right.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.compound_manifest import SLOTS, Listed, ListedFile, is_manifest, read_manifest_rows
from molucid.spectra.measurements import holds_more, split, visible
from molucid.spectra.merged_compound import Merged
from molucid.spectra.read import read_measurement, read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record


def read_compounds(path: Path | str, config: ReadConfig | None = None) -> Iterator[Record | Rejected]:
    """The compounds of a folder in the order of their names, or of a manifest in its order.

    Args:
        path: a folder with one folder per compound, which is named after it; a folder without such folders, which is
            one compound; or a CSV, TSV or JSON manifest (see
            `molucid.spectra.compound_manifest`). A folder of Bruker or Varian data counts as one file. Names that
            begin with a dot are not read.
        config: bounds on each file.

    Raises:
        InputError: nothing at `path`, an empty folder, or a manifest that cannot be read.
    """
    place = Path(path)
    if place.is_dir():
        listed = _folders(place)
    elif is_manifest(place):
        listed = read_manifest_rows(place)
    else:
        raise InputError(
            "neither a folder nor a manifest",
            f"a folder of compounds, or a table with id and any of {', '.join(SLOTS)}",
            Where(str(place)),
            hint="spectra files of their own need no manifest",
            code="no_compounds" if place.exists() else "missing_file",
        )
    return _compounds(listed, config or ReadConfig())


def _folders(place: Path) -> Iterator[Listed | Rejected]:
    where = Where(str(place))
    try:
        entries = visible(place)
        if not entries:
            raise InputError(
                "an empty folder",
                "one folder per compound, or the files of one compound",
                where,
                hint="check the path, or copy the files there again",
                code="no_compounds",
            )
        if not any(entry.is_dir() for entry in split(place)[1]):
            return iter([_folder(place)])
    except OSError as error:
        raise InputError(str(error), "a readable folder", where, code="unreadable_file") from None
    return map(_folder, entries)


def _folder(entry: Path) -> Listed | Rejected:
    name = entry.name or entry.resolve().name
    where = Where(str(entry), name)
    if not entry.is_dir():
        fault = InputError(
            "a file beside the folders",
            "files inside of their compound's folder",
            where,
            hint="move it into the folder of its compound",
            code="stray_file",
        )
        return Rejected.from_error(name, fault, where)
    try:
        files = tuple(_files_in(entry, ""))
    except OSError as error:
        unreadable = InputError(
            str(error), "a readable folder", where, hint="allow reading it", code="unreadable_file"
        )
        return Rejected.from_error(name, unreadable, where)
    return Listed(name, where, files=files)


def _files_in(folder: Path, prefix: str) -> Iterator[ListedFile]:
    """The measurement in a compound's folder, and each file beside it; so for its folders, where they hold more."""
    measured, others = split(folder)
    if measured:
        name = prefix.rstrip("/") or folder.name
        yield ListedFile(name, folder, entries=tuple(part.name for part in measured))
    for entry in others:
        if entry.is_dir() and not entry.is_symlink() and holds_more(entry):
            yield from _files_in(entry, f"{prefix}{entry.name}/")
        else:
            yield ListedFile(f"{prefix}{entry.name}", entry)


def _compounds(listed: Iterator[Listed | Rejected], config: ReadConfig) -> Iterator[Record | Rejected]:
    first_places: dict[str, Where] = {}
    for item in listed:
        if isinstance(item, Rejected):
            yield item
        elif item.id in first_places:
            fault = InputError(
                f"the compound {shorten(item.id)!r} a second time",
                f"another name than that of {first_places[item.id]}",
                item.where,
                hint="give every compound a name of its own",
                code="duplicate_id",
            )
            yield Rejected.from_error(item.id, fault, item.where)
        else:
            first_places[item.id] = item.where
            yield from _compound(item, config)


def _compound(listed: Listed, config: ReadConfig) -> Iterator[Record | Rejected]:
    merged = Merged(listed)
    faulty: list[Rejected] = []
    contradiction: InputError | None = None
    try:
        merged.take_facts(listed.formula, listed.smiles, listed.where.file or "the manifest")
    except InputError as error:
        contradiction = error
    for file in listed.files:
        for item in _items(file, config):
            name = f"{listed.id}/{_name_of(item, file, listed)}"
            if isinstance(item, Rejected):
                faulty.append(replace(item, id=name))
                continue
            faulty += [
                _without_slot(name, slot, item) for slot in file.slots if not getattr(item.evidence, slot)
            ]
            try:
                merged.take(item, file)
            except InputError as error:
                contradiction = contradiction or error
    try:
        if contradiction is not None:
            raise contradiction
        yield merged.record(faulty)
    except InputError as error:
        yield Rejected.from_error(listed.id, error, error.where or listed.where)
    yield from faulty


def _items(file: ListedFile, config: ReadConfig) -> Iterator[Record | Rejected]:
    try:
        if file.entries:
            yield from read_measurement(file.path, file.entries, config)
        else:
            yield from read_records(file.path, config=config)
    except InputError as error:
        yield Rejected.from_error(str(file.path), error, error.where or Where(str(file.path)))


def _name_of(item: Record | Rejected, file: ListedFile, listed: Listed) -> str:
    """Name of a file, or of the experiment in it that a row is about."""
    place, folder = Path(item.where.file or file.path), Path(listed.where.file or "")
    place = place if place.is_dir() else place.parent
    if file.entries and place != folder and place.is_relative_to(folder):
        return place.relative_to(folder).as_posix()
    return file.name


def _without_slot(name: str, slot: str, record: Record) -> Rejected:
    held = [other for other in SLOTS if getattr(record.evidence, other)]
    fault = InputError(
        f"a file of {' and '.join(held) or 'nothing'} in the column {slot}",
        f"a file that holds {slot}",
        record.where,
        hint="put the file into the column of its kind",
        code="wrong_column",
    )
    return Rejected.from_error(name, fault, record.where)
