"""NMR peak lists as a table, comma, semicolon or tab separated: one line per peak under a header with `shift_ppm`.

Columns: `shift_ppm`, and any of `multiplicity`, `coupling_hz` (several in one cell, `8.0 2.1`), `num_hydrogens` (of
carbons for ¹³C), `width_ppm`, `nucleus`, `id`. What holds for the whole list may stand above it instead,
`# nucleus: 13C`, and likewise `title`, `formula`, `smiles`, `solvent`, `field_mhz`. With a column `id`, one table holds
several compounds; with a column `nucleus`, both lists of one.
"""

from __future__ import annotations

import csv
import difflib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import Draft, at_line, check_id, too_many_peaks
from molucid.spectra.fields import assemble, field_name, parse_number
from molucid.spectra.nmr_entries import PeakEntry, multiplicity_of, peaks_of, with_nmr
from molucid.spectra.nuclei import parse_nucleus
from molucid.spectra.solvents import canonical_solvent
from molucid.spectra.source import Line, ReadConfig, lines, table_delimiter, unpacked
from molucid.spectra.types import Nucleus, Record

SIGNATURE = re.compile(r"\A(?:\s*#[^\n]*\n)*(?:[^\n]*[,;\t])?\s*\"?shift[ _]ppm\b", re.IGNORECASE)
"""What the beginning of such a file looks like."""

ID_FIELDS = ("id", "title", "name", "compound")
_COLUMNS = ("shift_ppm", "multiplicity", "coupling_hz", "num_hydrogens", "width_ppm", "nucleus")
_COMPOUND_COLUMNS = (*ID_FIELDS, "formula", "smiles", "solvent", "field_mhz")
_LIKENESS = 0.7
"""Of a foreign column to one of ours, above which it may be ours with a slip; `comment` and `compound` have 0.67."""
_COMMENT = re.compile(r"#+\s*([A-Za-z][\w /-]{0,40}?)\s*[:=]\s*(.*)")


