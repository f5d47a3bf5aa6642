from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from jobs.elucidate_outputs import write_outputs
from jobs.elucidate_run import with_fragments
from molucid.adapt.elucidate import Elucidated
from molucid.chem.fragment_vector import FragmentCounts
from molucid.chem.fragments import FragmentVocabulary
from molucid.errors import TaskFailure
from molucid.evaluate.fragment_files import read_fragment_counts
from molucid.files import sha256_file
from molucid.generate.types import Answer
from molucid.spectra.types import Evidence, Record

PATTERNS = ("[#7]", "[#8]", "[#16]")
RECORDS = [Record(Evidence(id)) for id in "abcde"]


def answered(ids: str) -> Elucidated:
    return Elucidated([Answer(id, (), "no_candidate", notes={"not_used": id}) for id in ids], [], {})


class Pool:
    """Predicts one fragment per record, as often as its place in the alphabet; fails where `broken` is among them."""

    def __init__(self, broken: str) -> None:
        self.broken, self.tasks = broken, []

    def map(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        raise AssertionError("a failure must not be raised here")

    def attempt(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        assert method == "fragments"
        for (evidence,) in tasks:
            ids = [item.id for item in evidence]
            self.tasks.append(ids)
            if self.broken in ids:
                yield TaskFailure("RuntimeError: out of memory")
            else:
                counts = (np.array([ord(id) - 96], np.uint16) for id in ids)
                yield [FragmentCounts(np.array([1], np.uint16), count) for count in counts]


def test_a_failed_prediction_leaves_out_its_row_and_keeps_every_answer():
    pool = Pool("c")
    result, table = with_fragments(RECORDS, answered("abce"), pool, 2, PATTERNS)
    assert pool.tasks == [["a", "b"], ["c", "e"], ["c"], ["e"]], (
        "of answered records, failed batches one by one"
    )
    assert [answer.evidence_id for answer in result.answers] == ["a", "b", "c", "e"]
    assert {id: counts.count.tolist() for id, counts in table.counts.items()} == {
        "a": [1],
        "b": [2],
        "e": [5],
    }
    assert result.answers[2].notes == {
        "not_used": "c",
        "fragments_not_predicted": "RuntimeError: out of memory",
    }
    assert result.answers[3].notes == {"not_used": "e"}


def test_batches_of_one_are_tried_once():
    pool = Pool("a")
    with_fragments(RECORDS, answered("ab"), pool, 1, PATTERNS)
    assert pool.tasks == [["a"], ["b"]]


def test_the_table_of_fragments_is_in_the_contract_and_leaves_with_a_run_that_has_none(tmp_path):
    result, table = with_fragments(RECORDS, answered("ab"), Pool("z"), 2, PATTERNS)
    for fragments in (table, None):
        write_outputs(tmp_path, RECORDS[:2], result, [], {"seed": 0}, "molucid", None, fragments)
        outputs = json.loads((tmp_path / "provenance.json").read_text())["outputs_sha256"]
        assert outputs == {name: sha256_file(tmp_path / name) for name in outputs}
        if fragments is not None:
            read = read_fragment_counts(
                tmp_path / "fragments.parquet", FragmentVocabulary(PATTERNS, {}).sha256
            )
            assert list(read.counts) == ["a", "b"]
        assert ("fragments.parquet" in outputs) == (fragments is not None)
        assert (tmp_path / "fragments.parquet").exists() == (fragments is not None)
