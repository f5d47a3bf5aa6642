"""Samples on disk: Parquet shards that enter a dataset by their entry, and a manifest that completes it.

    <root>/data/part-00000.parquet       samples of one range of corpus rows
    <root>/rejected/part-00000.parquet   rows of that range that gave no sample, with reasons
    <root>/entries/part-00000.json       counts, sizes and sha256 of both: written after a check of both
    <root>/manifest.json                 all entries in order: written when no shard is missing

A job that was killed finds by the entries what is done and does the rest; a reader opens a root with a
manifest only and compares every shard with it. A root is a folder or any fsspec URL, e.g.
`s3://bucket/prefix`.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from molucid.config import Config
from molucid.dataset.schema import StoredSample, check_schema, samples_to_table, table_to_samples
from molucid.errors import InputError, Rejected, Where
from molucid.files import MANIFEST_NAME, write_bytes
from molucid.rejected import REJECTED_COLUMNS, rejected_values

DATASET_KIND = "molucid.samples"
DATASET_VERSION = 1

REJECTED_SCHEMA = pa.schema(
    [pa.field(name, pa.int64() if name == "line" else pa.string()) for name in REJECTED_COLUMNS]
)
"""Columns of the rows of a corpus that gave no sample."""


class FileEntry(Config):
    """Size and sha256 of one file of a dataset."""

    bytes: int
    sha256: str


class ShardEntry(Config):
    """The account of one shard: `num_read` = `num_samples` + the sum of `rejected`."""

    index: int
    num_read: int
    num_samples: int
    num_spectra: int
    rejected: dict[str, int]
    files: dict[str, FileEntry]


class DatasetRoot:
    """One dataset's root: whole files in, whole files out.

    Args:
        url: a folder or an fsspec URL.
        storage_options: passed to the file system, e.g. `endpoint_url` of an object store.
    """

    def __init__(self, url: str, storage_options: Mapping[str, Any] | None = None) -> None:
        self.url = url.rstrip("/")
        self._fs, self._path = fsspec.core.url_to_fs(self.url, **(storage_options or {}))
        self._local = isinstance(self._fs, LocalFileSystem)

    def where(self, name: str) -> Where:
        """Place of a file, for messages."""
        return Where(file=f"{self.url}/{name}")

    def exists(self, name: str) -> bool:
        """Whether the file is there."""
        return bool(self._fs.isfile(f"{self._path}/{name}"))

    def names(self, folder: str) -> list[str]:
        """Sorted names of the files in `folder`; empty if it does not exist."""
        self._fs.invalidate_cache()
        if not self._fs.isdir(f"{self._path}/{folder}"):
            return []
        found = (path.rsplit("/", 1)[-1] for path in self._fs.ls(f"{self._path}/{folder}", detail=False))
        return sorted(name for name in found if not name.startswith("."))

    def write(self, name: str, data: bytes) -> None:
        """Write a whole file or nothing: by rename on a disk, by one object on an object store."""
        path = f"{self._path}/{name}"
        if self._local:
            write_bytes(path, data)
        else:
            self._fs.pipe_file(path, data)

    def remove_partial(self, folders: Sequence[str]) -> None:
        """Remove unfinished files of `molucid.files.write_aside`; an object store has none."""
        if self._local:
            for folder in folders:
                for path in Path(self._path, folder).glob(".*.partial"):
                    path.unlink()

    def read(self, name: str) -> bytes:
        """Read a file's bytes.

        Raises:
            InputError: no such file.
        """
        try:
            data: bytes = self._fs.cat_file(f"{self._path}/{name}")
        except FileNotFoundError:
            raise InputError(
                "no file", "the file of a dataset", self.where(name), code="missing_file"
            ) from None
        return data

    def sha256(self, name: str) -> str:
        """Hexadecimal sha256 of a file's bytes."""
        return hashlib.sha256(self.read(name)).hexdigest()

    def read_json(self, name: str) -> Any:
        """Read a JSON file's value.

        Raises:
            InputError: no such file, or not JSON.
        """
        try:
            return json.loads(self.read(name))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise InputError(str(error), "JSON text", self.where(name), code="invalid_json") from None

    def write_json(self, name: str, value: Any) -> None:
        """Write a value as JSON with sorted keys."""
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
        self.write(name, (text + "\n").encode())

    def read_checked(self, name: str, entry: FileEntry) -> bytes:
        """Read a file's bytes if they are those of its entry.

        Raises:
            InputError: the file is missing, cut off or changed.
        """
        data = self.read(name)
        digest = hashlib.sha256(data).hexdigest()
        if len(data) != entry.bytes or digest != entry.sha256:
            raise InputError(
                f"{len(data)} bytes, sha256 {digest[:12]}…",
                f"{entry.bytes} bytes, sha256 {entry.sha256[:12]}…",
                self.where(name),
                hint="the shard was changed or cut off after it was written; remove it, its file in entries/ "
                "and the manifest, and run the job again",
                code="wrong_hash",
            )
        return data


