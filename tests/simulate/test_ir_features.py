"""Features that the infrared model adds to the atom types."""

from __future__ import annotations

import numpy as np

from molucid.chem.elements import MODEL_ELEMENTS
from molucid.simulate.atoms import NUM_ATOM_FEATURES, NUM_BOND_FEATURES
from molucid.simulate.ir_features import ELEMENTS, NUM_IR_ATOM_FEATURES, ir_graph


def added(smiles: str) -> np.ndarray:
    return ir_graph(smiles).atoms[:, NUM_ATOM_FEATURES:]


def test_element_hydrogens_and_rings_of_each_atom() -> None:
    # cyclopropanol: elements C at 0, O at 2; hydrogens from 12; ring of three at 16
    found = added("OC1CC1")
    expected = np.zeros((4, 19))
    expected[0, [2, 12 + 1]] = 1
    expected[1, [0, 12 + 1, 16]] = 1
    expected[2:, [0, 12 + 2, 16]] = 1
    np.testing.assert_array_equal(found, expected)
    assert added("C1CCC1")[0, 16:].tolist() == [0, 1, 0]
    assert added("C1CCCC1")[0, 16:].tolist() == [0, 0, 0]  # `atoms.atom_features` has fives and sixes
    assert added("C1CCCCCC1")[0, 16:].tolist() == [0, 0, 1]


def test_shapes_and_bonds() -> None:
    graph = ir_graph("CC(=O)N")
    assert graph.atoms.shape == (4, NUM_IR_ATOM_FEATURES)
    assert sorted(map(tuple, graph.bonds.tolist())) == [(0, 1), (1, 2), (1, 3)]
    assert graph.bond_features.shape == (3, NUM_BOND_FEATURES)
    assert ir_graph("C").bonds.shape == (0, 2)


def test_every_element_of_the_corpora_has_a_feature() -> None:
    neighbours = ["CC", "CN", "CO", "CP", "CS", "CF", "CCl", "CBr", "CI", "CB", "C[SiH3]", "C[SeH]"]
    columns = [int(added(smiles)[1, :12].argmax()) for smiles in neighbours]
    assert sorted(columns) == list(range(len(ELEMENTS))) == list(range(len(MODEL_ELEMENTS) - 1))
    assert all(added(smiles)[1, :12].sum() == 1 for smiles in neighbours)
