"""What each token of the SMILES alphabet means: atom, bond, branch, ring label.

Valences are those that RDKit's valence model accepts: the normal valences of an element (Daylight theory
manual, "SMILES", normal valences of the organic subset), and for a charged atom those of the isoelectronic
neutral one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import IntEnum, auto

_VALENCES = {
    **{"H": (1,), "B": (3,), "C": (4,), "N": (3,), "O": (2,), "F": (1,), "Ne": (0,)},
    **{"Al": (3,), "Si": (4,), "P": (3, 5), "S": (2, 4, 6), "Cl": (1,), "Ar": (0,)},
    **{"Ga": (3,), "Ge": (4,), "As": (3, 5), "Se": (2, 4, 6), "Br": (1,), "Kr": (0,)},
    **{"In": (3,), "Sn": (2, 4), "Sb": (3, 5), "Te": (2, 4, 6), "I": (1, 3, 5), "Xe": (0, 2, 4, 6)},
    **{"Tl": (1, 3), "Pb": (2, 4), "Bi": (3, 5)},
}
_PERIODS = tuple(
    row.split()
    for row in ("B C N O F Ne", "Al Si P S Cl Ar", "Ga Ge As Se Br Kr", "In Sn Sb Te I Xe", "Tl Pb Bi")
)
_BRACKET = re.compile(
    r"\[(?P<isotope>\d+)?(?P<symbol>[A-Z][a-z]?|[a-z]{1,2})(?P<chirality>@{1,2})?"
    r"(?:H(?P<hydrogens>\d*))?(?P<charge>[+-]\d*)?\]"
)
_ORGANIC = frozenset(("B", "C", "N", "O", "P", "S", "F", "Cl", "Br", "I", "b", "c", "n", "o", "p", "s"))
_BOND_ORDERS = {"-": 1, "=": 2, "#": 3, "/": 1, "\\": 1}


class Kind(IntEnum):
    """What a token does."""

    ATOM = auto()
    BOND = auto()
    OPEN_BRANCH = auto()
    CLOSE_BRANCH = auto()
    RING = auto()
    DOT = auto()
    END = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class AtomToken:
    """An atom as one token writes it.

    Attributes:
        element: symbol as in a `Formula`: `C`, or `[13C]` for a labelled atom.
        aromatic: written in lower case.
        bracket: written in brackets, so its hydrogens are explicit.
        stereo: carries a tetrahedral mark.
        hydrogens: explicit hydrogens; 0 outside brackets.
        charge: formal charge.
        valences: total bond orders that are normal for it, hydrogens included, ascending; empty if it has
            none (metals).
    """

    element: str
    aromatic: bool
    bracket: bool
    stereo: bool
    hydrogens: int
    charge: int
    valences: tuple[int, ...]

    @property
    def max_bond_order(self) -> int:
        """Largest sum of bond orders to other atoms of the SMILES; an aromatic bond counts 1."""
        # Metals have no normal valence; an icosahedron of neighbours is more than any molecule here needs.
        return self.valences[-1] - self.hydrogens if self.valences else 12

    @property
    def has_hydrogen_shells(self) -> bool:
        """Whether further bonds can bring new hydrogens (valences 2, 4, 6 of sulfur and their like)."""
        return len(self.valences) > 1 and not self.bracket


@dataclass(frozen=True, slots=True)
class Token:
    """One token of the alphabet.

    Attributes:
        kind: what it does.
        atom: the atom, for `Kind.ATOM`.
        order: bond order, for `Kind.BOND`. The aromatic bond `:` is no token: RDKit never writes it.
        label: ring label, for `Kind.RING`.
        text: the token itself.
    """

    kind: Kind
    text: str
    atom: AtomToken | None = None
    order: int = 0
    label: int = 0


def read_token(text: str) -> Token:
    """Meaning of one token's text; special tokens other than `<eos>` are `Kind.OTHER`."""
    if text in _ORGANIC:
        symbol = text.capitalize()
        atom = AtomToken(symbol, text.islower(), False, False, 0, 0, _VALENCES[symbol])
        return Token(Kind.ATOM, text, atom=atom)
    if text in _BOND_ORDERS:
        return Token(Kind.BOND, text, order=_BOND_ORDERS[text])
    if text.isdigit() or (text.startswith("%") and text[1:].isdigit()):
        return Token(Kind.RING, text, label=int(text.lstrip("%")))
    if (bracket := _BRACKET.fullmatch(text)) is not None:
        return Token(Kind.ATOM, text, atom=_bracket_atom(bracket))
    kinds = {"(": Kind.OPEN_BRANCH, ")": Kind.CLOSE_BRANCH, ".": Kind.DOT, "<eos>": Kind.END}
    return Token(kinds.get(text, Kind.OTHER), text)


def _bracket_atom(match: re.Match[str]) -> AtomToken:
    symbol = match["symbol"].capitalize()
    sign = match["charge"] or ""
    charge = int(sign + "1") if len(sign) == 1 else int(sign or 0)
    hydrogens = int(match["hydrogens"] or 1) if match["hydrogens"] is not None else 0
    return AtomToken(
        element=f"[{match['isotope']}{symbol}]" if match["isotope"] else symbol,
        aromatic=match["symbol"].islower(),
        bracket=True,
        stereo=match["chirality"] is not None,
        hydrogens=hydrogens,
        charge=charge,
        valences=_valences(symbol, charge),
    )


def _valences(symbol: str, charge: int) -> tuple[int, ...]:
    if charge == 0:
        return _VALENCES.get(symbol, ())
    for row in _PERIODS:
        if symbol in row and 0 <= row.index(symbol) - charge < len(row):
            return _VALENCES[row[row.index(symbol) - charge]]
    return ()
