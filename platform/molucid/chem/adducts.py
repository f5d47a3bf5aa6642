"""Ion species: the fixed vocabulary of adducts, the spellings that real files use, and their m/z arithmetic.

A spelling is read by its composition, so that `[M-H2O+H]+`, `[M+H-H2O]+` and `M+H-H2O` are one adduct, as are
`[M+HCOO]-` and `[M+FA-H]-`. The m/z of an ion is (n·M + gained − lost − z·mₑ) / |z| with M the mass of the
molecule's atoms, as in Huang et al., J. Am. Soc. Mass Spectrom. 1999, 10, 1166; the electron counts.
"""

from __future__ import annotations

import difflib
import re
from dataclasses import dataclass
from functools import cached_property, lru_cache

from molucid.chem.elements import ELECTRON_MASS
from molucid.chem.formula import Formula
from molucid.errors import InputError, shorten


@dataclass(frozen=True)
class Adduct:
    """One ion species of a molecule M.

    M stands for the molecule as drawn, with its formal charge if it has one: a quaternary ammonium ion is
    observed as `[M]+`.

    Attributes:
        name: canonical name, one of `ADDUCTS`.
        charge: charge of the ion, with sign, in elementary charges; never 0.
        multiplicity: number of molecules M in the ion.
        gained: atoms added to them.
        lost: atoms removed from them.
    """

    name: str
    charge: int
    multiplicity: int
    gained: Formula
    lost: Formula

    @property
    def polarity(self) -> int:
        """+1 or −1."""
        return 1 if self.charge > 0 else -1

    @cached_property
    def mass_shift(self) -> float:
        """Mass in Da of the ion less that of its molecules M; the electrons lost or gained are counted."""
        return self.gained.monoisotopic_mass - self.lost.monoisotopic_mass - self.charge * ELECTRON_MASS

    def precursor_mz(self, formula: Formula) -> float:
        """Monoisotopic m/z of this ion of a molecule of `formula`.

        Raises:
            InputError: the molecule has not the atoms that the ion loses.
        """
        self.ion_formula(formula)
        return (self.multiplicity * formula.monoisotopic_mass + self.mass_shift) / abs(self.charge)

    def neutral_mass(self, precursor_mz: float) -> float:
        """Monoisotopic mass in Da of M for an ion seen at `precursor_mz`."""
        return (precursor_mz * abs(self.charge) - self.mass_shift) / self.multiplicity

    def ion_formula(self, formula: Formula) -> Formula:
        """Atoms of this ion of a molecule of `formula`.

        Raises:
            InputError: the molecule has not the atoms that the ion loses.
        """
        whole = formula * self.multiplicity + self.gained
        if not whole.contains(self.lost):
            raise InputError(
                f"formula {formula} with adduct {self.name}",
                f"a molecule that can lose {self.lost}",
                hint="check the adduct and the formula against each other",
                code="adduct_does_not_fit",
            )
        return whole - self.lost


ADDUCTS: tuple[str, ...] = (
    # the common ones of ESI libraries
    *("[M+H]+", "[M+Na]+", "[M+NH4]+", "[M+K]+", "[M]+", "[M-H2O+H]+"),
    *("[M-H]-", "[M+Cl]-", "[M+HCOO]-", "[M+CH3COO]-", "[M-H2O-H]-", "[M]-", "[M]+*", "[M]-*"),
    # positive: metals, in-source losses, solvents
    *("[M+Li]+", "[M-2H2O+H]+", "[M-3H2O+H]+", "[M-NH3+H]+", "[M-CO2+H]+", "[M-C6H10O5+H]+", "[M-H]+"),
    *("[M+2Na-H]+", "[M+2K-H]+", "[M+H2O+H]+", "[M+CH3OH+H]+", "[M+C2H3N+H]+", "[M+C2H3N+Na]+"),
    *("[M+C2H6OS+H]+", "[M+C3H8O+H]+", "[M-H2O+NH4]+"),
    # positive: several charges, several molecules
    *("[M+2H]2+", "[M+H+Na]2+", "[M+H+K]2+", "[M+H+NH4]2+", "[M+2Na]2+", "[M+Ca]2+", "[M]2+"),
    *("[M+3H]3+", "[M+2H+Na]3+", "[M+4H]4+"),
    *("[2M+H]+", "[2M+Na]+", "[2M+NH4]+", "[2M+K]+", "[3M+H]+", "[3M+Na]+"),
    # negative: in-source losses, metals, anions
    *("[M-2H]-", "[M-CH3]-", "[M-CO2-H]-", "[M-NH3-H]-", "[M-C6H10O5-H]-", "[M+Na-2H]-", "[M+K-2H]-"),
    *("[M+F]-", "[M+Br]-", "[M+I]-", "[M+NO3]-", "[M+C2F3O2]-", "[M+HSO4]-", "[M+H2PO4]-"),
    # negative: several charges, several molecules
    *("[M-2H]2-", "[M-3H]3-", "[2M-H]-", "[2M+Na-2H]-", "[2M+HCOO]-", "[2M+CH3COO]-", "[2M+Cl]-", "[3M-H]-"),
    # losses of substituents and conjugates
    *("[M-CH3]+", "[M-SO3+H]+", "[M-SO3-H]-", "[M-C6H8O6+H]+", "[M-C6H8O6-H]-", "[M-C6H10O4+H]+"),
    "[M-C12H20O9+H]+",
)
"""The vocabulary of canonical names. Its order is that of a model's adduct embedding and so part of every
checkpoint: new names are appended, none is ever inserted or removed."""

