"""The table of records that were refused, written alike by every command: one row per `Rejected`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from molucid.errors import Rejected
from molucid.files import write_bytes

REJECTED_COLUMNS = ("id", "code", "message", "hint", "file", "line", "record")
"""Columns of the table; an interface that only ever grows at the end."""


def rejected_values(row: Rejected) -> tuple[str | int | None, ...]:
    """The values of one row, one per column of `REJECTED_COLUMNS`."""
    where = row.where
    return (row.id, row.code, row.message, row.hint, where.file, where.line, where.record)


def write_rejected(path: Path | str, rejected: Iterable[Rejected]) -> None:
    """Write the rows to `path` as tab-separated text; a header alone says that nothing was rejected.

    Cells are never quoted: tabs and line breaks become spaces, and what is absent is empty.
    """
    lines = ["\t".join(REJECTED_COLUMNS)]
    for row in rejected:
        cells = ("" if value is None else " ".join(str(value).split()) for value in rejected_values(row))
        lines.append("\t".join(cells))
    write_bytes(path, "".join(f"{line}\n" for line in lines).encode())
