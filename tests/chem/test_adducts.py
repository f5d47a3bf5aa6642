from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from molucid.chem.adducts import ADDUCTS, parse_adduct, precursor_error_ppm
from molucid.chem.formula import Formula, parse_charged_formula
from molucid.errors import InputError

GLUCOSE = Formula.parse("C6H12O6")

# m/z = M·factor + shift: six-decimal values that adduct calculators list after Huang et al., J. Am. Soc. Mass
# Spectrom. 1999, 10, 1166. Their M-H2O-H (−19.01839) is left out: it forgets the electron's mass.
PUBLISHED_SHIFTS = [
    ("[M+H]+", 1, 1.007276),
    ("[M+Na]+", 1, 22.989218),
    ("[M+NH4]+", 1, 18.033823),
    ("[M+K]+", 1, 38.963158),
    ("[M+CH3OH+H]+", 1, 33.033489),
    ("[M+C2H3N+H]+", 1, 42.033823),
    ("[M+2Na-H]+", 1, 44.971160),
    ("[M+2K-H]+", 1, 76.919040),
    ("[M+C2H3N+Na]+", 1, 64.015765),
    ("[M+2H]2+", 1 / 2, 1.007276),
    ("[M+H+NH4]2+", 1 / 2, 9.520550),
    ("[M+H+Na]2+", 1 / 2, 11.998247),
    ("[M+H+K]2+", 1 / 2, 19.985217),
    ("[M+2Na]2+", 1 / 2, 22.989218),
    ("[M+3H]3+", 1 / 3, 1.007276),
    ("[M+2H+Na]3+", 1 / 3, 8.334590),
    ("[2M+H]+", 2, 1.007276),
    ("[2M+Na]+", 2, 22.989218),
    ("[M-H]-", 1, -1.007276),
    ("[M+Na-2H]-", 1, 20.974666),
    ("[M+Cl]-", 1, 34.969402),
    ("[M+K-2H]-", 1, 36.948606),
    ("[M+HCOO]-", 1, 44.998201),
    ("[M+CH3COO]-", 1, 59.013851),
    ("[M+Br]-", 1, 78.918885),
    ("[M+C2F3O2]-", 1, 112.985586),
    ("[M-2H]2-", 1 / 2, -1.007276),
    ("[M-3H]3-", 1 / 3, -1.007276),
    ("[2M-H]-", 2, -1.007276),
    ("[2M+HCOO]-", 2, 44.998201),
    ("[3M-H]-", 3, -1.007276),
]

SPELLINGS = {
    "[M+H]+": ["M+H", "M+H+", "[M+H]", "[M+H]1+", "[M+H]+1", "(M+H)+", " [M + H]+ ", "[M+1H]+", "M+H 1+"],
    "[M-H]-": ["M-H", "M-H-", "[M-H]1-", "(M-H)-", "[M−H]−", "[M-H]⁻"],
    "[M+Na]+": ["M+Na", "[M+Na]1+", "M+Na+"],
    "[M-H2O+H]+": ["[M+H-H2O]+", "M+H-H2O", "M-H2O+H", "[M-OH]+", "[M+H-(H2O)]+"],
    "[M-2H2O+H]+": ["[M+H-2H2O]+", "M+H-2H2O", "[M+H-H2O-H2O]+"],
    "[M-H2O-H]-": ["[M-H-H2O]-", "M-H2O-H", "M-H-H2O"],
    "[M+HCOO]-": [
        "[M+FA-H]-",
        "[M+HCOOH-H]-",
        "M+FA-H",
        "[M+CHO2]-",
        "M+HCOO",
        "[M+Formate]-",
        "[M-H+HCOOH]-",
    ],
    "[M+CH3COO]-": ["[M+CH3COOH-H]-", "[M+Hac-H]-", "[M+HAc-H]-", "M+CH3COO", "[M+OAc]-", "[M+C2H3O2]-"],
    "[M+C2F3O2]-": ["[M+TFA-H]-", "M+TFA-H"],
    "[M+C2H3N+H]+": ["[M+ACN+H]+", "M+ACN+H", "[M+H+CH3CN]+"],
    "[M+CH3OH+H]+": ["[M+MeOH+H]+", "M+CH3OH+H"],
    "[M+C2H6OS+H]+": ["M+DMSO+H"],
    "[M+C3H8O+H]+": ["M+IsoProp+H"],
    "[M]+*": ["[M]+.", "[M]•+", "M+.", "[M.]+", "[M]·+"],
    "[M]+": ["M+", "[M]1+"],
    "[M]-": ["M-"],
    "[M+2H]2+": ["[M+2H]++", "[M+2H]+2", "M+2H", "[M+H+H]2+"],
    "[M-2H]2-": ["[M-2H]--", "M-2H", "[M-2H]-2"],
    "[M-2H]-": ["[M-2H]1-", "[M-2H]-*"],
    "[M-CH3]-": ["[M-CH3]1-"],
    "[2M+H]+": ["2M+H", "[2M+H]1+"],
    "[2M+HCOO]-": ["2M+FA-H"],
    "[M+Na-2H]-": ["M+Na-2H", "[M-2H+Na]-"],
    "[M-H]+": ["[M-H]1+"],
}


