from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molucid.chem.elements import ELECTRON_MASS
from molucid.chem.formula import Formula
from molucid.chem.isotope_pattern import fine_isotope_pattern, nominal_isotope_pattern
from molucid.errors import InputError

FORMULAS = st.dictionaries(
    st.sampled_from(["C", "H", "N", "O", "S", "Cl", "Br", "Si", "[13C]"]), st.integers(1, 6), min_size=1
).map(Formula)


def test_dichlorine_by_hand() -> None:
    light, heavy = 0.7578, 0.2422
    pattern = fine_isotope_pattern(Formula.parse("Cl2"))
    np.testing.assert_allclose(pattern.abundance, [light**2, 2 * light * heavy, heavy**2], rtol=1e-12)
    m35, m37 = 34.96885268, 36.96590259
    np.testing.assert_allclose(pattern.mz, [2 * m35, m35 + m37, 2 * m37], rtol=1e-12)


def test_fullerene_ratio_is_binomial() -> None:
    nominal = nominal_isotope_pattern(Formula.parse("C60"))
    p = 0.0107
    expected = [math.comb(60, k) * p**k * (1 - p) ** (60 - k) for k in range(len(nominal.abundance))]
    np.testing.assert_allclose(nominal.abundance, expected, rtol=1e-9)
    np.testing.assert_allclose(nominal.mz, 720 + np.arange(len(expected)) * 1.00335484, atol=1e-9)


def test_three_isotopes_are_multinomial() -> None:
    # Oxygen: P(¹⁶O ¹⁷O ¹⁸O) = 3!·p₁₆·p₁₇·p₁₈
    pattern = fine_isotope_pattern(Formula.parse("O3"), min_abundance=1e-12)
    mass = 15.99491462 + 16.9991317 + 17.999161
    at = int(np.argmin(np.abs(pattern.mz - mass)))
    assert pattern.mz[at] == pytest.approx(mass, abs=1e-9)
    assert pattern.abundance[at] == pytest.approx(6 * 0.99757 * 0.00038 * 0.00205, rel=1e-9)
    assert len(pattern.mz) == math.comb(5, 2)
    assert pattern.abundance.sum() == pytest.approx(1, abs=1e-9)


def test_charge_divides_and_counts_electrons() -> None:
    neutral = fine_isotope_pattern(Formula.parse("C6H14O6"))
    ion = fine_isotope_pattern(Formula.parse("C6H14O6"), charge=2)
    np.testing.assert_allclose(ion.mz, (neutral.mz - 2 * ELECTRON_MASS) / 2, rtol=1e-14)
    anion = nominal_isotope_pattern(Formula.parse("C6H11O6"), charge=-1)
    assert anion.mz[0] == pytest.approx(179.0561, abs=5e-5)  # [M-H]- of glucose


@settings(max_examples=30, deadline=None)
@given(FORMULAS)
def test_nominal_pattern_sums_to_one_with_the_average_mass(formula: Formula) -> None:
    pattern = nominal_isotope_pattern(formula, min_abundance=1e-12)
    assert pattern.abundance.sum() == pytest.approx(1, abs=1e-8)
    table = Chem.GetPeriodicTable()
    average = sum(n * (13.00335484 if e == "[13C]" else table.GetAtomicWeight(e)) for e, n in formula.items())
    assert pattern.abundance @ pattern.mz == pytest.approx(average, rel=1e-4)


@settings(max_examples=30, deadline=None)
@given(FORMULAS)
def test_fine_structure_sums_to_the_nominal_pattern(formula: Formula) -> None:
    fine = fine_isotope_pattern(formula, min_abundance=1e-10)
    nominal = nominal_isotope_pattern(formula, min_abundance=1e-3)
    for mz, abundance in zip(nominal.mz, nominal.abundance, strict=True):
        near = np.abs(fine.mz - mz) < 0.4
        assert fine.abundance[near].sum() == pytest.approx(abundance, rel=1e-3)


@settings(max_examples=30, deadline=None)
@given(FORMULAS, st.sampled_from([0.1, 0.01, 0.001]))
def test_threshold_misses_nothing(formula: Formula, threshold: float) -> None:
    everything = fine_isotope_pattern(formula, min_abundance=1e-7)
    cut = fine_isotope_pattern(formula, min_abundance=threshold)
    np.testing.assert_allclose(
        np.sort(cut.abundance), np.sort(everything.abundance[everything.abundance >= threshold])
    )


def test_long_chains_do_not_overflow() -> None:
    pattern = nominal_isotope_pattern(Formula.parse("C1000H2000"))
    assert 0.999 < pattern.abundance.sum() <= 1
    assert len(fine_isotope_pattern(Formula.parse("C5000H9000")).mz) > 0


@pytest.mark.parametrize("threshold", [0.0, -1.0, 2.0, float("nan")])
def test_invalid_threshold(threshold: float) -> None:
    with pytest.raises(InputError, match="mole fraction"):
        fine_isotope_pattern(Formula.parse("CH4"), min_abundance=threshold)
