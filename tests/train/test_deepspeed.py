"""DeepSpeed against the single engine; each rank is a process of its own, as under Ray."""

from __future__ import annotations

import importlib.util
import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from molucid.errors import InputError
from molucid.files import write_json
from molucid.model.objective import Objective
from molucid.train.engines.single import SingleEngine

pytest.importorskip("deepspeed", reason="DeepSpeed is not installed")
SCRIPT = Path(__file__).with_name("deepspeed_rank.py")


def rank_module() -> ModuleType:
    spec = importlib.util.spec_from_file_location("deepspeed_rank", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def on_ranks(world_size: int, stages: tuple[int, ...], folder: Path, mode: str) -> list[dict[str, Any]]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    programs = []
    for rank in range(world_size):
        environment = os.environ | {
            "RANK": str(rank),
            "LOCAL_RANK": str(rank),
            "WORLD_SIZE": str(world_size),
            "LOCAL_WORLD_SIZE": str(world_size),
            "MASTER_ADDR": "127.0.0.1",
            "MASTER_PORT": str(port),
            "OMP_NUM_THREADS": "1",
        }
        command = [sys.executable, str(SCRIPT), json.dumps(stages), str(folder), mode]
        programs.append(subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True))
    outputs = [program.communicate(timeout=280)[0] for program in programs]
    assert [program.returncode for program in programs] == [0] * world_size
    lines = [next(line for line in out.splitlines() if line.startswith("RESULT ")) for out in outputs]
    return [json.loads(line.removeprefix("RESULT ")) for line in lines]


@pytest.fixture(scope="module")
def single() -> dict[str, Any]:
    """What the single engine does on the same global batches, without an interruption."""
    module = rank_module()
    engine = SingleEngine(module.new_model(), Objective(module.OBJECTIVE), module.TRAIN)
    rows = module.run(engine, 0, module.SAVED_AFTER)
    rows += module.run(engine, module.SAVED_AFTER, module.NUM_STEPS)
    weights = {name: value.double().sum().item() for name, value in engine.weights().items()}
    return {"rows": rows, "weights": weights, "resumed": rows[module.SAVED_AFTER + 1 :]}


def assert_same(found: dict[str, Any], rows: list[list[float]], weights: dict[str, float]) -> None:
    assert len(found["rows"]) == len(rows)
    for got, expected in zip(found["rows"], rows, strict=True):
        assert got == pytest.approx(expected, abs=1e-5, rel=1e-5)
    assert found["weights"].keys() == weights.keys()
    for name, total in found["weights"].items():
        # The gradient of a key's bias is zero but for rounding (softmax), which AdamW blows up to full steps.
        if not name.endswith(("qkv.bias", "key_value.bias")):
            assert total == pytest.approx(weights[name], abs=2e-4), name


@pytest.fixture(scope="module", params=[(1, 3), pytest.param((0, 2), marks=pytest.mark.slow)])
def stages(request: pytest.FixtureRequest) -> tuple[int, ...]:
    return request.param


@pytest.fixture(scope="module")
def saved(tmp_path_factory, stages) -> dict[int, tuple[Path, list[dict[str, Any]]]]:
    """Runs on one, two and three ranks, each saved half-way; three take uneven shares."""
    made = {}
    for world_size in (1, 2, 3):
        folder = tmp_path_factory.mktemp(f"world{world_size}")
        made[world_size] = folder, on_ranks(world_size, stages, folder, "train")
    return made


@pytest.mark.parametrize("world_size", [1, 2, 3])
def test_all_stages_give_the_losses_of_the_single_engine(saved, single, stages, world_size) -> None:
    _, (first, *others) = saved[world_size]
    for stage in map(str, stages):
        assert_same(first[stage], single["rows"], single["weights"])
        for other in others:
            assert other[stage] == {"rows": first[stage]["rows"], "weights": {}}


@pytest.mark.parametrize(
    ("written_on", "resumed_on"), [pytest.param(1, 1, marks=pytest.mark.slow), (3, 1), (1, 2)]
)
def test_a_resumed_run_goes_on_as_if_unbroken_on_any_number_of_ranks(
    saved, single, stages, written_on, resumed_on
) -> None:
    folder, _ = saved[written_on]
    first, *_ = on_ranks(resumed_on, stages, folder, "resume")
    for stage in map(str, stages):
        assert_same(first[stage], single["resumed"], single["weights"])


def test_a_state_of_another_engine_or_stage_is_refused(tmp_path) -> None:
    from molucid.train.engines.deepspeed import check_facts

    write_json(tmp_path / "deepspeed.json", {"engine": "deepspeed", "zero_stage": 3, "world_size": 1})
    with pytest.raises(InputError, match="zero_stage") as caught:
        check_facts(tmp_path, zero_stage=1)
    assert caught.value.code == "wrong_engine_state"
    with pytest.raises(InputError, match="no file"):
        check_facts(tmp_path / "single", zero_stage=1)
