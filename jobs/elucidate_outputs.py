"""The files of `molucid elucidate`: all of them, or those of the run before."""

from __future__ import annotations

import shutil
import uuid
from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from molucid.adapt.elucidate import Elucidated
from molucid.errors import Rejected
from molucid.evaluate.answer_files import write_candidates
from molucid.evaluate.answers_report import write_answers_report
from molucid.files import sha256_file, sync_directory, write_json
from molucid.rejected import write_rejected
from molucid.spectra.types import Record

ANSWER_FILES = ("candidates.tsv", "candidates.jsonl", "rejected.tsv", "report.html")
"""Files that depend on inputs, checkpoint, index, settings and seed only; `provenance.json` names their sha256."""


def write_outputs(
    folder: Path,
    records: Sequence[Record],
    result: Elucidated,
    rejected: Sequence[Rejected],
    facts: Mapping[str, Any],
    command: str,
    training_keys: Container[str] | None,
) -> None:
    """Write all files of `docs/answers.md` into `folder`.

    They are written into a folder of their own inside it and enter it by renaming once all are on disk, so that a
    full disk leaves the answers of an earlier run as they were. `provenance.json` comes last and names the sha256
    of the others: files of two runs, mixed by a power cut between two renames, can be told.

    Args:
        folder: made if it does not stand.
        records: cleaned records, one per answer.
        result: answers and seconds by stage.
        rejected: inputs that were not answered.
        facts: where the answers come from, the same for equal runs; printed in the report.
        command: as it was typed; in `provenance.json` only, because the number of actors is part of it.
        training_keys: InChIKey first blocks of the training molecules, if known.
    """
    folder.mkdir(parents=True, exist_ok=True)
    staging = folder / f".{uuid.uuid4().hex[:8]}.partial"
    staging.mkdir()
    try:
        write_candidates(staging, result.answers)
        write_rejected(staging / "rejected.tsv", rejected)
        write_answers_report(staging / "report.html", records, result.answers, rejected, facts, training_keys)
        write_json(staging / "timing.json", {stage: round(s, 3) for stage, s in result.seconds.items()})
        hashes = {name: sha256_file(staging / name) for name in ANSWER_FILES}
        write_json(staging / "provenance.json", {**facts, "command": command, "outputs_sha256": hashes})
        for name in (*ANSWER_FILES, "timing.json", "provenance.json"):
            (staging / name).replace(folder / name)
        sync_directory(folder)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
