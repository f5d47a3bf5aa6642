"""The systems of an evaluation: where the answers of each lie, and what it rejected."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path

from molucid.errors import InputError, Where
from molucid.evaluate.answer_files import read_answers
from molucid.evaluate.evaluation import SystemInput
from molucid.evaluate.subsets import is_subset_name
from molucid.evaluate.utf8 import utf8_lines
from molucid.files import read_json, sha256_file

ANSWERS_NAME = "candidates.jsonl"

RANDOM_CONTROL = "random"
"""Name of the control that the command makes itself; no other system may have it."""


def locate_systems(arguments: Iterable[str]) -> dict[str, Path]:
    """Find the file of answers of each `[NAME=]ANSWERS`.

    The default name is that of its folder, or of that and the folder around it, `MODEL@SUBSET`, where it is named by a
    subset of modalities.

    Raises:
        InputError: a missing file, or a name given twice.
    """
    systems: dict[str, Path] = {}
    for argument in arguments:
        name, separator, text = argument.rpartition("=")
        path = Path(text)
        if path.is_dir():
            path = path / ANSWERS_NAME
        if not path.is_file():
            raise InputError(
                "no file",
                f"{ANSWERS_NAME}, or the folder that holds it, as [NAME=]PATH",
                Where(file=str(path)),
                hint="`molucid elucidate … --out DIR` writes it",
                code="missing_file",
            )
        if not separator:
            folder = path.resolve().parent
            name = f"{folder.parent.name}@{folder.name}" if is_subset_name(folder.name) else folder.name
        if name in systems or name in ("", RANDOM_CONTROL):
            raise InputError(
                f"system name {name!r}",
                f"a different name for each system, and not {RANDOM_CONTROL!r}",
                hint="write NAME=PATH",
                code="duplicate_name",
            )
        systems[name] = path
    return systems


def read_system(path: Path) -> SystemInput:
    """Read a file of answers, and the `rejected.tsv` beside it if there is one.

    Raises:
        InputError: a line of either that cannot be used, with its place.
    """
    return SystemInput(tuple(read_answers(path)), _rejected_codes(path.with_name("rejected.tsv")))


def checkpoint_hash(path: Path) -> str | None:
    """The sha256 of the checkpoint that wrote a file of answers, by the `provenance.json` beside it.

    `None` if there is none, or if it names another sha256 of the answers: then it tells of another run.

    Raises:
        InputError: a `provenance.json` that is no JSON object.
    """
    beside = path.with_name("provenance.json")
    if not beside.is_file():
        return None
    facts = read_json(beside)
    outputs = facts.get("outputs_sha256", {}) if isinstance(facts, dict) else None
    if not isinstance(outputs, dict):
        raise InputError(
            "JSON of another shape",
            "provenance.json as `molucid elucidate` writes it",
            Where(file=str(beside)),
            code="invalid_provenance",
        )
    if outputs.get(path.name) != sha256_file(path):
        return None
    digest = facts.get("checkpoint_sha256")
    return None if digest is None else str(digest)


def _rejected_codes(path: Path) -> dict[str, str]:
    if not path.is_file():
        return {}
    reader = csv.DictReader(utf8_lines(path), delimiter="\t", quoting=csv.QUOTE_NONE)
    codes: dict[str, str] = {}
    for row in reader:
        identifier, code = row.get("id"), row.get("code")
        if identifier is None or code is None:
            raise InputError(
                "a row without id and code",
                "rejected.tsv as `molucid elucidate` writes it",
                Where(file=str(path), line=reader.line_num),
                code="invalid_rejected",
            )
        codes[identifier] = code
    return codes
