from __future__ import annotations

import csv
import json
import re

import numpy as np
import pytest

from molucid.chem.fragment_vector import FragmentCounts
from molucid.errors import InputError
from molucid.evaluate.cases import Case
from molucid.evaluate.config import EvaluateConfig
from molucid.evaluate.evaluation import SystemInput, evaluate
from molucid.evaluate.fragment_files import FragmentTable, compare_fragments
from molucid.evaluate.metrics import true_molecule
from molucid.evaluate.multispectral_report import subset_rows
from molucid.evaluate.report import (
    PER_SPECTRUM_COLUMNS,
    evaluation_to_json,
    table_columns,
    write_per_spectrum,
    write_report,
)
from molucid.generate.types import Answer, Candidate

CONFIG = EvaluateConfig(metrics="multispectral", with_mces=False).updated(["bootstrap.num_resamples=200"])
ALANINE, MIRROR, FLAT = "C[C@H](N)C(=O)O", "C[C@@H](N)C(=O)O", "CC(N)C(=O)O"


def case(id, smiles):
    true = true_molecule(smiles)
    return Case(id, smiles, true.inchikey14, true.formula)


def answer(id, smiles, *used):
    candidates = tuple(Candidate(s, -1.0, 5, rank=r) for r, s in enumerate(smiles, start=1))
    provenance = {"evidence_used": list(used)} if used else {}
    return Answer(id, candidates, "answered" if candidates else "no_candidate", provenance=provenance)


def nitrogen(n):
    return FragmentCounts(np.zeros(min(n, 1), np.uint16), np.full(min(n, 1), n, np.uint16))


def count(mols):
    """One fragment: nitrogen."""
    return [nitrogen(sum(atom.GetAtomicNum() == 7 for atom in mol.GetAtoms())) for mol in mols]


CASES = [case("exact", ALANINE), case("mirror", ALANINE), case("flat", ALANINE), case("ring", "C1CCNCC1")]
FULL = [
    answer("exact", [ALANINE], "ir", "h_nmr"),
    answer("mirror", ["C1CC", MIRROR], "ir", "h_nmr"),
    answer("flat", ["CCC"] * 4 + [FLAT], "ir", "h_nmr"),
    answer("ring", ["CC1CCCN1"], "ir", "h_nmr"),
]
LESS = [answer("exact", [ALANINE], "ir"), answer("ring", ["CCC"], "ir")]


@pytest.fixture(scope="module")
def evaluation():
    systems = {"m@ir+h_nmr": SystemInput(FULL, {}), "m@ir": SystemInput(LESS, {})}
    table = FragmentTable({"exact": nitrogen(1), "ring": nitrogen(0)}, "a" * 64)
    fragments = {"<b>head</b>": compare_fragments(table, [c.id for c in CASES], [nitrogen(1)] * 4, 1)}
    return evaluate(CASES, systems, CONFIG, count_fragments=count, fragments=fragments)


def test_misses_are_in_every_mean(evaluation):
    means = {name: i.mean for name, i in evaluation.systems[1].overall.intervals.items()}
    assert means["top15_exact"] == means["top1_enantiomer"] == 1 / 4
    # no answer is as far as the true text is long: 15 characters for alanine; CCC to C1CCNCC1, five inserted
    assert means["top15_levenshtein"] == pytest.approx((0 + 15 + 15 + 5) / 4)


def test_top_k_by_protocol(evaluation):
    means = {name: i.mean for name, i in evaluation.systems[0].overall.intervals.items()}
    assert [means[f"top{k}_exact"] for k in (1, 5, 10, 15)] == [0.25] * 4
    assert [means[f"top{k}_enantiomer"] for k in (1, 5)] == [0.25, 0.5]
    assert [means[f"top{k}_constitutional"] for k in (1, 5)] == [0.25, 0.75]


def test_outcomes(evaluation):
    assert evaluation.systems[0].outcomes == ("success", "success", "stereo", "connectivity")
    assert evaluation.systems[1].outcomes == ("success", "no_candidate", "no_candidate", "fragment")


