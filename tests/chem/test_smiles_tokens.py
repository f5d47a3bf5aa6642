from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rdkit import Chem, RDConfig

from molucid.chem.identity import canonical_smiles
from molucid.chem.smiles_tokens import SmilesTokenizer
from molucid.errors import InputError

TOKENIZER = SmilesTokenizer()
TEXT_TOKENS = TOKENIZER.vocabulary[3:]


def nci_smiles() -> list[str]:
    """The molecules that every RDKit installation brings with it."""
    lines = Path(RDConfig.RDDataDir, "NCI", "first_200.props.sdf")
    return [Chem.MolToSmiles(mol) for mol in Chem.SDMolSupplier(os.fspath(lines)) if mol is not None]


@given(st.lists(st.sampled_from(TEXT_TOKENS), min_size=1, max_size=60))
def test_any_sequence_of_tokens_round_trips(tokens: list[str]) -> None:
    ids = TOKENIZER.encode("".join(tokens))
    assert [TOKENIZER.vocabulary[i] for i in ids] == tokens
    assert TOKENIZER.decode(ids) == "".join(tokens)


def test_real_molecules_round_trip_with_and_without_stereo() -> None:
    molecules = nci_smiles()
    assert len(molecules) > 150
    for smiles in molecules:
        for text in (canonical_smiles(smiles), canonical_smiles(smiles, stereo=True)):
            assert TOKENIZER.decode(TOKENIZER.encode(text)) == text


@pytest.mark.parametrize("token", [t for t in TEXT_TOKENS if t.startswith("[")])
def test_every_bracket_atom_is_written_so_by_rdkit(token: str) -> None:
    options = Chem.SmilesParserParams()
    options.sanitize = False
    options.removeHs = False
    neighbours = "FClBrI" if "@" in token else ""
    # A stereo tag needs four neighbours to be kept.
    if neighbours:
        hydrogens = token.count("H")
        text = f"F{token}(Cl)(Br)I" if not hydrogens else f"F{token}(Cl)Br"
        assert token in TOKENIZER.vocabulary
        mol = Chem.MolFromSmiles(text, options)
        assert mol is not None
        assert Chem.MolToSmiles(mol, canonical=False) in (
            text,
            text.replace("@@", "@"),
            text.replace("@", "@@"),
        )
    else:
        mol = Chem.MolFromSmiles(token, options)
        assert mol is not None
        assert Chem.MolToSmiles(mol, allHsExplicit=True) == token


def test_specials_and_stopping() -> None:
    assert TOKENIZER.vocabulary[:3] == ("<pad>", "<bos>", "<eos>")
    assert (TOKENIZER.PAD, TOKENIZER.BOS, TOKENIZER.EOS) == (0, 1, 2)
    assert TOKENIZER.size == len(TOKENIZER.vocabulary) == len(set(TOKENIZER.vocabulary))
    ids = TOKENIZER.encode("CCO")
    assert TOKENIZER.decode([1, *ids, 2, *ids, 0, 0]) == "CCO"
    assert TOKENIZER.decode([1, 0, *ids, 0]) == "CCO"
    assert TOKENIZER.decode([]) == ""


def test_two_letter_atoms_and_ring_labels_are_one_token() -> None:
    tokens = [TOKENIZER.vocabulary[i] for i in TOKENIZER.encode("Clc1cc%10c(Br)[nH]1")]
    assert tokens == ["Cl", "c", "1", "c", "c", "%10", "c", "(", "Br", ")", "[nH]", "1"]


@pytest.mark.parametrize(
    ("smiles", "token", "position"),
    [
        ("C[Rf]C", "[Rf]", 2),
        ("CC*", "*", 3),
        ("CCé", "é", 3),
        ("CC C", " ", 3),
        ("C%42C", "%42", 2),
        ("C[NH3+", "[", 2),
        ("<eos>", "<", 1),
        ("C\n", "\\n", 2),
        ("CX", "X", 2),
    ],
)
def test_unknown_text_is_refused_by_name(smiles: str, token: str, position: int) -> None:
    with pytest.raises(InputError) as caught:
        TOKENIZER.encode(smiles)
    assert caught.value.code == "unknown_token"
    assert token in caught.value.got
    assert f"character {position} " in caught.value.got


def test_empty_text_and_foreign_ids_are_refused() -> None:
    with pytest.raises(InputError, match="empty SMILES"):
        TOKENIZER.encode("")
    for index in (-1, TOKENIZER.size):
        with pytest.raises(InputError, match="token id"):
            TOKENIZER.decode([index])


def test_the_vocabulary_is_frozen() -> None:
    # A changed order silently breaks every checkpoint: raise VOCABULARY_VERSION and this sum together.
    assert TOKENIZER.size == 248
    assert TOKENIZER.vocabulary_sha256 == "b640e85ad5067e5cdceb57d1e1fd4b340e8ee533db51cf7ce1873f7317400b87"


def test_coverage_of_published_structures(data_folder: Path) -> None:
    import pyarrow.parquet as pq

    for name in ("massspecgym_structures.parquet", "massbank_msms.parquet"):
        for smiles in set(
            pq.read_table(data_folder / name, columns=["flat_smiles"])["flat_smiles"].to_pylist()
        ):
            assert TOKENIZER.decode(TOKENIZER.encode(smiles)) == smiles
