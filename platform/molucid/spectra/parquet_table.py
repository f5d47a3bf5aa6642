"""Opening a Parquet table that a user gives."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from molucid.errors import InputError, Where

_MAGIC = b"PAR1"


def open_table(path: Path | str, columns: Collection[str] = ()) -> pq.ParquetFile:
    """Open a table that has at least `columns`.

    Raises:
        InputError: no file (`missing_file`), a damaged one or none of Parquet (`invalid_parquet`), or a column is
            missing (`missing_column`).
    """
    where = Where(file=str(path))
    if not Path(path).is_file():
        raise InputError("no file", "a Parquet table", where, code="missing_file")
    try:
        table = pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise InputError(
            f"a file that is no whole Parquet table ({error})",
            "a Parquet table",
            where,
            hint="it may be cut off: copy or download it again",
            code="invalid_parquet",
        ) from None
    missing = sorted(set(columns) - set(table.schema_arrow.names))
    if missing:
        raise InputError(
            f"a table without {', '.join(missing)}",
            f"the columns {', '.join(columns)}",
            where,
            code="missing_column",
        )
    return table


def has_columns(path: Path | str, columns: Collection[str]) -> bool:
    """Whether a file is a Parquet table with at least `columns`.

    Raises:
        InputError: a file that begins like a Parquet table and is damaged (`invalid_parquet`).
    """
    with Path(path).open("rb") as stream:
        if stream.read(len(_MAGIC)) != _MAGIC:
            return False
    return set(columns) <= set(open_table(path).schema_arrow.names)
