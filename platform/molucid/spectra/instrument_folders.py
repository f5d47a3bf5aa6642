"""Measurements of several files: Bruker and Varian data in a folder or zip archive."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from pathlib import Path, PurePosixPath

from molucid.errors import InputError, Rejected, Where, shorten
from molucid.spectra.file_tree import ZIP_MAGIC, FileTree, ZipTree
from molucid.spectra.formats import bruker, varian
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record

_READERS: dict[
    str,
    tuple[Callable[[tuple[str, ...]], bool], Callable[[FileTree, ReadConfig], Iterator[Record | Rejected]]],
] = {
    "bruker": (bruker.is_bruker, bruker.read),
    "varian": (varian.is_varian, varian.read),
}
"""What tells a format by the names of the files, and its reader."""

FOLDER_FORMATS = tuple(_READERS)
"""Names of the formats."""

_OF_A_MEASUREMENT = frozenset(("acqus", "procs", "procpar", "fid", "ser"))


def is_zip(path: Path) -> bool:
    """Whether a file begins as a zip archive."""
    try:
        with path.open("rb") as stream:
            return stream.read(len(ZIP_MAGIC)) == ZIP_MAGIC
    except OSError:
        return False


def open_tree(path: Path, config: ReadConfig) -> FileTree:
    """The files of a folder or archive, if they are those of a format that is known.

    Raises:
        InputError: they are of none.
    """
    tree: FileTree = bruker.open_folder(path, config) if path.is_dir() else ZipTree(path, config)
    if any(is_known(tree.names) for is_known, _ in _READERS.values()):
        return tree
    raise InputError(
        "a folder" if path.is_dir() else "a zip archive of no known format",
        "a spectra file, or a folder or zip archive of Bruker or Varian data",
        Where(str(path)),
        hint="name the files in it, e.g. folder/*.mgf",
        code="is_a_folder" if path.is_dir() else "unknown_format",
    )


def read_tree(
    tree: FileTree, format: str | None, config: ReadConfig, endings: Collection[str]
) -> Iterator[Record | Rejected]:
    """The records of the measurements, and a row for each other spectra file beside them, which is not read.

    Args:
        tree: folder or archive.
        format: one of `FOLDER_FORMATS`; `None` for all.
        config: bounds on each file.
        endings: of names of spectra files, e.g. `.mgf`.
    """
    for name, (is_known, reader) in _READERS.items():
        if format in (None, name) and is_known(tree.names):
            yield from reader(tree, config)
    measured = {path.parent for path in map(PurePosixPath, tree.names) if path.name in _OF_A_MEASUREMENT}
    for path in map(PurePosixPath, tree.names):
        ending = PurePosixPath(path.name.lower().removesuffix(".gz")).suffix
        if ending in endings and not measured & set(path.parents):
            fault = InputError(
                "a spectra file beside the measurements of a folder or archive",
                "Bruker or Varian data alone",
                Where(f"{tree.path}/{path}"),
                hint="name this file, too; one in an archive has to be unpacked first",
                code="not_read",
            )
            yield Rejected.from_error(shorten(path.name), fault)