def test_json_holds_scale_outcomes_ratios_and_fragments(evaluation):
    content = json.loads(json.dumps(evaluation_to_json(evaluation), allow_nan=False))
    assert content["complexity"]["elements"] == 3
    assert len(content["complexity"]["edges"]) == 11
    full, less = content["systems"]
    assert (full["model"], full["subset"]) == ("m", "ir+h_nmr")
    assert {k: v["mean"] for k, v in less["outcomes"].items()} == {
        "success": 0.25,
        "stereo": 0,
        "connectivity": 0,
        "fragment": 0.25,
        "no_candidate": 0.5,
    }
    assert sum(row["num_spectra"] for row in full["tables"]["complexity"]) == len(CASES)
    assert content["relative_to_first"]["m@ir"]["top15_enantiomer"] == pytest.approx(0.5)
    assert full["massspecgym"] == {}
    head = content["fragments"]["<b>head</b>"]
    assert (head["num_missing"], head["micro"]["recall"]) == (2, 0.25)
    assert head["micro"]["precision"] == 1


def test_training_molecules_are_compared_with_the_truth(evaluation, tmp_path):
    # Alanine of three cases is one molecule, and was trained on; piperidine was not.
    training = {CASES[0].inchikey14: frozenset("CHNO"), "OTHER": frozenset({"C", "Cl"})}
    found = evaluate(CASES, {"m": SystemInput(FULL, {})}, CONFIG, None, training, count)
    overlap = json.loads(json.dumps(evaluation_to_json(found)))["training_overlap"]
    assert [overlap[f"num_{part}"] for part in ("only_truth", "both", "only_training")] == [1, 1, 1]
    columns = ("num_truth", "num_training", "share_of_truth", "share_of_training")
    assert {e: tuple(numbers[c] for c in columns) for e, numbers in overlap["elements"].items()} == {
        "C": (2, 2, 1, 1),
        "H": (2, 1, 1, 0.5),
        "N": (2, 1, 1, 0.5),
        "O": (1, 1, 0.5, 0.5),
        "Cl": (0, 1, 0, 0.5),
    }
    assert [row.num_spectra for row in found.systems[0].tables["training"]] == [1, 3]
    title = "<h2>Truth and training molecules</h2>"
    write_report(tmp_path / "r.html", found, {})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "1 of the 2 molecules of the truth (50.0 %) are in training" in text.split(title)[1]
    write_report(tmp_path / "r.html", evaluation, {})
    assert title not in (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "training_overlap" not in evaluation_to_json(evaluation)


def test_subsets_are_compared_by_size_and_order(evaluation):
    assert [(r.title, r.model, r.system.name) for r in subset_rows(evaluation.systems)] == [
        ("IR", "m", "m@ir"),
        ("IR + ¹H", "m", "m@ir+h_nmr"),
    ]


def test_a_file_of_mixed_evidence_is_divided_by_it():
    mixed = [FULL[0], answer("mirror", [MIRROR], "c_nmr", "ir"), answer("flat", [], "ir", "h_nmr")]
    (system,) = evaluate(CASES, {"m": SystemInput(mixed, {})}, CONFIG, count_fragments=count).systems
    assert [(r.stratum, r.num_spectra) for r in system.tables["evidence"]] == [
        ("IR + ¹H", 2),
        ("IR + ¹³C", 1),
        ("not given", 1),
    ]
    assert system.tables["evidence"][0].intervals["top1_exact"].mean == 0.5
    assert subset_rows([system]) == []


def test_a_compound_that_lacks_a_spectrum_stays_in_the_table_of_subsets():
    some = [FULL[0], answer("mirror", [MIRROR], "ir"), answer("elsewhere", [], "c_nmr")]
    systems = {"m@ir+h_nmr": SystemInput(some, {}), "m@ir": SystemInput(LESS, {})}
    found = evaluate(CASES, systems, CONFIG, count_fragments=count)
    assert [row.system.member.num_complete for row in subset_rows(found.systems)] == [len(LESS), 1]
    assert [(r.stratum, r.num_spectra) for r in found.systems[0].tables["evidence"]] == [
        ("IR", 1),
        ("IR + ¹H", 1),
        ("not given", 2),
    ]
    assert "evidence" not in found.systems[1].tables
    content = evaluation_to_json(found)
    assert [system["num_with_all_evidence"] for system in content["systems"]] == [1, len(LESS)]


def test_a_subset_that_answers_contradict_stops_the_evaluation():
    with pytest.raises(InputError) as caught:
        evaluate(CASES, {"m@ir": SystemInput(FULL, {})}, CONFIG, count_fragments=count)
    assert caught.value.code == "wrong_subset"


def test_per_spectrum_has_outcome_and_ranks(evaluation, tmp_path):
    write_per_spectrum(tmp_path / "p.tsv", evaluation)
    with (tmp_path / "p.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    further = ["outcome", "exact_rank", "enantiomer_rank", "constitutional_rank"]
    assert list(rows[0])[: len(PER_SPECTRUM_COLUMNS) + 4] == [*PER_SPECTRUM_COLUMNS, *further]
    assert [rows[2][name] for name in further] == ["stereo", "", "", "5"]
    assert rows[1]["enantiomer_rank"] == "2"


def test_report_shows_every_part(evaluation, tmp_path):
    write_report(tmp_path / "r.html", evaluation, {})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    titles = re.findall("<h2>(.*?)</h2>", text)
    for title in (
        *("All metrics", "By protocol", "By subset of the spectra", "Successes and failures"),
        *("Performance relative to m@ir+h_nmr", "By complexity", "Predicted fragments"),
        "By complexity of the molecule",
    ):
        assert title in titles
    assert "<b>head</b>" not in text, "names of tables are escaped"
    assert "enantiomer ✓" in text
    assert "Top-15 enantiomer-aware" in text
    assert "<script" not in text


def test_constitutional_stands_beside_enantiomer_wherever_that_is_the_main_figure(evaluation, tmp_path):
    pairs = [f"top{k}_{protocol}" for k in (1, 15) for protocol in ("enantiomer", "constitutional")]
    assert table_columns(evaluation)[:4] == pairs
    write_report(tmp_path / "r.html", evaluation, {})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    subsets = text.split("<h2>By subset of the spectra</h2>")[1].split("</table>")[0]
    assert "with all of it" in subsets
    for title in (
        "Top-1 enantiomer-aware",
        "Top-1 constitutional",
        "Top-15 enantiomer-aware",
        "Top-15 constitutional",
    ):
        assert subsets.count(title) == 1
    for caption in ("(enantiomer-aware) among the first k", "(constitutional) among the first k"):
        assert caption in text
    for k in (1, 15):
        assert f"Top-{k} c." in text
    assert "Top-1 constitutional by mass" in text
    assert "right but for stereo at rank 5" in text


def test_the_report_counts_the_truths_that_a_model_without_stereo_cannot_get(evaluation, tmp_path):
    write_report(tmp_path / "r.html", evaluation, {})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert "3 of the 4 spectra have a true structure with stereo marks" in text


def test_the_shipped_vocabulary_tells_failures_apart_where_no_other_is_given():
    answers = [answer("ring", ["CC1CCCN1"]), answer("exact", [MIRROR])]
    (system,) = evaluate(CASES, {"m": SystemInput(answers, {})}, CONFIG).systems
    assert system.outcomes == ("success", "no_candidate", "no_candidate", "fragment")


def test_settings():
    assert EvaluateConfig().ks == (1, 10)
    assert EvaluateConfig().updated(["metrics=multispectral"]).ks == (1, 5, 10, 15)
    assert EvaluateConfig().updated(["metrics=multispectral", "top_ks=[1, 3]"]).ks == (1, 3)
    with pytest.raises(InputError, match="metrics"):
        EvaluateConfig().updated(["metrics=nmr"])
