"""Manifests: tables that name the files of each compound.

CSV or TSV with a header, or a JSON list of objects. Columns: `id` and any of `formula`, `smiles`, `msms`, `ir`,
`h_nmr`, `c_nmr`. The last four hold a path relative to the manifest, inside of its folder; `msms` may hold several,
between `;` or as a JSON list. Other columns of
a table are not used; another key of a JSON object rejects that compound. One file may stand in several columns: each
takes its kind from it.
"""

from __future__ import annotations

import csv
import difflib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.source import as_text, open_source, table_delimiter

SLOTS = ("msms", "ir", "h_nmr", "c_nmr")
"""Columns that name files."""
COLUMNS = ("id", "formula", "smiles", *SLOTS)
_MAX_CHARS = 1 << 26
_SNIFFED_CHARS = 1 << 14
_LIKENESS = 0.76
"""Of a column to one that names files, above which it is that with a slip, as `hnmr`; `mass` and `msms` have 0.75."""
_SUFFIXES = (".csv", ".tsv", ".txt", ".json")


@dataclass(frozen=True, slots=True)
class ListedFile:
    """One file of a compound.

    Attributes:
        name: for messages, relative to the compound's folder or to the manifest.
        path: the file, or a folder of one measurement.
        slots: fields of `Evidence` that are taken from it; empty for all that it has.
        entries: of a folder, the files and folders in it that are the measurement's; empty for all of them.
    """

    name: str
    path: Path
    slots: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Listed:
    """One compound and its files.

    Attributes:
        id: its name.
        where: its folder, or its line in the manifest.
        formula: as the manifest gives it.
        smiles: as the manifest gives it.
        files: each of them once.
        unused: columns of the manifest that say nothing here.
    """

    id: str
    where: Where
    formula: str | None = None
    smiles: str | None = None
    files: tuple[ListedFile, ...] = ()
    unused: tuple[str, ...] = ()


def is_manifest(path: Path | str) -> bool:
    """Whether a file begins like a manifest: it has `id` and a column that names files, if with a slip in its name."""
    place = Path(path)
    if place.suffix.lower() not in _SUFFIXES or not place.is_file():
        return False
    try:
        head = _text(place, _SNIFFED_CHARS)
    except InputError:
        return False  # a broken file is for its reader to report
    if place.suffix.lower() == ".json":
        return head.lstrip()[:1] == "[" and any(f'"{slot}"' in head for slot in SLOTS)
    first = next((line for line in head.splitlines() if line.strip()), "")
    names = [cell.strip().lower() for cell in next(csv.reader([first], delimiter=table_delimiter(first)), [])]
    if "id" not in names or "mzs" in names:  # whose peaks stand in the table itself
        return False
    return any(difflib.get_close_matches(name, SLOTS, 1, _LIKENESS) for name in names)


def read_manifest_rows(path: Path) -> Iterator[Listed | Rejected]:
    """The compounds of a manifest; a line that is none is a row.

    Raises:
        InputError: the file cannot be read, or has a column with nearly the name of one of ours.
    """
    if path.suffix.lower() == ".json":
        return _rows(path, list(enumerate(_json_rows(path), start=1)), lines=False)
    return _rows(path, _table_rows(path), lines=True)


def _text(path: Path, limit: int) -> str:
    with open_source(path) as stream, as_text(stream) as text:
        return text.read(limit)


def _json_rows(path: Path) -> list[Any]:
    try:
        rows = json.loads(_text(path, _MAX_CHARS))
    except (ValueError, RecursionError) as error:
        raise InputError(
            shorten(str(error), 120), "a JSON list", Where(str(path)), code="invalid_json"
        ) from None
    if not isinstance(rows, list):
        raise InputError(
            "JSON that is no list", "a list of compounds", Where(str(path)), code="wrong_json_format"
        )
    return rows