# Names that files use for molecules, not written as formulas.
_ABBREVIATIONS = {
    "FA": "CH2O2",
    "HFA": "CH2O2",
    "FORMATE": "CHO2",
    "HAC": "C2H4O2",
    "ACOH": "C2H4O2",
    "AC": "C2H3O2",
    "OAC": "C2H3O2",
    "ACETATE": "C2H3O2",
    "TFA": "C2HF3O2",
    "ACN": "C2H3N",
    "MECN": "C2H3N",
    "MEOH": "CH4O",
    "DMSO": "C2H6OS",
    "ISOPROP": "C3H8O",
    "IPA": "C3H8O",
    "HEX": "C6H10O5",
}
# Charges of the ions that are gained or lost; every other species is neutral. They tell `M-H` from `M-2H`.
_ION_CHARGES = {
    Formula.parse(species): charge
    for charge, group in (
        (2, ("Ca",)),
        (1, ("H", "Li", "Na", "K", "NH4")),
        (-1, ("F", "Cl", "Br", "I", "HCOO", "CH3COO", "NO3", "C2F3O2", "HSO4", "H2PO4")),
    )
    for species in group
}
_LONGEST_SPELLING = 64
_RADICAL_MARKS = "*.•·"
_IN_BRACKETS = re.compile(r"[\[(](?P<body>[^\[\]]+)[\])](?P<charge>.*)")
_CHARGE = re.compile(r"(?P<count>\d*)(?P<signs>\++|-+)(?P<count_after>\d*)")
_BODY = re.compile(r"(?P<multiplicity>\d*)M(?P<terms>(?:[+-]\d*\(?[A-Za-z][A-Za-z0-9]*\)?)*)")
_TERM = re.compile(r"(?P<sign>[+-])(?P<count>\d*)\(?(?P<species>[A-Za-z][A-Za-z0-9]*)\)?")
_DASHES = str.maketrans({"−": "-", "–": "-", "‐": "-", "⁺": "+", "⁻": "-", "²": "2", "³": "3"})


@dataclass(frozen=True, slots=True)
class _Spelling:
    """What one spelling says.

    Attributes:
        charge: as written; `None` where the spelling has none.
        carried_charge: sum of the charges of the ions gained and lost.
    """

    multiplicity: int
    gained: Formula
    lost: Formula
    charge: int | None
    carried_charge: int
    is_radical: bool

    @property
    def composition(self) -> tuple[int, frozenset[tuple[str, int]]]:
        elements = {*self.gained, *self.lost}
        net = {e: self.gained.count(e) - self.lost.count(e) for e in elements}
        return self.multiplicity, frozenset((e, n) for e, n in net.items() if n)


