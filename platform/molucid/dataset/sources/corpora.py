"""A corpus by its name on the command line: where its molecules come from, and under which licence."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from molucid.dataset.corpus import Molecule
from molucid.dataset.identifiers import UsedIdentifiers
from molucid.dataset.sources import chemicals_package, massspecgym, molsets_package, smiles_file
from molucid.errors import Rejected


@dataclass(frozen=True, slots=True)
class Corpus:
    """Molecules to read.

    Attributes:
        source: name and version, kept with every sample.
        licence: of the corpus as a whole; `None` for a user's own file.
        rows: its molecules in order, the second use of an identifier rejected as `duplicate_id`; can be read once.
    """

    source: str
    licence: str | None
    rows: Iterator[Molecule | Rejected]


def open_corpus(name: str) -> Corpus:
    """Open `chemicals`, `molsets`, `molsets:WHEEL`, `massspecgym:TABLE.parquet` or a file of SMILES.

    Raises:
        InputError: a package or file that is not there (some only when the rows are read).
    """
    corpus = _open(name)
    rows = UsedIdentifiers().reject_repeated(corpus.rows, lambda molecule: molecule.id)
    return replace(corpus, rows=rows)


def _open(name: str) -> Corpus:
    kind, _, path = name.partition(":")
    if name == "chemicals":
        return Corpus(chemicals_package.source_name(), chemicals_package.LICENCE, chemicals_package.read())
    if kind == "molsets":
        return Corpus("molsets", molsets_package.LICENCE, molsets_package.read(path or None))
    if kind == "massspecgym" and path:
        return Corpus(massspecgym.SOURCE, massspecgym.LICENCE, massspecgym.read_structures(path))
    return Corpus(Path(name).name, None, smiles_file.read(name))
