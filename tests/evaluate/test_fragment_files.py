from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.chem.fragment_vector import FragmentCounts
from molucid.errors import InputError
from molucid.evaluate.fragment_files import (
    SCHEMA,
    FragmentTable,
    read_fragment_counts,
    write_fragment_counts,
)

SHA = "a" * 64


def counts(**values):
    index = sorted(int(k[1:]) for k in values)
    return FragmentCounts(np.array(index, np.uint16), np.array([values[f"f{i}"] for i in index], np.uint16))


def test_there_and_back(tmp_path):
    table = FragmentTable({"b": counts(f0=2, f7=65535), "a": counts()}, SHA)
    write_fragment_counts(tmp_path / "f.parquet", table)
    read = read_fragment_counts(tmp_path / "f.parquet", SHA)
    assert list(read.counts) == ["b", "a"]
    np.testing.assert_array_equal(
        read.dense(["a", "b", "missing"], 8),
        [[0] * 8, [2, 0, 0, 0, 0, 0, 0, 65535], [0] * 8],
    )


def test_another_vocabulary_is_refused(tmp_path):
    write_fragment_counts(tmp_path / "f.parquet", FragmentTable({}, SHA))
    with pytest.raises(
        InputError, match="aaaaaaaaaaaa…, expected fragments of vocabulary bbbbbbbbbbbb…"
    ) as caught:
        read_fragment_counts(tmp_path / "f.parquet", "b" * 64)
    assert caught.value.code == "wrong_vocabulary"
    pq.write_table(SCHEMA.empty_table(), tmp_path / "bare.parquet")
    with pytest.raises(InputError, match="no named vocabulary"):
        read_fragment_counts(tmp_path / "bare.parquet", SHA)


def test_a_fragment_outside_the_vocabulary_is_refused():
    with pytest.raises(InputError) as caught:
        FragmentTable({"a": counts(f8=1)}, SHA).dense(["a"], 8)
    assert caught.value.code == "wrong_vocabulary"


@pytest.mark.parametrize(
    ("index", "count"),
    [([1, 2], [1]), ([2, 1], [1, 1]), ([1, 1], [1, 1]), ([1], [0]), (None, [1]), ([None], [1])],
)
def test_a_row_that_is_no_fragment_counts_is_named(tmp_path, index, count):
    schema = SCHEMA.with_metadata({b"vocabulary_sha256": SHA.encode()})
    rows = {"id": ["good", "bad"], "index": [[1], index], "count": [[1], count]}
    pq.write_table(pa.table(rows, schema), tmp_path / "f.parquet")
    with pytest.raises(InputError, match="record bad") as caught:
        read_fragment_counts(tmp_path / "f.parquet", SHA)
    assert caught.value.code == "invalid_fragments"


def test_an_identifier_twice_is_named(tmp_path):
    schema = SCHEMA.with_metadata({b"vocabulary_sha256": SHA.encode()})
    pq.write_table(
        pa.table({"id": ["a", "a"], "index": [[], []], "count": [[], []]}, schema), tmp_path / "f.parquet"
    )
    with pytest.raises(InputError, match="record a") as caught:
        read_fragment_counts(tmp_path / "f.parquet", SHA)
    assert caught.value.code == "duplicate_id"


def test_columns_of_another_type_are_refused(tmp_path):
    pq.write_table(pa.table({"id": ["a"], "index": [[0.5]], "count": [[1]]}), tmp_path / "f.parquet")
    with pytest.raises(InputError) as caught:
        read_fragment_counts(tmp_path / "f.parquet", SHA)
    assert caught.value.code == "invalid_fragments"
