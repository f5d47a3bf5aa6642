"""The files of `molucid elucidate`: all of them, or those of the run before."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from pathlib import Path
from typing import Any

from molucid.adapt.elucidate import Elucidated
from molucid.errors import Rejected
from molucid.evaluate.answer_files import write_candidates
from molucid.evaluate.answers_report import write_answers_report
from molucid.evaluate.fragment_files import FragmentTable, write_fragment_counts
from molucid.files import sha256_file, staged, write_json
from molucid.rejected import write_rejected
from molucid.spectra.types import Record

ANSWER_FILES = ("candidates.tsv", "candidates.jsonl", "rejected.tsv", "report.html")
"""Files that depend on inputs, checkpoint, index, settings and seed only; `provenance.json` names their sha256."""

FRAGMENTS_NAME = "fragments.parquet"
"""Likewise, where the model predicts fragments."""


def write_outputs(
    folder: Path,
    records: Sequence[Record],
    result: Elucidated,
    rejected: Sequence[Rejected],
    facts: Mapping[str, Any],
    command: str,
    training_keys: Container[str] | None,
    fragments: FragmentTable | None,
) -> None:
    """Write all files of `docs/answers.md` into `folder`.

    They enter it together once all are on disk (see `staged`); `provenance.json` comes last. A table of fragments of an
    earlier run leaves where there is none now.

    Args:
        folder: made if it does not stand.
        records: cleaned records, one per answer.
        result: answers and seconds by stage.
        rejected: inputs that were not answered.
        facts: where the answers come from, the same for equal runs; printed in the report.
        command: as it was typed; in `provenance.json` only, because the number of actors is part of it.
        training_keys: InChIKey first blocks of the training molecules, if known.
        fragments: predicted counts, if the model has a head for them.
    """
    with staged(folder, last="provenance.json") as staging:
        write_candidates(staging, result.answers)
        write_rejected(staging / "rejected.tsv", rejected)
        write_answers_report(staging / "report.html", records, result.answers, rejected, facts, training_keys)
        write_json(staging / "timing.json", {stage: round(s, 3) for stage, s in result.seconds.items()})
        names = ANSWER_FILES
        if fragments is not None:
            write_fragment_counts(staging / FRAGMENTS_NAME, fragments)
            names = (*names, FRAGMENTS_NAME)
        hashes = {name: sha256_file(staging / name) for name in names}
        write_json(staging / "provenance.json", {**facts, "command": command, "outputs_sha256": hashes})
    if fragments is None:
        (folder / FRAGMENTS_NAME).unlink(missing_ok=True)
