from __future__ import annotations

import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from molucid.errors import InputError
from molucid.model.assembled import new_model
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.train.config import TrainConfig
from molucid.train.engines.single import SingleEngine
from molucid.train.loop import TrainState, fit
from molucid.train.metrics import StepReport

CONFIG = TrainConfig(
    learning_rate=1e-2, warmup_steps=2, steps=9, micro_batch_size=2, global_batch_size=4, checkpoint_every=4
)


class Run:
    """One run with everything that its hooks were told."""

    def __init__(
        self, model: ModelConfig, config: TrainConfig, stream: Any, folder: Path | None = None
    ) -> None:
        self.engine = SingleEngine(new_model(model, seed=7), Objective(ObjectiveConfig()), config)
        self.config, self.stream, self.folder = config, stream, folder
        self.reports: list[StepReport] = []
        self.checkpoints: list[TrainState] = []

    def on_checkpoint(self, state: TrainState) -> None:
        self.checkpoints.append(state)
        if self.folder is not None:
            self.engine.save(self.folder / str(state.step))

    def go(self, **more: Any) -> TrainState:
        state = more.get("state", TrainState())
        loader = self.stream(2, state.position)
        return fit(self.engine, loader, self.config, self.reports.append, self.on_checkpoint, **more)


def test_steps_positions_epochs_and_checkpoints(small: ModelConfig, stream: type) -> None:
    run = Run(small, CONFIG, stream)
    assert run.go() == TrainState(step=9, position=36)
    assert [r.position for r in run.reports] == [4, 8, 12, 16, 20, 24, 28, 32, 36]
    assert run.reports[4].epoch == 1.0
    assert [s.step for s in run.checkpoints] == [4, 8, 9]
    assert run.checkpoints[0] == TrainState(step=4, position=16)
    assert [r.learning_rate for r in run.reports[:2]] == pytest.approx([5e-3, 1e-2])
    assert run.reports[-1].remaining_seconds == 0
    assert run.reports[0].metrics.num_samples == 4


def test_a_run_resumed_at_a_checkpoint_has_the_losses_of_the_unbroken_one(
    small: ModelConfig, stream: type, tmp_path: Path
) -> None:
    model = small.model_copy(update={"dropout": 0.1})
    whole = Run(model, CONFIG, stream, tmp_path)
    whole.go()
    resumed = Run(model, CONFIG, stream)
    resumed.engine.load(tmp_path / "4")
    assert resumed.go(state=TrainState(step=4, position=16)) == TrainState(step=9, position=36)
    assert [r.metrics for r in resumed.reports] == [r.metrics for r in whole.reports[4:]]
    assert [r.learning_rate for r in resumed.reports] == [r.learning_rate for r in whole.reports[4:]]


def test_accumulation_gives_the_run_of_whole_batches(small: ModelConfig, stream: type) -> None:
    accumulated = Run(small, CONFIG, stream)
    accumulated.go()
    whole = Run(small, CONFIG.model_copy(update={"micro_batch_size": 4}), stream)
    fit(whole.engine, stream(4), whole.config, whole.reports.append, whole.on_checkpoint)
    for a, b in zip(accumulated.reports, whole.reports, strict=True):
        assert a.metrics.losses == pytest.approx(b.metrics.losses, abs=1e-4)


def test_validation_is_measured_on_its_rhythm_and_at_the_end(
    small: ModelConfig, stream: type, batches: Callable[[range], Batch]
) -> None:
    run = Run(small, CONFIG.model_copy(update={"validate_every": 5}), stream)
    run.go(validation=lambda: [batches(range(100, 104))])
    measured = {r.step: r.validation for r in run.reports if r.validation is not None}
    assert set(measured) == {5, 9}
    assert set(measured[9]) == {"total", "smiles", "fingerprint"}
    assert run.reports[-1].flat()["validation/smiles"] == measured[9]["smiles"]


def test_an_interruption_ends_with_a_checkpoint(small: ModelConfig, stream: type) -> None:
    run = Run(small, CONFIG, stream)
    assert run.go(interrupted=lambda: len(run.reports) == 3) == TrainState(step=3, position=12)
    assert run.checkpoints == [TrainState(step=3, position=12)]


def test_a_finished_run_takes_no_step(small: ModelConfig, stream: type) -> None:
    run = Run(small, CONFIG, stream)
    assert run.go(state=TrainState(step=9, position=36)) == TrainState(step=9, position=36)
    assert not run.reports


def test_a_loader_elsewhere_is_refused(small: ModelConfig, stream: type) -> None:
    run = Run(small, CONFIG, stream)
    with pytest.raises(InputError, match="a loader at sample 8, expected one at sample 16"):
        fit(run.engine, stream(2, 8), CONFIG, run.reports.append, run.on_checkpoint, TrainState(4, 16))


def test_reports_are_flat_numbers(small: ModelConfig, stream: type) -> None:
    run = Run(small, CONFIG, stream)
    run.go()
    row = run.reports[0].flat()
    assert {"step", "loss/total", "loss/smiles", "loss/fingerprint", "grad_norm", "num_tokens"} <= set(row)
    assert all(isinstance(value, int | float) for value in row.values())
    assert row["tokens_per_second"] == pytest.approx(
        row["num_tokens"] / (row["loader_seconds"] + row["step_seconds"])
    )
    assert dataclasses.is_dataclass(run.reports[0])