@pytest.mark.parametrize(("name", "factor", "shift"), PUBLISHED_SHIFTS)
def test_published_mass_shifts(name: str, factor: float, shift: float) -> None:
    expected = GLUCOSE.monoisotopic_mass * factor + shift
    assert parse_adduct(name).precursor_mz(GLUCOSE) == pytest.approx(expected, abs=6e-6)


@pytest.mark.parametrize(
    ("smiles_formula", "name", "mz"), [("C20H44N", "[M]+", 298.3468), ("C6H6", "[M]+*", 78.0464)]
)
def test_charged_and_radical_ions(smiles_formula: str, name: str, mz: float) -> None:
    assert parse_adduct(name).precursor_mz(Formula.parse(smiles_formula)) == pytest.approx(mz, abs=6e-5)


@pytest.mark.parametrize("name", ADDUCTS)
def test_canonical_names_are_fixed_points(name: str) -> None:
    adduct = parse_adduct(name)
    assert adduct.name == name
    assert adduct.polarity == (1 if name.rstrip("*")[-1] == "+" else -1)


@pytest.mark.parametrize(
    ("name", "text"), [(name, text) for name, texts in SPELLINGS.items() for text in texts]
)
def test_spellings(name: str, text: str) -> None:
    assert parse_adduct(text).name == name


def test_the_vocabulary_begins_as_checkpoints_expect() -> None:
    assert ADDUCTS[:10] == (
        *("[M+H]+", "[M+Na]+", "[M+NH4]+", "[M+K]+", "[M]+", "[M-H2O+H]+"),
        *("[M-H]-", "[M+Cl]-", "[M+HCOO]-", "[M+CH3COO]-"),
    )
    assert len(set(ADDUCTS)) == len(ADDUCTS) == 75


@given(
    st.sampled_from(ADDUCTS), st.integers(12, 80), st.integers(21, 90), st.integers(9, 20), st.integers(1, 4)
)
def test_neutral_mass_undoes_precursor_mz(name: str, c: int, h: int, o: int, n: int) -> None:
    formula, adduct = Formula({"C": c, "H": h, "O": o, "N": n, "S": 1}), parse_adduct(name)
    mz = adduct.precursor_mz(formula)
    assert adduct.neutral_mass(mz) == pytest.approx(formula.monoisotopic_mass, abs=1e-8)
    assert precursor_error_ppm(mz * (1 + 3e-6), formula, adduct) == pytest.approx(3, abs=1e-3)


def test_ion_formula() -> None:
    assert parse_adduct("[M-H2O+H]+").ion_formula(GLUCOSE) == Formula.parse("C6H11O5")
    assert parse_adduct("[2M+NH4]+").ion_formula(GLUCOSE) == Formula.parse("C12H28NO12")


@pytest.mark.parametrize(
    ("formula", "name"), [("CCl4", "[M-H]-"), ("C6H6", "[M-H2O+H]+"), ("C6H12O6", "[M-NH3+H]+")]
)
def test_ion_that_the_molecule_cannot_form(formula: str, name: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_adduct(name).precursor_mz(Formula.parse(formula))
    assert caught.value.code == "adduct_does_not_fit"


@pytest.mark.parametrize(
    "text", ["[M+?]-", "", "M", "[M+Xx]+", "[M+H", "M+H]+", "H+", "[M+H]0", "[M+9999999H]+", "N/A"]
)
def test_unknown_adducts_name_the_nearest(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_adduct(text)
    assert caught.value.code == "unknown_adduct"
    assert repr(text) in str(caught.value)
    assert caught.value.hint is not None
    assert any(name in caught.value.hint for name in ADDUCTS)


def test_huge_text_is_refused_quickly_and_shortly() -> None:
    with pytest.raises(InputError) as caught:
        parse_adduct("[M+" + "H" * 10_000_000 + "]+")
    assert len(str(caught.value)) < 300


def test_nearest_known_name() -> None:
    with pytest.raises(InputError, match=r"nearest known one is \[M\+H\]\+"):
        parse_adduct("[M+H]+?")


def test_polarity_decides_what_has_no_charge_and_contradiction_is_refused() -> None:
    assert parse_adduct("M", polarity=1).name == "[M]+"
    assert parse_adduct("M", polarity=-1).name == "[M]-"
    assert parse_adduct("M-CH3", polarity=-1).name == "[M-CH3]-"
    assert parse_adduct("M+H", polarity=1).name == "[M+H]+"
    with pytest.raises(InputError) as caught:
        parse_adduct("[M+H]+", polarity=-1)
    assert caught.value.code == "polarity_mismatch"


def test_measured_precursors_of_massbank(data_folder: Path) -> None:
    columns = ["formula", "adduct", "ion_mode", "precursor_mz"]
    table = pq.read_table(data_folder / "massbank_msms.parquet", columns=columns)
    errors_ppm = []
    for row in table.slice(0, 5000).to_pylist():
        adduct = parse_adduct(row["adduct"], polarity=1 if row["ion_mode"] == "POSITIVE" else -1)
        formula, _ = parse_charged_formula(row["formula"])
        errors_ppm.append(abs(precursor_error_ppm(row["precursor_mz"], formula, adduct)))
    assert sorted(errors_ppm)[len(errors_ppm) // 2] < 1
    assert sum(error < 20 for error in errors_ppm) > 0.99 * len(errors_ppm)
