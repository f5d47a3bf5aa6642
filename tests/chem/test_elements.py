from __future__ import annotations

import pytest
from rdkit import Chem

from molucid.chem.elements import ISOTOPE_MASS, ISOTOPES, MONOISOTOPIC_MASS


def test_masses_and_abundances_are_those_of_rdkit() -> None:
    table = Chem.GetPeriodicTable()
    for element, isotopes in ISOTOPES.items():
        assert sum(isotope.abundance for isotope in isotopes) == pytest.approx(1, abs=1e-12)
        for isotope in isotopes:
            assert isotope.mass == table.GetMassForIsotope(element, isotope.mass_number)
            assert isotope.abundance * 100 == pytest.approx(
                table.GetAbundanceForIsotope(element, isotope.mass_number), rel=2e-6
            )
        assert MONOISOTOPIC_MASS[element] == table.GetMostCommonIsotopeMass(element)


def test_no_natural_isotope_up_to_uranium_is_missing() -> None:
    table = Chem.GetPeriodicTable()
    for number in range(1, 93):
        symbol = table.GetElementSymbol(number)
        natural = [a for a in range(1, 260) if table.GetAbundanceForIsotope(number, a) > 0]
        assert [isotope.mass_number for isotope in ISOTOPES.get(symbol, ())] == natural


@pytest.mark.parametrize(
    ("label", "element", "number"), [("[3H]", "H", 3), ("[14C]", "C", 14), ("[125I]", "I", 125)]
)
def test_radioactive_labels(label: str, element: str, number: int) -> None:
    assert ISOTOPE_MASS[label] == pytest.approx(
        Chem.GetPeriodicTable().GetMassForIsotope(element, number), abs=1e-5
    )
