from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
import torch

from molucid.adapt.elucidate import elucidate
from molucid.adapt.plan import plan_per_cluster
from molucid.adapt.replica import Replica
from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.errors import TaskFailure, Where
from molucid.spectra.types import Evidence, Record

from .conftest import TUNE


class HerePool:
    """Runs tasks in this process, in the order given or backwards."""

    def __init__(self, replica: Replica, backwards: bool = False) -> None:
        self.replica, self.backwards = replica, backwards

    def map(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        numbers = range(len(tasks))
        done = {}
        for i in reversed(numbers) if self.backwards else numbers:
            done[i] = getattr(self.replica, method)(*tasks[i])
        return iter([done[i] for i in numbers])

    def attempt(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        return self.map(method, tasks)


class PoisonedPool(HerePool):
    """Fails every answering task that holds the record `poison`."""

    def __init__(self, replica: Replica, poison: str) -> None:
        super().__init__(replica)
        self.poison = poison

    def attempt(self, method: str, tasks: Sequence[tuple[Any, ...]]) -> Iterator[Any]:
        for task in tasks:
            if any(item.id == self.poison for item in task[-1]):
                yield TaskFailure("RuntimeError: out of memory")
            else:
                yield getattr(self.replica, method)(*task)


def weights(replica: Replica) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in replica.model.state_dict().items()}


def assert_equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> None:
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_tuning_a_cluster_lowers_its_loss_and_leaves_no_trace(
    replica: Replica, evidence: list[Evidence]
) -> None:
    before = weights(replica)
    (task, *_) = plan_per_cluster(replica.vectors(evidence), replica.index, TUNE, seed=5)
    result = replica.answer_cluster(task, [evidence[i] for i in task.members])
    assert_equal(before, weights(replica))
    facts = result.decoded[0].tuning
    assert facts["steps"] == 6
    assert facts["last_loss"] < facts["first_loss"]
    assert len(result.decoded) == len(task.members)


def test_every_spectrum_is_in_one_cluster(replica: Replica, evidence: list[Evidence]) -> None:
    tasks = plan_per_cluster(replica.vectors(evidence), replica.index, TUNE, seed=5)
    assert sorted(i for task in tasks for i in task.members) == list(range(len(evidence)))
    assert all(len(np.unique(task.rows)) == len(task.rows) == 5 for task in tasks)


def answers(replica: Replica, evidence: list[Evidence], backwards: bool = False, **changes: Any) -> Any:
    tune = TUNE.model_copy(update=changes)
    replica.tune_config = tune
    records = [Record(item, None, Where()) for item in evidence]
    return elucidate(
        records,
        HerePool(replica, backwards),
        2,
        5,
        tune,
        replica.index,
        lambda s: fingerprint(s, FingerprintConfig()),
        {},
        lambda n: None,
        ("formula", "msms"),
    ).answers


def test_the_order_in_which_clusters_run_changes_no_answer(
    replica: Replica, evidence: list[Evidence]
) -> None:
    forwards, backwards = answers(replica, evidence), answers(replica, evidence, backwards=True)
    assert forwards == backwards
    assert [a.evidence_id for a in forwards] == [e.id for e in evidence]
    assert all(a.provenance["evidence_used"] == ["formula", "msms"] for a in forwards)


@pytest.mark.parametrize("tuned", [False, True])
def test_a_record_that_makes_its_task_fail_costs_only_what_it_must(
    replica: Replica, evidence: list[Evidence], tuned: bool
) -> None:
    poison = evidence[2].id
    cluster = {poison}
    if tuned:
        replica.tune_config = TUNE
        tasks = plan_per_cluster(replica.vectors(evidence), replica.index, TUNE, seed=5)
        cluster = {evidence[i].id for task in tasks if 2 in task.members for i in task.members}
    advanced: list[int] = []
    result = elucidate(
        [Record(item, None, Where("spectra.mgf", line=7)) for item in evidence],
        PoisonedPool(replica, poison),
        3,
        5,
        TUNE if tuned else None,
        replica.index,
        lambda s: fingerprint(s, FingerprintConfig()),
        {},
        advanced.append,
        ("formula", "msms"),
    )
    assert {row.id for row in result.failed} == cluster
    row = result.failed[0]
    assert (row.code, row.message, row.where.line) == ("task_failed", "RuntimeError: out of memory", 7)
    assert [a.evidence_id for a in result.answers] == [e.id for e in evidence if e.id not in cluster]
    assert sum(advanced) == len(evidence)


def test_a_dark_cluster_is_answered_by_the_base_model_and_says_so(
    replica: Replica, evidence: list[Evidence]
) -> None:
    (task, *_) = plan_per_cluster(
        replica.vectors(evidence), replica.index, TUNE.model_copy(update={"dark_below_cosine": 1.0}), seed=5
    )
    members = [evidence[i] for i in task.members]
    dark, base = replica.answer_cluster(task, members), replica.answer(members)
    assert [d.candidates for d in dark.decoded] == [d.candidates for d in base.decoded]
    assert dark.decoded[0].tuning["dark"] is True
    assert dark.decoded[0].tuning["steps"] == 0


def test_sequential_mode_takes_one_step_per_cluster_and_leaves_no_trace(
    replica: Replica, evidence: list[Evidence]
) -> None:
    before = weights(replica)
    found = answers(replica, evidence, mode="sequential")
    assert_equal(before, weights(replica))
    assert {a.tuning["steps"] for a in found} == {3}
    assert found == answers(replica, evidence, mode="sequential")


def test_candidates_meet_their_formula(replica: Replica, evidence: list[Evidence]) -> None:
    found = answers(replica, evidence)
    assert all(c.formula_match for a in found for c in a.candidates)
    assert any(a.candidates for a in found)
    assert all(0 <= a.nearest_training_similarity <= 1 for a in found if a.candidates)


def test_sequential_mode_decodes_dark_clusters_with_the_base_model(
    replica: Replica, evidence: list[Evidence]
) -> None:
    base = replica.answer(evidence)
    vectors = replica.vectors(evidence)
    nearest = np.sort(replica.index.search(vectors, 1)[0][:, 0])
    between = float(nearest[len(nearest) // 2])
    found = answers(replica, evidence, mode="sequential", dark_below_cosine=between)
    dark = [a.tuning["dark"] for a in found]
    assert any(dark)
    assert not all(dark)
    for answer, untuned in zip(found, base.decoded, strict=True):
        if answer.tuning["dark"]:
            # Another batch composition moves the scores in the last bits only.
            assert [c.smiles for c in answer.candidates] == [c.smiles for c in untuned.candidates]
            assert (answer.tuning["steps"], answer.tuning["samples"]) == (0, 0)
    tuned = [(a, u) for a, u in zip(found, base.decoded, strict=True) if not a.tuning["dark"]]
    shift = [abs(a.candidates[0].log_likelihood - u.candidates[0].log_likelihood) for a, u in tuned]
    assert max(shift) > 0.1
