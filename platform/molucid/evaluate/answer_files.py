"""Answers on disk: `candidates.tsv` and `candidates.jsonl`; what was not answered goes by `molucid.rejected`.

The columns are an interface: `CANDIDATE_COLUMNS` only ever grows at the end. Files depend on answers alone
(no times, no paths of a machine), so the same answers give the same bytes.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from molucid.chem.formula import Formula
from molucid.chem.identity import formula_of, inchikey14
from molucid.errors import InputError, Where
from molucid.files import write_bytes
from molucid.generate.types import Answer, Candidate

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
    }


def read_answers(path: Path | str) -> Iterator[Answer]:
    """Read `candidates.jsonl` back.

    Raises:
        InputError: a line that is not an answer, with its number.
    """
    with Path(path).open(encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                value = json.loads(line)
                candidates = tuple(
                    Candidate(**{k: v for k, v in c.items() if k != "mean_log_likelihood"})
                    for c in value["candidates"]
                )
                yield Answer(
                    value["id"],
                    candidates,
                    value["status"],
                    value["nearest_training_similarity"],
                    value["tuning"],
                    value["provenance"],
                )
            except (json.JSONDecodeError, KeyError, TypeError) as error:
                raise InputError(
                    f"{type(error).__name__}: {error}",
                    "a line of candidates.jsonl as `molucid elucidate` writes it",
                    Where(file=str(path), line=number),
                    code="invalid_answer",
                ) from None


def candidate_identity(candidate: Candidate) -> tuple[str, Formula]:
    """InChIKey first block and formula of a candidate's structure."""
    return inchikey14(candidate.smiles), formula_of(candidate.smiles)


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
    key, formula = candidate_identity(candidate)
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
