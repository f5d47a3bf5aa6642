"""The molecules inside the PyPI package `molsets` (MIT licence): 1.9 million drug-like structures.

They are those of ZINC Clean Leads. The package's own requirements no longer install, so its data are read
from the wheel file or from a package folder without importing it (Polykovskiy et al., Front. Pharmacol. 2020,
11, 565644).
"""

from __future__ import annotations

import gzip
import importlib.util
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from molucid.dataset.corpus import Molecule
from molucid.dataset.sources import smiles_file
from molucid.errors import InputError, Rejected, Where

LICENCE = "MIT (molsets); structures from ZINC"
TABLES = ("train.csv.gz", "test.csv.gz", "test_scaffolds.csv.gz")
_FOLDER = "moses/dataset/data"
_HINT = "pip download --no-deps molsets, then name the wheel: molsets:PATH.whl"


def read(wheel: Path | str | None = None) -> Iterator[Molecule | Rejected]:
    """All molecules, `train` first.

    Args:
        wheel: the package's wheel file; `None` for the installed package.

    Raises:
        InputError: neither is there, or the wheel has not the tables.
    """
    if wheel is None:
        yield from _read_installed()
        return
    if not Path(wheel).is_file():
        raise InputError("no file", "a wheel of molsets", Where(file=str(wheel)), _HINT, "missing_file")
    try:
        with zipfile.ZipFile(wheel) as archive:
            for name in TABLES:
                with archive.open(f"{_FOLDER}/{name}") as packed, gzip.open(packed) as stream:
                    yield from smiles_file.read_stream(cast(IO[bytes], stream), f"molsets/{name}", ",")
    except (zipfile.BadZipFile, KeyError) as error:
        raise InputError(
            str(error), "a wheel of molsets", Where(file=str(wheel)), _HINT, "invalid_wheel"
        ) from None


def _read_installed() -> Iterator[Molecule | Rejected]:
    spec = importlib.util.find_spec("moses")
    if spec is None or spec.origin is None:
        raise InputError(
            "no package `molsets`", "an installed one, or its wheel", hint=_HINT, code="missing_package"
        )
    for name in TABLES:
        path = Path(spec.origin).parent / "dataset" / "data" / name
        with gzip.open(path) as stream:
            yield from smiles_file.read_stream(cast(IO[bytes], stream), f"molsets/{name}", ",")
