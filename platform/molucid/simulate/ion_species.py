"""Which ions a fragment can become under each adduct that the intensity model was trained on.

A fragment keeps its heavy atoms and gains or loses up to `MAX_HYDROGEN_SHIFT` hydrogens. The charge sits on it as a
proton gained or lost, as an electron lost, or on a metal that stays with it. Adducts that leave as a neutral acid or
base (NH4+, HCOO-, CH3COO-) show the fragments of the (de)protonated molecule, and beside them the intact ion.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from molucid.chem.elements import ELECTRON_MASS
from molucid.chem.formula import Formula
from molucid.errors import InputError

MAX_HYDROGEN_SHIFT = 3
NUM_SHIFTS = 2 * MAX_HYDROGEN_SHIFT + 1
"""Hydrogen shifts −3 … +3, in this order."""


@dataclass(frozen=True, slots=True)
class IonSpecies:
    """How one adduct's fragments get their charge.

    Attributes:
        name: canonical adduct name.
        charge: +1 or −1.
        carrier: what every charged fragment carries besides its own atoms, e.g. `Na`.
        intact_shift: hydrogen shift at which the whole molecule is the precursor ion; `None` where the precursor
            is another species than any charged fragment.
        adduct_formula: atoms that the intact ion has besides the molecule's where `intact_shift` is `None`.
        max_added_hydrogens: hydrogens an ion may have beyond those of the molecule (−1: one fewer).
    """

    name: str
    charge: int
    carrier: Formula
    intact_shift: int | None
    adduct_formula: Formula
    max_added_hydrogens: int

    @property
    def fragment_offset(self) -> float:
        """m/z of a charged fragment without hydrogen shift, minus the mass of its atoms, in Da."""
        return self.carrier.monoisotopic_mass - self.charge * ELECTRON_MASS

    @property
    def intact_offset(self) -> float:
        """m/z of the intact ion minus the mass of the molecule, in Da."""
        if self.intact_shift is None:
            return self.adduct_formula.monoisotopic_mass - self.charge * ELECTRON_MASS
        return self.fragment_offset + self.intact_shift * Formula({"H": 1}).monoisotopic_mass


_NOTHING = Formula({})

ION_SPECIES: tuple[IonSpecies, ...] = (
    IonSpecies("[M+H]+", +1, _NOTHING, +1, _NOTHING, +1),
    IonSpecies("[M-H]-", -1, _NOTHING, -1, _NOTHING, -1),
    IonSpecies("[M]+", +1, _NOTHING, 0, _NOTHING, 0),
    IonSpecies("[M+Na]+", +1, Formula({"Na": 1}), 0, _NOTHING, 0),
    IonSpecies("[M+NH4]+", +1, _NOTHING, None, Formula.parse("NH4"), +1),
    IonSpecies("[M+HCOO]-", -1, _NOTHING, None, Formula.parse("CHO2"), -1),
    IonSpecies("[M+CH3COO]-", -1, _NOTHING, None, Formula.parse("C2H3O2"), -1),
)
"""Adducts with training spectra; the order is that of the model's one-hot input, so it only ever grows at its end."""

SIMULATED_ADDUCTS: tuple[str, ...] = tuple(species.name for species in ION_SPECIES)

SHIFTS = np.arange(-MAX_HYDROGEN_SHIFT, MAX_HYDROGEN_SHIFT + 1)


def ion_species(adduct: str) -> IonSpecies:
    """The species of a canonical adduct name.

    Raises:
        InputError: an adduct without training spectra (`unsupported_adduct`).
    """
    for species in ION_SPECIES:
        if species.name == adduct:
            return species
    raise InputError(
        f"adduct {adduct!r}",
        f"one of {', '.join(SIMULATED_ADDUCTS)}",
        hint="the intensity model has seen no spectra of other adducts",
        code="unsupported_adduct",
    )


def check_charge(net_charge: int, species: IonSpecies) -> None:
    """Refuse a molecule whose own charge does not go with the adduct.

    `[M]+` of a cation is the cation itself, of a neutral molecule its radical cation; every other adduct needs a
    neutral molecule.

    Raises:
        InputError: code `charged_molecule`.
    """
    if net_charge == 0 or (net_charge == 1 and species.name == "[M]+"):
        return
    raise InputError(
        f"a molecule of charge {net_charge:+d} as {species.name}",
        "a neutral molecule, or a singly charged cation as [M]+",
        hint="neutralise the structure, or simulate the cation as [M]+",
        code="charged_molecule",
    )
