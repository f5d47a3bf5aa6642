from __future__ import annotations

import pytest

from molucid.dataset.corpus import CorpusFilter, Molecule, admit
from molucid.dataset.holdout import HoldoutKeys
from molucid.errors import Rejected, Where

NONE = HoldoutKeys.from_keys([])
PLACE = Where("corpus.smi", line=4)


def test_an_admitted_molecule_is_canonical_and_keeps_its_configuration() -> None:
    admitted = admit(Molecule("ala", "C[C@@H](C(=O)O)N", PLACE), CorpusFilter(), NONE)
    assert not isinstance(admitted, Rejected)
    assert admitted.smiles == "C[C@H](N)C(=O)O"
    assert str(admitted.formula) == "C3H7NO2"
    # PubChem's key of alanine (CID 602); stereo is in the second block only.
    assert admitted.inchikey14 == "QNAYBMKLOCPYGJ"


@pytest.mark.parametrize(
    ("smiles", "code"),
    [
        ("C1CC", "invalid_smiles"),
        ("", "invalid_smiles"),
        ("CCO.CCN", "several_fragments"),
        ("CC[Na]", "element_outside_alphabet"),
        ("[2H]C(Cl)Cl", "isotope"),
        ("CO", "too_few_atoms"),
        ("C" * 65, "too_many_atoms"),
        ("C[N+](C)(C)C", "net_charge"),
        ("CC[CH2]", "radical"),
        ("CC[SiH](C)[Se-3]", "net_charge"),
    ],
)
def test_each_step_refuses_by_its_name(smiles: str, code: str) -> None:
    refused = admit(Molecule("m", smiles, PLACE), CorpusFilter(), NONE)
    assert isinstance(refused, Rejected)
    assert (refused.code, refused.id, refused.where) == (code, "m", PLACE)


@pytest.mark.parametrize("smiles", ["CCO", "C" * 64, "C[N+](C)(C)CC([O-])=O", "CS(=O)(=O)Nc1ccc(I)cc1"])
def test_molecules_at_the_borders_pass(smiles: str) -> None:
    assert not isinstance(admit(Molecule("m", smiles, PLACE), CorpusFilter(), NONE), Rejected)


def test_what_has_no_tokens_is_refused() -> None:
    refused = admit(Molecule("m", "CC[SeH3](C)C", PLACE), CorpusFilter(), NONE)
    assert isinstance(refused, Rejected)
    assert refused.code == "unknown_token"


def test_an_excluded_molecule_is_found_in_any_spelling() -> None:
    held = HoldoutKeys.from_keys(["QNAYBMKLOCPYGJ"])
    for smiles in ("CC(N)C(=O)O", "C[C@H](N)C(O)=O", "C[C@@H]([NH3+])C([O-])=O"):
        refused = admit(Molecule("m", smiles, PLACE), CorpusFilter(), held)
        assert isinstance(refused, Rejected)
        assert refused.code == "held_out"