@dataclass(slots=True)
class _Compound:
    """One compound while its lines are read."""

    draft: Draft
    entries: dict[Nucleus, list[PeakEntry]] = field(default_factory=dict)
    num_peaks: int = 0

    def take(self, row: dict[str, str], config: ReadConfig) -> None:
        name = row.pop("nucleus", "") or self.draft.headers.get("nucleus", "")
        if not name:
            raise InputError(
                "a peak without nucleus",
                "a line # nucleus: 13C above the table, or a column nucleus",
                hint="add the nucleus, 1H or 13C",
                code="missing_nucleus",
            )
        nucleus = parse_nucleus(name)
        if self.num_peaks >= config.max_peaks:
            raise too_many_peaks(config.max_peaks)
        self.num_peaks += 1
        self.entries.setdefault(nucleus, []).append(_entry(row, nucleus))
        foreign = [column for column in row if column not in _COLUMNS]
        for column in foreign:
            if row[column]:
                self.draft.header(column, row[column])
        if unused := [column for column in foreign if column not in _COMPOUND_COLUMNS]:
            self.draft.headers["columns_not_used"] = "; ".join(unused)


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The compounds of a table, each at the end of it; see `molucid.spectra.formats.mgf.read`.

    Raises:
        InputError: no header with the column `shift_ppm`.
    """
    common = Draft.at(1, config)
    columns: list[str] | None = None
    delimiter = ","
    compounds: dict[str, _Compound] = {}
    for line in lines(unpacked(stream, file), config.max_line_chars):
        if not line.text.strip():
            continue
        if line.text.lstrip().startswith("#"):
            if comment := _COMMENT.fullmatch(line.text.strip()):
                common.header(comment[1], comment[2])
        elif columns is None:
            delimiter = table_delimiter(line.text)
            columns = _header(line, delimiter, file)
        else:
            _take_line(line, columns, delimiter, common, compounds, config)
    if columns is not None and not compounds:
        compounds[""] = _Compound(common)
    for ordinal, compound in enumerate(compounds.values(), start=1):
        yield _finish(compound, file, f"{Path(file).name}#{ordinal}")


def _header(line: Line, delimiter: str, file: str) -> list[str]:
    columns = [field_name(cell) for cell in _cells(line.text, delimiter)]
    if "shift_ppm" not in columns:
        raise _no_header(file, line.number)
    known = (*_COLUMNS, *_COMPOUND_COLUMNS)
    for name in columns:
        if name not in known and (near := difflib.get_close_matches(name, known, 1, _LIKENESS)):
            raise InputError(
                f"the column {shorten(name)!r}",
                f"only {', '.join(known)}",
                Where(file, line=line.number),
                hint=f"did you mean {near[0]!r}? else rename it",
                code="unknown_column",
            )
    return columns


def _no_header(file: str, line: int) -> InputError:
    return InputError(
        "a table without the column 'shift_ppm'",
        "a header shift_ppm, multiplicity, coupling_hz, num_hydrogens",
        Where(file, line=line),
        code="missing_column",
    )


def _cells(text: str, delimiter: str) -> list[str]:
    try:
        return [cell.strip() for cell in next(csv.reader([text], delimiter=delimiter), [])]
    except csv.Error as error:
        raise InputError(
            f"row {shorten(text, 40)!r}: {error}", "cells as in the header", code="ragged_row"
        ) from None


def _take_line(
    line: Line,
    columns: list[str],
    delimiter: str,
    common: Draft,
    compounds: dict[str, _Compound],
    config: ReadConfig,
) -> None:
    fault: InputError | None = None
    row: dict[str, str] = {}
    try:
        cells = _cells(line.text, delimiter)
        if len(cells) != len(columns):
            raise InputError(
                f"{len(cells)} cells",
                f"{len(columns)}, as in the header",
                hint="put a cell with commas between quotation marks",
                code="ragged_row",
            )
        row = dict(zip(columns, cells, strict=True))
    except InputError as error:
        fault = error
    # A row that cannot be cut into cells belongs to the compound before it.
    key = next((row[name] for name in ID_FIELDS if name in row), next(reversed(compounds), ""))
    if key not in compounds:
        draft = Draft.at(line.number, config)
        draft.headers, draft.fault = dict(common.headers), common.fault
        if key:
            draft.headers["id"] = key
        compounds[key] = _Compound(draft)
    compound = compounds[key]
    if line.cut:
        compound.draft.cut_line(line)
    if compound.draft.fault is None:
        try:
            if fault is not None:
                raise fault
            compound.take(row, config)
        except InputError as error:
            compound.draft.fail(at_line(error, line.number))


def _entry(row: dict[str, str], nucleus: Nucleus) -> PeakEntry:
    def number(column: str) -> float | None:
        text = row.get(column, "")
        return parse_number(text, column, "malformed_peak") if text else None

    shift = number("shift_ppm")
    if shift is None:
        raise InputError("a peak without shift", "a number in shift_ppm", code="malformed_shift")
    count = number("num_hydrogens")
    if count is not None and (count != int(count) or count < 0):
        raise InputError(
            f"num_hydrogens {count:g}", "a whole number", hint="round the integral", code="malformed_peak"
        )
    name = row.get("multiplicity", "")
    return PeakEntry(
        shift,
        width_ppm=number("width_ppm") or 0.0,
        multiplicity=multiplicity_of(name, nucleus) if name else None,
        coupling_hz=tuple(
            parse_number(value, "coupling_hz", "malformed_coupling")
            for value in re.split(r"[\s,;/]+", row.get("coupling_hz", ""))
            if value
        ),
        num_hydrogens=None if count is None else int(count),
    )


def _finish(compound: _Compound, file: str, fallback_id: str) -> Record | Rejected:
    draft = compound.draft
    headers = draft.headers
    id = next((headers[name] for name in ID_FIELDS if headers.get(name)), fallback_id)
    where = Where(file, shorten(id), draft.where_line)
    try:
        if draft.fault is not None:
            raise draft.fault
        check_id(id, draft.config)
        solvent = canonical_solvent(headers.get("solvent", ""))
        field_text = headers.get("field_mhz", "")
        field_mhz = parse_number(field_text, "field_mhz", "malformed_field") if field_text else None
        if not compound.entries:
            raise InputError(
                f"a {headers.get('nucleus', 'peak')} list without peaks",
                "at least one row below the header",
                hint="write the shifts, or leave the list out",
                code="no_peaks",
            )
        found = {
            nucleus: peaks_of(nucleus, entries, draft.config.shift_window, field_mhz, solvent)
            for nucleus, entries in compound.entries.items()
        }
        known = {name: text for name, text in headers.items() if name not in ("nucleus", "field_mhz")}
        record = assemble(id, known, (), where, consumed=ID_FIELDS)
        return with_nmr(record, found, "shifts of the list", draft.config.referencing)
    except InputError as error:
        return Rejected.from_error(shorten(id), error, where)
