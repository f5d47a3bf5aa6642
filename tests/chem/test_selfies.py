"""SELFIES: text, tokens and molecules."""

from __future__ import annotations

import pytest

from molucid.chem.identity import canonical_smiles
from molucid.chem.notation import tokenizer_of
from molucid.chem.selfies import selfies_of, smiles_of_selfies
from molucid.errors import InputError

MOLECULES = (
    "CCO",
    "CC(=O)Nc1ccc(O)cc1",
    "C[C@H](N)C(=O)O",
    "F/C=C/Cl",
    "N#Cc1ccncc1",
    "O=S(=O)(O)c1ccccc1",
    "C[N+](C)(C)CC(=O)[O-]",
    "C1CC2CCC1C2",
    "BrC(Cl)I",
    "CCCCCCCCCCCCCCCCCCCCC(c1ccccc1)CC1CCCCC1",
)


@pytest.mark.parametrize("smiles", MOLECULES)
def test_a_molecule_comes_back_through_tokens(smiles: str) -> None:
    tokenizer = tokenizer_of("selfies")
    text = selfies_of(canonical_smiles(smiles, stereo=True))
    ids = tokenizer.encode(text)
    assert tokenizer.decode([*ids, tokenizer.EOS, 5]) == text
    back = smiles_of_selfies(text)
    assert back is not None
    assert canonical_smiles(back, stereo=True) == canonical_smiles(smiles, stereo=True)


def test_every_token_of_the_alphabet_is_one_that_the_package_knows() -> None:
    for token in tokenizer_of("selfies").vocabulary[3:]:
        assert smiles_of_selfies(f"[C]{token}[C]") is not None, token


def test_what_selfies_cannot_write_is_refused_by_name() -> None:
    with pytest.raises(InputError, match="selfies=false") as caught:
        selfies_of("C[N](C)(C)(C)(C)C")
    assert caught.value.code == "no_selfies"
    with pytest.raises(InputError, match=r"\[Xe\]"):
        tokenizer_of("selfies").encode("[C][Xe]")


def test_text_that_is_no_selfies_has_no_smiles() -> None:
    assert smiles_of_selfies("[C][Zz]") is None
    assert smiles_of_selfies("") is None


def test_both_notations_share_the_special_tokens() -> None:
    smiles, selfies = tokenizer_of("smiles"), tokenizer_of("selfies")
    assert smiles.vocabulary[:3] == selfies.vocabulary[:3] == ("<pad>", "<bos>", "<eos>")
    assert smiles.vocabulary_sha256 != selfies.vocabulary_sha256
