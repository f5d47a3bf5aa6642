"""Counts of fragments are those of RDKit's search, pattern by pattern."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rdkit import Chem

from molucid.chem.fragment_counts import FragmentCounter, FragmentCounts, dense
from molucid.chem.fragments import FragmentVocabulary
from molucid.errors import InputError

# Symmetric cages and rings (where sets of atoms repeat), fused and spiro rings, charges, zwitterions, ylides, every
# element of the models, triple bonds, explicit hydrogens, isotopes, several parts, stereo, ring numbers above 9.
MOLECULES = [
    "C", "O", "[H][H]", "[2H]C([2H])[2H]", "[H]O[H]", "[Na+].[Cl-]", "CCO", "C[C@H](N)C(=O)O", "F/C=C/Cl",
    "C/N=c1\\cccc[nH]1", "C12C3C4C1C5C2C3C45", "c1ccccc1", "C1C2CC3CC1CC(C2)C3", "C1CC1", "C1CCC12CCC2", "C1CC2CCC1C2",
    "C12CC1C2", "c1ccc2ccccc2c1", "c1cc2ccc3cccc4ccc(c1)c2c34", "C1=CC=CC=CC=C1", "c1ccc2[nH]ccc2c1",
    "O=c1[nH]cnc2nc[nH]c12",
    "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "CC(C)Cc1ccc(cc1)C(C)C(=O)O", "[O-][N+](=O)c1ccccc1",
    "C[N+](C)(C)CC([O-])=O", "C[n+]1ccccc1", "[O-][n+]1ccccc1", "CS(C)=O", "CS(=O)(=O)Nc1ccc(Cl)c(Br)c1",
    "N#Cc1ccc(I)cc1", "OP(=O)(O)OC", "C[Si](C)(C)C", "OB(O)c1ccccc1", "C[Se]C", "c1cc[se]c1", "c1ccoc1", "s1cccc1",
    "C#CC#C", "C=C=C", "CC1(C)SC2C(NC(=O)Cc3ccccc3)C(=O)N2C1C(=O)O", "CC12CCC3C(CCC4=CC(=O)CCC34C)C1CCC2O",
    "FC(F)(F)C(F)(F)F", "N[C@@H](Cc1c[nH]c2ccccc12)C(=O)N[C@@H](CS)C(=O)O", "OC1OC(CO)C(O)C(O)C1O",
    "c1ccc(cc1)-c1ccc(cc1)-c1ccccc1", "C1CCCCCCCCCCC1", "C(C1CC1)(C1CC1)(C1CC1)C1CC1", "C1CC2(C1)CC1(CCC1)C2",
    "O=C1C=CC(=O)C=C1", "[C-]#[O+]", "CC(C)(C)c1cc2c(cc1O)C1CC(C2)c2ccccc21",
    "c1ccc2c(c1)c1nc2nc2[nH]c(nc3nc(nc4[nH]c(n1)c1ccccc41)c1ccccc31)c1ccccc21",
]  # fmt: skip

# Each of these asks for something that the compiled search does, or leaves to RDKit.
SMARTS = [
    "*", "C", "c", "[#6]", "[#6]~[#6]", "C-C", "CC", "C=C", "C#C", "c:c", "c-c", "CCC", "C1CC1", "C1CCC1", "c1ccccc1",
    "*1~*~*~*~*~*~1", "[R]", "[R0]", "[R2]", "[r5]", "[r]", "[x3]", "[D3]", "[X4]", "[H2]", "[h1]", "[v4]", "[+]",
    "[-1]", "[!#6;!#1]", "[C,N]-[O,S]", "*@*", "*!@*", "*=,#*", "[$(C=O)]", "[C;$(C=O)]-N", "[2H]", "[#1]", "C.O",
    "[CX4H2](-[C])-[C]", "C/C=C/C", "[C@](C)(N)", "[N+]-[O-]", "C->[Fe]", "[C:1][O:2]", "[^2]", "[a]", "[A]",
    "[D{2-3}]", "C12C3C4C1C5C2C3C45", "C(C)(C)(C)C", "CCCCCCCCCCCC", "[Si](C)(C)(C)C", "[#6]!-[#6]",
    "[Na+]", "[H]O[H]", "[Cl-]",
]  # fmt: skip

PARTS = ["C", "N", "O", "C(C)", "C=C", "c1ccccc1", "C1CC1", "S(=O)(=O)", "[N+](C)(C)"]


def by_rdkit(smiles: str, patterns: tuple[str, ...]) -> np.ndarray:
    mol = Chem.MolFromSmiles(smiles)
    queries = [Chem.MolFromSmarts(pattern) for pattern in patterns]
    return np.array([len(mol.GetSubstructMatches(q, uniquify=True, maxMatches=10**6)) for q in queries])


def assert_equal_to_rdkit(vocabulary: FragmentVocabulary, molecules: list[str]) -> None:
    counted = FragmentCounter(vocabulary).count_many(molecules)
    for smiles, counts in zip(molecules, counted, strict=True):
        found = dense(counts, vocabulary.size)
        expected = by_rdkit(smiles, vocabulary.patterns)
        wrong = np.flatnonzero(found != expected)
        assert not wrong.size, [(smiles, vocabulary.patterns[i], found[i], expected[i]) for i in wrong[:5]]


@pytest.fixture(scope="module")
def mixed() -> FragmentCounter:
    return FragmentCounter(FragmentVocabulary(tuple(SMARTS)))


def test_any_smarts_list() -> None:
    assert_equal_to_rdkit(FragmentVocabulary(tuple(SMARTS)), MOLECULES)


def test_the_shipped_vocabulary_is_counted_without_rdkit(monkeypatch: pytest.MonkeyPatch) -> None:
    vocabulary = FragmentVocabulary.default()
    assert_equal_to_rdkit(vocabulary, MOLECULES)
    monkeypatch.setattr("molucid.chem.fragment_counts.count_by_rdkit", None)
    read = [smiles for smiles in MOLECULES if "Na" not in smiles]
    assert all(counts.index.size for counts in FragmentCounter(vocabulary).count_many(read[5:]))


def test_the_957_patterns(data_folder: Path) -> None:
    assert_equal_to_rdkit(FragmentVocabulary.load(data_folder / "fragments_957.txt"), MOLECULES)


def test_real_molecules(data_folder: Path) -> None:
    pq = pytest.importorskip("pyarrow.parquet")
    table = pq.read_table(data_folder / "massspecgym_structures.parquet", columns=["flat_smiles"])
    smiles = table["flat_smiles"].to_pylist()
    chosen = [smiles[i] for i in np.random.default_rng(0).permutation(len(smiles))[:150]]
    assert_equal_to_rdkit(FragmentVocabulary.default(), chosen)


def test_counted_by_hand() -> None:
    vocabulary = FragmentVocabulary(("[CX4H3]", "[CX4H2]", "C-O", "CCC", "[#7]"))
    assert dense(FragmentCounter(vocabulary).count("CCCOC"), 5).tolist() == [2, 2, 2, 1, 0]
    # cubane: 8 atoms, 12 edges, 24 paths of three atoms, 6 faces; a path of four round a face is one set, not four
    cubane = FragmentVocabulary(("C", "CC", "CCC", "C1CCC1"))
    assert dense(FragmentCounter(cubane).count("C12C3C4C1C5C2C3C45"), 4).tolist() == [8, 12, 24, 6]
    benzene = FragmentVocabulary(("c1ccccc1", "cccccc", "c:c"))
    assert dense(FragmentCounter(benzene).count("c1ccccc1"), 3).tolist() == [1, 1, 6]


@given(st.lists(st.sampled_from(PARTS), min_size=1, max_size=9))
@settings(max_examples=40, deadline=None)
def test_made_up_chains(mixed: FragmentCounter, parts: list[str]) -> None:
    smiles = "C" + "".join(parts)
    if Chem.MolFromSmiles(smiles) is not None:
        found = dense(mixed.count(smiles), len(SMARTS))
        np.testing.assert_array_equal(found, by_rdkit(smiles, tuple(SMARTS)))


def test_numbering_of_atoms_and_written_hydrogens_do_not_matter(mixed: FragmentCounter) -> None:
    aspirin = Chem.MolFromSmiles("CC(=O)Oc1ccccc1C(=O)O")
    expected = dense(mixed.count(aspirin), len(SMARTS))
    turned = Chem.RenumberAtoms(aspirin, [int(i) for i in np.random.default_rng(1).permutation(13)])
    np.testing.assert_array_equal(dense(mixed.count(turned), len(SMARTS)), expected)
    hydrogens = Chem.AddHs(aspirin)
    queries = [Chem.MolFromSmarts(pattern) for pattern in SMARTS]
    by_hand = [len(hydrogens.GetSubstructMatches(query, maxMatches=10**6)) for query in queries]
    np.testing.assert_array_equal(dense(mixed.count(hydrogens), len(SMARTS)), by_hand)


@pytest.mark.parametrize(
    "smiles",
    [
        "C" * 65, "C1" + "C" * 70 + "1", "[Fe+2].[O-]C=O", "C[Ge](C)C", "*CC", "S(F)(F)(F)(F)(F)F", "N->B(C)C",
        "[H+].C[NH-]",
    ],
)  # fmt: skip
def test_what_the_compiled_search_does_not_read(mixed: FragmentCounter, smiles: str) -> None:
    np.testing.assert_array_equal(dense(mixed.count(smiles), len(SMARTS)), by_rdkit(smiles, tuple(SMARTS)))


def test_many_are_counted_as_one_by_one(mixed: FragmentCounter) -> None:
    many = (MOLECULES * 6)[:300]  # more than one compiled call takes
    for smiles, counts in zip(many, mixed.count_many(many), strict=True):
        single = mixed.count(smiles)
        assert counts.index.tolist() == single.index.tolist()
        assert counts.count.tolist() == single.count.tolist()
        assert counts.index.dtype == counts.count.dtype == np.uint16
        assert (np.diff(counts.index.astype(int)) > 0).all()
        assert (counts.count > 0).all()
    assert mixed.count_many([]) == []


def test_a_copy_in_another_process(mixed: FragmentCounter) -> None:
    copy = pickle.loads(pickle.dumps(mixed))
    assert copy.vocabulary == mixed.vocabulary
    assert copy.count("CCO").count.tolist() == mixed.count("CCO").count.tolist()


def test_sets_beyond_the_first_table(mixed: FragmentCounter) -> None:
    """C60 has more paths than the table of seen sets holds at first."""
    fullerene = "c12c3c4c5c1c1c6c7c2c2c8c3c3c9c4c4c%10c5c5c1c1c6c6c%11c7c2c2c7c8c3c3c8c9c4c4c9c%10c5c5c1c1c6c6c%11c2c2c7c3c3c8c4c4c9c5c1c1c6c2c3c41"  # noqa: E501
    patterns = ("c", "cc", "ccc", "cccc", "ccccc", "cccccc", "ccccccc", "cccc(c)cc", "c1ccccc1", "c1cccc1")
    assert_equal_to_rdkit(FragmentVocabulary(patterns), [fullerene, "c1ccccc1", fullerene])


def test_too_many_of_one_fragment() -> None:
    counter = FragmentCounter(FragmentVocabulary(("C", "C.C.C.C")))
    with pytest.raises(InputError) as refused:
        counter.count("C" * 40)  # 40 over 4 = 91,390 sets
    assert refused.value.code == "too_many_matches"


def test_refusals(mixed: FragmentCounter) -> None:
    with pytest.raises(InputError) as refused:
        mixed.count_many(["C", "C("])
    assert refused.value.code == "invalid_smiles"
    with pytest.raises(InputError) as wrong:
        FragmentCounter(FragmentVocabulary(("C", "C(")))
    assert wrong.value.code == "invalid_smarts"
    with pytest.raises(InputError) as outside:
        dense(FragmentCounts(np.array([7], np.uint16), np.array([1], np.uint16)), 7)
    assert outside.value.code == "wrong_vocabulary"
