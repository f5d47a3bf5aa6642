"""Our own JSON: every kind of evidence, explicit units, a version, and a JSON Schema beside this file.

    {"format": "molucid-spectra", "version": 1, "records": [
      {"id": "a", "formula": "C8H10N4O2", "msms": [{"mz": [138.1], "intensity": [1.0], "adduct": "[M+H]+"}]}]}

`records` comes last, so that a file of any size is read one record at a time.
"""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from pydantic import ValidationError

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.draft import check_id, too_many_peaks
from molucid.spectra.formats.json_schema import FORMAT_NAME, VERSION, RecordEntry
from molucid.spectra.source import ReadConfig, as_text, unpacked
from molucid.spectra.types import Record

_CHUNK_CHARS = 1 << 16
_BLANK = " \t\n\r"
_SURROGATE = re.compile("[\ud800-\udfff]")


class _Scanner:
    """Consumes a JSON text value by value; holds at most one value and one chunk."""

    def __init__(self, text: io.TextIOBase, file: str, limit: int) -> None:
        self._text, self._file, self._limit = text, file, limit
        self._buffer, self._position, self._ended = "", 0, False
        self.line = 1
        self._decoder = json.JSONDecoder(parse_constant=self._refuse_constant)

    def _refuse_constant(self, name: str) -> float:
        # NaN and Infinity are no JSON; NaN stays what it is, so that the record is rejected for it, by name.
        return float(name.replace("Infinity", "inf"))

    def _more(self) -> bool:
        """Append the next chunk to what is left; False at the end."""
        self.line += self._buffer.count("\n", 0, self._position)
        self._buffer, self._position = self._buffer[self._position :], 0
        # Doubling keeps the number of attempts at a long value small.
        chunk = self._text.read(max(_CHUNK_CHARS, len(self._buffer)))
        self._buffer += chunk
        self._ended = not chunk
        return not self._ended

    def peek(self) -> str:
        """The next character that is not blank; empty at the end."""
        while True:
            while self._position < len(self._buffer) and self._buffer[self._position] in _BLANK:
                self._position += 1
            if self._position < len(self._buffer) or not self._more():
                return self._buffer[self._position : self._position + 1]

    def expect(self, *characters: str) -> str:
        """Consume one of `characters`."""
        found = self.peek()
        if found not in characters or not found:
            raise self.fault(repr(found) if found else "the end of the file", " or ".join(characters))
        self._position += 1
        return found

    def value(self) -> Any:
        """Consume one JSON value."""
        self.peek()
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._position)
            except RecursionError:
                raise self.fault("values nested too deeply", "the nesting of the schema") from None
            except ValueError as error:
                if self._ended:
                    raise self.fault(f"{error}", "JSON") from None
            else:
                # A number at the end of the buffer may go on in the next chunk.
                if end < len(self._buffer) or self._ended:
                    self._position = end
                    return value
            if len(self._buffer) - self._position > self._limit:
                raise self.fault(
                    f"a value of more than {self._limit} characters", "JSON records of that size"
                )
            self._more()

    def here(self) -> int:
        """1-based line of the next character."""
        self.peek()
        return self.line + self._buffer.count("\n", 0, self._position)

    def fault(self, got: str, expected: str) -> InputError:
        where = Where(self._file, line=self.line + self._buffer.count("\n", 0, self._position))
        hint = "the file is cut off or not JSON from here on"
        return InputError(shorten(got, 120), expected, where, hint=hint, code="invalid_json")


def read(stream: IO[bytes], file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of a molucid JSON stream; see `molucid.spectra.formats.mgf.read`.

    Raises:
        InputError: no JSON of this format and version, or JSON that breaks off; every record before was
            yielded.
    """
    with as_text(unpacked(stream, file)) as text:
        yield from _document(_Scanner(text, file, config.max_record_chars), file, config)


def _document(scanner: _Scanner, file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    scanner.expect("{")
    head: dict[str, Any] = {}
    closed = scanner.peek() == "}"
    while not closed:
        key = scanner.value() if scanner.peek() == '"' else scanner.expect('"')
        scanner.expect(":")
        if key == "records":
            _check_head(head, file)
            yield from _records(scanner, file, config)
            scanner.expect("}")
            if scanner.peek():
                raise scanner.fault("text after the last }", "the end of the file")
            return
        head[key] = scanner.value()
        closed = scanner.expect(",", "}") == "}"
    _check_head(head, file)
    raise scanner.fault("no member 'records'", "a list of records")


def _check_head(head: dict[str, Any], file: str) -> None:
    if head.get("format") != FORMAT_NAME or head.get("version") != VERSION or len(head) != 2:
        raise InputError(
            f"a head of {shorten(repr(head))}",
            f'"format": "{FORMAT_NAME}", "version": {VERSION}, then "records"',
            Where(file),
            hint="see molucid_spectra.schema.json",
            code="wrong_json_format",
        )


def _records(scanner: _Scanner, file: str, config: ReadConfig) -> Iterator[Record | Rejected]:
    scanner.expect("[")
    if scanner.peek() == "]":
        scanner.expect("]")
        return
    ordinal, separator = 0, ","
    while separator == ",":
        ordinal += 1
        line = scanner.here()
        yield _record(scanner.value(), ordinal, line, file, config)
        separator = scanner.expect(",", "]")


def _record(value: Any, ordinal: int, line: int, file: str, config: ReadConfig) -> Record | Rejected:
    raw_id = value.get("id") if isinstance(value, dict) else None
    id = raw_id if isinstance(raw_id, str) and raw_id else f"{Path(file).name}#{ordinal}"
    id = id.encode("utf-8", "backslashreplace").decode()  # the row that names the record is written as UTF-8
    where = Where(file, shorten(id), line)
    try:
        check_id(id, config)
        _check_text(value)
        try:
            entry = RecordEntry.model_validate(value)
        except ValidationError as error:
            raise _from_validation(error) from None
        if any(len(spectrum.mz) > config.max_peaks for spectrum in entry.msms):
            raise too_many_peaks(config.max_peaks)
        return entry.to_record(where, config)
    except InputError as error:
        return Rejected.from_error(shorten(id), error, where)


def _check_text(value: Any) -> None:
    """Refuse half a surrogate pair in any text of a record: JSON can spell it, but no file can be written with it."""
    pending = [value]
    while pending:
        part = pending.pop()
        if isinstance(part, str):
            if not part.isascii() and (half := _SURROGATE.search(part)):
                raise InputError(
                    f"text with half a surrogate pair, {half[0]!r}",
                    "text of whole characters",
                    hint="write both halves of the pair, or the character itself",
                    code="invalid_record",
                )
        elif isinstance(part, dict):
            pending += [*part, *part.values()]
        elif isinstance(part, list):
            pending += part


def _from_validation(error: ValidationError) -> InputError:
    first = error.errors(include_url=False)[0]
    path = ".".join(str(part) for part in first["loc"]) or "the record"
    got = f"{path} = {shorten(repr(first['input']))}"
    code = "not_finite" if first["type"] == "finite_number" else "invalid_record"
    return InputError(got, first["msg"], hint="see molucid_spectra.schema.json", code=code)
