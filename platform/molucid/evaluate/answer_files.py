"""Answers on disk: `candidates.tsv` and `candidates.jsonl`; what was not answered goes by `molucid.rejected`.

The columns are an interface: `CANDIDATE_COLUMNS` only ever grows at the end. Files depend on answers alone
(no times, no paths of a machine), so the same answers give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any, get_args

from molucid.errors import InputError, Where, shorten
from molucid.evaluate.metrics import molecule_facts
from molucid.evaluate.utf8 import utf8_lines
from molucid.files import write_bytes
from molucid.generate.types import Answer, Candidate, Status

CANDIDATE_COLUMNS = (
    "id",
    "status",
    "rank",
    "smiles",
    "inchikey14",
    "formula",
    "mean_log_likelihood",
    "log_likelihood",
    "num_tokens",
    "formula_match",
    "fingerprint_similarity",
    "nearest_training_similarity",
    "tuning_mode",
    "tuning_cluster",
    "tuning_dark",
)
"""One row per candidate, best first; an input without any candidate has one row whose `rank` is empty."""


_NOTHING = type(None)
_ANSWER_TYPES: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "status": (str,),
    "candidates": (list,),
    "nearest_training_similarity": (float, int, _NOTHING),
    "tuning": (dict,),
    "provenance": (dict,),
    "notes": (dict,),
}
_CANDIDATE_TYPES: dict[str, tuple[type, ...]] = {
    "smiles": (str,),
    "log_likelihood": (float, int),
    "num_tokens": (int,),
    "formula_match": (bool, _NOTHING),
    "fingerprint_similarity": (float, int, _NOTHING),
    "rank": (int,),
    "mean_log_likelihood": (float, int),
}
_OPTIONAL = frozenset({"formula_match", "fingerprint_similarity", "rank", "mean_log_likelihood"})
_JSON_NAMES = {
    dict: "an object",
    list: "a list",
    str: "text",
    int: "a whole number",
    float: "a number",
    bool: "true or false",
    _NOTHING: "null",
}


def write_candidates(folder: Path | str, answers: Sequence[Answer]) -> None:
    """Write `candidates.tsv` and `candidates.jsonl` into `folder`, in the order of `answers`."""
    tsv = ["\t".join(CANDIDATE_COLUMNS)]
    for answer in answers:
        for candidate in answer.candidates or (None,):
            tsv.append("\t".join(_cell(value) for value in _candidate_row(answer, candidate)))
    lines = [json.dumps(answer_to_json(answer), ensure_ascii=False, allow_nan=False) for answer in answers]
    write_bytes(Path(folder) / "candidates.tsv", _text(tsv))
    write_bytes(Path(folder) / "candidates.jsonl", _text(lines))


def answer_to_json(answer: Answer) -> dict[str, Any]:
    """The line of `candidates.jsonl` for one answer."""
    return {
        "id": answer.evidence_id,
        "status": answer.status,
        "candidates": [
            {**asdict(c), "mean_log_likelihood": round(c.mean_log_likelihood, 6)} for c in answer.candidates
        ],
        "nearest_training_similarity": answer.nearest_training_similarity,
        "tuning": dict(answer.tuning),
        "provenance": dict(answer.provenance),
        "notes": dict(answer.notes),
    }


def read_answers(path: Path | str) -> Iterator[Answer]:
    """Read `candidates.jsonl` back.

    Raises:
        InputError: bytes that are not UTF-8 or a line that is not an answer, with its number.
    """
    for number, line in enumerate(utf8_lines(path), start=1):
        where = Where(file=str(path), line=number)
        try:
            value = json.loads(line)
        except json.JSONDecodeError as error:
            raise _no_answer(f"text that is not JSON ({error})", where) from None
        answer = _fields(value, _ANSWER_TYPES, "the line", where)
        if answer["status"] not in get_args(Status):
            raise _no_answer(f"status {answer['status']!r}", where)
        if not all(isinstance(text, str) for text in answer["notes"].values()):
            raise _no_answer("'notes' of the line with a value that is no text", where)
        candidates = []
        for place, item in enumerate(answer["candidates"], start=1):
            fields = _fields(item, _CANDIDATE_TYPES, f"candidate {place}", where)
            fields.pop("mean_log_likelihood", None)  # the quotient of two others
            candidates.append(Candidate(**fields))
        yield Answer(
            answer["id"],
            tuple(candidates),
            answer["status"],
            answer["nearest_training_similarity"],
            answer["tuning"],
            answer["provenance"],
            answer["notes"],
        )


def _fields(value: Any, types: Mapping[str, tuple[type, ...]], name: str, where: Where) -> dict[str, Any]:
    """A JSON object's fields, each of its type; `_OPTIONAL` ones may be absent."""
    if not isinstance(value, dict):
        raise _no_answer(f"{name} is {_JSON_NAMES[type(value)]}, not an object", where)
    missing = [key for key in types if key not in value and key not in _OPTIONAL]
    unknown = [key for key in value if key not in types]
    if missing or unknown:
        faults = [f"no {key!r}" for key in missing] + [f"an unknown {shorten(key)!r}" for key in unknown]
        raise _no_answer(f"{name} with {', '.join(faults)}", where)
    for key, item in value.items():
        # the exact type: `true` is no number
        if type(item) not in types[key]:
            raise _no_answer(f"{key!r} of {name} is {_JSON_NAMES[type(item)]}", where)
        # JSON can escape half a surrogate pair, which no file can hold.
        if isinstance(item, str) and any("\ud800" <= character <= "\udfff" for character in item):
            raise _no_answer(f"{key!r} of {name} with half a surrogate pair", where)
    return dict(value)


def _no_answer(got: str, where: Where) -> InputError:
    return InputError(
        got,
        "a line of candidates.jsonl as `molucid elucidate` writes it",
        where,
        hint='each candidate is an object, {"smiles": "CCO", "log_likelihood": -1.5, "num_tokens": 4, "rank": 1}',
        code="invalid_answer",
    )


def _candidate_row(answer: Answer, candidate: Candidate | None) -> tuple[object, ...]:
    tuning = answer.tuning
    shared = (
        answer.nearest_training_similarity,
        tuning.get("mode"),
        tuning.get("cluster"),
        tuning.get("dark"),
    )
    if candidate is None:
        return (answer.evidence_id, answer.status, *[None] * 9, *shared)
    facts = molecule_facts(candidate.smiles)
    # What InChI cannot describe has no key.
    key, formula = (None, None) if facts is None else (facts.inchikey14, facts.formula)
    return (
        answer.evidence_id,
        answer.status,
        candidate.rank,
        candidate.smiles,
        key,
        formula,
        candidate.mean_log_likelihood,
        candidate.log_likelihood,
        candidate.num_tokens,
        candidate.formula_match,
        candidate.fingerprint_similarity,
        *shared,
    )


def _cell(value: object) -> str:
    """A value as a TSV cell: empty for `None`, six decimals for numbers, no tabs or line breaks."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return f"{value:.6f}"
    return " ".join(str(value).split())


def _text(lines: Sequence[str]) -> bytes:
    return "".join(line + "\n" for line in lines).encode()
