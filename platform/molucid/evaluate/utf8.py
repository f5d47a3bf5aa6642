"""Lines of a text file that must be UTF-8, with the place of the first that is not."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from molucid.errors import InputError, Where


def utf8_lines(path: Path | str) -> Iterator[str]:
    """The lines of a file with their ends as they stand, without a byte-order mark.

    Raises:
        InputError: bytes that are no UTF-8 (`invalid_text`), with file and line.
    """
    # Undecodable bytes become surrogates, which cannot be encoded: so the fault is met on its own line, not
    # somewhere in a block of lines.
    with Path(path).open(encoding="utf-8-sig", errors="surrogateescape", newline="") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                line.encode()
            except UnicodeEncodeError:
                raise InputError(
                    "bytes that are not UTF-8",
                    "text in UTF-8",
                    Where(file=str(path), line=number),
                    hint="save the file as UTF-8",
                    code="invalid_text",
                ) from None
            yield line
