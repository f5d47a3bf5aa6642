from __future__ import annotations

import pytest

from molucid.errors import InputError
from molucid.evaluate.subsets import (
    Member,
    evidence_of,
    is_subset_name,
    member_of,
    sort_subsets,
    subset_name,
    subset_title,
)
from molucid.generate.types import Answer


def answer(*used, id="a"):
    return Answer(id, (), "no_candidate", provenance={"evidence_used": list(used)})


SILENT = Answer("s", (), "no_candidate")


def test_a_name_tells_model_and_subset_in_any_order():
    member = member_of("nmiracle@h_nmr+ir", [SILENT])
    assert (member.model, member.subset) == ("nmiracle", ("ir", "h_nmr"))
    assert member_of("a@b@ir", []).model == "a@b"


@pytest.mark.parametrize("name", ["run@3", "a@b.c", "ir", "@ir"])
def test_other_names_are_models_as_they_stand(name):
    assert member_of(name, [answer("c_nmr")]) == Member(name, ("c_nmr",), 1)


def test_answers_tell_the_subset_of_a_name_without_one():
    assert member_of("m", [answer("c_nmr", "ir"), answer("ir", "c_nmr", id="b")]).subset == ("ir", "c_nmr")
    assert member_of("m", [answer("ir"), answer("c_nmr", id="b")]).subset is None, "answers differ"
    assert member_of("m", [SILENT]).subset is None


def test_a_compound_that_lacks_a_spectrum_of_the_subset_is_no_contradiction():
    answers = [answer("c_nmr", "ir"), answer("ir", id="b"), answer("c_nmr", "ir", id="c"), SILENT]
    assert member_of("m@ir+c_nmr", answers) == Member("m", ("ir", "c_nmr"), 2)
    assert member_of("m@ir+c_nmr", [answer("ir")]) == Member("m", ("ir", "c_nmr"), 0)
    assert member_of("m@ir+c_nmr", [SILENT]) == Member("m", ("ir", "c_nmr"), None), "nothing says it"


def test_a_name_that_its_answers_contradict_is_refused():
    answers = [answer("ir"), answer("ir", "h_nmr", id="b"), answer("ir", "c_nmr", id="c")]
    expected = "whose answers used ir\\+h_nmr, expected answers that used ir\\+c_nmr, or less of it"
    with pytest.raises(InputError, match=expected) as caught:
        member_of("m@ir+c_nmr", answers)
    assert caught.value.code == "wrong_subset"


def test_unknown_modality():
    with pytest.raises(InputError, match="'raman'") as caught:
        member_of("m@ir+raman", [])
    assert caught.value.code == "unknown_modality"
    assert is_subset_name("c_nmr+ir")
    assert not is_subset_name("runs")


@pytest.mark.parametrize("value", [None, "ir", 5, ["ir", "raman"]])
def test_provenance_that_says_nothing_usable(value):
    assert evidence_of(Answer("a", (), "no_candidate", provenance={"evidence_used": value})) is None


def test_order_and_titles():
    subsets = [("ir", "h_nmr", "c_nmr"), ("c_nmr",), ("h_nmr", "c_nmr"), ("ir",), ("ir", "h_nmr")]
    assert [subset_name(s) for s in sort_subsets(subsets)] == [
        *("ir", "c_nmr", "ir+h_nmr", "h_nmr+c_nmr", "ir+h_nmr+c_nmr")
    ]
    assert subset_title(("ir", "h_nmr", "c_nmr")) == "IR + ¹H + ¹³C"
