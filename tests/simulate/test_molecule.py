"""Molecules as arrays: perception against hand-written facts, and every refusal by its name."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.chem.formula import Formula
from molucid.errors import InputError
from molucid.simulate.atoms import ATOM_TYPES, atom_features, bond_table
from molucid.simulate.molecule import MolecularGraph, read_molecule


def types_of(smiles: str) -> list[str]:
    graph = read_molecule(smiles)
    features = atom_features(
        graph.atomic_number, graph.num_hydrogens, graph.formal_charge, graph.bond_order, graph.ring_masks
    )
    one_hot = features[:, : len(ATOM_TYPES)]
    assert (one_hot.sum(1) == 1).all()
    return [ATOM_TYPES[i] for i in one_hot.argmax(1)]


@pytest.mark.parametrize(
    ("smiles", "expected"),
    [
        ("CC(=O)Nc1ccc(O)cc1", ["CH2 or CH3", "carbonyl C", "double-bonded O", "amide N", *["aromatic C"] * 4,
                                "hydroxyl O", *["aromatic C"] * 2]),
        ("CC(=O)OC", ["CH2 or CH3", "carbonyl C", "double-bonded O", "acyl ether O", "CH2 or CH3"]),
        ("c1ccncc1", ["aromatic C"] * 3 + ["pyridine N"] + ["aromatic C"] * 2),
        ("c1cc[nH]c1", ["aromatic C"] * 3 + ["pyrrole N", "aromatic C"]),
        ("CC#N", ["CH2 or CH3", "triple-bonded C", "triple-bonded N"]),
        ("C=CC=NC", ["alkene C", "alkene C", "imine C", "imine N", "CH2 or CH3"]),
        ("CCOCC", ["CH2 or CH3", "CH2 or CH3", "ether O", "CH2 or CH3", "CH2 or CH3"]),
        ("Nc1ccccc1", ["aniline N"] + ["aromatic C"] * 6),
        ("CS(=O)(=O)N", ["CH2 or CH3", "oxidised S", "double-bonded O", "double-bonded O", "amide N"]),
        ("C[N+](=O)[O-]", ["CH2 or CH3", "nitro or cationic N", "double-bonded O", "anionic O"]),
        ("FC(Cl)(Br)I", ["F", "CH or C", "Cl", "Br", "I"]),
        ("CP(C)C", ["CH2 or CH3", "P", "CH2 or CH3", "CH2 or CH3"]),
        ("CCS", ["CH2 or CH3", "CH2 or CH3", "S"]),
        ("C[Si](C)(C)C", ["CH2 or CH3", "B or Si", "CH2 or CH3", "CH2 or CH3", "CH2 or CH3"]),
    ],
)  # fmt: skip
def test_atom_types(smiles: str, expected: list[str]) -> None:
    assert types_of(smiles) == expected


def test_graph_of_caffeine() -> None:
    graph = read_molecule("CN1C=NC2=C1C(=O)N(C(=O)N2C)C")
    assert graph.mass.sum() == pytest.approx(Formula.parse("C8H10N4O2").monoisotopic_mass, abs=1e-9)
    assert graph.num_hydrogens.sum() == 10
    assert sorted(int(mask).bit_count() for mask in graph.ring_masks) == [5, 6]
    assert graph.net_charge == 0
    bonds, neighbours = bond_table(graph.bond_order)
    assert len(bonds) == 15  # 14 heavy atoms and two rings
    assert sum(int(mask).bit_count() for mask in neighbours) == 30
    assert (bonds[:, 0] < bonds[:, 1]).all()


def test_stereo_changes_nothing() -> None:
    flat, stereo = read_molecule("CC(N)C(=O)O"), read_molecule("C[C@H](N)C(=O)O")
    for name in MolecularGraph.__slots__:
        np.testing.assert_array_equal(getattr(flat, name), getattr(stereo, name))


@pytest.mark.parametrize(
    ("smiles", "code"),
    [
        ("", "invalid_smiles"),
        ("C1CC", "invalid_smiles"),
        ("CC(C)(C)(C)C", "invalid_smiles"),
        ("[Na+].CC(=O)[O-]", "multiple_components"),
        ("C" * 65, "too_many_atoms"),
        ("[2H]C", "isotope_label"),
        ("[13CH4]", "isotope_label"),
        ("*CC", "unsupported_element"),
        ("[Lr]", "unsupported_element"),
        ("[H][H]", "unsupported_element"),
    ],
)
def test_refusals_are_named(smiles: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read_molecule(smiles)
    assert caught.value.code == code


def test_a_dot_with_a_ring_bond_is_one_molecule() -> None:
    assert len(read_molecule("C1.C1").mass) == 2  # SMILES for ethane


def test_sixty_four_atoms_are_read() -> None:
    assert len(read_molecule("C" * 64).mass) == 64
