from __future__ import annotations

import re

import numpy as np
import pytest

from molucid.chem.formula import Formula
from molucid.evaluate.answers_report import NUM_DRAWN_SPECTRA, write_answers_report
from molucid.generate.types import Answer, Candidate
from molucid.spectra.types import Evidence, MassSpectrum, Record

SPECTRUM = MassSpectrum(np.array([29.04, 47.05]), np.array([1.0, 0.5]), 47.049, "[M+H]+")


def report(folder, num_spectra):
    """Of the spectra, the first and the last have ethanol as known structure, which is ranked first and second."""
    records, answers = [], []
    for i in range(num_spectra):
        known = "CCO" if i in (0, num_spectra - 1) else None
        smiles = ("CCO", "COC") if i == 0 else ("COC", "OCC")
        candidates = tuple(Candidate(s, -1.0, 4, rank=r) for r, s in enumerate(smiles, start=1))
        records.append(Record(Evidence(f"s{i}", Formula.parse("C2H6O"), (SPECTRUM,)), known))
        answers.append(Answer(f"s{i}", candidates, "answered"))
    write_answers_report(folder / "report.html", records, answers, [], {}, None)
    return (folder / "report.html").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def long_report(tmp_path_factory):
    return report(tmp_path_factory.mktemp("long"), NUM_DRAWN_SPECTRA + 3)


def test_a_long_report_draws_the_first_spectra_and_counts_all(long_report):
    assert NUM_DRAWN_SPECTRA == 200
    assert re.findall(r"<h2>(s\d+)</h2>", long_report) == [f"s{i}" for i in range(200)]
    # Per section a spectrum and two candidates, and the first one's known structure.
    assert long_report.count("<svg") == 3 * 200 + 1
    assert "203 compounds answered, 0 rejected, 203 read." in long_report
    assert "ranked first for 1 and among the candidates for 2 of the 2 compounds" in long_report


def test_a_long_report_says_what_is_not_drawn_and_where_it_stands(long_report):
    said = re.search(r'<p class="warn">(Drawn below.*?)</p>', long_report).group(1)
    assert "the first 200 compounds; 3 are not drawn" in said
    assert "candidates.tsv and candidates.jsonl" in said


def test_a_short_report_draws_all_and_says_nothing(tmp_path):
    text = report(tmp_path, 3)
    assert re.findall(r"<h2>(s\d+)</h2>", text) == ["s0", "s1", "s2"]
    assert "not drawn" not in text


def test_the_score_is_not_said_to_be_all_that_ranks(long_report):
    assert "it ranks the candidates" not in long_report
    assert "Ranks go by it or, with rank_by=likelihood_and_fingerprint" in long_report


def test_notes_of_reading_stand_under_their_compound(tmp_path):
    records = [Record(Evidence(id, None, (SPECTRUM,))) for id in ("a", "b")]
    notes = {"h_nmr_removed": "CHCl3 <b>7.26</b>", "rejected_files": "a/x.jdx"}
    answers = [Answer("a", (), "no_candidate", notes=notes), Answer("b", (), "no_candidate")]
    write_answers_report(tmp_path / "report.html", records, answers, [], {}, None)
    first, second = (tmp_path / "report.html").read_text(encoding="utf-8").split("<section ")[1:3]
    assert "<li>¹H NMR removed: <b>CHCl3 &lt;b&gt;7.26&lt;/b&gt;</b></li>" in first
    assert "<li>rejected files: <b>a/x.jdx</b></li>" in first
    assert 'class="notes"' not in second


def test_a_candidate_that_inchi_cannot_describe_is_no_known_structure(tmp_path):
    smiles = ("SCCCCC[N+]#[SH]", "OCC")
    candidates = tuple(Candidate(s, -1.0, 4, rank=r) for r, s in enumerate(smiles, start=1))
    record = Record(Evidence("a", None, (SPECTRUM,)), "CCO")
    path = tmp_path / "report.html"
    write_answers_report(path, [record], [Answer("a", candidates, "answered")], [], {}, None)
    assert '<span class="good">rank 2</span>' in path.read_text(encoding="utf-8")
