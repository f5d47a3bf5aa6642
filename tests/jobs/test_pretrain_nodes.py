"""Training on a cluster of several nodes, which are lost on the way."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from ray._raylet import GcsClient
from ray.cluster_utils import Cluster
from ray.core.generated.autoscaler_pb2 import DrainNodeReason

from jobs.cli import main
from molucid.cluster.session import _import_path, _reload_ray_authentication

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.timeout(600)]


@pytest.fixture
def nodes(monkeypatch, tmp_path):
    """A head without cores and two nodes of one core each, with a token."""
    token = tmp_path / "token"
    token.touch(mode=0o600)
    token.write_text("0" * 64)
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN_PATH", str(token))
    monkeypatch.setenv("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    monkeypatch.setenv("RAY_TRAIN_WORKER_GROUP_START_TIMEOUT_S", "20")
    monkeypatch.setenv("RAY_TRAIN_PREEMPTION_POLL_INTERVAL_S", "1")
    monkeypatch.setenv("PYTHONPATH", _import_path(os.environ.get("PYTHONPATH", "")))
    _reload_ray_authentication()
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    workers = [cluster.add_node(num_cpus=1) for _ in range(2)]
    yield SimpleNamespace(cluster=cluster, address=cluster.address, workers=workers)
    cluster.shutdown()
    monkeypatch.undo()
    _reload_ray_authentication()


def command(given: SimpleNamespace, out: Path, address: str, *more: str) -> list[str]:
    return [
        *("pretrain", "--recipe", given.recipe, "--data", given.packed, "--out", str(out), "--quiet"),
        *("--address", address, "--workers", "1:2", "--set", "job.send_every_s=0", *more),
    ]


def test_two_workers_of_which_one_is_killed_end_as_if_unbroken(
    nodes, given, unbroken, check, tmp_path
) -> None:
    out, killed = tmp_path / "run", []
    watcher = check.kill_a_worker_after(out, 8, killed)
    assert main(command(given, out, nodes.address)) == 0
    watcher.join()
    assert len(killed) == 1
    assert check.metrics(out)[-1]["workers"] == 2
    check.as_unbroken(out, unbroken)


def test_a_node_about_to_be_taken_away_gets_its_checkpoint_and_the_run_goes_on_without_it(
    nodes, given, unbroken_run, check, tmp_path
) -> None:
    out = tmp_path / "run"
    # Between its first and last step this run writes no checkpoint of its own accord. Its rate is small, for at a
    # large one the rounding of sums over one rank and over two grows from step to step.
    settings = ("train.steps=600", "train.checkpoint_every=100000", "train.learning_rate=1e-4")
    codes: list[int] = []

    def train() -> None:
        options = [word for setting in settings for word in ("--set", setting)]
        codes.append(main(command(given, out, nodes.address, *options, "--set", "job.agree_every_s=0.2")))

    training = threading.Thread(target=train)
    training.start()
    wait_for(lambda: len(check.metrics(out)) >= 20)
    leaving: Any = nodes.workers[1]
    deadline_ms = int((time.time() + 60) * 1000)
    reason = DrainNodeReason.DRAIN_NODE_REASON_PREEMPTION
    accepted, _ = GcsClient(address=nodes.address).drain_node(leaving.node_id, reason, "taken", deadline_ms)
    assert accepted
    wait_for(lambda: list(out.glob("step-*/manifest.json")))
    just_in_time = int(next(out.glob("step-*/manifest.json")).parent.name.removeprefix("step-"))
    assert 20 <= just_in_time < 600
    nodes.cluster.remove_node(leaving, allow_graceful=False)
    training.join(400)
    assert codes == [0]
    rows = check.metrics(out)
    assert rows[just_in_time - 1]["workers"] == 2
    assert rows[-1]["workers"] == 1
    check.as_unbroken(out, unbroken_run(*settings), tolerance=1e-3)


def wait_for(condition: Any, timeout_s: float = 240.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)
