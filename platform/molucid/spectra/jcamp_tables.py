"""The data of a JCAMP-DX block as numbers in the units that the block names, checked against what it declares."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np

from molucid.errors import InputError, shorten
from molucid.spectra.axis import require_one_run
from molucid.spectra.fields import parse_number
from molucid.spectra.jcamp_ordinates import Ordinates, read_ordinates, read_pairs
from molucid.spectra.jcamp_text import Block, Text
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import FloatArray

_FORM = re.compile(r"\(\s*(?P<x>[A-Z0-9]+)\s*\+\+\s*\(\s*(?P<y>[A-Z0-9]+)\s*\.\.")
_PAIRS = re.compile(r"\(\s*XY\s*\.\.\s*XY\s*\)")


@dataclass(frozen=True, slots=True)
class Trace:
    """A table of ordinates over abscissae, both with their factors applied, in the order of the file.

    Attributes:
        x: `[points]`, in `x_units`.
        y: `[points]`, in `y_units`.
        x_units: as the block names it.
        y_units: as the block names it.
    """

    x: FloatArray
    y: FloatArray
    x_units: str
    y_units: str


def number_of(block: Block, *names: str) -> float | None:
    """Number behind the first of these labels that is there."""
    text = block.get(*names)
    return None if text is None else _number(text, names[0])


def _number(text: str, label: str) -> float:
    return parse_number(
        text.strip(" ,;").split(None, 1)[0] if text.strip(" ,;") else "", label, "malformed_label"
    )


def missing_label(label: str) -> InputError:
    """The refusal of a block without a label that its data need."""
    return InputError(
        f"no ##{label}=",
        f"the label ##{label}=",
        hint="export the spectrum again; without it the numbers have no meaning",
        code="missing_label",
    )


def trace_of(block: Block, config: ReadConfig) -> Trace:
    """The trace of a block with `XYDATA`, `XYPOINTS` or the real part of `NTUPLES`.

    Raises:
        InputError: missing labels, ordinates in no known form, or data that contradict the labels.
    """
    if "NTUPLES" in block.labels:
        return _of_ntuples(block, config)
    for label in ("XYDATA", "XYPOINTS"):
        text = block.labels.get(label)
        if text is not None:
            break
    else:
        raise missing_label("XYDATA")
    x_units, y_units = block.get("XUNITS"), block.get("YUNITS")
    if x_units is None or y_units is None:
        raise missing_label("XUNITS" if x_units is None else "YUNITS")
    x_factor = _or_one(number_of(block, "XFACTOR"), "XFACTOR")
    y_factor = _or_one(number_of(block, "YFACTOR"), "YFACTOR")
    num_points = announced_points(block)
    form = text.first_line.upper()
    if _PAIRS.search(form):
        x, y = (np.array(part) for part in read_pairs(text.lines[1:], config.max_peaks))
        check_count(len(x), num_points)
        require_one_run(x)
        return Trace(x * x_factor, y * y_factor, x_units, y_units)
    if not _FORM.search(form):
        raise InputError(
            f"##{label}={shorten(form, 40)}",
            "(X++(Y..Y)) or (XY..XY)",
            hint="export the spectrum as XYDATA",
            code="unknown_table_form",
        )
    first, last = number_of(block, "FIRSTX"), number_of(block, "LASTX")
    if first is None or last is None:
        raise missing_label("FIRSTX" if first is None else "LASTX")
    ordinates = read_ordinates(text.lines[1:], config.max_peaks)
    x = _axis(ordinates, first, last, num_points, x_factor)
    return Trace(x, np.array(ordinates.values) * y_factor, x_units, y_units)


def _of_ntuples(block: Block, config: ReadConfig) -> Trace:
    """The page of the real part, as the table of variables describes it."""
    name = (block.get("NTUPLES") or "").upper()
    symbols = [symbol.upper() for symbol in _row(block, "SYMBOL")]
    if "FID" in name or "FID" in (block.get("DATATYPE") or "").upper():
        raise unprocessed_fid()
    if block.get("NUMDIM") not in (None, "1") or {"F1", "F2"} <= set(symbols):
        raise InputError(
            "a two-dimensional spectrum",
            "a one-dimensional 1H or 13C spectrum",
            hint="leave out 2D spectra; no model here reads them",
            code="two_dimensional",
        )
    for _, text in block.pages:
        form = _FORM.search(text.first_line.upper())
        if form and form["y"] in ("R", "Y"):
            return _of_page(block, text, symbols, form["x"], form["y"], config)
    raise InputError(
        "NTUPLES without a page of real ordinates",
        "##DATA TABLE= (X++(R..R)), XYDATA",
        hint="export the real part of the spectrum as XYDATA",
        code="unknown_table_form",
    )


def _of_page(block: Block, text: Text, symbols: list[str], x: str, y: str, config: ReadConfig) -> Trace:
    if x not in symbols or y not in symbols:
        raise missing_label("SYMBOL")
    columns = {label: _row(block, label) for label in ("FIRST", "LAST", "FACTOR", "VARDIM", "UNITS")}

    def cell(label: str, symbol: str) -> str:
        row = columns[label]
        place = symbols.index(symbol)
        if place >= len(row) or not row[place]:
            raise missing_label(label)
        return row[place]

    ordinates = read_ordinates(text.lines[1:], config.max_peaks)
    first, last, x_factor = (_number(cell(label, x), label) for label in ("FIRST", "LAST", "FACTOR"))
    num_points = _number(cell("VARDIM", y), "VAR_DIM")
    axis = _axis(ordinates, first, last, num_points, _or_one(x_factor, "FACTOR"))
    y_factor = _or_one(_number(cell("FACTOR", y), "FACTOR"), "FACTOR")
    return Trace(axis, np.array(ordinates.values) * y_factor, cell("UNITS", x), cell("UNITS", y))


def unprocessed_fid() -> InputError:
    """The refusal of a decay in a file that has no room for how to process it."""
    return InputError(
        "a free induction decay",
        "a spectrum",
        hint="export the processed spectrum, or give the Bruker or Varian folder of the measurement",
        code="unprocessed_fid",
    )


def _row(block: Block, label: str) -> list[str]:
    text = block.labels.get(label)
    return [] if text is None else [cell.strip() for cell in str(text).replace("\n", ",").split(",")]


def announced_points(block: Block) -> float | None:
    """`##NPOINTS=` of a table; `None` where the block does not state it and is complete by its `##END=`.

    Raises:
        InputError: neither is there, so that nothing tells whether lines are missing (`unfinished_record`).
    """
    num_points = number_of(block, "NPOINTS")
    if num_points is None and not block.ended:
        raise InputError(
            "the end of the file",
            "##END=",
            hint="the file is cut off; export it again",
            code="unfinished_record",
        )
    return num_points


def _or_one(value: float | None, label: str) -> float:
    """A factor; one that is not given is 1."""
    if value == 0:
        raise InputError(
            f"##{label}=0", "a factor other than 0", hint="export the spectrum again", code="malformed_label"
        )
    return 1.0 if value is None else value


def check_count(found: int, announced: float | None) -> None:
    """Refuse an empty table, and one of another number of points than announced (`point_count_mismatch`)."""
    if not found or (announced is not None and found != announced):
        raise InputError(
            f"{found} points",
            "at least one" if announced is None else f"the {announced:g} that ##NPOINTS= announces",
            hint="the file is cut off or was changed; export it again",
            code="point_count_mismatch",
        )


def _axis(
    ordinates: Ordinates, first: float, last: float, num_points: float | None, factor: float
) -> FloatArray:
    """Abscissae from the first to the last, held against those that the lines of the table begin with."""
    count = len(ordinates.values)
    check_count(count, num_points)
    axis = np.linspace(first, last, count)
    step = abs(last - first) / max(count - 1, 1)
    if step == 0 and count > 1:
        raise InputError(
            f"an axis from {first:g} to {last:g}",
            "different first and last abscissae",
            hint="correct ##FIRSTX= and ##LASTX=",
            code="x_check_failed",
        )
    at = np.array(ordinates.first_of_line)
    found = np.array(ordinates.x_of_line) * factor
    # As many digits as the line gives, and one step for programs that count from the point before.
    last_digit = np.array([10.0 ** -_num_decimals(text) for text in ordinates.x_text]) * abs(factor)
    tolerance = 1.01 * step + last_digit
    fails = np.abs(found - axis[at]) > tolerance
    if fails.any() and (np.abs(found - axis[::-1][at]) <= tolerance).all():
        raise InputError(
            f"lines that run from {found[0]:g} to {found[-1]:g}",
            f"from {first:g} to {last:g}, as ##FIRSTX= and ##LASTX= declare",
            hint="exchange ##FIRSTX= and ##LASTX=, or export the spectrum again",
            code="reversed_axis",
        )
    if fails.any():
        place = int(np.argmax(fails))
        raise InputError(
            f"abscissa {found[place]:g} (line {ordinates.line_numbers[place]})",
            f"{axis[at[place]]:g}, as the labels and the number of points before it say",
            hint="points are missing or too many, or ##FIRSTX=, ##LASTX=, ##XFACTOR= are wrong; export it again",
            code="x_check_failed",
        )
    return axis


def _num_decimals(number: str) -> int:
    mantissa, _, exponent = number.upper().partition("E")
    return len(mantissa.partition(".")[2]) - int(exponent or 0)
