from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.errors import InputError
from molucid.spectra.parquet_table import open_table


def test_a_table_with_the_columns(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1, 2], "b": ["x", "y"]}), tmp_path / "t.parquet")
    assert open_table(tmp_path / "t.parquet", ("b",)).metadata.num_rows == 2


@pytest.mark.parametrize(
    ("content", "code"),
    [(b"PAR1 and nothing that ends it", "invalid_parquet"), (b"", "invalid_parquet"), (None, "missing_file")],
)
def test_no_table_is_named(tmp_path: Path, content: bytes | None, code: str) -> None:
    path = tmp_path / "t.parquet"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=r"t\.parquet") as caught:
        open_table(path)
    assert caught.value.code == code


def test_missing_columns_are_named(tmp_path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), tmp_path / "t.parquet")
    with pytest.raises(InputError, match="a table without b, c") as caught:
        open_table(tmp_path / "t.parquet", ("a", "b", "c"))
    assert caught.value.code == "missing_column"
