"""An infrared spectrum as two columns of text, whose header line names both units.

    wavenumber (cm-1), absorbance
    4000.0, 0.012

The columns stand apart by commas, semicolons, tabs or blanks. The first names a wavenumber or a wavelength, the second
absorbance or transmittance; both units are read, never guessed. Lines that begin with `#` are comments.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import numpy as np

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.axis import require_one_run
from molucid.spectra.compound import Compound, Part
from molucid.spectra.draft import check_id
from molucid.spectra.fields import is_number, parse_number
from molucid.spectra.infrared import infrared_spectrum, wavenumbers
from molucid.spectra.source import ReadConfig, lines, unpacked
from molucid.spectra.types import Record

SIGNATURE = re.compile(
    r"\A(?:\s*#[^\n]*\n)*[^\n]*(?:wave ?numbers?|wave ?lengths?|cm\s*\^?\(?[-⁻−]|1/cm|\bnm\b|[µμ]m\b|micromet|micron)"
    r"[^\n]*(?:absorbance|transmittance|transmission|%\s*t\b|\bt\s*%|\babs\b)",
    re.IGNORECASE,
)
"""What the beginning of such a file looks like."""

_X_WORDS: tuple[tuple[str, str], ...] = (
    (r"cm\s*\^?\(?\s*[-⁻−]\s*[1¹]|1\s*/\s*cm|/cm|wave ?number", "1/CM"),
    (r"micromet|micron|[µμ]m\b|\bum\b", "MICROMETERS"),
    (r"nanomet|\bnm\b", "NANOMETERS"),
)
_Y_WORDS: tuple[tuple[str, str], ...] = (
    (r"(?:%|percent).*(?:\bt\b|transmi)|(?:\bt\b|transmi).*(?:%|percent)|%t\b", "% TRANSMITTANCE"),
    (r"transmi", "TRANSMITTANCE"),
    (r"absorb|\babs\b", "ABSORBANCE"),
)
_OTHER_ORDINATES = re.compile(
    r"reflect|kubelka|emissi|emittance|intensity|counts|single ?beam", re.IGNORECASE
)
_HINT = "write a first line such as: wavenumber (cm-1), absorbance"


def is_number_table(text: str) -> bool:
    """Whether text is lines of two numbers, three or more, below a line of any content: such a file lacks its units."""
    body = [line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#")][1:-1]
    rows = [_cells(line.strip()) for line in body]
    return len(rows) >= 2 and all(len(cells) == 2 and all(map(is_number, cells)) for cells in rows)


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The one spectrum of such a file; see `molucid.spectra.formats.mgf.read`."""
    id = Path(Path(file).name.removesuffix(".gz")).stem
    compound = Compound(id, Where(file, shorten(id)))
    try:
        check_id(id, config)
        with np.errstate(all="ignore"):
            part = _spectrum(stream, file, config)
    except InputError as error:
        if error.code == "no_records":
            return
        if error.code in ("truncated_gzip", "corrupt_gzip"):
            raise
        compound.reject(shorten(id), error, error.where or compound.where)
    else:
        compound.take(part)
    yield from compound.finish()


def _spectrum(stream: IO[bytes], file: str, config: ReadConfig) -> Part:
    units: tuple[str, str] | None = None
    x, y = array("d"), array("d")
    for line in lines(unpacked(stream, file), config.max_line_chars):
        text = line.text.strip()
        if not text or text.startswith("#"):
            continue
        where = Where(file, line=line.number)
        if units is None:
            units = _units(text, where)
            continue
        cells = _cells(text)
        if len(cells) != 2:
            raise InputError(
                f"{shorten(text, 40)!r}",
                "two numbers",
                where,
                hint="one line per point: wavenumber and ordinate, apart by a comma",
                code="malformed_ordinate",
            )
        if len(x) >= config.max_peaks:
            raise InputError(
                f"more than {config.max_peaks} points",
                f"at most {config.max_peaks} points in one spectrum",
                where,
                hint="export fewer points, or raise max_peaks",
                code="too_many_points",
            )
        try:
            x.append(parse_number(cells[0], "abscissa", "malformed_ordinate"))
            y.append(parse_number(cells[1], "ordinate", "malformed_ordinate"))
        except InputError as error:
            raise InputError(error.got, error.expected, where, error.hint, error.code) from None
    if units is None:
        raise InputError("no line", "a header line", Where(file), code="no_records")
    if not x:
        raise InputError(
            "a header without points",
            "points below it",
            Where(file),
            hint="export it again",
            code="no_points",
        )
    require_one_run(np.array(x))
    axis = wavenumbers(np.array(x), units[0])
    spectrum, notes = infrared_spectrum(axis, np.array(y), units[1], config.infrared)
    return Part("ir", spectrum, {f"ir_{name}": text for name, text in notes.items()})


def _cells(text: str) -> list[str]:
    """Cells of a line: apart by semicolons or tabs, then decimal commas may be in them, else by commas or blanks."""
    for separator in (";", "\t"):
        if separator in text:
            return [cell.strip() for cell in text.rstrip(separator).split(separator)]
    if text.count(",") == 1 or not any(is_number(cell) for cell in text.split()):
        return [cell.strip() for cell in text.rstrip(",").split(",")]
    return text.split()


def _units(text: str, where: Where) -> tuple[str, str]:
    """Units of both columns from the header."""
    cells = _cells(text)
    if len(cells) == 1:
        cells = text.split(None, 1) if text.count(" ") == 1 else re.split(r"\s{2,}", text)
    if len(cells) == 2:
        found = [_unit(cells[0], _X_WORDS), _unit(cells[1], _Y_WORDS)]
        if found[0] and found[1]:
            return found[0], found[1]
    if len(cells) > 2 and _unit(cells[0], _X_WORDS):
        raise InputError(
            f"a table of {len(cells)} columns",
            "two columns, of one compound",
            where,
            hint="write a file for each compound",
            code="mixed_compounds",
        )
    if len(cells) == 2 and _unit(cells[0], _X_WORDS) and _OTHER_ORDINATES.search(cells[1]):
        raise InputError(
            f"an ordinate in {shorten(cells[1], 40)!r}",
            "absorbance, transmittance or % transmittance",
            where,
            hint="export the spectrum in absorbance",
            code="unknown_y_units",
        )
    raise InputError(
        f"a first line {shorten(text, 60)!r}",
        "a header that names both units: cm-1, nm or µm; absorbance, transmittance or % transmittance",
        where,
        hint=_HINT,
        code="missing_units",
    )


def _unit(cell: str, words: tuple[tuple[str, str], ...]) -> str | None:
    return next((unit for pattern, unit in words if re.search(pattern, cell, re.IGNORECASE)), None)