def _read(text: str) -> _Spelling | None:
    """Read a spelling of an ion species; `None` if it is not one."""
    compact = "".join(text.split()).translate(_DASHES) if len(text) <= _LONGEST_SPELLING else ""
    is_radical = any(mark in compact for mark in _RADICAL_MARKS)
    for mark in _RADICAL_MARKS:
        compact = compact.replace(mark, "")
    bracketed = _IN_BRACKETS.fullmatch(compact)
    body, charge_text = (bracketed["body"], bracketed["charge"]) if bracketed else _split_charge(compact)
    charge = _read_charge(charge_text)
    matched = _BODY.fullmatch(body)
    if matched is None or (charge is None and charge_text):
        return None
    gained, lost, carried_charge = Formula({}), Formula({}), 0
    for term in _TERM.finditer(matched["terms"]):
        try:
            species = Formula.parse(_ABBREVIATIONS.get(term["species"].upper(), term["species"]))
        except InputError:
            return None
        number = int(term["count"] or 1)
        if term["sign"] == "+":
            gained = gained + species * number
            carried_charge += number * _ION_CHARGES.get(species, 0)
        else:
            lost = lost + species * number
            carried_charge -= number * _ION_CHARGES.get(species, 0)
    return _Spelling(int(matched["multiplicity"] or 1), gained, lost, charge, carried_charge, is_radical)


def _split_charge(text: str) -> tuple[str, str]:
    """Body and charge of a spelling without brackets: `M+H+` is `M+H` with `+`; `M+H` says no charge."""
    stem = text.rstrip("+-")
    return stem, text[len(stem) :]


def _read_charge(text: str) -> int | None:
    matched = _CHARGE.fullmatch(text)
    if matched is None:
        return None
    signs = matched["signs"]
    number = int(matched["count"] or matched["count_after"] or len(signs))
    return number if signs[0] == "+" else -number


def _declare(name: str) -> tuple[Adduct, _Spelling]:
    spelling = _read(name)
    if spelling is None or spelling.charge is None:
        raise ValueError(f"adduct table: {name!r} is not in its own grammar")
    return Adduct(name, spelling.charge, spelling.multiplicity, spelling.gained, spelling.lost), spelling


_DECLARED = tuple(_declare(name) for name in ADDUCTS)


@lru_cache(maxsize=4096)
def parse_adduct(text: str, polarity: int | None = None) -> Adduct:
    """Find the adduct that `text` names, in any of the spellings that files use.

    Args:
        text: e.g. `[M+H]+`, `M+H`, `M+H+`, `[M+H]1+`, `(M+H)+`, `[M+FA-H]-`, `[M+H-H2O]+`.
        polarity: +1 or −1 where the file gives the ion mode; decides spellings without a charge (`M`).

    Raises:
        InputError: code `unknown_adduct`, with the nearest known name as its hint; code
            `polarity_mismatch` if the adduct's charge contradicts `polarity`.
    """
    spelling = _read(text)
    found = _find(spelling, polarity) if spelling is not None else None
    if found is None:
        raise _unknown(text)
    if polarity is not None and found.polarity != polarity:
        mode = "positive" if polarity > 0 else "negative"
        raise InputError(
            f"adduct {found.name} in {mode} ion mode",
            f"an adduct of {mode} charge",
            hint="correct the adduct or the ion mode of the record",
            code="polarity_mismatch",
        )
    return found


def _find(spelling: _Spelling, polarity: int | None) -> Adduct | None:
    same = [adduct for adduct, known in _DECLARED if known.composition == spelling.composition]
    charge = spelling.charge
    if charge is None:
        charge = spelling.carried_charge or polarity
    if charge is None:
        fits = same if len({adduct.charge for adduct in same}) == 1 else []
    else:
        fits = [adduct for adduct in same if adduct.charge == charge]
    # A radical mark tells [M]+* from [M]+; elsewhere it only repeats what the electron count says.
    marked = [adduct for adduct in fits if adduct.name.endswith("*") == spelling.is_radical]
    return next(iter(marked or fits), None)


def _unknown(text: str) -> InputError:
    near = difflib.get_close_matches("".join(text[:_LONGEST_SPELLING].split()), ADDUCTS, n=1, cutoff=0.0)
    return InputError(
        f"adduct {shorten(text)!r}",
        f"one of the {len(ADDUCTS)} known ion species",
        hint=f"the nearest known one is {near[0]}",
        code="unknown_adduct",
    )


def precursor_error_ppm(precursor_mz: float, formula: Formula, adduct: Adduct) -> float:
    """Signed deviation of a measured m/z from the one calculated for `formula`, in ppm of the latter."""
    expected = adduct.precursor_mz(formula)
    return (precursor_mz - expected) / expected * 1e6