def _table_rows(path: Path) -> list[tuple[int, Any]]:
    text = _text(path, _MAX_CHARS)
    first = next((line for line in text.splitlines() if line.strip()), "")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=table_delimiter(first))
    rows: list[tuple[int, Any]] = []
    columns: list[str] | None = None
    try:
        for cells in reader:
            if not any(cell.strip() for cell in cells):
                continue
            if columns is None:
                columns = [cell.strip().lower() for cell in cells]
                _check_columns(columns, Where(str(path), line=reader.line_num))
            elif len(cells) == len(columns):
                rows.append((reader.line_num, dict(zip(columns, cells, strict=True))))
            else:
                rows.append((reader.line_num, cells))
    except csv.Error as error:
        where = Where(str(path), line=reader.line_num)
        raise InputError(str(error), "cells as in the header", where, code="ragged_row") from None
    return rows


def _check_columns(columns: list[str], where: Where) -> None:
    """Refuse a column that may be one of ours with a slip; one that is like none of them says nothing here."""
    for name in columns:
        if name not in COLUMNS and difflib.get_close_matches(name, COLUMNS, n=1):
            raise _unknown_column(name, where)


def _unknown_column(name: str, where: Where) -> InputError:
    near = difflib.get_close_matches(name, COLUMNS, n=1)
    return InputError(
        f"the column {shorten(name)!r}",
        f"only {', '.join(COLUMNS)}",
        where,
        hint=f"did you mean {near[0]!r}? else remove it"
        if near
        else "remove it, or give it one of these names",
        code="unknown_column",
    )


def _rows(path: Path, rows: list[tuple[int, Any]], lines: bool) -> Iterator[Listed | Rejected]:
    if not rows:
        raise InputError(
            "no compound",
            "at least one row",
            Where(str(path)),
            hint="list the compounds below the header",
            code="no_records",
        )
    return (_listed(path, number, row, number if lines else None) for number, row in rows)


def _listed(path: Path, number: int, row: Any, line: int | None) -> Listed | Rejected:
    fallback = f"{path.name}#{number}"
    try:
        if not isinstance(row, dict):
            raise InputError(
                "a row that is no compound",
                "as many cells as columns, or a JSON object",
                hint="put cells with commas between quotation marks",
                code="ragged_row",
            )
        unused = tuple(str(name) for name in row if name not in COLUMNS)
        if unused and line is None:
            raise _unknown_column(unused[0], Where(str(path)))
        id = _cell(row, "id")
        if not id:
            raise InputError("a compound without id", "a name", hint="fill the column id", code="missing_id")
        where = Where(str(path), shorten(id), line)
        slots_of: dict[str, list[str]] = {}
        for slot in SLOTS:
            for name in _names(row, slot):
                slots_of.setdefault(name, []).append(slot)
        files = tuple(
            ListedFile(name, _inside(path.parent, name), tuple(slots)) for name, slots in slots_of.items()
        )
        return Listed(id, where, _cell(row, "formula"), _cell(row, "smiles"), files, unused)
    except InputError as error:
        id = row.get("id") if isinstance(row, dict) else None
        name = shorten(id.strip()) if isinstance(id, str) and id.strip() else fallback
        return Rejected.from_error(name, error, Where(str(path), name, line))


def _cell(row: dict[str, Any], name: str) -> str | None:
    value = row.get(name)
    if value is None or isinstance(value, str):
        return (value or "").strip() or None
    raise InputError(
        f"{name} = {shorten(repr(value))}",
        "text",
        hint="write it between quotation marks",
        code="invalid_record",
    )


def _names(row: dict[str, Any], slot: str) -> list[str]:
    value = row.get(slot)
    if slot == "msms" and isinstance(value, list) and all(isinstance(name, str) for name in value):
        return [name.strip() for name in value if name.strip()]
    text = _cell(row, slot) or ""
    return [name.strip() for name in (text.split(";") if slot == "msms" else [text]) if name.strip()]


def _inside(folder: Path, name: str) -> Path:
    """The file of that name, which must not lead out of the manifest's folder."""
    plain = Path(os.path.normpath(name.replace("\\", "/")))
    if "\0" in name or plain.is_absolute() or ".." in plain.parts:
        raise InputError(
            f"the path {shorten(name)!r}",
            "a path relative to the manifest, inside of its folder",
            hint="put the manifest above the files",
            code="unsafe_path",
        )
    return folder / plain
