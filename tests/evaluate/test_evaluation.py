from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.evaluate.cases import Case
from molucid.evaluate.config import EvaluateConfig
from molucid.evaluate.evaluation import SystemInput, evaluate
from molucid.evaluate.metrics import true_molecule
from molucid.evaluate.tables import UNKNOWN, TablesConfig, mass_bins
from molucid.generate.types import Answer, Candidate

FAST = EvaluateConfig(with_mces=False).updated(["bootstrap.num_resamples=200"])


def case(id, smiles, adduct="[M+H]+", instrument="qtof"):
    true = true_molecule(smiles)
    return Case(id, smiles, true.inchikey14, true.formula, adduct, instrument)


def answer(id, *smiles):
    candidates = tuple(Candidate(s, -1.0, 5, rank=r) for r, s in enumerate(smiles, start=1))
    return Answer(id, candidates, "answered" if candidates else "no_candidate")


CASES = [
    case("a", "CCO"),
    case("b", "CCO", adduct="[M+Na]+"),
    case("c", "CCCCCCCCCCCCCCCCCC(=O)O", instrument=None),
    case("d", "CCN", adduct=None),
    case("e", "CC=O"),
]
GOOD = SystemInput(
    [answer("e"), answer("c", "CCC", "CCCCCCCCCCCCCCCCCC(O)=O"), answer("a", "OCC"), answer("zz", "C")],
    {"b": "unknown_adduct"},
)
BAD = SystemInput([answer(c.id, "CCCC") for c in CASES], {})


@pytest.fixture(scope="module")
def evaluation():
    return evaluate(CASES, {"good": GOOD, "bad": BAD}, FAST)


def test_every_input_is_accounted_for(evaluation):
    account = evaluation.systems[0].accounting
    assert (account.num_inputs, account.num_answered, account.num_no_candidate) == (5, 2, 1)
    assert account.missing == {"b": "unknown_adduct", "d": "no_answer"}
    assert account.without_truth == ("zz",)
    assert account.num_inputs == account.num_answered + account.num_no_candidate + len(account.missing)
    assert evaluation.systems[0].statuses == ("answered", "missing", "answered", "missing", "no_candidate")


def test_unanswered_inputs_stay_in_the_mean(evaluation):
    overall = evaluation.systems[0].overall
    assert overall.intervals["top1_accuracy"].mean == pytest.approx(1 / 5)
    assert overall.intervals["top10_accuracy"].mean == pytest.approx(2 / 5)
    assert (overall.num_spectra, overall.num_molecules) == (5, 4)


def test_answers_are_joined_by_id_not_by_order(evaluation):
    assert evaluation.systems[0].scores.match_rank == (1, None, 2, None, None)


def test_differences_are_to_the_first_system(evaluation):
    assert set(evaluation.differences) == {"bad"}
    assert evaluation.differences["bad"]["top1_accuracy"].mean == pytest.approx(-1 / 5)


def test_each_case_is_in_one_row_of_each_table(evaluation):
    for rows in evaluation.systems[0].tables.values():
        assert sum(row.num_spectra for row in rows) == len(CASES)


def test_strata(evaluation):
    tables = evaluation.systems[0].tables
    assert [(r.stratum, r.num_spectra) for r in tables["adduct"]] == [
        ("[M+H]+", 3),
        ("[M+Na]+", 1),
        (UNKNOWN, 1),
    ]
    assert [(r.stratum, r.num_spectra) for r in tables["mass"]] == [("< 200 Da", 4), ("200–300 Da", 1)]
    assert [(r.stratum, r.num_spectra) for r in tables["instrument"]] == [("qtof", 4), (UNKNOWN, 1)]
    assert tables["adduct"][0].intervals["top10_accuracy"].mean == pytest.approx(2 / 3)


def test_a_mass_bin_holds_its_lower_edge():
    mass = CASES[0].formula.monoisotopic_mass
    config = FAST.model_copy(update={"tables": TablesConfig(mass_edges_da=(mass,))})
    rows = evaluate([CASES[0]], {"s": BAD}, config).systems[0].tables["mass"]
    assert [r.stratum for r in rows] == [mass_bins(config.tables)[1]]


def test_benchmark_summary_needs_its_own_settings():
    assert "top_10_accuracy" in evaluate(CASES, {"s": GOOD}, FAST).systems[0].massspecgym
    other = FAST.model_copy(update={"top_ks": (1, 5)})
    assert evaluate(CASES, {"s": GOOD}, other).systems[0].massspecgym == {}


def test_mces_column_comes_with_its_option():
    with_mces = FAST.model_copy(update={"with_mces": True})
    values = evaluate(CASES[:2], {"s": GOOD}, with_mces).systems[0].scores.values
    np.testing.assert_array_equal(values["top1_mces"], [0.0, 100.0])
    assert "top1_mces" not in evaluate(CASES[:2], {"s": GOOD}, FAST).systems[0].scores.values


def test_two_answers_to_one_input_are_refused():
    twice = SystemInput([answer("a", "CCO"), answer("a", "CCN")], {})
    with pytest.raises(InputError) as caught:
        evaluate(CASES, {"s": twice}, FAST)
    assert caught.value.code == "duplicate_id"


@pytest.mark.parametrize(("cases", "systems"), [([], {"s": GOOD}), (CASES, {})])
def test_nothing_to_evaluate(cases, systems):
    with pytest.raises(InputError):
        evaluate(cases, systems, FAST)


@pytest.mark.parametrize(
    "setting", ["top_ks=[10, 1]", "top_ks=[0]", "top_ks=[]", "tables.mass_edges_da=[300, 200]"]
)
def test_bad_settings(setting):
    with pytest.raises(InputError):
        EvaluateConfig().updated([setting])


def test_unknown_setting_names_the_nearest():
    with pytest.raises(InputError, match="num_resamples"):
        EvaluateConfig().updated(["bootstrap.num_resample=100"])
