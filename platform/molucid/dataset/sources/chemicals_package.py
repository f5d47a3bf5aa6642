"""The compounds inside the PyPI package `chemicals` (MIT licence): some 75 thousand real substances.

The package is located, not imported: its tables are tab-separated text with PubChem number, CAS number,
formula, mass, SMILES, InChI, InChIKey and names.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
from collections.abc import Iterator
from pathlib import Path

from molucid.dataset.corpus import Molecule
from molucid.errors import InputError, Rejected, Where

LICENCE = "MIT (chemicals); structures from PubChem"
TABLES = (
    "chemical identifiers pubchem large.tsv",
    "chemical identifiers pubchem small.tsv",
    "chemical identifiers example user db.tsv",
)
"""Tables of organic compounds; those of ions and inorganic salts are left out."""

_CAS, _SMILES = 1, 4


def source_name() -> str:
    """Name and version of the installed package, e.g. `chemicals 1.5.2`."""
    try:
        return f"chemicals {importlib.metadata.version('chemicals')}"
    except importlib.metadata.PackageNotFoundError:
        raise _missing() from None


def read() -> Iterator[Molecule | Rejected]:
    """All rows of the package's tables; the identifier is the CAS number.

    Raises:
        InputError: the package is not installed.
    """
    spec = importlib.util.find_spec("chemicals")
    if spec is None or spec.origin is None:
        raise _missing()
    yield from read_folder(Path(spec.origin).parent / "Identifiers")


def read_folder(folder: Path) -> Iterator[Molecule | Rejected]:
    """All rows of the tables in `folder`."""
    for name in TABLES:
        path = folder / name
        with path.open(encoding="utf-8") as stream:
            for number, line in enumerate(stream, start=1):
                yield _row(line.rstrip("\n").split("\t"), Where(f"chemicals/{name}", line=number))


def _missing() -> InputError:
    return InputError(
        "no package `chemicals`", "an installed one", hint="pip install chemicals", code="missing_package"
    )


def _row(cells: list[str], where: Where) -> Molecule | Rejected:
    if len(cells) <= _SMILES or not cells[_SMILES]:
        identifier = cells[_CAS] if len(cells) > _CAS else str(where)
        fault = InputError(f"{len(cells)} cells without SMILES", "a SMILES in cell 5", code="missing_smiles")
        return Rejected.from_error(identifier, fault, where)
    return Molecule(cells[_CAS], cells[_SMILES], where)
