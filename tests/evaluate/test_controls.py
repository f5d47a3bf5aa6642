from __future__ import annotations

import math

import numpy as np
import pytest

from molucid.chem.formula import Formula
from molucid.chem.identity import formula_of, inchikey14
from molucid.errors import InputError, Where
from molucid.evaluate.controls import RandomCandidates, mask_records, mask_spectra
from molucid.spectra.types import Evidence, MassSpectrum, Record

# four C4H10O isomers, then others at rising distance from 74.0732 Da
ISOMERS = ["CCCCO", "CCC(C)O", "CCOCC", "CC(C)(C)O"]
OTHERS = ["CCCCN", "CCC(=O)O", "CCCO", "c1ccccc1"]


def test_masking_leaves_identifier_and_formula_only():
    spectrum = MassSpectrum(np.array([50.0]), np.array([1.0]), precursor_mz=75.0, adduct="[M+H]+")
    evidence = Evidence("a", Formula.parse("C4H10O"), (spectrum,))
    masked = mask_spectra(evidence)
    assert (masked.id, masked.formula, masked.msms) == ("a", evidence.formula, ())
    assert evidence.msms == (spectrum,)


def test_masked_records_keep_order_place_and_structure():
    spectrum = MassSpectrum(np.array([50.0]), np.array([1.0]))
    records = [
        Record(Evidence("a", Formula.parse("C4H10O"), (spectrum,)), "CCCCO", Where("s.mgf", line=1)),
        Record(Evidence("b", None, (spectrum,)), None, Where("s.mgf", line=9)),
        Record(Evidence("c", Formula.parse("CH4"), (spectrum,))),
    ]
    masked, rejected = mask_records(records)
    assert [(r.evidence.id, r.evidence.msms) for r in masked] == [("a", ()), ("c", ())]
    assert (masked[0].smiles, masked[0].where.line) == ("CCCCO", 1)
    assert [(r.id, r.code, r.where.line) for r in rejected] == [("b", "no_formula", 9)]


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
