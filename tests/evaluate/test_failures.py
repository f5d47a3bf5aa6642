from __future__ import annotations

import numpy as np
import pytest
from rdkit import Chem

from molucid.chem.fragment_vector import FragmentCounts
from molucid.evaluate.failures import outcomes
from molucid.evaluate.multispectral import score_multispectral

PATTERNS = [Chem.MolFromSmarts(p) for p in ("[CX3]=O", "[OX2H]", "[NX3]", "c")]

TRUTH = "C[C@H](O)CCC(=O)O"


def count_one(mol):
    found = [(i, len(mol.GetSubstructMatches(p))) for i, p in enumerate(PATTERNS) if mol.HasSubstructMatch(p)]
    index, number = np.array(found, np.uint16).reshape(-1, 2).T
    return FragmentCounts(index, number)


def count(mols):
    return [count_one(mol) for mol in mols]


@pytest.mark.parametrize(
    ("entries", "expected"),
    [
        (["CCC", "OC(=O)CC[C@@H](C)O"], "success"),  # the mirror image
        (["CCC", "OC(=O)CCC(C)O"], "stereo"),
        # an isomer, and a molecule with another number of the same fragments
        (["CCC", "CCCC(O)C(=O)O"], "connectivity"),
        (["OCC(O)CC(=O)O a title"], "connectivity"),
        (["CCOC(C)=O", "NCC(O)C(=O)O"], "fragment"),  # one lacks OH, one has N
        ([], "no_candidate"),
        ([None, "C1CC", ""], "no_candidate"),
        # what stands behind the first k does not count
        (["CCC", "CCCC", "CCCCC", TRUTH], "fragment"),
    ],
)
def test_each_category(entries, expected):
    scores = score_multispectral([entries], [TRUTH], (3,))
    assert outcomes([entries], [TRUTH], scores, 3, count) == (expected,)


def test_order_of_inputs_is_kept():
    lists = [[TRUTH], [], ["CCC"], ["OC(=O)CCC(C)O"]]
    scores = score_multispectral(lists, [TRUTH] * 4, (1,))
    assert outcomes(lists, [TRUTH] * 4, scores, 1, count) == ("success", "no_candidate", "fragment", "stereo")


def test_fragments_are_not_counted_where_the_answer_is_right():
    def never(mols):
        raise AssertionError("counted")

    scores = score_multispectral([[TRUTH]], [TRUTH], (1,))
    assert outcomes([[TRUTH]], [TRUTH], scores, 1, never) == ("success",)
