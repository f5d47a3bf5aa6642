"""Mining a vocabulary: what molecules offer, what is chosen."""

from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molucid.chem.fragment_candidates import candidates, functional_groups, ring_systems
from molucid.chem.fragment_counts import FragmentCounter, dense
from molucid.chem.fragment_mining import MiningConfig, mine_fragments
from molucid.errors import InputError
from tests.chem.test_fragment_counts import MOLECULES

CORPUS = [
    "CCO", "COC", "CCCO", "CCOC", "CC(C)O", "CCN", "CNC", "CCCN", "CCNC", "CC(C)N", "CCCCO", "CCC(C)O", "CCOCC",
    "CC(=O)C", "CCC=O", "CC(=O)O", "COC=O", "c1ccccc1C", "Cc1ccccc1C", "Cc1cccc(C)c1", "Cc1ccc(C)cc1", "CCc1ccccc1",
    "Fc1ccccc1", "Clc1ccccc1", "CCBr", "C1CCCCC1", "CC1CCCC1", "C=CCCCC", "CC=CCCC", "OB(O)c1ccccc1",
]  # fmt: skip


def test_what_ethanol_offers() -> None:
    assert candidates(Chem.MolFromSmiles("CCO")) == {
        "[CX4H3]", "[CX4H2]", "[OX2H1]",
        "[CX4H3]-[C]", "[CX4H2](-[C])-[O]", "[OX2H1]-[C]",
        "[CX4H3]-[CX4H2]", "[CX4H2](-[CX4H3])-[OX2H1]", "[OX2H1]-[CX4H2]",
        "[CX4H3]-[C]-[O]", "[OX2H1]-[C]-[C]", "[CX4H3]-[CX4H2]-[O]", "[OX2H1]-[CX4H2]-[C]",
    } | {"[C]-[OX2H1]"}  # the functional group  # fmt: skip


@pytest.mark.parametrize("smiles", [smiles for smiles in MOLECULES if "H]" not in smiles or "nH]" in smiles])
def test_what_a_molecule_offers_is_in_it(smiles: str) -> None:
    mol = Chem.MolFromSmiles(smiles)
    Chem.RemoveStereochemistry(mol)
    for pattern in candidates(mol):
        assert mol.HasSubstructMatch(Chem.MolFromSmarts(pattern)), pattern


def test_what_is_offered_does_not_depend_on_the_numbering() -> None:
    mol = Chem.MolFromSmiles("CC(=O)Nc1ccc2c(c1)OCC2CS(=O)(=O)N1CC1")
    generator = np.random.default_rng(0)
    for _ in range(5):
        turned = Chem.RenumberAtoms(mol, [int(i) for i in generator.permutation(mol.GetNumAtoms())])
        assert candidates(turned) == candidates(mol)


def test_functional_groups() -> None:
    # amide, alcohol, acetal, epoxide, alkene
    groups = functional_groups(Chem.MolFromSmiles("CC(=O)NCC(O)CC(OC)OCC1OC1CC=C"))
    assert sorted(sorted(group) for group in groups) == [[1, 2, 3], [6], [8, 9, 11], [13, 14, 15], [17, 18]]


def test_ring_systems() -> None:
    systems = ring_systems(Chem.MolFromSmiles("c1ccc2ccccc2c1-C1CC12CC2"))
    assert sorted(len(system) for system in systems) == [3, 3, 3, 3, 6, 6, 10]


def test_the_choice_tells_the_corpus_apart() -> None:
    config = MiningConfig(size=40, min_share=0, num_counted=len(CORPUS))
    vocabulary = mine_fragments(CORPUS, config, {"corpora": "made up"})
    assert vocabulary.size == 40
    assert vocabulary.provenance["corpora"] == "made up"
    assert vocabulary.provenance["molecules"] == str(len(CORPUS))
    counts = np.stack([dense(row, 40) for row in FragmentCounter(vocabulary).count_many(CORPUS)])
    assert len({row.tobytes() for row in counts}) == len(CORPUS)
    assert len({column.tobytes() for column in counts.T}) == 40
    for element in "CONFB":
        assert any(f"[{element}X" in pattern for pattern in vocabulary.patterns)
    assert mine_fragments(CORPUS, config, {"corpora": "made up"}) == vocabulary


def test_a_choice_after_the_elements_separates_pairs() -> None:
    corpus = ["CCO", "CC=O"] * 5
    config = MiningConfig(size=3, min_share=0, num_counted=10, num_alike=1, num_random=0)
    vocabulary = mine_fragments(corpus, config, {})
    # the two seeds are the atoms of carbon and oxygen; what is left must still separate alcohol from aldehyde
    counts = np.stack([dense(row, 3) for row in FragmentCounter(vocabulary).count_many(corpus[:2])])
    assert counts[0, 2] != counts[1, 2]


def test_a_corpus_that_is_too_small() -> None:
    with pytest.raises(InputError) as refused:
        mine_fragments(CORPUS, MiningConfig(size=5_000, min_share=0), {})
    assert refused.value.code == "small_corpus"
