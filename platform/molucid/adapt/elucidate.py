"""From cleaned records to ranked structures: zero-shot, or tuned at test time, on one replica or many.

The work is cut into tasks by the input alone, never by the number of replicas, and results are taken in
task order; so any pool gives the same answers. A task that fails costs the answers of its own records only, and
those of an untuned batch are tried once more one by one.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from molucid.adapt.index import NeighbourIndex
from molucid.adapt.notes import reader_notes
from molucid.adapt.plan import plan_per_cluster
from molucid.adapt.replica import Decoded, TaskResult
from molucid.adapt.tuning import TuneConfig
from molucid.chem.fragment_vector import FragmentCounts
from molucid.errors import Rejected, TaskFailure
from molucid.generate.types import Answer, Status
from molucid.spectra.types import Evidence, Record

TrueFingerprint = Callable[[str], NDArray[np.uint8]]
"""SMILES → bits as the neighbour index holds them (Morgan radius 2, 2048 bits)."""

Advance = Callable[[int], None]


class ReplicaPool(Protocol):
    """Some replicas of the model; each task runs on one of them."""

    def map(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """Results of `Replica.<method>(*task)` in the order of `tasks`; raises what a task raised."""
        ...

    def attempt(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        """As `map`, with a `TaskFailure` in the place of each task that failed."""
        ...


@dataclass(frozen=True, slots=True)
class Elucidated:
    """What became of the records, each of which is in one of the two lists.

    Attributes:
        answers: in the order of the records.
        failed: records whose task failed, with the fault.
        seconds: by stage, summed over replicas.
    """

    answers: list[Answer]
    failed: list[Rejected]
    seconds: dict[str, float]


def elucidate(
    records: Sequence[Record],
    pool: ReplicaPool,
    batch_size: int,
    seed: int,
    tune: TuneConfig | None,
    index: NeighbourIndex | None,
    true_fingerprint: TrueFingerprint,
    provenance: Mapping[str, object],
    advance: Advance,
    kinds_read: Collection[str],
) -> Elucidated:
    """Answer every record.

    Args:
        records: cleaned records.
        pool: replicas of the model.
        batch_size: pieces of evidence of one untuned task.
        seed: of clustering, tuning and sampling.
        tune: how to tune; `None` for the model as it is.
        index: needed to tune; without tuning it only measures how near the first candidate is to training.
        true_fingerprint: for that measure.
        provenance: carried by every answer, with `evidence_used`: the kinds of evidence that it was written from.
        advance: told how many records were just answered.
        kinds_read: kinds of evidence that answers depend on.
    """
    evidence = [record.evidence for record in records]
    seconds: dict[str, float] = {}
    if not evidence:
        return Elucidated([], [], seconds)
    if tune is None:
        decoded = _untuned(evidence, pool, batch_size, seconds, advance)
    elif tune.mode == "per_cluster":
        assert index is not None, "the caller refuses tuning without an index"
        decoded = _per_cluster(evidence, pool, batch_size, seed, tune, index, seconds, advance)
    else:
        # One model answers everything: if that fails there is no answer, and the fault is the caller's to see.
        results = pool.map("answer_sequentially", [(evidence,)])
        decoded = [*_decoded(next(results), len(evidence), seconds, advance)]
    started = time.perf_counter()
    answers: list[Answer] = []
    failed: list[Rejected] = []
    for record, item, result in zip(records, evidence, decoded, strict=True):
        if isinstance(result, TaskFailure):
            failed.append(
                Rejected(item.id, "task_failed", result.message, record.where, "run this record alone")
            )
            continue
        nearest = None
        if index is not None and result.candidates:
            nearest = round(index.nearest_molecule(true_fingerprint(result.candidates[0].smiles))[0], 6)
        status: Status = "answered" if result.candidates else "no_candidate"
        used = [kind for kind in item.present() if kind in kinds_read]
        facts = {**provenance, "evidence_used": used}
        notes = reader_notes(record)
        answers.append(Answer(item.id, result.candidates, status, nearest, result.tuning, facts, notes))
    seconds["compare_with_training"] = time.perf_counter() - started
    assert len(answers) + len(failed) == len(records), "every record is answered or failed"
    return Elucidated(answers, failed, seconds)


def predict_fragments(
    records: Sequence[Record], pool: ReplicaPool, batch_size: int
) -> list[FragmentCounts | TaskFailure]:
    """Predicted fragments of each record, or why there are none; a batch that fails is tried once more one by one."""
    evidence = [record.evidence for record in records]
    predicted: list[FragmentCounts | TaskFailure] = []
    chunks = _chunks(evidence, batch_size)
    for (chunk,), result in zip(chunks, pool.attempt("fragments", chunks), strict=True):
        predicted += [result] * len(chunk) if isinstance(result, TaskFailure) else result
    again = _to_try_alone(predicted, batch_size)
    for i, result in zip(again, pool.attempt("fragments", [([evidence[i]],) for i in again]), strict=True):
        predicted[i] = result if isinstance(result, TaskFailure) else result[0]
    return predicted


def _untuned(
    evidence: Sequence[Evidence],
    pool: ReplicaPool,
    batch_size: int,
    seconds: dict[str, float],
    advance: Advance,
) -> list[Decoded | TaskFailure]:
    decoded: list[Decoded | TaskFailure] = []
    chunks = _chunks(evidence, batch_size)
    for (chunk,), result in zip(chunks, pool.attempt("answer", chunks), strict=True):
        decoded += _decoded(result, len(chunk), seconds, lambda _: None)
        if batch_size == 1 or not isinstance(result, TaskFailure):
            advance(len(chunk))
    again = _to_try_alone(decoded, batch_size)
    alone = pool.attempt("answer", [([evidence[i]],) for i in again])
    for i, result in zip(again, alone, strict=True):
        (decoded[i],) = _decoded(result, 1, seconds, advance)
    return decoded


def _to_try_alone(results: Sequence[object], batch_size: int) -> list[int]:
    """Places of the records whose batch failed; none if each was alone in its batch."""
    return [i for i, result in enumerate(results) if isinstance(result, TaskFailure) and batch_size > 1]


def _per_cluster(
    evidence: Sequence[Evidence],
    pool: ReplicaPool,
    batch_size: int,
    seed: int,
    tune: TuneConfig,
    index: NeighbourIndex,
    seconds: dict[str, float],
    advance: Advance,
) -> list[Decoded | TaskFailure]:
    started = time.perf_counter()
    vectors = np.concatenate(list(pool.map("vectors", _chunks(evidence, batch_size))))
    seconds["predict_fingerprints"] = time.perf_counter() - started
    started = time.perf_counter()
    tasks = plan_per_cluster(vectors, index, tune, seed)
    seconds["cluster_and_retrieve"] = time.perf_counter() - started
    payloads = [(task, [evidence[i] for i in task.members]) for task in tasks]
    found: dict[int, Decoded | TaskFailure] = {}
    for task, result in zip(tasks, pool.attempt("answer_cluster", payloads), strict=True):
        found |= dict(zip(task.members, _decoded(result, len(task.members), seconds, advance), strict=True))
    return [found[i] for i in range(len(evidence))]


def _chunks(evidence: Sequence[Evidence], size: int) -> list[tuple[Sequence[Evidence]]]:
    return [(evidence[start : start + size],) for start in range(0, len(evidence), size)]


def _decoded(
    result: TaskResult | TaskFailure, num_records: int, seconds: dict[str, float], advance: Advance
) -> Sequence[Decoded | TaskFailure]:
    """One entry per record of the task; adds up the seconds of its stages."""
    advance(num_records)
    if isinstance(result, TaskFailure):
        return [result] * num_records
    for stage, value in result.seconds.items():
        seconds[stage] = seconds.get(stage, 0.0) + value
    return result.decoded
