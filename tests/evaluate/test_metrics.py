from __future__ import annotations

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import rdFingerprintGenerator

from molucid.errors import InputError
from molucid.evaluate.metrics import molecule_facts, score_lists, true_molecule


def score(entries, truth="CCOC(=O)c1ccccc1", top_ks=(1, 3)):
    scores = score_lists([entries], [truth], top_ks)
    return {name: column[0] for name, column in scores.values.items()}, scores


def test_accuracy_by_place():
    values, scores = score(["CCO", "CCOC(=O)C1=CC=CC=C1", "CC"])
    assert (values["top1_accuracy"], values["top3_accuracy"]) == (0, 1)
    assert scores.match_rank == (2,)


def test_match_beyond_k_is_ranked_but_not_counted():
    values, scores = score(["CCO", "CCO", "CCO", "CCOC(=O)c1ccccc1"])
    assert values["top3_accuracy"] == 0
    assert scores.match_rank == (4,)


def test_stereo_does_not_count():
    values, _ = score(["C[C@H](N)C(=O)O"], truth="C[C@@H](N)C(=O)O")
    assert values["top1_accuracy"] == 1


def test_tanimoto_is_rdkits():
    a, b = "CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1ccccc1O"
    values, _ = score(["CC", b], truth=a, top_ks=(2,))
    generator = rdFingerprintGenerator.GetMorganGenerator(radius=2, fpSize=2048)
    expected = DataStructs.TanimotoSimilarity(
        *(generator.GetFingerprint(Chem.MolFromSmiles(s)) for s in (a, b))
    )
    assert values["top2_tanimoto"] == pytest.approx(expected, abs=1e-12)


def test_validity_and_formula_are_shares_of_the_entries():
    # benzyl acetate and ethyl benzoate are isomers
    values, scores = score(["CC(=O)OCc1ccccc1", "C1CC", None, "CCO"], top_ks=(1, 4))
    assert (values["top1_validity"], values["top4_validity"]) == (1, 0.5)
    assert (values["top1_formula_match"], values["top4_formula_match"]) == (1, 0.25)
    assert scores.num_valid == (2,)


def test_short_list_is_not_charged_for_places_it_never_filled():
    values, _ = score(["CC(=O)OCc1ccccc1"])
    assert (values["top3_validity"], values["top3_formula_match"]) == (1, 1)


def test_empty_list_scores_zero_everywhere():
    values, scores = score([])
    assert set(values.values()) == {0.0}
    assert scores.match_rank == (None,)


@pytest.mark.parametrize("smiles", ["C1CC", "C(", "[Xx]", "c1ccc1c"])
def test_invalid_text(smiles, capfd):
    assert molecule_facts(smiles) is None
    assert capfd.readouterr().err == "", "RDKit's complaints about candidates are no news"


def test_text_after_a_blank_is_a_title_as_rdkit_reads_it():
    values, _ = score(["CCO ethanol"], truth="CCO")
    assert values["top1_accuracy"] == 1


def test_wildcard_has_no_identity_and_never_matches():
    facts = molecule_facts("*CC")
    assert facts is not None
    assert facts.inchikey14 is None
    values, _ = score(["*CC"], truth="CCC")
    assert values["top1_accuracy"] == 0
    assert values["top1_validity"] == 1


@pytest.mark.parametrize("smiles", ["", "C1CC", "*CC"])
def test_truth_must_have_an_identity(smiles):
    with pytest.raises(InputError) as caught:
        true_molecule(smiles)
    assert caught.value.code == "invalid_smiles"


def test_lists_and_truths_must_pair_up():
    with pytest.raises(ValueError, match="shorter"):
        score_lists([["C"], ["C"]], ["C"], (1,))
