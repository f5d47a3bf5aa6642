"""Molecular formulas as values: parsing, arithmetic, Hill order and masses.

Masses and abundances are those of the NIST/IUPAC tables in `molucid.chem.elements`. Nothing here needs RDKit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from molucid.chem.elements import MONOISOTOPIC_MASS
from molucid.errors import InputError

_TERM = re.compile(r"([A-Z][a-z]?)(\d*)")


class Formula(Mapping[str, int]):
    """An immutable element → count mapping; counts are positive, absent elements read as 0 by `count`."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        for element, number in counts.items():
            if element not in MONOISOTOPIC_MASS:
                raise InputError(
                    f"element {element!r}", "a chemical element with a tabulated mass", code="unknown_element"
                )
            if number < 0:
                raise InputError(f"{number} atoms of {element}", "a count ≥ 0", code="negative_count")
        self._counts = {e: int(counts[e]) for e in _hill_order(counts) if counts[e]}

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Read `C6H12O6`; repeated elements add up; charges, dots and brackets are refused.

        Raises:
            InputError: text that is not a sequence of element symbols with counts.
        """
        counts: dict[str, int] = {}
        position = 0
        stripped = text.strip()
        while position < len(stripped):
            term = _TERM.match(stripped, position)
            if term is None:
                raise InputError(
                    f"formula {text!r}",
                    "element symbols with counts, e.g. C6H12O6",
                    hint=f"remove {stripped[position]!r}; give the neutral formula without charge or brackets",
                    code="invalid_formula",
                )
            counts[term[1]] = counts.get(term[1], 0) + int(term[2] or 1)
            position = term.end()
        if not counts:
            raise InputError("an empty formula", "element symbols with counts", code="invalid_formula")
        return cls(counts)

    def count(self, element: str) -> int:
        """Number of atoms of `element`, 0 if absent."""
        return self._counts.get(element, 0)

    @cached_property
    def monoisotopic_mass(self) -> float:
        """Mass in Da of the neutral species made of the most abundant isotope of each element."""
        return sum(MONOISOTOPIC_MASS[e] * n for e, n in self._counts.items())

    @property
    def num_heavy_atoms(self) -> int:
        """Number of atoms that are not hydrogen."""
        return sum(n for e, n in self._counts.items() if e != "H")

    def __getitem__(self, element: str) -> int:
        return self._counts[element]

    def __iter__(self) -> Iterator[str]:
        return iter(self._counts)

    def __len__(self) -> int:
        return len(self._counts)

    def __add__(self, other: Formula) -> Formula:
        return Formula({e: self.count(e) + other.count(e) for e in {*self, *other}})

    def __sub__(self, other: Formula) -> Formula:
        """Difference; an `InputError` if `other` is not contained in this formula."""
        return Formula({e: self.count(e) - other.count(e) for e in {*self, *other}})

    def contains(self, other: Formula) -> bool:
        """Whether `other` is a sub-formula of this one."""
        return all(self.count(e) >= n for e, n in other.items())

    def __hash__(self) -> int:
        return hash(tuple(self._counts.items()))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Formula) and self._counts == other._counts

    def __str__(self) -> str:
        return "".join(f"{e}{n if n > 1 else ''}" for e, n in self._counts.items())

    def __repr__(self) -> str:
        return f"Formula({str(self)!r})"


def _hill_order(elements: Mapping[str, int]) -> list[str]:
    # Hill (1900): carbon, hydrogen, then alphabetical; all alphabetical where there is no carbon.
    if elements.get("C"):
        return sorted(elements, key=lambda e: (e != "C", e != "H", e))
    return sorted(elements)
