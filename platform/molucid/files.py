"""Safe local files: written aside, flushed to disk, renamed; folders complete only with their manifest.

A reader therefore sees a whole file or none, and a folder whose manifest lists sizes and sha256 sums of all
its files or a folder that it must ignore. Remote stores are reached through `molucid.cluster.storage`.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from molucid.errors import InputError, Where

MANIFEST_NAME = "manifest.json"
# A write that fails for these reasons says only why, not where.
_DISK_ERRORS = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


@contextlib.contextmanager
def write_aside(path: Path | str) -> Iterator[IO[bytes]]:
    """Open a file beside `path` for writing; on success it is flushed to disk and renamed to `path`.

    On any failure (a full disk, an exception in the block) the partial file is removed and what stood at
    `path` before stays untouched. An `OSError` of a full disk names `path`.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.partial")
    try:
        with aside.open("xb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        aside.replace(target)
        sync_directory(target.parent)
    except OSError as error:
        if error.errno in _DISK_ERRORS and error.filename is None:
            error.filename = str(target)
        raise
    finally:
        aside.unlink(missing_ok=True)


def write_bytes(path: Path | str, data: bytes) -> None:
    """Write `data` to `path` as a whole or not at all."""
    with write_aside(path) as stream:
        stream.write(data)


def write_json(path: Path | str, value: Any) -> None:
    """Write `value` as indented UTF-8 JSON with sorted keys; NaN and infinity are refused."""
    text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)
    write_bytes(path, (text + "\n").encode())


def read_json(path: Path | str) -> Any:
    """Read a JSON file.

    Raises:
        InputError: the file is missing or is not JSON.
    """
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise InputError("no file", "a JSON file", Where(file=str(path)), code="missing_file") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        where = Where(file=str(path), line=getattr(error, "lineno", None))
        raise InputError(f"{error}", "JSON text", where, code="invalid_json") from None


def sync_directory(path: Path) -> None:
    """Flush the entries of a folder to disk, so that a rename in it survives a power cut."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextlib.contextmanager
def staged(folder: Path | str, last: str) -> Iterator[Path]:
    """A folder inside `folder` whose files enter `folder` by renaming, all together, when the block ends well.

    Files of its subfolders enter subfolders of the same name. A fault inside the block, a full disk for one, leaves
    the files of an earlier run as they were.

    Args:
        folder: made if it does not stand.
        last: name of the file that completes the others, by naming their sha256: files of two runs, mixed by a
            power cut between two renames, can be told.
    """
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    staging = target / f".{uuid.uuid4().hex[:8]}.partial"
    staging.mkdir()
    try:
        yield staging
        names = [path.relative_to(staging) for path in staging.rglob("*") if path.is_file()]
        for name in sorted(names, key=lambda name: (str(name) == last, name)):
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            (staging / name).replace(target / name)
        for place in {target / name.parent for name in names} | {target}:
            sync_directory(place)
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def sha256_file(path: Path | str) -> str:
    """Hexadecimal sha256 of a file's bytes."""
    with Path(path).open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def write_manifest(folder: Path | str, content: dict[str, Any]) -> dict[str, Any]:
    """Write the manifest that completes `folder`, last: `content` plus size and sha256 of every file in it.

    Returns:
        The manifest as written; its `files` maps relative POSIX paths to `{"bytes": int, "sha256": str}`.
    """
    root = Path(folder)
    files = {}
    for path in sorted(root.rglob("*")):
        name = path.relative_to(root).as_posix()
        if path.is_file() and name != MANIFEST_NAME and not path.name.endswith(".partial"):
            with path.open("rb") as stream:
                os.fsync(stream.fileno())
            files[name] = {"bytes": path.stat().st_size, "sha256": sha256_file(path)}
    manifest = {**content, "files": files}
    write_json(root / MANIFEST_NAME, manifest)
    return manifest


def read_manifest(folder: Path | str, verify: bool = True) -> dict[str, Any]:
    """Read the manifest of a complete folder and, with `verify`, check every file against it.

    Raises:
        InputError: no manifest (the folder is incomplete), one that is cut off or lists a file without its size and
            sum, or a file that is missing, of another size, or of another sha256 than listed.
    """
    root = Path(folder)
    if not (root / MANIFEST_NAME).is_file():
        raise InputError(
            f"no {MANIFEST_NAME}",
            "a complete folder",
            Where(file=str(root)),
            hint="the folder is missing or the job that wrote it was interrupted; run that job again",
            code="incomplete_folder",
        )
    manifest: dict[str, Any] = read_json(root / MANIFEST_NAME)
    if not isinstance(manifest, dict) or not isinstance(manifest.get("files"), dict):
        raise InputError(
            "JSON without a list of files",
            "a manifest as written by molucid",
            Where(file=str(root / MANIFEST_NAME)),
            code="invalid_manifest",
        )
    for name, entry in manifest["files"].items():
        if not (
            isinstance(entry, dict)
            and isinstance(entry.get("bytes"), int)
            and isinstance(entry.get("sha256"), str)
        ):
            raise InputError(
                f"{entry!r} for {name}",
                'its {"bytes": number, "sha256": text}',
                Where(file=str(root / MANIFEST_NAME)),
                hint="restore the folder, or make it again",
                code="invalid_manifest",
            )
    for name, entry in manifest["files"].items() if verify else ():
        path = root / name
        if not path.is_file():
            raise InputError(
                "no file", "the file its manifest lists", Where(file=str(path)), code="missing_file"
            )
        size, digest = path.stat().st_size, sha256_file(path)
        if size != entry["bytes"] or digest != entry["sha256"]:
            raise InputError(
                f"{size} bytes, sha256 {digest[:12]}…",
                f"{entry['bytes']} bytes, sha256 {entry['sha256'][:12]}…",
                Where(file=str(path)),
                hint="the file was changed or cut off after it was written; restore it or make it again",
                code="wrong_hash",
            )
    return manifest