class ShardWriter:
    """Writes the shards of one dataset, in any order and from any process."""

    def __init__(self, root: DatasetRoot) -> None:
        self.root = root

    def write(self, index: int, samples: Sequence[StoredSample], rejected: Sequence[Rejected]) -> ShardEntry:
        """Write shard `index`, check what was written, and enter it.

        Returns:
            The shard's entry.

        Raises:
            InputError: what was read back is not what was written.
        """
        tables = {
            f"data/part-{index:05d}.parquet": samples_to_table(samples),
            f"rejected/part-{index:05d}.parquet": _rejected_table(rejected),
        }
        files = {}
        for name, table in tables.items():
            data = _parquet_bytes(table)
            files[name] = FileEntry(bytes=len(data), sha256=hashlib.sha256(data).hexdigest())
            self.root.write(name, data)
            self._check(name, files[name], table)
        entry = ShardEntry(
            index=index,
            num_read=len(samples) + len(rejected),
            num_samples=len(samples),
            num_spectra=sum(s.sample.evidence.num_spectra for s in samples),
            rejected=dict(sorted(Counter(row.code for row in rejected).items())),
            files=files,
        )
        self.root.write_json(_entry_name(index), entry.model_dump())
        return entry

    def discard_partial(self) -> None:
        """Remove what a killed process was writing aside; call it only while no other process writes here."""
        self.root.remove_partial(("data", "rejected", "entries"))

    def finished(self) -> dict[int, ShardEntry]:
        """Find the shards that are on disk and unchanged: what a resumed job need not do again."""
        entries = {}
        for name in self.root.names("entries"):
            entry = ShardEntry.from_mapping(
                self.root.read_json(f"entries/{name}"), f"{self.root.url}/entries/{name}"
            )
            for file, expected in entry.files.items():
                self.root.read_checked(file, expected)
            entries[entry.index] = entry
        return entries

    def complete(self, entries: Mapping[int, ShardEntry], provenance: Mapping[str, Any]) -> dict[str, Any]:
        """Write the manifest that makes the root a dataset.

        Args:
            entries: all shards `0 … n−1`.
            provenance: JSON values to keep: corpus, licence, seed, configuration, versions.

        Returns:
            The manifest: totals, `files` (name → bytes, sha256), `shards` and `provenance`.
        """
        ordered = [entries[index] for index in range(len(entries))]
        rejected: Counter[str] = Counter()
        for entry in ordered:
            rejected.update(entry.rejected)
        manifest = {
            "kind": DATASET_KIND,
            "version": DATASET_VERSION,
            "num_read": sum(e.num_read for e in ordered),
            "num_samples": sum(e.num_samples for e in ordered),
            "num_spectra": sum(e.num_spectra for e in ordered),
            "rejected": dict(sorted(rejected.items())),
            "shards": [e.model_dump(exclude={"files"}) for e in ordered],
            "files": {name: f.model_dump() for e in ordered for name, f in e.files.items()},
            "provenance": dict(provenance),
        }
        self.root.write_json(MANIFEST_NAME, manifest)
        return manifest

    def _check(self, name: str, entry: FileEntry, table: pa.Table) -> None:
        footer = pq.read_metadata(io.BytesIO(self.root.read_checked(name, entry)))
        if footer.num_rows != table.num_rows:
            raise InputError(
                f"a footer of {footer.num_rows} rows",
                f"{table.num_rows} rows",
                self.root.where(name),
                code="wrong_rows",
            )


def is_dataset(root: DatasetRoot) -> bool:
    """Whether a root holds samples, complete or not."""
    return root.exists(MANIFEST_NAME) or bool(root.names("entries")) or bool(root.names("data"))


def read_dataset_manifest(root: DatasetRoot) -> dict[str, Any]:
    """Read the manifest of a complete dataset.

    Raises:
        InputError: no manifest, or one of another kind or version.
    """
    if not root.exists(MANIFEST_NAME):
        raise InputError(
            f"no {MANIFEST_NAME}",
            "a complete dataset of samples",
            Where(file=root.url),
            hint="the job that writes it was interrupted or still runs; run its command again",
            code="incomplete_folder",
        )
    manifest: dict[str, Any] = root.read_json(MANIFEST_NAME)
    found = (manifest.get("kind"), manifest.get("version"))
    if found != (DATASET_KIND, DATASET_VERSION):
        raise InputError(
            f"kind {found[0]!r}, version {found[1]!r}",
            f"kind {DATASET_KIND!r}, version {DATASET_VERSION}",
            root.where(MANIFEST_NAME),
            code="wrong_schema",
        )
    return manifest


def read_dataset(root: DatasetRoot | str) -> Iterator[StoredSample]:
    """Read the samples of a complete dataset in order; one shard is in memory at a time.

    Raises:
        InputError: the dataset is incomplete, or a shard is missing, changed or of another schema (named).
    """
    opened = DatasetRoot(root) if isinstance(root, str) else root
    manifest = read_dataset_manifest(opened)
    for shard in manifest["shards"]:
        name = f"data/part-{shard['index']:05d}.parquet"
        data = opened.read_checked(name, FileEntry(**manifest["files"][name]))
        table = pq.read_table(io.BytesIO(data), use_threads=False)
        check_schema(table.schema, opened.where(name))
        yield from table_to_samples(table)


def _entry_name(index: int) -> str:
    return f"entries/part-{index:05d}.json"


def _parquet_bytes(table: pa.Table) -> bytes:
    stream = io.BytesIO()
    pq.write_table(table, stream, compression="zstd")
    return stream.getvalue()


def _rejected_table(rejected: Sequence[Rejected]) -> pa.Table:
    rows = [dict(zip(REJECTED_COLUMNS, rejected_values(row), strict=True)) for row in rejected]
    return pa.Table.from_pylist(rows, REJECTED_SCHEMA)
