from __future__ import annotations

import time

import pytest
import ray

from molucid.cluster.progress import ProgressChannel, Sender
from molucid.cluster.session import ray_session

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


def test_a_fault_of_the_receiver_is_raised_where_the_channel_is_left(session) -> None:
    def refuse(row: object) -> None:
        raise OSError(28, "No space left on device")

    def run() -> None:
        with ProgressChannel(refuse) as channel:
            Sender(channel.board, every_s=0).send({"step": 1})

    with pytest.raises(OSError, match="No space left"):
        run()


def test_a_channel_without_rows_says_for_how_long_and_is_silent_again_with_them(session) -> None:
    waited: list[float] = []
    with ProgressChannel(lambda row: None, waited.append, idle_s=0.5) as channel:
        deadline = time.monotonic() + 30
        while len(waited) < 2 and time.monotonic() < deadline:
            time.sleep(0.05)
        assert waited[0] >= 0.5
        assert waited[1] >= waited[0] + 0.5
        said = time.monotonic()
        while time.monotonic() - said < 2.0:
            ray.get(channel.board.post.remote([{"step": 1}]))
            time.sleep(0.05)
        # One may have been on its way when the first row came.
        assert len(waited) <= 3
