"""Candidate ions: masses against formulas, hydrogens against what the molecule has."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.chem.adducts import parse_adduct
from molucid.chem.elements import ELECTRON_MASS
from molucid.chem.formula import Formula
from molucid.chem.identity import formula_of
from molucid.errors import InputError
from molucid.simulate.candidates import INTACT_COLUMN, NOT_A_CANDIDATE, candidates
from molucid.simulate.features import MoleculeFeatures, molecule_features
from molucid.simulate.fragmenter import FragmenterConfig
from molucid.simulate.ion_species import MAX_HYDROGEN_SHIFT, SIMULATED_ADDUCTS, ion_species
from molucid.simulate.molecule import read_molecule

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"
ELEMENTS = {6: "C", 7: "N", 8: "O"}


def describe(smiles: str, depth: int = 2) -> MoleculeFeatures:
    return molecule_features(read_molecule(smiles), FragmenterConfig(max_depth=depth))


@pytest.mark.parametrize("adduct", SIMULATED_ADDUCTS)
def test_precursor_is_that_of_the_adduct(adduct: str) -> None:
    found = candidates(describe(PARACETAMOL), ion_species(adduct))
    expected = parse_adduct(adduct).precursor_mz(formula_of(PARACETAMOL))
    assert found.mz[found.precursor_peak] == pytest.approx(expected, abs=1e-6)
    assert (found.peak == found.precursor_peak).any()
    assert found.mz.max() <= expected + 0.01


@pytest.mark.parametrize("adduct", ["[M+H]+", "[M-H]-", "[M+Na]+"])
def test_every_mass_is_that_of_its_formula(adduct: str) -> None:
    graph, features, species = read_molecule(PARACETAMOL), describe(PARACETAMOL), ion_species(adduct)
    found = candidates(features, species)
    for fragment, mask in enumerate(features.masks.tolist()):
        atoms = [i for i in range(len(graph.mass)) if mask >> i & 1]
        hydrogens = int(graph.num_hydrogens[atoms].sum())
        for column in range(INTACT_COLUMN):
            peak = found.peak[fragment, column]
            if peak == NOT_A_CANDIDATE:
                continue
            counts = {"H": hydrogens + column - MAX_HYDROGEN_SHIFT}
            for atom in atoms:
                symbol = ELEMENTS[int(graph.atomic_number[atom])]
                counts[symbol] = counts.get(symbol, 0) + 1
            mass = (Formula(counts) + species.carrier).monoisotopic_mass - species.charge * ELECTRON_MASS
            assert found.mz[peak] == pytest.approx(mass, abs=5.1e-4)  # one cell of 0.5 mDa is one peak


def test_known_fragments_of_paracetamol_are_there() -> None:
    # loss of ketene to 4-aminophenol, and the hydroxyphenyl cation: MassBank's main peaks of [M+H]+ 152.0706
    found = candidates(describe(PARACETAMOL), ion_species("[M+H]+"))
    for formula in ("C6H8NO", "C6H5O", "C2H3O"):
        expected = Formula.parse(formula).monoisotopic_mass - ELECTRON_MASS
        assert np.abs(found.mz - expected).min() < 1e-3


def test_hydrogens_are_bounded_by_the_molecule() -> None:
    # carbon dioxide has no hydrogen to give: only the protonated ion and the bare atoms exist
    found = candidates(describe("O=C=O", depth=0), ion_species("[M+H]+"))
    assert np.flatnonzero(found.peak[0] != NOT_A_CANDIDATE).tolist() == [
        MAX_HYDROGEN_SHIFT,
        MAX_HYDROGEN_SHIFT + 1,
    ]
    # methane as [M-H]- keeps at most three hydrogens
    found = candidates(describe("C"), ion_species("[M-H]-"))
    assert np.flatnonzero(found.peak[0] != NOT_A_CANDIDATE).max() == MAX_HYDROGEN_SHIFT - 1


def test_ammonium_adduct_has_the_intact_ion_and_protonated_fragments() -> None:
    found = candidates(describe("CCO"), ion_species("[M+NH4]+"))
    assert (found.peak[:, INTACT_COLUMN] != NOT_A_CANDIDATE).tolist() == [True] + [False] * (
        len(found.peak) - 1
    )
    protonated = Formula.parse("C2H7O").monoisotopic_mass - ELECTRON_MASS
    assert np.abs(found.mz - protonated).min() < 1e-6


def test_peaks_are_distinct_and_all_used() -> None:
    found = candidates(describe("CC(C)Cc1ccc(C(C)C(=O)O)cc1"), ion_species("[M+H]+"))
    assert len(np.unique(found.mz)) == len(found.mz)
    assert set(np.unique(found.peak[found.peak >= 0])) == set(range(len(found.mz)))


def test_adducts_without_training_spectra_are_refused() -> None:
    with pytest.raises(InputError) as caught:
        ion_species("[M+K]+")
    assert caught.value.code == "unsupported_adduct"
