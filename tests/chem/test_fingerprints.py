from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from rdkit import Chem, DataStructs
from rdkit.Chem import AllChem, MACCSkeys

from molucid.chem.fingerprints import FingerprintConfig, fingerprint, fingerprints, tanimoto, tanimoto_matrix
from molucid.errors import InputError

MORGAN = FingerprintConfig()
MACCS = FingerprintConfig(kind="maccs", num_bits=167)
PATHS = FingerprintConfig(kind="rdkit", num_bits=1024)
MOLECULES = ["CCO", "c1ccccc1", "CC(=O)Oc1ccccc1C(=O)O", "CN1C=NC2=C1C(=O)N(C)C(=O)N2C", "C[C@H](N)C(=O)O"]
BITS = hnp.arrays(np.uint8, (5, 24), elements=st.integers(0, 1))


@pytest.mark.parametrize("config", [MORGAN, MACCS, PATHS, FingerprintConfig(radius=3, num_bits=4096)])
def test_shape_type_and_values(config: FingerprintConfig) -> None:
    bits = fingerprints(MOLECULES, config)
    assert bits.shape == (len(MOLECULES), config.num_bits)
    assert bits.dtype == np.uint8
    assert set(np.unique(bits)) == {0, 1}
    for row, smiles in zip(bits, MOLECULES, strict=True):
        np.testing.assert_array_equal(row, fingerprint(smiles, config))
        np.testing.assert_array_equal(row, fingerprint(Chem.MolFromSmiles(smiles), config))


def test_bits_of_ethanol_counted_by_hand() -> None:
    # Three kinds of atoms and three surroundings of radius 1; radius 2 sees nothing new.
    assert fingerprint("CCO", MORGAN).sum() == 6
    # Methane: one atom, one environment.
    assert fingerprint("C", MORGAN).sum() == 1


def test_the_three_kinds_are_those_of_rdkit() -> None:
    aspirin = Chem.MolFromSmiles(MOLECULES[2])
    generator = AllChem.GetMorganGenerator(radius=2, fpSize=2048)
    assert list(np.flatnonzero(fingerprint(aspirin, MORGAN))) == list(
        generator.GetFingerprint(aspirin).GetOnBits()
    )
    assert list(np.flatnonzero(fingerprint(aspirin, MACCS))) == list(
        MACCSkeys.GenMACCSKeys(aspirin).GetOnBits()
    )
    paths = Chem.RDKFingerprint(aspirin, fpSize=1024)
    assert list(np.flatnonzero(fingerprint(aspirin, PATHS))) == list(paths.GetOnBits())


def test_stereo_does_not_change_a_fingerprint() -> None:
    for config in (MORGAN, MACCS, PATHS):
        np.testing.assert_array_equal(
            fingerprint("C[C@H](N)C(=O)O", config), fingerprint("C[C@@H](N)C(=O)O", config)
        )


def test_tanimoto_by_hand() -> None:
    a = np.array([1, 1, 1, 0, 0], np.uint8)
    b = np.array([0, 1, 1, 1, 0], np.uint8)
    assert tanimoto(a, b) == 2 / 4
    assert tanimoto(a, a) == 1
    assert tanimoto(a, np.array([0, 0, 0, 1, 1], np.uint8)) == 0
    assert tanimoto(np.zeros(5, np.uint8), np.zeros(5, np.uint8)) == 0
    assert tanimoto(a, np.zeros(5, np.uint8)) == 0


@given(BITS, BITS)
def test_matrix_agrees_with_pairs_and_with_rdkit(a: np.ndarray, b: np.ndarray) -> None:
    matrix = tanimoto_matrix(a, b)
    assert matrix.shape == (5, 5)
    for i, first in enumerate(a):
        for j, second in enumerate(b):
            value = tanimoto(first, second)
            assert matrix[i, j] == pytest.approx(value, abs=1e-6)
            vectors = (DataStructs.CreateFromBitString("".join(map(str, row))) for row in (first, second))
            assert value == pytest.approx(DataStructs.TanimotoSimilarity(*vectors))
            assert value == tanimoto(second, first)


def test_maccs_of_another_length_is_refused() -> None:
    with pytest.raises(InputError, match="num_bits = 167"):
        FingerprintConfig.from_mapping({"kind": "maccs", "num_bits": 2048})


def test_invalid_molecule_and_kind() -> None:
    with pytest.raises(InputError, match="SMILES 'C\\('"):
        fingerprints(["C", "C("], MORGAN)
    with pytest.raises(InputError, match="morgan"):
        FingerprintConfig.from_mapping({"kind": "ecfp4"})


def test_no_molecules() -> None:
    assert fingerprints([], MORGAN).shape == (0, 2048)
