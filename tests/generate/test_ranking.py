from __future__ import annotations

import numpy as np
import pytest

from molucid.chem.fingerprints import FingerprintConfig
from molucid.chem.formula import Formula
from molucid.errors import InputError
from molucid.generate.chemistry import rdkit_chemistry
from molucid.generate.hypotheses import Hypothesis
from molucid.generate.ranking import Chemistry, expected_tanimoto, rank

# Token 10 + i writes text i; `x` is no molecule, `OCC` is another spelling of `CCO`.
TEXTS = ["CCO", "OCC", "COC", "CCC", "x"]
FORMULAS = {"CCO": "C2H6O", "COC": "C2H6O", "CCC": "C3H8"}
BITS = {"CCO": [1, 1, 0, 0], "COC": [0, 0, 1, 1], "CCC": [1, 0, 0, 0]}
CHEMISTRY = Chemistry(
    canonical=lambda s: None if s == "x" else {"OCC": "CCO"}.get(s, s),
    identity_key=lambda s: None if s == "CCC" else f"KEY-{s}",
    formula=lambda s: Formula.parse(FORMULAS[s]),
    fingerprint=lambda s: np.array(BITS[s], np.uint8),
)


def decode(ids):
    return TEXTS[ids[0] - 10]


def ranked(scores, formula=None, probability=None, **changes):
    settings = {
        "num_candidates": 10,
        "formula_use": "constrain",
        "rank_by": "likelihood",
        "fingerprint_weight": 1.0,
        "by_smiles": False,
        **changes,
    }
    hypotheses = [Hypothesis((10 + TEXTS.index(text), 2), total) for text, total in scores]
    return rank(hypotheses, decode, formula, probability, CHEMISTRY, **settings)


def test_invalid_strings_go_and_spellings_of_a_molecule_become_one():
    found = ranked([("x", -0.1), ("OCC", -1.0), ("CCO", -3.0), ("CCC", -2.0)])
    assert [(c.smiles, c.log_likelihood, c.rank) for c in found] == [("CCO", -1.0, 1), ("CCC", -2.0, 2)]
    assert found[0].num_tokens == 2
    assert found[0].formula_match is None
    assert found[0].fingerprint_similarity is None


def test_tautomers_are_one_molecule_unless_told_apart_by_their_smiles():
    # 2-pyridone and 2-hydroxypyridine share the first block of the InChIKey; the third is the first, written otherwise.
    texts = ["O=c1cccc[nH]1", "Oc1ccccn1", "[nH]1c(=O)cccc1"]
    written = [Hypothesis((i, 2), -float(i + 1)) for i in range(3)]
    settings = {
        "num_candidates": 10,
        "formula_use": "ignore",
        "rank_by": "likelihood",
        "fingerprint_weight": 1.0,
    }
    chemistry = rdkit_chemistry(FingerprintConfig())
    for by_smiles, expected in ((True, texts[:2]), (False, texts[:1])):
        found = rank(
            written, lambda ids: texts[ids[0]], None, None, chemistry, by_smiles=by_smiles, **settings
        )
        assert [c.smiles for c in found] == expected


def test_other_formulas_are_dropped_or_flagged():
    scores = [("CCC", -1.0), ("CCO", -2.0)]
    formula = Formula.parse("C2H6O")
    for use in ("constrain", "reject"):
        assert [c.smiles for c in ranked(scores, formula, formula_use=use)] == ["CCO"]
    flagged = ranked(scores, formula, formula_use="ignore")
    assert [(c.smiles, c.formula_match) for c in flagged] == [("CCC", False), ("CCO", True)]


def test_the_predicted_fingerprint_can_overrule_the_likelihood():
    scores = [("CCO", -1.0), ("COC", -1.6)]  # means −0.5 and −0.8
    probability = np.array([0.0, 0.0, 1.0, 1.0])
    plain = ranked(scores, probability=probability)
    assert [(c.smiles, c.fingerprint_similarity) for c in plain] == [("CCO", 0.0), ("COC", 1.0)]
    blended = {"rank_by": "likelihood_and_fingerprint"}
    # −0.8 + w against −0.5: the order turns at w = 0.3.
    below = ranked(scores, probability=probability, fingerprint_weight=0.29, **blended)
    above = ranked(scores, probability=probability, fingerprint_weight=0.31, **blended)
    assert [c.smiles for c in below] == ["CCO", "COC"]
    assert [(c.smiles, c.rank) for c in above] == [("COC", 1), ("CCO", 2)]


def test_ranking_by_a_fingerprint_that_is_not_predicted_is_refused():
    with pytest.raises(InputError, match="without a fingerprint head") as caught:
        ranked([("CCO", -1.0)], rank_by="likelihood_and_fingerprint")
    assert caught.value.code == "no_fingerprint_head"


def test_ties_within_rounding_go_by_smiles():
    assert [c.smiles for c in ranked([("COC", -1.0), ("CCO", -1.0 - 1e-9)])] == ["CCO", "COC"]
    assert [c.smiles for c in ranked([("COC", -1.0), ("CCO", -1.1)])] == ["COC", "CCO"]


def test_no_more_than_asked_for():
    found = ranked([("CCO", -1.0), ("COC", -2.0), ("CCC", -3.0)], num_candidates=2)
    assert [c.rank for c in found] == [1, 2]


def test_expected_tanimoto():
    bits = np.array([1, 1, 0, 0], np.uint8)
    # Sharp probabilities: Tanimoto of {0, 2} and {0, 1} is 1/3.
    assert expected_tanimoto(np.array([1.0, 0, 1, 0]), bits) == pytest.approx(1 / 3)
    # Σ p·b = 0.75, Σ p = 1, Σ b = 2: 0.75 / 2.25.
    assert expected_tanimoto(np.array([0.5, 0.25, 0.25, 0]), bits) == pytest.approx(1 / 3)
    assert expected_tanimoto(np.zeros(4), np.zeros(4, np.uint8)) == 0
