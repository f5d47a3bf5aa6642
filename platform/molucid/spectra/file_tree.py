"""A folder or a zip archive as a set of named files, within bounds and without a way out of it."""

from __future__ import annotations

import lzma
import os
import zipfile
import zlib
from pathlib import Path, PurePosixPath
from typing import Protocol

from molucid.errors import InputError, Where, shorten
from molucid.spectra.source import ReadConfig

ZIP_MAGIC = b"PK\x03\x04"
_BROKEN_ZIP = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    OSError,
)


class FileTree(Protocol):
    """Files below one root.

    Attributes:
        path: the folder or archive as the user named it.
        name: name of the root, without the ending of an archive.
        parent: name of the folder around the root; empty for an archive.
        names: path of every file relative to the root, sorted.
    """

    path: str
    name: str
    parent: str
    names: tuple[str, ...]

    def read(self, name: str) -> bytes:
        """Content of one of `names`.

        Raises:
            InputError: it is larger than the bounds allow, or cannot be read.
        """
        ...


class FolderTree:
    """The files of a folder; links to folders are not followed."""

    def __init__(self, folder: Path, config: ReadConfig) -> None:
        self.path, self._folder, self._config = str(folder), folder, config
        self.name, self.parent = folder.resolve().name, folder.resolve().parent.name
        names: list[str] = []
        for place, folders, files in os.walk(folder):
            folders.sort()
            names.extend((Path(place) / file).relative_to(folder).as_posix() for file in files)
            if len(names) > config.max_archive_files:
                raise _too_many_files(self.path, config)
        self.names = tuple(sorted(names))

    def read(self, name: str) -> bytes:
        """Content of one of `names`."""
        place = self._folder / name
        where = Where(str(place))
        try:
            if place.stat().st_size > self._config.max_archive_bytes:
                raise _too_large(where, self._config)
            return place.read_bytes()
        except OSError as error:
            raise InputError(str(error), "a readable file", where, code="unreadable_file") from None


class ZipTree:
    """The files of a zip archive, unpacked in memory one at a time and never to the disk."""

    def __init__(self, path: Path, config: ReadConfig) -> None:
        self.path, self.name, self.parent = str(path), path.name.removesuffix(".zip"), ""
        self._config = config
        self._left = config.max_archive_bytes
        try:
            self._archive = zipfile.ZipFile(path)
        except _BROKEN_ZIP as error:
            raise _broken(error, Where(self.path)) from None
        with self._archive:
            entries = [entry for entry in self._archive.infolist() if not entry.is_dir()]
        if len(entries) > config.max_archive_files:
            raise _too_many_files(self.path, config)
        for entry in entries:
            parts = PurePosixPath(entry.filename).parts
            if (
                "\\" in entry.filename
                or entry.filename.startswith("/")
                or ".." in parts
                or ":" in entry.filename
            ):
                raise InputError(
                    f"the name {shorten(entry.filename)!r} in an archive",
                    "names below the archive's root",
                    Where(self.path),
                    hint="pack the folder again",
                    code="unsafe_archive",
                )
        # What macOS adds beside the files is no measurement.
        self._entries = {e.filename: e for e in entries if not e.filename.startswith("__MACOSX/")}
        self.names = tuple(sorted(self._entries))

    def read(self, name: str) -> bytes:
        """Content of one of `names`."""
        where = Where(f"{self.path}/{name}")
        entry = self._entries[name]
        if entry.file_size > self._left:
            raise _too_large(where, self._config)
        try:
            with zipfile.ZipFile(self.path) as archive, archive.open(entry) as stream:
                # The announced size is the archive's word; what comes out is bounded by it.
                content = stream.read(entry.file_size + 1)
        except _BROKEN_ZIP as error:
            raise _broken(error, where) from None
        if len(content) > entry.file_size:
            raise _too_large(where, self._config)
        self._left -= len(content)
        return content


def _broken(error: Exception, where: Where) -> InputError:
    return InputError(
        f"a damaged or protected zip archive ({shorten(str(error))})",
        "a zip archive without password",
        where,
        hint="copy or pack it again",
        code="corrupt_zip",
    )


def _too_large(where: Where, config: ReadConfig) -> InputError:
    return InputError(
        f"more than {config.max_archive_bytes} bytes",
        f"at most {config.max_archive_bytes} bytes, unpacked",
        where,
        hint="pack only the files of the measurement, or raise max_archive_bytes",
        code="archive_too_large",
    )


def _too_many_files(path: str, config: ReadConfig) -> InputError:
    return InputError(
        f"more than {config.max_archive_files} files",
        f"at most {config.max_archive_files}",
        Where(path),
        hint="name the folder of one sample",
        code="archive_too_large",
    )
