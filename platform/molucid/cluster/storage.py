"""Run folders on a local disk or in an object store, behind one root: an fsspec URL.

Uploads are retried. A file appears whole or not at all on either kind of root (renamed into place, or put as
one object), and a folder is complete when its manifest is there, which is written last.
"""

from __future__ import annotations

import errno
import hashlib
import json
import logging
import shutil
import time
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import fsspec
from pydantic import NonNegativeFloat, PositiveInt

from molucid.config import Config
from molucid.errors import InputError, Where
from molucid.files import MANIFEST_NAME, sha256_file, write_aside, write_json

log = logging.getLogger(__name__)

Entries = dict[str, dict[str, Any]]
"""Files of a folder as its manifest lists them: relative path → `{"bytes": int, "sha256": str}`."""

T = TypeVar("T")


class RetryConfig(Config):
    """How a failed transfer is repeated.

    Attributes:
        attempts: tries in all.
        first_wait_s: pause before the second try; doubled before each further one.
        longest_wait_s: bound of that pause.
    """

    attempts: PositiveInt = 6
    first_wait_s: NonNegativeFloat = 0.5
    longest_wait_s: NonNegativeFloat = 30.0


def with_retry(action: Callable[[], T], what: str, config: RetryConfig) -> T:
    """Do `action` until it succeeds; a fault that waiting cannot cure is raised at once."""
    wait_s = config.first_wait_s
    for attempt in range(1, config.attempts + 1):
        try:
            return action()
        except (FileNotFoundError, PermissionError, IsADirectoryError, NotADirectoryError):
            raise
        except _transient_errors() as error:
            if attempt == config.attempts or _is_disk_full(error):
                raise
            following = f"try {attempt + 1} of {config.attempts} in {wait_s:.1f} s"
            log.warning("%s failed (%s); %s", what, error, following)
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, config.longest_wait_s)
    raise AssertionError("the last attempt returns or raises")


class Root:
    """A folder, local or remote.

    Args:
        url: a local path, or an fsspec URL such as `s3://bucket/prefix`.
        retry: of transfers.

    Raises:
        InputError: a scheme whose fsspec driver is not installed.
    """

    def __init__(self, url: str | Path, retry: RetryConfig | None = None) -> None:
        self._retry = retry or RetryConfig()
        try:
            self._fs, path = fsspec.core.url_to_fs(str(url))
        except (ValueError, ImportError) as error:
            raise InputError(
                f"{str(url)!r} ({error})",
                "a path, or a URL such as s3://bucket/prefix",
                hint="for s3:// install s3fs",
                code="unknown_storage",
            ) from error
        protocol = self._fs.protocol
        names = (protocol,) if isinstance(protocol, str) else tuple(protocol)
        self.local: Path | None = Path(path) if "file" in names else None
        self._path = PurePosixPath(path)
        self.url = str(self.local) if self.local is not None else f"{names[0]}://{path}"

    def __truediv__(self, name: str) -> Root:
        return Root(f"{self.url.rstrip('/')}/{name}", self._retry)

    def __str__(self) -> str:
        return self.url

    @property
    def name(self) -> str:
        """Last part of the path."""
        return self._path.name

    @property
    def filesystem(self) -> fsspec.AbstractFileSystem:
        """The fsspec file system of the root."""
        return self._fs

    @property
    def path(self) -> str:
        """Path of the root on its file system, without the scheme."""
        return str(self._path)

    def exists(self, name: str) -> bool:
        """Whether a file or folder of that name is there."""
        self._fs.invalidate_cache()
        return bool(with_retry(lambda: self._fs.exists(self._at(name)), f"looking for {name}", self._retry))

    def folders(self) -> list[str]:
        """Names of the folders directly inside, sorted; none if this one does not exist."""
        self._fs.invalidate_cache()
        if not self._fs.isdir(str(self._path)):
            return []
        rows = with_retry(lambda: self._fs.ls(str(self._path), detail=True), f"listing {self}", self._retry)
        return sorted(PurePosixPath(row["name"]).name for row in rows if row["type"] == "directory")

    def put_file(self, source: Path, name: str) -> dict[str, Any]:
        """Copy one local file to `name`, whole or not at all; returns its entry of a manifest."""
        entry = {"bytes": source.stat().st_size, "sha256": sha256_file(source)}
        with_retry(lambda: self._put(source, name), f"writing {self}/{name}", self._retry)
        return entry

    def put_folder(self, source: Path) -> Entries:
        """Copy all files of a local folder to this one; returns their entries of a manifest."""
        files = sorted(path for path in source.rglob("*") if path.is_file())
        return {
            name: self.put_file(path, name)
            for path in files
            if (name := path.relative_to(source).as_posix()) != MANIFEST_NAME
        }

    def complete(self, content: dict[str, Any], entries: Entries) -> None:
        """Write the manifest that completes this folder, last; `entries` are of all files put into it."""
        self.put_json(MANIFEST_NAME, {**content, "files": entries})

    def put_json(self, name: str, value: Any) -> None:
        """Write `value` as JSON."""
        if self.local is not None:
            write_json(self.local / name, value)
            return
        text = json.dumps(value, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False) + "\n"
        with_retry(lambda: self._fs.pipe_file(self._at(name), text.encode()), f"writing {name}", self._retry)

    def sha256(self, name: str) -> str:
        """Hexadecimal sha256 of a file's bytes.

        Raises:
            InputError: no such file.
        """
        try:
            data = with_retry(lambda: self._fs.cat_file(self._at(name)), f"reading {name}", self._retry)
        except FileNotFoundError:
            where = Where(file=f"{self}/{name}")
            raise InputError("no file", f"a folder with its {name}", where, code="missing_file") from None
        return hashlib.sha256(data).hexdigest()

    def get_file(self, name: str, target: Path) -> None:
        """Copy a file of this folder to a local path."""
        with_retry(
            lambda: self._fs.get_file(self._at(name), str(target)), f"reading {self}/{name}", self._retry
        )

    def fetch(self, target: Path) -> Path:
        """Give this folder as a local one: itself where it is local, else a copy in `target`."""
        if self.local is not None:
            return self.local
        with_retry(
            lambda: self._fs.get(f"{self._path}/", f"{target}/", recursive=True),
            f"reading {self}",
            self._retry,
        )
        return target

    def remove(self) -> None:
        """Remove this folder; its manifest goes first, so that no reader takes what is left for complete."""
        if self.exists(MANIFEST_NAME):
            self._fs.rm_file(self._at(MANIFEST_NAME))
        if self._fs.exists(str(self._path)):
            with_retry(lambda: self._fs.rm(str(self._path), recursive=True), f"removing {self}", self._retry)

    def _at(self, name: str) -> str:
        return str(self._path / name)

    def _put(self, source: Path, name: str) -> None:
        if self.local is None:
            self._fs.put_file(str(source), self._at(name))
            return
        with source.open("rb") as reading, write_aside(self.local / name) as writing:
            shutil.copyfileobj(reading, writing, 1 << 20)


def _transient_errors() -> tuple[type[Exception], ...]:
    try:
        from botocore.exceptions import BotoCoreError
    except ImportError:
        return (OSError,)
    return (OSError, BotoCoreError)


def _is_disk_full(error: Exception) -> bool:
    return isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EROFS)
