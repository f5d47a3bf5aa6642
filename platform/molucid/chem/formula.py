"""Molecular formulas as values: parsing, arithmetic, Hill order and masses.

Masses are those of `molucid.chem.elements`. Labelled atoms are elements of their own, written as in SMILES
(`[2H]`, `[13C]`). Nothing here needs RDKit.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cached_property

from molucid.chem.elements import ISOTOPE_MASS, MONOISOTOPIC_MASS
from molucid.errors import InputError, shorten

_ATOM_MASS = MONOISOTOPIC_MASS | ISOTOPE_MASS
_TERM = re.compile(r"(\[\d+[A-Z][a-z]?\]|[A-Z][a-z]?)(\d*)")
_CHARGED = re.compile(
    r"\[(?P<inner>.+)\](?P<count>\d*)(?P<signs>\++|-+)|(?P<bare>.+?)(?P<tail>(?:\++|-+)\d*)"
)
_LONGEST_COUNT = 6
_HYDROGENS = ("H", "[2H]", "[3H]")
_SHORT_ISOTOPES = {"D": "[2H]", "T": "[3H]"}


class Formula(Mapping[str, int]):
    """An immutable element → count mapping; counts are positive, absent elements read as 0 by `count`."""

    def __init__(self, counts: Mapping[str, int]) -> None:
        for element, number in counts.items():
            if element not in _ATOM_MASS:
                raise InputError(
                    f"element {element!r}",
                    "a chemical element with a tabulated mass",
                    hint="correct the symbol; capitals count: Co is cobalt, CO is carbon and oxygen",
                    code="unknown_element",
                )
            if number < 0:
                raise InputError(f"{number} atoms of {element}", "a count ≥ 0", code="negative_count")
        self._counts = {e: int(counts[e]) for e in _hill_order(counts) if counts[e]}

    @classmethod
    def parse(cls, text: str) -> Formula:
        """Read `C6H12O6`; repeated elements add up; charges, dots and brackets are refused.

        Labelled atoms are read as `[13C]2` or, for hydrogen, `D` and `T`.

        Raises:
            InputError: text that is not element symbols with counts (code `invalid_formula`), or an
                element without a mass (code `unknown_element`).
        """
        counts: dict[str, int] = {}
        position = 0
        stripped = text.strip()
        while position < len(stripped):
            term = _TERM.match(stripped, position)
            if term is None or len(term[2]) > _LONGEST_COUNT:
                raise InputError(
                    f"formula {shorten(text)!r}",
                    "element symbols with counts, e.g. C6H12O6",
                    hint=f"correct {shorten(stripped[position:], 20)!r}; give no charge, dot or parenthesis",
                    code="invalid_formula",
                )
            element = _SHORT_ISOTOPES.get(term[1], term[1])
            counts[element] = counts.get(element, 0) + int(term[2] or 1)
            position = term.end()
        if not counts:
            raise InputError("an empty formula", "element symbols with counts", code="invalid_formula")
        return cls(counts)

    def count(self, element: str) -> int:
        """Return the number of atoms of `element`, 0 if absent."""
        return self._counts.get(element, 0)

    @cached_property
    def monoisotopic_mass(self) -> float:
        """Mass in Da of the neutral species made of the most abundant isotope of each element."""
        return sum(_ATOM_MASS[e] * n for e, n in self._counts.items())

    @property
    def num_heavy_atoms(self) -> int:
        """Number of atoms that are not hydrogen."""
        return sum(n for e, n in self._counts.items() if e not in _HYDROGENS)

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

    def __mul__(self, factor: int) -> Formula:
        """Atoms of `factor` ≥ 0 such molecules."""
        return Formula({e: n * factor for e, n in self._counts.items()})

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


def parse_charged_formula(text: str) -> tuple[Formula, int]:
    """Read a formula that may carry a charge, as MassBank writes cations: its atoms, and the signed charge.

    Accepts `C6H12O6` (charge 0), `C10H20N+`, `[C10H20N]+`, `[C6H4O8]2-`, `C6H4O8--` and `C6H4O8-2`.

    Raises:
        InputError: as `Formula.parse`.
    """
    stripped = text.strip()
    matched = _CHARGED.fullmatch(stripped)
    if matched is None:
        return Formula.parse(stripped), 0
    if matched["inner"] is not None:
        number = int(matched["count"][:_LONGEST_COUNT] or len(matched["signs"]))
        return Formula.parse(matched["inner"]), number if matched["signs"][0] == "+" else -number
    signs = matched["tail"].rstrip("0123456789")
    digits = matched["tail"][len(signs) :][:_LONGEST_COUNT]
    number = int(digits or len(signs))
    return Formula.parse(matched["bare"]), number if signs[0] == "+" else -number


def _hill_order(elements: Mapping[str, int]) -> list[str]:
    # Hill (1900): carbon, hydrogen, then alphabetical; all alphabetical where there is no carbon. A labelled
    # atom stands after its element.
    symbols = {element: element.strip("[]0123456789") for element in elements}
    has_carbon = any(symbols[element] == "C" and number for element, number in elements.items())
    first = ("C", "H") if has_carbon else ()
    return sorted(elements, key=lambda e: (symbols[e] not in first, symbols[e], e != symbols[e], e))
