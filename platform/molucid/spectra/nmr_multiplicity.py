"""Words for the splitting of a multiplet, and which couplings they stand for.

Canonical names: `s d t q quint sext sept oct non` and their composites as written (`dd`, `dt`, `tquint`), `m` for
everything that is not first order, and `br ` before any of them. `p` is read as a quintet and `h` as
a sextet, as MestReNova writes them. That a splitting is only apparent is not kept.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from molucid.errors import InputError, shorten

CARBON_TYPES = ("S", "D", "T", "Q")
"""What stands for a ¹³C signal's splitting: that by its 0, 1, 2 or 3 hydrogens, which decoupling hides."""

_CARBON_TYPE_OF = {"C": "S", "CQ": "S", "CH": "D", "CH2": "T", "CH3": "Q"} | {
    name: name for name in CARBON_TYPES
}

PARTNERS = {"s": 0, "d": 1, "t": 2, "q": 3, "quint": 4, "sext": 5, "sept": 6, "oct": 7, "non": 8}
"""Canonical simple splitting → number of equal coupling partners of spin ½."""

_SPELLINGS = {
    "quint": ("quintuplets", "quintuplet", "quintets", "quintet", "quintett", "quint", "quin", "qui"),
    "sext": ("sextuplet", "sextets", "sextet", "sextett", "sext", "sex", "sxt", "hextet", "hext", "hex", "h"),
    "sept": ("septuplet", "septets", "septet", "septett", "sept", "sep", "spt", "heptets", "heptet", "hept"),
    "oct": ("octets", "octet", "oct"),
    "non": ("nonets", "nonet", "non"),
    "q": ("quadruplets", "quadruplet", "quartets", "quartet", "quartett", "quart", "quar", "q"),
    "s": ("singlets", "singlet", "singulet", "singulett", "sing", "s"),
    "d": ("doublets", "doublet", "dublet", "dublett", "doub", "d"),
    "t": ("triplets", "triplet", "triplett", "trip", "t"),
}
_PENTET = ("pentets", "pentet", "pent", "p")
_NAME_OF = {word: name for name, words in _SPELLINGS.items() for word in words}
_NAME_OF |= dict.fromkeys(_PENTET, "quint")
_LONGEST_FIRST = "|".join(sorted(_NAME_OF, key=len, reverse=True))
_ONE = re.compile(_LONGEST_FIRST)
_COMPOSITE = re.compile(f"(?:{_LONGEST_FIRST})+")
_BROAD = re.compile(r"\b(?:broadened|broad|br)|^b(?=[sdtqm]$| )|(?<=[sdtqm])(?:br|b)$")
_DROPPED = re.compile(
    r"\b(?:app?t?|apparent|apparently|pseudo|virt(?:ual)?|overlapp(?:ing|ed)|overlap|obscured|partially|complex|"
    r"unresolved|distorted|very|slightly|of|like|signal|sharp)\b"
)
_MULTIPLET = re.compile(r"(?:multiplets?|multiplett|mult|multi|[dtq]{0,3}m|mc|mm|cm)")
# AB, ABq, ABX, AA'BB' and their like: systems of higher order.
_HIGHER_ORDER = re.compile(
    r"A[A'2]*[BMX][BMX'2]*C?\s*(?:part)?\s*(?:q|m|d|dd|t|quartet|syst(?:em)?|type|pattern|spin system)?"
)


_LONGEST_LABEL = 2


def parse_multiplicity(text: str) -> str:
    """Canonical name of the splitting that `text` names: `br. s`, `app t`, `doublet of doublets`, `ddt`, `ABq`.

    Raises:
        InputError: `unknown_multiplicity`.
    """
    name = known_multiplicity(text)
    if name is None:
        raise InputError(
            f"multiplicity {shorten(text)!r}",
            "s, d, t, q, quint, sext, sept, m, a composite as dd or dt, or br before it",
            hint="correct the word; m stands for what is not first order",
            code="unknown_multiplicity",
        )
    return name


def carbon_type(text: str) -> str | None:
    """One of `CARBON_TYPES` for a capital or a group (`CH3`, `Cq`); `None` for text that is neither."""
    # A small letter is a splitting: d is a doublet, D a CH.
    return _CARBON_TYPE_OF.get(text if len(text) == 1 else text.upper())


def known_multiplicity(text: str) -> str | None:
    """As `parse_multiplicity`, with `None` for text that names no splitting."""
    if not 0 < len(text) <= 60:
        return None
    # Short words with a capital are labels (H, Ph, Th) unless they can only be meant as a splitting.
    if text == "ph" or (len(text) <= _LONGEST_LABEL and not text.islower() and set(text) - set("SDTQM")):
        return None
    words = re.sub(r"[.\-_]+", " ", text.lower())
    broad = _BROAD.search(words) is not None
    words = _DROPPED.sub(" ", _BROAD.sub(" ", words)).strip()
    letters = re.sub(r"\s+", "", words)
    if not letters:
        return "br s" if broad else None
    if _MULTIPLET.fullmatch(letters) or _HIGHER_ORDER.fullmatch(re.sub(r"[.\-_]+", " ", text).strip()):
        name = "m"
    elif _COMPOSITE.fullmatch(letters):
        parts = [_NAME_OF[part] for part in _ONE.findall(letters)]
        if "s" in parts and len(parts) > 1:
            return None
        name = "".join(parts)
    else:
        return None
    return f"br {name}" if broad else name


def coupling_partners(multiplicity: str) -> tuple[int, ...] | None:
    """Equal partners behind each coupling of a canonical name: `dt` is (1, 2); `None` for `m`."""
    letters = multiplicity.removeprefix("br ")
    if letters == "m":
        return None
    return tuple(PARTNERS[part] for part in _CANONICAL.findall(letters))


_CANONICAL = re.compile("|".join(sorted(PARTNERS, key=len, reverse=True)))


def couplings_per_partner(multiplicity: str | None, values_hz: Sequence[float]) -> tuple[float, ...]:
    """Each coupling once per partner, falling: `q` with 7.1 is (7.1, 7.1, 7.1), `dt` with 8 and 2 is (8, 2, 2).

    Values that are not one per splitting of the name are taken as they are.
    """
    partners = coupling_partners(multiplicity) if multiplicity is not None else None
    if partners is not None and len(partners) == len(values_hz):
        values_hz = [value for value, number in zip(values_hz, partners, strict=True) for _ in range(number)]
    return tuple(sorted(values_hz, reverse=True))
