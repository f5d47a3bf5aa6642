from __future__ import annotations

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
