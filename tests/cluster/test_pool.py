from __future__ import annotations

import os
import time
from pathlib import Path

import numpy as np
import pytest

from molucid.cluster.pool import ActorPool, PoolConfig, PoolError, Weights
from molucid.cluster.session import ray_session
from molucid.errors import InputError, TaskFailure, Where

pytestmark = pytest.mark.cluster


class Worker:
    def __init__(self, weights: Weights, marks: str) -> None:
        self.weights, self.marks = weights, Path(marks)

    def scaled(self, value: int) -> float:
        # The first tasks are the slowest, so unordered results would come back reversed.
        time.sleep(max(0.0, 0.2 - 0.05 * value))
        return float(self.weights["scale"][0]) * value

    def writable(self) -> bool:
        return bool(self.weights["scale"].flags.writeable)

    def process(self, _value: int) -> int:
        time.sleep(0.1)
        return os.getpid()

    def die_once(self, value: int) -> int:
        mark = self.marks / f"died-{value}"
        if value == 2 and not mark.exists():
            mark.touch()
            os._exit(1)
        return value * value

    def die_always(self, value: int) -> int:
        if value == 1:
            os._exit(1)
        return value

    def refuse(self, value: int) -> int:
        if value == 1:
            raise InputError("1", "another number", Where("numbers.txt", line=7), hint="count on", code="one")
        return value


def broken(_weights: Weights, _marks: str) -> Worker:
    raise ValueError("no such thing")


@pytest.fixture(scope="module")
def session():
    with ray_session(num_cpus=2):
        yield


@pytest.fixture
def pool(session, tmp_path):
    config = PoolConfig(num_actors=2, cpus_per_actor=1, max_retries=2)
    with ActorPool(Worker, {"scale": np.array([0.5])}, (str(tmp_path),), config) as pool:
        yield pool


def test_results_come_in_the_order_of_the_tasks_from_several_actors(pool) -> None:
    assert list(pool.map("scaled", [(i,) for i in range(20)])) == [0.5 * i for i in range(20)]
    assert list(pool.map("scaled", [])) == []
    assert len(set(pool.map("process", [(i,) for i in range(8)]))) == 2


def test_weights_are_shared_and_read_only(pool) -> None:
    assert list(pool.map("writable", [(), ()])) == [False, False]


def test_a_task_whose_actor_dies_is_done_by_another_one(pool, tmp_path) -> None:
    assert list(pool.map("die_once", [(i,) for i in range(6)])) == [0, 1, 4, 9, 16, 25]
    assert (tmp_path / "died-2").exists()


def test_a_task_that_always_kills_its_actor_is_named_after_the_retries(pool) -> None:
    results = pool.map("die_always", [(i,) for i in range(3)])
    assert next(results) == 0
    with pytest.raises(PoolError, match=r"task 2 of 3 \(die_always\) lost its actor 3 times"):
        next(results)


def test_an_exception_of_a_task_comes_back_as_it_was_in_its_turn(pool) -> None:
    results = pool.map("refuse", [(i,) for i in range(3)])
    assert next(results) == 0
    with pytest.raises(InputError, match=r"numbers.txt, line 7: got 1") as caught:
        next(results)
    assert caught.value.code == "one"
    assert list(pool.map("refuse", [(2,)])) == [2], "the pool works on after a refused task"


def test_attempts_put_a_failure_in_the_place_of_the_result(pool) -> None:
    first, refused, last = pool.attempt("refuse", [(i,) for i in range(3)])
    assert (first, last) == (0, 2)
    assert isinstance(refused, TaskFailure)
    assert "numbers.txt, line 7: got 1" in refused.message
    first, lost, last = pool.attempt("die_always", [(i,) for i in range(3)])
    assert (first, last) == (0, 2)
    assert "task 2 of 3 (die_always) lost its actor 3 times" in lost.message


def test_actors_that_the_cluster_has_no_room_for_are_said(session, tmp_path) -> None:
    config = PoolConfig(num_actors=3, start_timeout_s=5)
    with pytest.raises(PoolError, match=r"3 actors of 1 CPU and 0 GPU did not start within 5 s"):
        ActorPool(Worker, {}, (str(tmp_path),), config)


def test_a_worker_that_cannot_be_built_is_said_at_once(session, tmp_path) -> None:
    with pytest.raises(PoolError, match="no such thing"):
        ActorPool(broken, {}, (str(tmp_path),), PoolConfig(num_actors=1))
