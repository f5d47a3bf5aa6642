"""Measurements of several files: Bruker and Varian data in a folder or zip archive, and which files are theirs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
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

MARKERS = ("acqus", "acqu", "procs", "procpar", "fid", "ser")
"""Files that make a folder a measurement; a folder `pdata` does, too."""

FOLDERS = ("pdata", "lists", "acqfil")
"""Folders of a measurement of which everything is the spectrometer's."""

_NAMES = ("audita.txt", "auditp.txt", "parm.txt", "integrals.txt", "peaks.txt", "thumb.png")
_SUFFIXES = ("", ".par", ".temp", ".info", ".xml", ".output", ".precomp", ".prg", ".old", ".log")


def is_of_spectrometer(name: str) -> bool:
    """Whether a file of this name in a measurement's folder is the spectrometer's."""
    # Spectrometers write many files, nearly all without an ending; spectra that a person puts beside them have one.
    return name in MARKERS or name in _NAMES or PurePosixPath(name.lower()).suffix in _SUFFIXES


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


def read_tree(tree: FileTree, format: str | None, config: ReadConfig) -> Iterator[Record | Rejected]:
    """The records of the measurements, and a row for each file that is none of theirs, which is not read.

    Args:
        tree: folder or archive.
        format: one of `FOLDER_FORMATS`; `None` for all.
        config: bounds on each file.
    """
    for name, (is_known, reader) in _READERS.items():
        if format in (None, name) and is_known(tree.names):
            yield from reader(tree, config)
    for path in _foreign(tree.names):
        fault = InputError(
            "a file beside the measurements of a folder or archive",
            "Bruker or Varian data alone",
            Where(f"{tree.path}/{path}"),
            hint="if it holds spectra, name this file, too; one in an archive has to be unpacked first",
            code="not_read",
        )
        yield Rejected.from_error(shorten(path.name), fault)


def _foreign(names: tuple[str, ...]) -> Iterator[PurePosixPath]:
    """The visible files that no measurement explains."""
    paths = [PurePosixPath(name) for name in names]
    measured = {path.parent for path in paths if path.name in MARKERS}
    measured |= {folder.parent for path in paths for folder in path.parents if folder.name == "pdata"}
    for path in paths:
        is_hidden = any(part.startswith(".") for part in path.parts)
        around = measured.intersection(path.parents)
        in_its_folder = any(path.relative_to(folder).parts[0] in FOLDERS for folder in around)
        if not (is_hidden or in_its_folder or (around and is_of_spectrometer(path.name))):
            yield path
