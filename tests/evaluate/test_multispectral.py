from __future__ import annotations

import pytest
from rdkit import Chem, DataStructs
from rdkit.Chem import MACCSkeys, rdFingerprintGenerator

from molucid.chem.identity import canonical_smiles
from molucid.evaluate.multispectral import (
    MULTISPECTRAL_METRICS,
    multispectral_proportions,
    score_multispectral,
)

ALANINE = "C[C@H](N)C(=O)O"
MIRROR = "C[C@@H](N)C(=O)O"


def score(entries, truth=ALANINE, top_ks=(1, 3)):
    scores = score_multispectral([entries], [truth], top_ks)
    return {name: column[0] for name, column in scores.values.items()}, scores


def test_each_protocol_counts_its_first_right_entry():
    values, scores = score(["CCC", "CC(N)C(=O)O", MIRROR, ALANINE], top_ks=(1, 2, 3, 4))
    assert [values[f"top{k}_constitutional"] for k in (1, 2, 3, 4)] == [0, 1, 1, 1]
    assert [values[f"top{k}_enantiomer"] for k in (1, 2, 3, 4)] == [0, 0, 1, 1]
    assert [values[f"top{k}_exact"] for k in (1, 2, 3, 4)] == [0, 0, 0, 1]
    assert {p: ranks[0] for p, ranks in scores.match_ranks.items()} == {
        "exact": 4,
        "enantiomer": 3,
        "constitutional": 2,
    }


def test_levenshtein_by_hand():
    # canonical: CCO, CCN, CCCO, c1ccccc1. CCN: one replaced; CCCO: one inserted
    assert score(["NCC"], truth="OCC")[0]["top1_levenshtein"] == 1
    assert score(["OCCC"], truth="OCC")[0]["top1_levenshtein"] == 1
    # CCO to CCOCC: two inserted, to CC: one deleted; the smallest counts
    values, _ = score(["CCOCC", "CC"], truth="CCO")
    assert (values["top1_levenshtein"], values["top3_levenshtein"]) == (2, 1)


def test_levenshtein_is_on_canonical_text_and_reads_the_mirror_image_as_right():
    values, _ = score([MIRROR])
    assert values["top1_levenshtein"] == 0
    # "C[C@H](N)C(=O)O" against "CC(N)C(=O)O": [, @, H and ] are too many
    assert score(["OC(=O)C(C)N"])[0]["top1_levenshtein"] == 4


@pytest.mark.parametrize("entries", [[], [None], ["C1CC"], [""]])
def test_no_valid_answer_is_as_far_as_the_true_text_is_long(entries):
    values, _ = score(entries, truth="OCC")
    assert values["top1_levenshtein"] == 3


def test_a_valid_answer_is_as_far_as_it_is_and_an_invalid_one_beside_it_does_not_count():
    # to CCO: one C replaced by O, 37 deleted
    values, _ = score(["C" * 40, "C1CC", "C" * 20], truth="OCC", top_ks=(1, 2, 3))
    assert [values[f"top{k}_levenshtein"] for k in (1, 2, 3)] == [38, 38, 18]


def test_what_enantiomer_accepts_is_at_distance_0_however_it_is_spelled():
    # RDKit's canonical SMILES of this one depends on the order of the atoms.
    cyanine = "CCN\\1C2=CC=CC=C2S/C1=C\\C3=C/C(=C/C=C/C4=[N+](C5=CC=CC=C5S4)CC)/C6=CC=CC=C6O3.[I-]"
    texts = Chem.MolToRandomSmilesVect(Chem.MolFromSmiles(cyanine), 60, randomSeed=7)
    assert len({canonical_smiles(text, stereo=True) for text in texts}) > 1
    assert {score([text], truth=cyanine)[0]["top1_levenshtein"] for text in texts} == {0}


def test_similarity_is_rdkits():
    truth, other = "CC(=O)Oc1ccccc1C(=O)O", "OC(=O)c1ccccc1O"
    values, _ = score(["CC", other], truth=truth)
    a, b = Chem.MolFromSmiles(truth), Chem.MolFromSmiles(other)
    paths = rdFingerprintGenerator.GetRDKitFPGenerator(fpSize=2048)
    maccs = DataStructs.TanimotoSimilarity(MACCSkeys.GenMACCSKeys(a), MACCSkeys.GenMACCSKeys(b))
    rdkit = DataStructs.TanimotoSimilarity(paths.GetFingerprint(a), paths.GetFingerprint(b))
    assert values["top3_maccs"] == pytest.approx(maccs, abs=1e-12)
    assert values["top3_rdkit"] == pytest.approx(rdkit, abs=1e-12)
    assert values["top1_maccs"] < values["top3_maccs"]


def test_tanimoto_by_hand():
    # MACCS keys of methanol: CH3 (160), CH3 on a heteroatom (93), O (164), OH (139), C–O (157); of methylamine: 160,
    # 93, N (161), NH (151), NH2 (84), C–N (158). Two of nine are common.
    assert score(["CN"], truth="CO")[0]["top1_maccs"] == pytest.approx(2 / 9, abs=1e-12)
    # the RDKit fingerprint of paths sets two bits per path: C–C for ethane, C–O for methanol, nothing common
    assert score(["CC"], truth="CO")[0]["top1_rdkit"] == 0
    assert score(["OCC"], truth="CCO")[0]["top1_rdkit"] == 1
    assert score([None, "C1CC"], truth="OCC")[0]["top3_maccs"] == 0


def test_validity_of_the_paper_asks_for_one():
    values, _ = score(["C1CC", None, "CCO"], truth="OCC")
    assert (values["top1_any_valid"], values["top3_any_valid"]) == (0, 1)


def test_misses_stay_in_every_column():
    scores = score_multispectral([[ALANINE], []], [ALANINE, ALANINE], (1,))
    assert set(scores.values) == {f"top1_{metric}" for metric in MULTISPECTRAL_METRICS}
    for name, column in scores.values.items():
        best, worst = (0, len(ALANINE)) if name == "top1_levenshtein" else (1, 0)
        assert column.tolist() == [best, worst]
    assert scores.match_ranks["exact"] == (1, None)


def test_proportions_are_zero_or_one():
    values, _ = score(["CCO", "C[C@@H](N)C(=O)O"])
    for column in multispectral_proportions((1, 3)):
        assert values[column] in (0, 1)
