from __future__ import annotations

import csv
import json
import re
from html.parser import HTMLParser

import pytest

from molucid.evaluate.bootstrap import Interval
from molucid.evaluate.cases import Case
from molucid.evaluate.config import EvaluateConfig
from molucid.evaluate.evaluation import SystemInput, evaluate
from molucid.evaluate.metrics import true_molecule
from molucid.evaluate.report import (
    PER_SPECTRUM_COLUMNS,
    column_title,
    mean_text,
    range_text,
    write_metrics,
    write_per_spectrum,
    write_report,
)
from molucid.generate.types import Answer, Candidate

HOSTILE = "<script>alert(1)</script>"


def case(id, smiles):
    true = true_molecule(smiles)
    return Case(id, smiles, true.inchikey14, true.formula, "[M+H]+", None)


@pytest.fixture(scope="module")
def evaluation():
    cases = [case(HOSTILE, "CCO"), case("b", "CCN"), case("c", "CCC")]
    answers = [
        Answer(HOSTILE, (Candidate("CCO", -1.0, 4, rank=1), Candidate("CO", -2.0, 3, rank=2)), "answered"),
        Answer("b", (Candidate("C1CC", -1.0, 4, rank=1), Candidate("CCN", -2.0, 3, rank=2)), "answered"),
    ]
    systems = {"<b>first</b>": SystemInput(answers, {"c": "unknown_adduct"}), "second": SystemInput([], {})}
    config = EvaluateConfig(with_mces=False).updated(["bootstrap.num_resamples=200"])
    return evaluate(cases, systems, config)


