from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from molucid.dataset.schema import StoredSample
from molucid.dataset.shards import DatasetRoot, ShardWriter, read_dataset
from molucid.errors import InputError, Rejected, Where
from molucid.files import read_manifest
from molucid.rejected import REJECTED_COLUMNS

Make = Callable[[int], StoredSample]
BAD = Rejected("x", "isotope", "got 2H", Where("corpus.smi", line=3))


def write(root: str, stored: Make, indices: tuple[int, ...] = (0, 1), **options: Any) -> ShardWriter:
    writer = ShardWriter(DatasetRoot(root, options))
    for index in indices:
        writer.write(index, [stored(4 * index + i) for i in range(4)], [BAD] * index)
    return writer


def ids(samples: Iterator[StoredSample]) -> list[str]:
    return [s.sample.evidence.id for s in samples]


def test_a_dataset_reads_as_written_and_counts_all(tmp_path: Path, stored: Make) -> None:
    writer = write(str(tmp_path), stored, (1, 0))
    manifest = writer.complete(writer.finished(), {"seed": 7})
    assert ids(read_dataset(str(tmp_path))) == [f"row{i}" for i in range(8)]
    assert (manifest["num_read"], manifest["num_samples"], manifest["num_spectra"]) == (9, 8, 16)
    assert manifest["rejected"] == {"isotope": 1}
    assert manifest["num_read"] == manifest["num_samples"] + sum(manifest["rejected"].values())
    assert manifest["provenance"] == {"seed": 7}
    rejected = pq.read_table(tmp_path / "rejected" / "part-00001.parquet")
    assert tuple(rejected.column_names) == REJECTED_COLUMNS
    fault = {"id": "x", "code": "isotope", "message": "got 2H", "hint": ""}
    assert rejected.to_pylist() == [fault | {"file": "corpus.smi", "line": 3, "record": None}]
    # The manifest is also that of a complete folder.
    assert read_manifest(tmp_path)["kind"] == "molucid.samples"


def test_the_same_rows_give_the_same_bytes(tmp_path: Path, stored: Make) -> None:
    for name, order in (("a", (0, 1)), ("b", (1, 0))):
        writer = write(str(tmp_path / name), stored, order)
        writer.complete(writer.finished(), {})
    for file in sorted(p.relative_to(tmp_path / "a") for p in (tmp_path / "a").rglob("*") if p.is_file()):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes(), file


def test_a_dataset_without_manifest_is_refused(tmp_path: Path, stored: Make) -> None:
    write(str(tmp_path), stored)
    with pytest.raises(InputError, match="run its command again") as caught:
        next(read_dataset(str(tmp_path)))
    assert caught.value.code == "incomplete_folder"


@pytest.mark.parametrize("damage", ["cut", "flip", "remove"])
def test_a_damaged_shard_is_refused_by_name(tmp_path: Path, stored: Make, damage: str) -> None:
    writer = write(str(tmp_path), stored)
    writer.complete(writer.finished(), {})
    shard = tmp_path / "data" / "part-00001.parquet"
    data = bytearray(shard.read_bytes())
    if damage == "remove":
        shard.unlink()
    elif damage == "cut":
        shard.write_bytes(data[:-1])
    else:
        data[len(data) // 2] ^= 1
        shard.write_bytes(data)
    samples = read_dataset(str(tmp_path))
    assert ids(next(samples) for _ in range(4)) == ["row0", "row1", "row2", "row3"]
    with pytest.raises(InputError, match=r"data/part-00001\.parquet"):
        next(samples)
    with pytest.raises(InputError, match=r"data/part-00001\.parquet"):
        writer.finished()


def test_a_shard_counts_as_finished_only_with_its_entry(tmp_path: Path, stored: Make) -> None:
    writer = write(str(tmp_path), stored)
    (tmp_path / "entries" / "part-00000.json").unlink()
    (tmp_path / "data" / ".part-00002.parquet.12345678.partial").write_bytes(b"half")
    assert sorted(writer.finished()) == [1]
    writer.discard_partial()
    assert [p.name for p in sorted((tmp_path / "data").iterdir())] == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]


def test_what_is_read_back_wrong_does_not_enter(
    tmp_path: Path, stored: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    honest = DatasetRoot.read

    def lose_the_end(self: DatasetRoot, name: str) -> bytes:
        data = honest(self, name)
        return data[:-8] if name.startswith("data/") else data

    monkeypatch.setattr(DatasetRoot, "read", lose_the_end)
    with pytest.raises(InputError, match="part-00000"):
        write(str(tmp_path), stored, (0,))
    assert not (tmp_path / "entries").exists()


def test_another_kind_of_folder_is_refused(tmp_path: Path) -> None:
    DatasetRoot(str(tmp_path)).write_json("manifest.json", {"kind": "molucid.packed", "version": 1})
    with pytest.raises(InputError, match=r"molucid\.packed"):
        next(read_dataset(str(tmp_path)))


def test_the_shards_are_parquet_that_others_can_read(tmp_path: Path, stored: Make) -> None:
    write(str(tmp_path), stored, (0,))
    table = pq.read_table(io.BytesIO((tmp_path / "data" / "part-00000.parquet").read_bytes()))
    assert table.column("smiles").to_pylist()[0] == "CCO"
    assert table.column("spectra").to_pylist()[0][0]["adduct"] == "[M+H]+"
