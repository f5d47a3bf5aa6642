"""Which entries of a folder are data as a spectrometer wrote them, and which lie beside those.

A folder is a measurement if it holds `acqus`, `procs`, `procpar`, `fid`, `ser` or a folder `pdata` itself. Numbered
Bruker experiments and Varian measurements in one folder belong to that folder; a measurement that holds a spectra file
of another kind, too, is a compound's folder and stands for itself.
"""

from __future__ import annotations

from pathlib import Path

from molucid.spectra.formats.sirius import LABELS_NAME
from molucid.spectra.instrument_folders import FOLDERS, MARKERS, is_of_spectrometer
from molucid.spectra.read import is_spectra_file


def is_measurement(folder: Path) -> bool:
    """Whether a folder itself holds the files of one Bruker or Varian measurement."""
    return any((folder / name).is_file() for name in MARKERS) or (folder / "pdata").is_dir()


def visible(folder: Path) -> list[Path]:
    """The entries of a folder by name, without those that begin with a dot.

    Raises:
        OSError: it may not be read.
    """
    return sorted(entry for entry in folder.iterdir() if not entry.name.startswith("."))


def split(folder: Path) -> tuple[list[Path], list[Path]]:
    """The visible entries of a folder that are measurements or parts of one, and the others.

    Raises:
        OSError: the folder may not be read.
    """
    is_one = is_measurement(folder)
    measured: list[Path] = []
    others: list[Path] = []
    for entry in visible(folder):
        if entry.is_dir():
            is_own = (is_one and entry.name in FOLDERS) or _is_own_experiment(entry)
        else:
            is_own = is_one and is_of_spectrometer(entry.name)
        (measured if is_own else others).append(entry)
    return measured, others


def holds_more(folder: Path) -> bool:
    """Whether a folder holds measurements or folders, and is no folder of labelled spectra.

    Raises:
        OSError: the folder may not be read.
    """
    measured, others = split(folder)
    return not (folder / LABELS_NAME).is_file() and bool(measured or any(entry.is_dir() for entry in others))


def _is_own_experiment(entry: Path) -> bool:
    is_varian = (entry / "procpar").is_file() or entry.suffix == ".fid"
    if not (is_varian or entry.name.isdigit()):
        return False
    try:
        return is_measurement(entry) and not any(is_spectra_file(file) for file in split(entry)[1])
    except OSError:
        return False
