from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from jobs.training_records import Console, MetricsFile, MlflowRun, TensorBoardFiles, describe


def row(step: int, **more: Any) -> dict[str, Any]:
    numbers = {
        "step": step,
        "total_steps": 9,
        "time": 100.0 + step,
        "workers": 1,
        "loss/total": 1 / step,
        "loss/smiles": 0.5 / step,
        "samples_per_second": 120.4,
        "tokens_per_second": 3456.0,
        "remaining_seconds": 3725.0,
    }
    return numbers | more


def steps(path: Path) -> list[int]:
    return [json.loads(line)["step"] for line in path.read_text().splitlines()]


def test_each_step_stands_once_in_the_metrics_file_also_after_a_restart(tmp_path) -> None:
    path = tmp_path / "metrics.jsonl"
    metrics = MetricsFile(path, first_step=0)
    for step in (1, 2, 3, 4):
        metrics.add(row(step))
    # Workers were lost, and the newest checkpoint was that of step 2.
    metrics.add(row(3, workers=2))
    metrics.close()
    assert steps(path) == [1, 2, 3]
    assert json.loads(path.read_text().splitlines()[2])["workers"] == 2


def test_a_run_that_goes_on_keeps_the_steps_it_has_behind_it(tmp_path) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text("".join(json.dumps(row(step)) + "\n" for step in range(1, 6)) + '{"step": 6, "lo')
    metrics = MetricsFile(path, first_step=4)
    assert steps(path) == [1, 2, 3, 4]
    metrics.add(row(5))
    metrics.close()
    assert steps(path) == [1, 2, 3, 4, 5]


def test_what_a_person_watches_is_on_one_line() -> None:
    line = describe(row(4, **{"validation/total": 0.75}))
    assert line == (
        "total 0.2500  smiles 0.1250  validation 0.7500  120 samples/s  3456 tokens/s  1:02:05 left"
    )


def test_lines_in_a_log_are_few_and_say_when_the_number_of_workers_changed(capsys) -> None:
    console = Console("pretrain", total_steps=9, first_step=0, quiet=False, every_s=3600)
    for step in range(1, 6):
        console.add(row(step))
    console.add(row(4, workers=2))
    for step in range(5, 10):
        console.add(row(step, workers=2))
    console.close()
    lines = capsys.readouterr().err.splitlines()
    assert [line.split("  ")[0] for line in lines] == [
        "step 1/9",
        "going on from step 3 on 2 workers",
        "step 9/9",
    ]


@pytest.mark.slow
def test_tensorboard_and_mlflow_get_every_number(tmp_path) -> None:
    mlflow = pytest.importorskip("mlflow", reason="the mlflow extra is not installed")
    accumulator = pytest.importorskip("tensorboard.backend.event_processing.event_accumulator")
    board, run = TensorBoardFiles(tmp_path / "board", 0), MlflowRun(tmp_path, "test", {"rate": 0.1})
    for step in range(1, 10):
        board.add(row(step))
        run.add(row(step))
    board.close()
    run.close()
    events = accumulator.EventAccumulator(str(tmp_path / "board"))
    events.Reload()
    assert [event.step for event in events.Scalars("loss/total")] == list(range(1, 10))
    (found,) = mlflow.search_runs(experiment_names=["molucid"], output_format="list")
    assert found.data.metrics["loss/total"] == pytest.approx(1 / 9)
    assert found.data.params == {"rate": "0.1"}
