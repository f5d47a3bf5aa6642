from __future__ import annotations

from molucid.chem.formula import Formula
from molucid.evaluate.training_overlap import merged, symbols, training_overlap

METHANE, WATER, SALT, SELANE = (frozenset(s.split()) for s in ("C H", "H O", "Na Cl", "H Se"))


def test_hand_counted_sets():
    truth = {"a": METHANE, "b": WATER, "c": SALT}
    training = {"b": WATER, "c": SALT, "d": SELANE, "e": METHANE, "f": METHANE}
    found = training_overlap(truth, training)
    assert (found.num_only_truth, found.num_both, found.num_only_training) == (1, 2, 3)
    assert (found.num_truth, found.num_training) == (3, 5)
    assert found.truth_with == {"C": 1, "H": 2, "O": 1, "Na": 1, "Cl": 1}
    assert found.training_with == {"C": 2, "H": 4, "O": 1, "Na": 1, "Cl": 1, "Se": 1}
    assert found.elements == ["C", "H", "O", "Cl", "Se", "Na"], "sodium is of no model"
    assert [found.share_of_truth(e) for e in ("H", "Se")] == [2 / 3, 0]
    assert [found.share_of_training(e) for e in ("H", "Se")] == [4 / 5, 1 / 5]


def test_nothing_trained_on_has_no_share():
    found = training_overlap({"a": METHANE}, {})
    assert (found.num_only_truth, found.num_both, found.num_only_training) == (1, 0, 0)
    assert found.share_of_training("C") == 0


def test_a_molecule_that_comes_again_counts_once():
    assert merged([("a", METHANE), ("b", WATER), ("a", METHANE), ("b", SALT)]) == {
        "a": METHANE,
        "b": WATER | SALT,
    }


def test_equal_sets_of_elements_are_kept_once():
    found = merged((key, frozenset(["C", "H"])) for key in "ab")
    assert found["a"] is found["b"]


def test_a_labelled_atom_is_of_its_element():
    assert symbols(Formula.parse("C2[13C]D3HCl")) == {"C", "H", "Cl"}
