"""The numbers of JCAMP-DX tables: AFFN, PAC, SQZ, DIF and DUP forms, with the checks that the format carries.

In `(X++(Y..Y))` each line holds an abscissa and the ordinates that follow it. A letter in place of an ordinate's sign
and first digit marks its form: `@`, `A–I`, `a–i` a value (SQZ), `%`, `J–R`, `j–r` a difference to the ordinate before
(DIF), `S–Z`, `s` how often what stands before occurs (DUP). A line that ends in the difference form is checked by the
next, which repeats its last ordinate. Source: McDonald & Wilks, Appl. Spectrosc. 1988, 42, 151.
"""

from __future__ import annotations

import math
import re
from array import array
from collections.abc import Sequence
from dataclasses import dataclass

from molucid.errors import InputError, shorten
from molucid.spectra.source import Line

_SQZ = {letter: digit for digit, letter in enumerate("@ABCDEFGHI")}
_SQZ |= {letter: -digit for digit, letter in enumerate("abcdefghi", start=1)}
_DIF = {letter: digit for digit, letter in enumerate("%JKLMNOPQR")}
_DIF |= {letter: -digit for digit, letter in enumerate("jklmnopqr", start=1)}
_DUP = {letter: digit for digit, letter in enumerate("STUVWXYZs", start=1)}
# An exponent carries its sign; E without one is the SQZ digit +5.
_TOKEN = re.compile(
    r"(?P<affn>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]\d{1,3})?)"
    r"|(?P<letter>[@A-Ia-i%J-Rj-rS-Zs])(?P<digits>\d*\.?\d*)"
    r"|(?P<missing>\?)|[\s,;]+"
)
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?")


@dataclass(slots=True)
class Ordinates:
    """Ordinates as written, before any factor, and where each line of them began.

    Attributes:
        values: the ordinates.
        first_of_line: per line the place in `values` of its abscissa.
        x_of_line: per line its abscissa as written.
        x_text: per line the text of that, whose digits tell its precision.
        line_numbers: per line its number in the file.
    """

    values: array[float]
    first_of_line: list[int]
    x_of_line: list[float]
    x_text: list[str]
    line_numbers: list[int]


def read_ordinates(table: Sequence[Line], limit: int) -> Ordinates:
    """Decode the lines of an `(X++(Y..Y))` table.

    Args:
        table: its lines, without comments.
        limit: largest number of ordinates.

    Raises:
        InputError: text in no known form (`malformed_ordinate`), an ordinate that the file marks as missing
            (`not_finite`), a difference that does not arrive at the ordinate of the next line (`y_check_failed`), or
            more than `limit` points (`too_many_points`).
    """
    result = Ordinates(array("d"), [], [], [], [])
    ends_in_difference = False
    for line in table:
        if line.text.strip():
            ends_in_difference = _read_line(line, ends_in_difference, result, limit)
    return result


def _read_line(line: Line, is_checked: bool, result: Ordinates, limit: int) -> bool:
    """Append one line's ordinates; whether its last one is in the difference form."""
    values = result.values
    text = line.text.strip()
    head = _TOKEN.match(text)
    x, x_text = (None, "") if head is None else _abscissa(head)
    if head is None or x is None or not math.isfinite(x):
        raise _malformed(text, line)
    # In a checked line the abscissa is that of the repeated ordinate.
    result.first_of_line.append(len(values) - 1 if is_checked else len(values))
    result.x_of_line.append(x)
    result.x_text.append(x_text)
    result.line_numbers.append(line.number)
    position, num_read = head.end(), 0
    difference: float | None = None
    while position < len(text):
        token = _TOKEN.match(text, position)
        if token is None:
            raise _malformed(text[position:], line)
        position = token.end()
        if token["missing"]:
            raise InputError(
                f"a missing ordinate '?' (line {line.number})",
                "a number for every point",
                hint="export the spectrum without gaps",
                code="not_finite",
            )
        letter = token["letter"]
        if token["affn"] is None and letter is None:
            continue
        if letter in _DUP:
            if not num_read:
                raise _malformed(text, line)
            times = int(_joined(_DUP[letter], token["digits"], line)) - 1
            if times < 0 or len(values) + times > limit:
                raise _too_many(limit) if times >= 0 else _malformed(text, line)
            if difference is None:
                values.extend([values[-1]] * times)
            else:
                for _ in range(times):
                    values.append(values[-1] + difference)
            num_read += 1
            continue
        if letter in _DIF:
            if not num_read:
                raise _malformed(text, line)
            difference = _joined(_DIF[letter], token["digits"], line)
            value = values[-1] + difference
        else:
            difference = None
            value = float(token["affn"]) if letter is None else _joined(_SQZ[letter], token["digits"], line)
            if is_checked and not num_read:
                # Some programs end a table by a line with 0 and nothing else, which checks nothing.
                if value != 0 or position < len(text):
                    _check(value, values[-1], line)
                num_read += 1
                continue
        num_read += 1
        if not math.isfinite(value):
            raise _malformed(text, line)
        if len(values) >= limit:
            raise _too_many(limit)
        values.append(value)
    return difference is not None


def _abscissa(head: re.Match[str]) -> tuple[float | None, str]:
    """The abscissa that a line begins with: plain, or as a SQZ number."""
    if head["affn"] is not None:
        return float(head["affn"]), head["affn"]
    if head["letter"] in _SQZ:
        sign = "-" if _SQZ[head["letter"]] < 0 else ""
        text = f"{sign}{abs(_SQZ[head['letter']])}{head['digits']}"
        return float(text), text
    return None, ""


def _joined(first: int, digits: str, line: Line) -> float:
    """The number whose sign and first digit are `first`; `@` and `%` are a leading 0."""
    if len(digits) > 300:
        raise _malformed(digits, line)
    magnitude = float(f"{abs(first)}{digits}")
    return -magnitude if first < 0 else magnitude


def _check(found: float, expected: float, line: Line) -> None:
    if not math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-6):
        raise InputError(
            f"ordinate {found:g} at the start of line {line.number}",
            f"{expected:g}, at which the differences of the line before arrive",
            hint="the file was changed or cut after it was written; export it again",
            code="y_check_failed",
        )


def _malformed(text: str, line: Line) -> InputError:
    return InputError(
        f"{shorten(text, 40)!r} (line {line.number})",
        "numbers in a form of JCAMP-DX (AFFN, PAC, SQZ, DIF, DUP)",
        hint="export the spectrum again, as plain numbers if the program offers it",
        code="malformed_ordinate",
    )


def _too_many(limit: int) -> InputError:
    return InputError(
        f"more than {limit} points",
        f"at most {limit} points in one spectrum",
        hint="export fewer points, or raise max_peaks",
        code="too_many_points",
    )


def read_pairs(table: Sequence[Line], limit: int) -> tuple[array[float], array[float]]:
    """Decode `(XY..XY)` lines: pairs of plain numbers, apart by blanks, commas or semicolons.

    Raises:
        InputError: text that is no pair (`malformed_ordinate`), or more than `limit` points.
    """
    x, y = array("d"), array("d")
    for line in table:
        tokens = [token for token in re.split(r"[\s,;]+", line.text.strip()) if token]
        if len(tokens) % 2 or not all(_NUMBER.fullmatch(token) for token in tokens):
            raise _malformed(line.text, line)
        numbers = [float(token) for token in tokens]
        if not all(math.isfinite(number) for number in numbers):
            raise _malformed(line.text, line)
        x.extend(numbers[::2])
        y.extend(numbers[1::2])
        if len(x) > limit:
            raise _too_many(limit)
    return x, y