def test_per_spectrum_rows(evaluation, tmp_path):
    write_per_spectrum(tmp_path / "p.tsv", evaluation)
    with (tmp_path / "p.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    metrics = [f"top{k}_{m}" for k in (1, 10) for m in ("accuracy", "tanimoto", "validity", "formula_match")]
    assert list(rows[0]) == [*PER_SPECTRUM_COLUMNS, *metrics]
    assert len(rows) == 6
    second = rows[1]
    assert (second["id"], second["status"], second["match_rank"], second["num_valid"]) == (
        "b",
        "answered",
        "2",
        "1",
    )
    assert (second["top1_accuracy"], second["top10_accuracy"], second["top1_validity"]) == ("0", "1", "0")
    missing = rows[2]
    assert (missing["status"], missing["match_rank"], missing["first_smiles"]) == ("missing", "", "")


def test_columns_are_frozen():
    assert PER_SPECTRUM_COLUMNS[:13] == (
        *("system", "id", "status", "smiles", "inchikey14", "formula", "mass_da", "adduct", "instrument"),
        *("num_candidates", "num_valid", "match_rank", "first_smiles"),
    )


def test_metrics_json_holds_what_the_table_shows(evaluation, tmp_path):
    write_metrics(tmp_path / "m.json", evaluation, {"seed": 0})
    content = json.loads((tmp_path / "m.json").read_text())
    first = content["systems"][0]
    assert first["accounting"]["missing"] == {"c": "unknown_adduct"}
    assert first["overall"]["metrics"]["top1_accuracy"]["mean"] == pytest.approx(1 / 3)
    assert first["tables"]["adduct"][0]["num_spectra"] == 3
    assert content["differences_to_first"]["second"]["top10_accuracy"]["mean"] == pytest.approx(-2 / 3)
    assert content["config"]["bootstrap"]["num_resamples"] == 200
    assert content["provenance"] == {"seed": 0}


@pytest.mark.parametrize(("top_ks", "says"), [("[1,10]", True), ("[1,2]", False)])
def test_report_says_where_lists_are_shorter_than_k(tmp_path, top_ks, says):
    answer = Answer("a", (Candidate("CCO", -1.0, 4, rank=1), Candidate("CO", -2.0, 3, rank=2)), "answered")
    config = EvaluateConfig(with_mces=False).updated(["bootstrap.num_resamples=200", f"top_ks={top_ks}"])
    found = evaluate([case("a", "CCO")], {"x": SystemInput([answer], {})}, config)
    write_report(tmp_path / "r.html", found, {})
    text = " ".join((tmp_path / "r.html").read_text(encoding="utf-8").split())
    sentence = "No answer has more than 2 candidates: figures of the first 10 are of as many as there are."
    assert (sentence in text) is says


class _Page(HTMLParser):
    """Collects tags and checks that they nest."""

    VOID = frozenset({"meta", "br", "path", "line", "circle", "rect"})

    def __init__(self):
        super().__init__()
        self.tags, self.open = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        if tag not in self.VOID:
            assert self.open.pop() == tag


def test_report_is_one_whole_page_without_script_or_network(evaluation, tmp_path):
    write_report(tmp_path / "r.html", evaluation, {"command": HOSTILE})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    page = _Page()
    page.feed(text)
    assert page.open == []
    names = {tag for tag, _ in page.tags}
    assert not names & {"script", "link", "img", "iframe", "object"}
    assert not any(key in ("href", "src") or key.startswith("on") for _, attrs in page.tags for key in attrs)
    assert "<b>first</b>" not in text, "names of systems are escaped"
    assert sum(tag == "svg" for tag, _ in page.tags) >= 4 + 3
    assert "66.7 %" in text
    assert "unknown_adduct" in text


def test_the_clearest_difference_is_bold_with_its_interval(tmp_path):
    """Six molecules, all right against all wrong: the exact end, 1 − 2·(1 − 0.025^(1/6)) = 8.1 %."""
    cases = [case(n * "C", n * "C") for n in range(2, 8)]
    right = [Answer(c.id, (Candidate(c.smiles, -1.0, 4, rank=1),), "answered") for c in cases]
    systems = {"wrong": SystemInput([], {}), "right": SystemInput(right, {})}
    result = evaluate(cases, systems, EvaluateConfig(with_mces=False).updated(["top_ks=[1]"]))
    for column in ("top1_accuracy", "top1_validity", "top1_formula_match"):
        assert range_text(result.differences["right"][column], column, signed=True) == "+8.1 to +100.0"
    write_report(tmp_path / "r.html", result, {})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    assert text.count('<td class="number told">+100.0 pp<br><span class="range">+8.1 to +100.0</span>') == 3


def test_twelve_series_are_told_apart_by_colour_and_style(tmp_path):
    cases = [case("a", "CCO"), case("b", "CCN")]
    systems = {f"system {i}": SystemInput([], {}) for i in range(12)}
    config = EvaluateConfig(with_mces=False).updated(["bootstrap.num_resamples=200"])
    write_report(tmp_path / "r.html", evaluate(cases, systems, config), {})
    text = (tmp_path / "r.html").read_text(encoding="utf-8")
    styles = re.findall(r"\.s(\d+) \{ --series: (.*?); --dash: (.*?); --inside: (.*?); \}", text)
    assert [int(number) for number, *_ in styles] == list(range(12))
    assert len({(colour, dash) for _, colour, dash, _ in styles}) == 12
    assert len({(colour, inside) for _, colour, _, inside in styles}) == 12
    legend = re.search('<p class="legend">(.*?)</p>', text).group(1)
    assert re.findall(r'class="s(\d+)"', legend) == [str(i) for i in range(12)]
    for i in range(12):
        assert f"<title>system {i}, k = 1: 0.0 %" in text


def test_same_evaluation_same_bytes(evaluation, tmp_path):
    for name in ("a", "b"):
        write_report(tmp_path / name, evaluation, {})
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize(
    ("column", "signed", "mean", "ends"),
    [
        ("top1_accuracy", False, "12.3 %", "10.0 to 20.0"),
        ("top1_accuracy", True, "+12.3 pp", "+10.0 to +20.0"),
        ("top10_tanimoto", False, "0.123", "0.100 to 0.200"),
        ("top10_mces", True, "+0.12", "+0.10 to +0.20"),
    ],
)
def test_numbers_as_text(column, signed, mean, ends):
    interval = Interval(0.1234, 0.1, 0.2, "bca")
    assert mean_text(interval, column, signed) == mean
    assert range_text(interval, column, signed) == ends


def test_no_interval_is_a_dash():
    assert range_text(Interval(1.0, 1.0, 1.0, "none"), "top1_validity") == "–"


def test_titles():
    assert column_title("top10_formula_match") == "Top-10 right formula"
