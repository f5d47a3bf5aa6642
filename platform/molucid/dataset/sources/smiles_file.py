"""Molecules of a text file: `.smi`, `.txt`, `.csv`, `.tsv`, plain or `.gz`.

Without a header line a row is `SMILES [title]`, as in Daylight's `.smi`. A header line is one with a cell
named `smiles` (any case); the title is then the cell named `title`, `name`, `id` or `identifier`.
"""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from molucid.dataset.corpus import Molecule
from molucid.errors import InputError, Rejected, Where

MAX_LINE_BYTES = 1_000_000
"""A longer line is rejected unread."""

_TITLES = ("title", "name", "id", "identifier")
_SEPARATORS = {".csv": ",", ".tsv": "\t"}


def read(path: Path | str) -> Iterator[Molecule | Rejected]:
    """The molecules of a file in order; blank lines and `#` comments before the first row are skipped.

    Raises:
        InputError: no such file.
    """
    file = Path(path)
    if not file.is_file():
        raise InputError("no file", "a file of SMILES", Where(file=str(path)), code="missing_file")
    stem = file.with_suffix("") if file.suffix == ".gz" else file
    separator = _SEPARATORS.get(stem.suffix.lower())
    with file.open("rb") as raw:
        if file.suffix == ".gz":
            with gzip.open(raw) as unpacked:
                yield from read_stream(cast(IO[bytes], unpacked), str(path), separator)
        else:
            yield from read_stream(raw, str(path), separator)


def read_stream(stream: IO[bytes], file: str, separator: str | None = None) -> Iterator[Molecule | Rejected]:
    """The molecules of an open text stream.

    Args:
        stream: uncompressed bytes.
        file: name for messages and identifiers.
        separator: cell separator; `None` for any white space, with a title that may contain blanks.
    """
    columns: tuple[int, int | None] | None = None
    max_cells: int | None = None
    for number, raw in enumerate(_lines(stream, file), start=1):
        where = Where(file, line=number)
        identifier = f"{Path(file).name}#{number}"
        if isinstance(raw, InputError):
            yield Rejected.from_error(identifier, raw, where)
            continue
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8").strip()
        except UnicodeDecodeError:
            fault = InputError("bytes that are not UTF-8", "a line of text", code="invalid_text")
            yield Rejected.from_error(identifier, fault, where)
            continue
        if not line or (columns is None and line.startswith("#")):
            continue
        if columns is None:
            found = _header(line.lower(), separator)
            if found is not None:
                columns = found
                continue
            columns = (0, 1)
            # A title of an `.smi` file may contain blanks.
            max_cells = 2 if separator is None else None
        yield _molecule(_cells(line, separator, max_cells), columns, identifier, where)


def _lines(stream: IO[bytes], file: str) -> Iterator[bytes | InputError]:
    try:
        while line := stream.readline(MAX_LINE_BYTES):
            if len(line) == MAX_LINE_BYTES and not line.endswith(b"\n"):
                while (rest := stream.readline(MAX_LINE_BYTES)) and not rest.endswith(b"\n"):
                    pass
                yield InputError(f"more than {MAX_LINE_BYTES} bytes", "one SMILES", code="line_too_long")
            else:
                yield line
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        yield InputError(
            f"a damaged gzip stream ({error})",
            "a whole file",
            hint=f"fetch {file} again; the rows before this one were read",
            code="truncated_file",
        )


def _cells(line: str, separator: str | None, max_cells: int | None) -> list[str]:
    cells = line.split(separator) if max_cells is None else line.split(separator, max_cells - 1)
    return [cell.strip().strip('"') for cell in cells]


def _header(lowered: str, separator: str | None) -> tuple[int, int | None] | None:
    cells = _cells(lowered, separator, max_cells=None)
    if "smiles" not in cells:
        return None
    title = next((cells.index(name) for name in _TITLES if name in cells), None)
    return cells.index("smiles"), title


def _molecule(
    cells: list[str], columns: tuple[int, int | None], identifier: str, where: Where
) -> Molecule | Rejected:
    smiles_column, title_column = columns
    if smiles_column >= len(cells) or not cells[smiles_column]:
        fault = InputError(
            f"{len(cells)} cells", f"a SMILES in cell {smiles_column + 1}", code="missing_smiles"
        )
        return Rejected.from_error(identifier, fault, where)
    has_title = title_column is not None and title_column < len(cells) and cells[title_column]
    title = cells[title_column] if has_title and title_column is not None else identifier
    return Molecule(title, cells[smiles_column], where)
