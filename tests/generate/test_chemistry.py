"""What a model's notation and stereo mean for its candidates."""

from __future__ import annotations

import pytest

from molucid.chem.fingerprints import FingerprintConfig
from molucid.errors import InputError
from molucid.generate.chemistry import rdkit_chemistry
from molucid.generate.generator import GenerateConfig
from molucid.model.config import ModelConfig


def test_selfies_become_canonical_smiles() -> None:
    chemistry = rdkit_chemistry(FingerprintConfig(), "selfies")
    assert chemistry.canonical("[O][C][C]") == "CCO"
    assert chemistry.canonical("[Zz]") is None


def test_stereoisomers_are_one_candidate_unless_the_model_writes_configurations() -> None:
    left, right = "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O"
    flat, stereo = (rdkit_chemistry(FingerprintConfig(), stereo=stereo) for stereo in (False, True))
    assert flat.canonical(left) == flat.canonical(right) == "CC(N)C(=O)O"
    assert flat.identity_key(left) == flat.identity_key(right)
    assert stereo.canonical(left) != stereo.canonical(right)
    assert stereo.identity_key(left) != stereo.identity_key(right)


def test_a_formula_constrains_smiles_only() -> None:
    model = ModelConfig(target="selfies")
    with pytest.raises(InputError, match=r"generate\.formula=reject"):
        GenerateConfig(formula="constrain").check_model(model)
    GenerateConfig(formula="reject").check_model(model)
