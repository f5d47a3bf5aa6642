"""The training loop: any engine, any source of batches, exact account of the samples consumed."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from molucid.errors import InputError
from molucid.model.batch import Batch
from molucid.train.config import TrainConfig
from molucid.train.engines.base import Engine
from molucid.train.metrics import StepReport
from molucid.train.schedule import learning_rate, total_steps
from molucid.train.sharing import micro_batches_per_step


class BatchSource(Protocol):
    """An endless stream of this rank's micro-batches, such as `molucid.train.loader.Loader`.

    Attributes:
        num_samples: samples of one epoch, over all ranks.
        position: samples of the stream consumed so far, over all ranks.
    """

    num_samples: int
    position: int

    def __iter__(self) -> Iterator[Batch]: ...


@dataclass(frozen=True, slots=True)
class TrainState:
    """Where a run stands: all that is needed besides the engine's state to go on exactly.

    Attributes:
        step: optimiser steps taken.
        position: samples consumed over all ranks since the run began.
    """

    step: int = 0
    position: int = 0


def fit(
    engine: Engine,
    loader: BatchSource,
    config: TrainConfig,
    on_step: Callable[[StepReport], None],
    on_checkpoint: Callable[[TrainState], None],
    state: TrainState = TrainState(),
    validation: Callable[[], Iterable[Batch]] | None = None,
    interrupted: Callable[[], bool] = lambda: False,
) -> TrainState:
    """Train from `state` to the last step of `config`.

    Args:
        engine: in the state that belongs to `state`; every rank calls this function with its own.
        loader: standing at `state.position`; `micro_batches_per_step` of its batches are a global batch.
        config: length, schedule, batch sizes and rhythm.
        on_step: called after every step, on every rank.
        on_checkpoint: called every `config.checkpoint_every` steps, after the last step, and on an
            interruption.
        state: where to go on.
        validation: gives the validation batches of this rank anew; measured every `config.validate_every`
            steps and after the last one.
        interrupted: asked after every step, with the same answer on all ranks; `True` ends the run with a
            checkpoint, e.g. when a machine is about to be taken away.

    Returns:
        Where the run stands; before the last step only if it was interrupted.

    Raises:
        InputError: a loader at another position, or a global batch that the ranks cannot share.
    """
    accumulate = micro_batches_per_step(config, engine.world_size)
    if loader.position != state.position:
        raise InputError(
            f"a loader at sample {loader.position}",
            f"one at sample {state.position}",
            code="invalid_position",
        )
    last = total_steps(config, loader.num_samples)
    first = state.step
    batches = iter(loader)
    started = time.perf_counter()
    try:
        while state.step < last:
            mark = time.perf_counter()
            micro_batches = [next(batches) for _ in range(accumulate)]
            loaded = time.perf_counter()
            rate = learning_rate(config, state.step, last, loader.num_samples)
            metrics = engine.train_step(micro_batches, rate)
            done = time.perf_counter()
            state = TrainState(state.step + 1, state.position + metrics.num_samples)
            is_last = state.step == last
            means = None
            if validation is not None and (is_last or state.step % config.validate_every == 0):
                means = engine.validate(validation())
            on_step(
                StepReport(
                    step=state.step,
                    total_steps=last,
                    position=state.position,
                    epoch=state.position / loader.num_samples,
                    metrics=metrics,
                    learning_rate=rate,
                    loader_seconds=loaded - mark,
                    step_seconds=done - loaded,
                    samples_per_second=metrics.num_samples / (done - mark),
                    tokens_per_second=metrics.num_tokens / (done - mark),
                    remaining_seconds=(last - state.step) * (done - started) / (state.step - first),
                    validation=means,
                )
            )
            stop = interrupted()
            if is_last or stop or state.step % config.checkpoint_every == 0:
                on_checkpoint(state)
            if stop:
                return state
    finally:
        if isinstance(batches, Generator):
            batches.close()
    return state
