"""A vocabulary of fragments: ordered SMARTS patterns, told apart by the hash of the list.

A vocabulary is a text file. Lines `# key: value` at its head say where it comes from, every further line is one
pattern; a plain list of SMARTS is a vocabulary without a head. Counting is in `molucid.chem.fragment_counts`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Self

from molucid.errors import InputError, Where, shorten
from molucid.files import write_bytes

MAX_FRAGMENTS = 65_535
"""Patterns that the 16-bit numbers of `FragmentCounts` can name."""

_SHIPPED = "mined_991.smarts"


@dataclass(frozen=True)
class FragmentVocabulary:
    """Fragments by number.

    Attributes:
        patterns: SMARTS; the place of one is its number.
        provenance: how the list was made, as text; empty where its file does not say. Kept by `save`.

    Raises:
        InputError: no pattern, more than 65,535, or one written twice (`invalid_vocabulary`).
    """

    patterns: tuple[str, ...]
    provenance: Mapping[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not 1 <= self.size <= MAX_FRAGMENTS:
            raise InputError(
                f"{self.size} fragments", f"1 to {MAX_FRAGMENTS} fragments", code="invalid_vocabulary"
            )
        if len(set(self.patterns)) < self.size:
            repeated = next(p for at, p in enumerate(self.patterns) if p in self.patterns[:at])
            raise InputError(f"pattern {repeated!r} twice", "each pattern once", code="invalid_vocabulary")

    @property
    def size(self) -> int:
        """Number of fragments."""
        return len(self.patterns)

    @property
    def sha256(self) -> str:
        """Hash of the ordered patterns; vocabularies of equal hash number the same fragments."""
        return hashlib.sha256("\n".join(self.patterns).encode()).hexdigest()

    @classmethod
    @cache
    def default(cls) -> Self:
        """Return the 991 fragments that come with molucid."""
        file = resources.files("molucid.chem") / "vocabularies" / _SHIPPED
        with resources.as_file(file) as path:
            return cls.load(path)

    @classmethod
    def load(cls, path: Path | str) -> Self:
        """Read a vocabulary or a plain list of SMARTS, one per line; empty lines and `#` comments are passed over.

        Raises:
            InputError: no such file or no text (`missing_file`, `invalid_vocabulary`), a line that is no SMARTS or
                stands twice (`invalid_smarts`, with its number), or patterns that are not those that the head
                promises (`wrong_hash`).
        """
        lines = _lines(path)
        provenance: dict[str, str] = {}
        places: dict[str, int] = {}
        for number, line in enumerate(lines, start=1):
            text = line.strip()
            if text.startswith("#"):
                key, separator, value = text[1:].partition(":")
                if separator and not places:
                    provenance[key.strip()] = value.strip()
            elif text:
                where = Where(file=str(path), line=number)
                check_smarts(text, where)
                if text in places:
                    raise InputError(
                        f"{shorten(text)!r} again, first on line {places[text]}",
                        "each pattern once",
                        where,
                        code="invalid_smarts",
                    )
                places[text] = number
        promised = provenance.pop("sha256", None)
        if not places:
            raise InputError(
                "no pattern", "one SMARTS per line", Where(file=str(path)), code="invalid_vocabulary"
            )
        vocabulary = cls(tuple(places), provenance)
        if promised is not None and promised != vocabulary.sha256:
            raise InputError(
                f"patterns of sha256 {vocabulary.sha256[:12]}…",
                f"sha256 {promised[:12]}…, as the head of the file says",
                Where(file=str(path)),
                hint="the list was changed after it was written: restore it, or delete its head to use it as a new one",
                code="wrong_hash",
            )
        return vocabulary

    def save(self, path: Path | str) -> None:
        """Write the head, with the sha256, and the patterns."""
        head = {**self.provenance, "sha256": self.sha256}
        lines = [f"# {key}: {' '.join(value.split())}" for key, value in head.items()]
        write_bytes(path, ("\n".join([*lines, *self.patterns]) + "\n").encode())


def check_smarts(pattern: str, where: Where | None = None) -> None:
    """Refuse what RDKit cannot read as SMARTS.

    Raises:
        InputError: code `invalid_smarts`.
    """
    from rdkit import Chem, rdBase  # a machine that only runs a model reads no patterns

    with rdBase.BlockLogs():
        query = None if len(pattern.split()) != 1 else Chem.MolFromSmarts(pattern)
    if query is None or query.GetNumAtoms() == 0:
        raise InputError(f"{shorten(pattern)!r}", "one SMARTS without spaces", where, code="invalid_smarts")


def _lines(path: Path | str) -> list[str]:
    try:
        return Path(path).read_text(encoding="utf-8-sig").splitlines()
    except FileNotFoundError:
        raise InputError("no file", "a list of SMARTS", Where(file=str(path)), code="missing_file") from None
    except UnicodeDecodeError:
        raise InputError(
            "bytes that are no UTF-8",
            "a text file of SMARTS",
            Where(file=str(path)),
            code="invalid_vocabulary",
        ) from None
