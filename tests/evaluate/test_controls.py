from __future__ import annotations

import math

import numpy as np
import pytest

from molucid.chem.formula import Formula
from molucid.chem.identity import formula_of, inchikey14
from molucid.errors import InputError, Rejected
from molucid.evaluate.controls import RandomCandidates, answer_masked, mask_spectra
from molucid.generate.types import Answer
from molucid.spectra.types import Evidence, MassSpectrum

# four C4H10O isomers, then others at rising distance from 74.0732 Da
ISOMERS = ["CCCCO", "CCC(C)O", "CCOCC", "CC(C)(C)O"]
OTHERS = ["CCCCN", "CCC(=O)O", "CCCO", "c1ccccc1"]


def test_masking_leaves_identifier_and_formula_only():
    spectrum = MassSpectrum(np.array([50.0]), np.array([1.0]), precursor_mz=75.0, adduct="[M+H]+")
    evidence = Evidence("a", Formula.parse("C4H10O"), (spectrum,))
    masked = mask_spectra(evidence)
    assert (masked.id, masked.formula, masked.msms) == ("a", evidence.formula, ())
    assert evidence.msms == (spectrum,)


def test_masked_control_asks_the_same_function_and_keeps_the_order():
    spectrum = MassSpectrum(np.array([50.0]), np.array([1.0]))
    evidence = [
        Evidence("a", Formula.parse("C4H10O"), (spectrum,)),
        Evidence("b", None, (spectrum,)),
        Evidence("c", Formula.parse("CH4"), (spectrum,)),
    ]
    asked = []

    def answer(items):
        asked.extend(items)
        return [Answer(item.id, (), "no_candidate") for item in items]

    results = list(answer_masked(evidence, answer))
    assert [item.msms for item in asked] == [(), ()]
    assert [r.id if isinstance(r, Rejected) else r.evidence_id for r in results] == ["a", "b", "c"]
    assert isinstance(results[1], Rejected)
    assert results[1].code == "no_formula"


def test_same_formula_comes_first_then_nearest_mass():
    control = RandomCandidates(OTHERS + ISOMERS)
    answer = control.answer("x", Formula.parse("C4H10O"), 7)
    smiles = [c.smiles for c in answer.candidates]
    assert {inchikey14(s) for s in smiles[:4]} == {inchikey14(s) for s in ISOMERS}
    assert [c.formula_match for c in answer.candidates] == [True] * 4 + [False] * 3
    # 74.0368, 73.0891 and 78.0470 against 74.0732 Da; propanol with 60.0575 is farthest
    assert smiles[4:] == ["CCC(=O)O", "CCCCN", "c1ccccc1"]
    assert [c.rank for c in answer.candidates] == list(range(1, 8))
    assert answer.candidates[0].log_likelihood == pytest.approx(-math.log(8))


def test_formula_that_the_training_set_has_not():
    answer = RandomCandidates(OTHERS).answer("x", Formula.parse("C6H6O"), 2)
    assert [c.smiles for c in answer.candidates] == ["c1ccccc1", "CCC(=O)O"]
    assert not any(c.formula_match for c in answer.candidates)


def test_order_among_isomers_is_random_but_reproducible():
    control = RandomCandidates(ISOMERS)
    formula = formula_of("CCCCO")
    firsts = [control.answer(f"id{i}", formula, 1).candidates[0].smiles for i in range(400)]
    counts = [firsts.count(s) for s in set(firsts)]
    assert len(counts) == 4
    assert max(abs(c - 100) for c in counts) < 45  # 5 standard deviations of a fair draw
    assert control.answer("id1", formula, 4) == RandomCandidates(reversed(ISOMERS)).answer("id1", formula, 4)
    orders = {
        tuple(c.smiles for c in control.answer("id1", formula, 4, seed).candidates) for seed in range(20)
    }
    assert len(orders) > 5


def test_small_training_set_gives_what_it_has_without_repeats():
    answer = RandomCandidates(["CCO", "OCC", "C[C@H](N)O", "C[C@@H](N)O"]).answer(
        "x", Formula.parse("CH4"), 10
    )
    assert len(answer.candidates) == 2


def test_unreadable_molecules_are_counted():
    control = RandomCandidates(["CCO", "C1CC", "*"])
    assert (len(control), control.num_unreadable) == (1, 2)
    with pytest.raises(InputError):
        RandomCandidates(["C1CC"])
