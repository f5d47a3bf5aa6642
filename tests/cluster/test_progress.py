from __future__ import annotations

import errno
import tempfile
import time
from collections.abc import Callable, Mapping

import pytest
import ray

from molucid.cluster import train_worker
from molucid.cluster.plan import TrainingJobConfig, TrainingPlan
from molucid.cluster.progress import POLL_S, ProgressChannel, Sender
from molucid.cluster.session import ray_session
from molucid.cluster.train_worker import train_on_worker
from molucid.recipes.load import load_recipe

pytestmark = pytest.mark.cluster


@pytest.fixture(scope="module")
def session():
    with ray_session(num_cpus=1):
        yield


def test_rows_of_a_worker_arrive_in_order_and_all_of_them(session) -> None:
    def work(board: object) -> None:
        sender = Sender(board, every_s=0.01)
        for step in range(500):
            sender.send({"step": step})
        sender.flush()

    received: list[float] = []
    with ProgressChannel(lambda row: received.append(row["step"])) as channel:
        ray.get(ray.remote(work).remote(channel.board))
    assert received == list(range(500))


def test_a_fault_of_the_receiver_is_said_at_once_and_raised_where_the_channel_is_left(
    session, caplog
) -> None:
    received: list[float] = []

    def refuse(row: Mapping[str, float]) -> None:
        received.append(row["step"])
        if row["step"] == 2:
            raise OSError(28, "No space left on device")

    def run() -> None:
        with ProgressChannel(refuse) as channel:
            for step in (1, 2, 3):
                ray.get(channel.board.post.remote([{"step": step}]))
            wait_for(lambda: "what follows is not recorded: [Errno 28]" in caplog.text)
            ray.get(channel.board.post.remote([{"step": 4}, {"step": 5}]))
            time.sleep(3 * POLL_S)
            # The board is emptied all the same.
            assert ray.get(channel.board.take.remote()) == []

    with pytest.raises(OSError, match="No space left"):
        run()
    assert received == [1, 2]
    assert "4 steps are not recorded" in caplog.text


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_full_disk_of_one_worker_ends_the_run_on_all_of_the_next_ones(session, monkeypatch) -> None:
    full = OSError(errno.ENOSPC, "No space left on device")
    begun: list[object] = []

    def train(*arguments: object) -> None:
        begun.append(arguments)
        raise full

    monkeypatch.setattr(train_worker, "_train", train)
    plan = TrainingPlan(recipe=load_recipe("quickstart"), job=TrainingJobConfig(), data="d", out="o")
    with ProgressChannel(lambda row: None) as channel:
        values = {"plan": plan.model_dump(mode="json"), "board": channel.board, "started": 0.0}
        with pytest.raises(OSError, match="No space left"):
            train_on_worker(values)
        for _ in range(2):
            error = train_on_worker(values)["error"]
            assert (error.errno, error.filename) == (errno.ENOSPC, tempfile.gettempdir())
        assert len(begun) == 1
        assert channel.fault().errno == errno.ENOSPC


def test_another_fault_of_a_disk_is_tried_again(session, monkeypatch) -> None:
    def train(*arguments: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(train_worker, "_train", train)
    plan = TrainingPlan(recipe=load_recipe("quickstart"), job=TrainingJobConfig(), data="d", out="o")
    with ProgressChannel(lambda row: None) as channel:
        values = {"plan": plan.model_dump(mode="json"), "board": channel.board, "started": 0.0}
        for _ in range(2):
            with pytest.raises(OSError, match="Input/output"):
                train_on_worker(values)
        assert channel.fault() is None


def test_a_channel_without_rows_says_for_how_long_and_is_silent_again_with_them(session) -> None:
    waited: list[float] = []
    with ProgressChannel(lambda row: None, waited.append, idle_s=0.5) as channel:
        wait_for(lambda: len(waited) >= 2)
        assert waited[0] >= 0.5
        assert waited[1] >= waited[0] + 0.5
        said = time.monotonic()
        while time.monotonic() - said < 2.0:
            ray.get(channel.board.post.remote([{"step": 1}]))
            time.sleep(0.05)
        # One may have been on its way when the first row came.
        assert len(waited) <= 3
