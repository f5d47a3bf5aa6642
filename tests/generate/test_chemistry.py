"""What a model's notation and stereo mean for its candidates."""

from __future__ import annotations

import pytest

from molucid.chem.fingerprints import FingerprintConfig
from molucid.generate.chemistry import rdkit_chemistry
from molucid.generate.generator import GenerateConfig
from molucid.model.config import ModelConfig


def test_selfies_become_canonical_smiles() -> None:
    chemistry = rdkit_chemistry(FingerprintConfig(), "selfies")
    assert chemistry.canonical("[O][C][C]") == "CCO"
    assert chemistry.canonical("[Zz]") is None


def test_stereoisomers_differ_by_canonical_smiles_if_the_model_writes_configurations() -> None:
    left, right = "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"
    flat, stereo = (rdkit_chemistry(FingerprintConfig(), stereo=stereo) for stereo in (False, True))
    assert flat.canonical(left) == flat.canonical(right) == "CC(N)C(=O)O"
    assert stereo.canonical(left) != stereo.canonical(right)
    assert flat.identity_key(left) == stereo.identity_key(right) == "QNAYBMKLOCPYGJ"


@pytest.mark.parametrize(
    ("target", "asked", "held"),
    [
        ("smiles", "constrain", "constrain"),
        ("selfies", "constrain", "reject"),
        ("selfies", "reject", "reject"),
        ("selfies", "ignore", "ignore"),
    ],
)
def test_a_formula_constrains_smiles_and_rejects_selfies(target, asked, held) -> None:
    assert GenerateConfig(formula=asked).for_model(ModelConfig(target=target)) == GenerateConfig(formula=held)
