"""Isotope patterns of formulas: the fine structure, and its sum per nominal mass.

The atoms of an element choose their isotopes independently, so an element's contribution is a multinomial
distribution and a formula's is the product over its elements (Yergey, Int. J. Mass Spectrom. Ion Phys. 1983,
52, 337). Labelled atoms (`[13C]`) have one isotope.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molucid.chem.elements import ELECTRON_MASS, ISOTOPE_MASS, ISOTOPES, Isotope
from molucid.chem.formula import Formula
from molucid.errors import InputError

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class IsotopePattern:
    """Peaks of one species, ascending in mass.

    Attributes:
        mz: m/z of each peak, or mass in Da for a neutral species; float64 of shape `[peaks]`.
        abundance: mole fraction of each peak; float64 of shape `[peaks]`. The sum falls short of 1 by what
            the threshold left out.
    """

    mz: FloatArray
    abundance: FloatArray


def fine_isotope_pattern(formula: Formula, charge: int = 0, min_abundance: float = 1e-4) -> IsotopePattern:
    """Every isotopologue of `formula` of at least `min_abundance`; none of them is missed.

    Args:
        formula: atoms of the species; for an ion those of `Adduct.ion_formula`.
        charge: signed charge; 0 gives masses.
        min_abundance: threshold on the mole fraction, above 0.

    Raises:
        InputError: a threshold that is not in (0, 1].
    """
    _check_threshold(min_abundance)
    # A mole fraction is a product of factors ≤ 1, so a partial product below the threshold can be dropped.
    peaks = [(0.0, 1.0)]
    for element, number in formula.items():
        own = _compositions(_isotopes(element), number, min_abundance)
        peaks = [(m + dm, p * dp) for m, p in peaks for dm, dp in own if p * dp >= min_abundance]
    peaks.sort()
    masses, abundances = np.array(peaks, np.float64).reshape(-1, 2).T
    return IsotopePattern(_to_mz(masses, charge), abundances)


def nominal_isotope_pattern(formula: Formula, charge: int = 0, min_abundance: float = 1e-4) -> IsotopePattern:
    """Sum the isotope pattern of `formula` per number of nucleons.

    The m/z of a peak is the mean over its isotopologues, weighted by abundance. Arguments, errors and result
    are those of `fine_isotope_pattern`; the threshold applies to the sums.
    """
    _check_threshold(min_abundance)
    abundances, moments = np.ones(1), np.zeros(1)
    for element, number in formula.items():
        isotopes = _isotopes(element)
        first = isotopes[0].mass_number
        own_abundances = np.zeros(isotopes[-1].mass_number - first + 1)
        own_moments = np.zeros_like(own_abundances)
        for isotope in isotopes:
            own_abundances[isotope.mass_number - first] = isotope.abundance
            own_moments[isotope.mass_number - first] = isotope.abundance * isotope.mass
        for _ in range(number):
            # The mass moment Σ p·m of a sum of independent atoms follows the product rule.
            moments = np.convolve(moments, own_abundances) + np.convolve(abundances, own_moments)
            abundances = np.convolve(abundances, own_abundances)
    shown = abundances >= min_abundance
    return IsotopePattern(_to_mz(moments[shown] / abundances[shown], charge), abundances[shown])


def _isotopes(element: str) -> tuple[Isotope, ...]:
    if element in ISOTOPES:
        return ISOTOPES[element]
    mass_number = int("".join(filter(str.isdigit, element)))
    return (Isotope(mass_number, ISOTOPE_MASS[element], 1.0),)


def _compositions(
    isotopes: tuple[Isotope, ...], number: int, min_abundance: float
) -> list[tuple[float, float]]:
    """Mass and mole fraction of each way in which `number` atoms choose among `isotopes`."""
    first, rest = isotopes[0], isotopes[1:]
    if not rest:
        return [(number * first.mass, 1.0)]
    # n₁ of N atoms are the first isotope with binomial probability; the others share what is left.
    remaining = sum(isotope.abundance for isotope in rest)
    share = first.abundance / (first.abundance + remaining)
    found = []
    for taken in range(number + 1):
        probability = _binomial(number, taken, share)
        if probability < min_abundance:
            continue
        for mass, conditional in _compositions(rest, number - taken, min_abundance / probability):
            if probability * conditional >= min_abundance:
                found.append((taken * first.mass + mass, probability * conditional))
    return found


def _binomial(number: int, taken: int, share: float) -> float:
    # By logarithms: the coefficient of a long chain exceeds what a float holds.
    coefficient = math.lgamma(number + 1) - math.lgamma(taken + 1) - math.lgamma(number - taken + 1)
    return math.exp(coefficient + taken * math.log(share) + (number - taken) * math.log1p(-share))


def _to_mz(masses: FloatArray, charge: int) -> FloatArray:
    return (masses - charge * ELECTRON_MASS) / abs(charge) if charge else masses


def _check_threshold(min_abundance: float) -> None:
    if not 0 < min_abundance <= 1:
        raise InputError(
            f"min_abundance {min_abundance}", "a mole fraction above 0, at most 1", code="invalid_threshold"
        )
