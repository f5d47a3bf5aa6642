from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem
from rdkit.Chem import Descriptors, rdMolDescriptors

from molucid.chem.formula import Formula, parse_charged_formula
from molucid.errors import InputError

FORMULAS = st.dictionaries(
    st.sampled_from(["C", "H", "N", "O", "S", "Cl", "Br", "Na", "Si", "[2H]", "[13C]"]),
    st.integers(1, 60),
    min_size=1,
).map(Formula)


@given(FORMULAS)
def test_text_round_trip(formula: Formula) -> None:
    assert Formula.parse(str(formula)) == formula


@given(FORMULAS, FORMULAS)
def test_difference_undoes_sum(a: Formula, b: Formula) -> None:
    assert (a + b) - b == a
    assert (a + b).contains(b)
    assert (a + b).monoisotopic_mass == pytest.approx(a.monoisotopic_mass + b.monoisotopic_mass)
    assert hash(a + b) == hash(b + a)


@given(FORMULAS, st.integers(0, 4))
def test_product_is_repeated_sum(formula: Formula, factor: int) -> None:
    total = Formula({})
    for _ in range(factor):
        total = total + formula
    assert formula * factor == total


@pytest.mark.parametrize(
    ("text", "hill"),
    [
        ("H2O", "H2O"),
        ("OC2H6", "C2H6O"),
        ("ClHCCl2", "CHCl3"),
        ("NH4", "H4N"),
        ("HBr", "BrH"),
        ("CD3OD", "C[2H]4O"),
        ("C5[13C]1H12O6", "C5[13C]H12O6"),
        ("[13C]D3H", "[13C]H[2H]3"),
        ("  C6H6 ", "C6H6"),
    ],
)
def test_hill_order(text: str, hill: str) -> None:
    assert str(Formula.parse(text)) == hill


@pytest.mark.parametrize(
    "smiles", ["CC(=O)Oc1ccccc1C(=O)O", "C[Si](C)(C)Cl", "OB(O)c1ccccc1", "Brc1ccc(I)cc1F"]
)
def test_mass_and_hill_text_agree_with_rdkit(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    formula = Formula.parse(rdMolDescriptors.CalcMolFormula(mol))
    assert str(formula) == rdMolDescriptors.CalcMolFormula(mol)
    assert formula.monoisotopic_mass == pytest.approx(Descriptors.ExactMolWt(mol), abs=1e-6)
    assert formula.num_heavy_atoms == mol.GetNumHeavyAtoms()


def test_labelled_masses() -> None:
    # Deuterium is 1.00627675 Da heavier than hydrogen, carbon-13 1.00335484 Da heavier than carbon-12.
    light = Formula.parse("C6H6").monoisotopic_mass
    assert Formula.parse("C6D6").monoisotopic_mass - light == pytest.approx(6 * 1.006276746, abs=1e-8)
    assert Formula.parse("[13C]6H6").monoisotopic_mass - light == pytest.approx(6 * 1.00335484, abs=1e-8)
    assert Formula.parse("C6D6").num_heavy_atoms == 6


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "invalid_formula"),
        ("C6H6+", "invalid_formula"),
        ("C6.H6", "invalid_formula"),
        ("(CH3)2", "invalid_formula"),
        ("c6h6", "invalid_formula"),
        ("C-1", "invalid_formula"),
        ("C9999999", "invalid_formula"),
        ("C" + "9" * 10_000, "invalid_formula"),
        ("C6Qq2", "unknown_element"),
        ("[7C]H4", "unknown_element"),
        ("Tc2", "unknown_element"),
    ],
)
def test_refused_text(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        Formula.parse(text)
    assert caught.value.code == code
    assert len(str(caught.value)) < 400


def test_difference_below_zero_is_refused() -> None:
    with pytest.raises(InputError, match="-1 atoms of O"):
        Formula.parse("CH4") - Formula.parse("O")


@pytest.mark.parametrize(
    ("text", "formula", "charge"),
    [
        ("C6H12O6", "C6H12O6", 0),
        ("C24H26O2P+", "C24H26O2P", 1),
        ("[C10H20N]+", "C10H20N", 1),
        ("[C6H4O8]2-", "C6H4O8", -2),
        ("C6H4O8--", "C6H4O8", -2),
        ("C6H4O8-2", "C6H4O8", -2),
        ("Ca++", "Ca", 2),
    ],
)
def test_charged_formula(text: str, formula: str, charge: int) -> None:
    assert parse_charged_formula(text) == (Formula.parse(formula), charge)


@pytest.mark.parametrize("text", ["+", "[]+", "C6+H6", "[C6H6+", "C6H6+-"])
def test_refused_charged_text(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_charged_formula(text)
    assert caught.value.code == "invalid_formula"
