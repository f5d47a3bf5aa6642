from __future__ import annotations

import json

import pytest

from molucid.errors import InputError
from molucid.evaluate.answer_files import read_answers, write_candidates
from molucid.generate.types import Answer, Candidate

GOOD = {
    "id": "a",
    "status": "answered",
    "candidates": [{"smiles": "CCO", "log_likelihood": -3, "num_tokens": 4, "rank": 1}],
    "nearest_training_similarity": None,
    "tuning": {},
    "provenance": {},
    "notes": {},
}


def written(tmp_path, *lines):
    path = tmp_path / "candidates.jsonl"
    path.write_bytes(b"".join(line + b"\n" for line in lines))
    return path


def line(**changes):
    return json.dumps({**GOOD, **changes}).encode()


def candidate(**changes):
    return line(candidates=[{**GOOD["candidates"][0], **changes}])


def test_a_candidate_that_inchi_cannot_describe_is_written_without_a_key(tmp_path):
    odd = Candidate("SCCCCC[N+]#[SH]", -1.0, 5, rank=1)
    write_candidates(tmp_path, [Answer("a", (odd,), "answered")])
    header, row = (text.split("\t") for text in (tmp_path / "candidates.tsv").read_text().splitlines())
    cells = dict(zip(header, row, strict=True))
    assert (cells["smiles"], cells["inchikey14"], cells["formula"]) == ("SCCCCC[N+]#[SH]", "", "C5H12NS2")
    [answer] = read_answers(tmp_path / "candidates.jsonl")
    assert answer.candidates == (odd,)


def test_what_is_written_is_read_back(tmp_path):
    candidates = (Candidate("CCO", -1.5, 4, True, 0.25, 1), Candidate("COC", -2.5, 4, rank=2))
    answers = [
        Answer("ä", candidates, "answered", 0.5, {"mode": "per_cluster"}, {"seed": 0}, {"ir_ordinate": "T"}),
        Answer("b", (), "no_candidate"),
    ]
    write_candidates(tmp_path, answers)
    assert list(read_answers(tmp_path / "candidates.jsonl")) == answers


@pytest.mark.parametrize(
    ("second", "said"),
    [
        (line(candidates=["CCO", "CCN"]), "candidate 1 is text, not an object"),
        (line(candidates="CCO"), "'candidates' of the line is text"),
        (b'["a"]', "the line is a list, not an object"),
        (b'{"id": "a"', "text that is not JSON"),
        (line(id=7), "'id' of the line is a whole number"),
        (line(id="\ud800"), "'id' of the line with half a surrogate pair"),
        (line(status="done"), "status 'done'"),
        (line(tuning=None), "'tuning' of the line is null"),
        (line(notes=None), "'notes' of the line is null"),
        (line(notes={"a": 1}), "'notes' of the line with a value that is no text"),
        (json.dumps({k: v for k, v in GOOD.items() if k != "notes"}).encode(), "the line with no 'notes'"),
        (candidate(smiles=None), "'smiles' of candidate 1 is null"),
        (candidate(num_tokens=True), "'num_tokens' of candidate 1 is true or false"),
        (candidate(score=1.0), "candidate 1 with an unknown 'score'"),
        (line(candidates=[{"smiles": "CCO"}]), "candidate 1 with no 'log_likelihood', no 'num_tokens'"),
    ],
)
def test_a_line_that_is_no_answer_is_named(tmp_path, second, said):
    path = written(tmp_path, line(), second)
    with pytest.raises(InputError) as caught:
        list(read_answers(path))
    assert caught.value.code == "invalid_answer"
    assert said in caught.value.got
    assert (caught.value.where.file, caught.value.where.line) == (str(path), 2)


def test_bytes_that_are_not_utf8_are_named(tmp_path):
    path = written(tmp_path, line(), line(id="b"), '{"id": "ä"'.encode("latin-1"))
    with pytest.raises(InputError) as caught:
        list(read_answers(path))
    assert (caught.value.code, caught.value.where.line) == ("invalid_text", 3)
    assert caught.value.where.file == str(path)
