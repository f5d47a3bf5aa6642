"""One worker of a training job: engine, loader and loop, and what all workers must agree on."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import ray.train
import ray.train.torch
import torch
from ray.train.collective import broadcast_from_rank_zero

from molucid.cluster.checkpoints import newest_complete_name, prune_checkpoints, store_checkpoint
from molucid.cluster.plan import TrainingPlan
from molucid.cluster.progress import Sender
from molucid.cluster.storage import Root
from molucid.dataset.packed import PackedDataset
from molucid.errors import InputError, Where
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.objective import Objective
from molucid.train.checkpoint import ENGINE_FOLDER, ModelCard, make_card, read_card, read_state, read_weights
from molucid.train.engines.base import Engine
from molucid.train.engines.deepspeed import DeepSpeedEngine
from molucid.train.engines.single import SingleEngine
from molucid.train.loader import BatchMaker, Loader, to_batch
from molucid.train.loop import TrainState, fit
from molucid.train.metrics import StepReport
from molucid.train.schedule import total_steps
from molucid.train.sharing import micro_batches_per_step
from molucid.train.transfer import take_structure


def train_on_worker(values: Mapping[str, Any]) -> dict[str, Any]:
    """Train from the newest checkpoint to the end of the run, or until the time is over.

    Args:
        values: `plan` (a dumped `TrainingPlan`), `board` (of a `ProgressChannel`) and `started` (Unix time).

    Returns:
        `step`, `position` and `finished`; or, where no retry could help, `error`. Every rank returns the
        same, and rank 0's is the result of the run.

    Raises:
        OSError: this rank's disk is full. The others may wait for this rank, so Ray replaces all of them, and all of
            the new ones return it as `error`.
    """
    plan = TrainingPlan.model_validate(values["plan"])
    sender = Sender(values["board"], plan.job.send_every_s)
    fault = sender.fault()
    if fault is not None:
        return {"error": fault}
    try:
        state, finished = _train(plan, sender, values["started"])
    except (InputError, FloatingPointError) as error:
        # A restart would meet the same fault, and Ray restarts whatever raises.
        return {"error": error}
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            # What is written below the run's root is named; all else that a worker writes is temporary.
            error.filename = error.filename or tempfile.gettempdir()
            sender.fail(error)
        raise
    return {"step": state.step, "position": state.position, "finished": finished}


def _train(plan: TrainingPlan, sender: Sender, started: float) -> tuple[TrainState, bool]:
    recipe, job, root = plan.recipe, plan.job, Root(plan.out, plan.job.retry)
    context = ray.train.get_context()
    rank, world_size = context.get_world_rank(), context.get_world_size()
    torch.set_num_threads(max(1, int(os.environ.get("MOLUCID_WORKER_CPUS", "1"))))
    config = recipe.train
    objective = Objective(recipe.objective)

    with tempfile.TemporaryDirectory(prefix="molucid-worker-") as scratch:
        dataset = PackedDataset(Root(plan.data, job.retry).fetch(Path(scratch) / "data"))
        card = make_card(
            recipe.name,
            recipe.model,
            recipe.objective,
            recipe.train,
            plan.training,
            dataset.fragment_vocabulary,
        )
        name = broadcast_from_rank_zero(newest_complete_name(root) if rank == 0 else None)
        model = _initial_model(plan, card, with_weights=name is None)
        engine = _engine(plan, model, objective)
        state = TrainState()
        if name is not None:
            folder = (root / name).fetch(Path(scratch) / name)
            engine.load(folder / ENGINE_FOLDER)
            state = read_state(folder, card)
            engine.barrier()

        last_row: dict[str, float] = {}

        def on_step(report: StepReport) -> None:
            last_row.clear()
            last_row.update(report.flat())
            if rank == 0:
                sender.send({**last_row, "time": time.time(), "workers": world_size})

        def on_checkpoint(at: TrainState) -> None:
            url = store_checkpoint(root, engine, card, at, at.position / len(dataset))
            if rank == 0:
                prune_checkpoints(root, job.keep_checkpoints)
                # What a resumed run will not repeat must have arrived before it can be resumed from.
                sender.flush()
            ray.train.report({**last_row, "checkpoint": url})

        agreement = Agreement(rank, job.agree_every_s, started, job.max_minutes)
        while True:
            loader = Loader(
                dataset,
                model.modalities,
                config.global_batch_size,
                config.seed,
                rank,
                world_size,
                state.position,
                wanted=recipe.objective.wanted,
                notation=recipe.model.target,
                augment=config.augment,
                config=job.loader,
                num_micro_batches=micro_batches_per_step(config, world_size),
            )
            validation = _validation(plan, model, config.micro_batch_size, rank, world_size, Path(scratch))
            state = fit(engine, loader, config, on_step, on_checkpoint, state, validation, agreement)
            # After a notice of preemption there is a checkpoint, and work goes on until the machine is gone.
            if not agreement.preempted or agreement.time_is_over:
                break
            agreement.preempted = False
    return state, state.step >= total_steps(config, len(dataset))


class Agreement:
    """Asked after every step whether to stop for a checkpoint; all ranks give the same answer.

    The answer needs a round trip between all workers, so it is sought every few seconds only: rank 0 says,
    each time, after how many steps the next one is.

    Args:
        rank: of this worker.
        every_s: wanted time between two round trips.
        started: Unix time at which the run began.
        max_minutes: its length; `None` for no bound.

    Attributes:
        preempted: a new notice said that a worker's machine is about to be taken away.
        time_is_over: `max_minutes` have passed.
    """

    def __init__(self, rank: int, every_s: float, started: float, max_minutes: float | None) -> None:
        self.preempted = self.time_is_over = False
        self._rank, self._every_s = rank, every_s
        self._deadline = None if max_minutes is None else started + 60 * max_minutes
        self._steps = self._next = 0
        self._since = time.monotonic()
        self._noticed: frozenset[int] = frozenset()

    def __call__(self) -> bool:
        """Whether this step is to be followed by a checkpoint and a stop."""
        self._steps += 1
        if self._steps < self._next:
            return False
        # Collective: the same on all ranks.
        info = ray.train.get_preemption_info()
        ranks = frozenset() if info is None else frozenset(info.preempted_ranks)
        self.preempted = not ranks <= self._noticed
        self._noticed |= ranks
        self._next, self.time_is_over = broadcast_from_rank_zero(self._decide() if self._rank == 0 else None)
        self._since, self._steps = time.monotonic(), 0
        return self.preempted or self.time_is_over

    def _decide(self) -> tuple[int, bool]:
        seconds_per_step = (time.monotonic() - self._since) / self._steps
        following = max(1, min(1000, round(self._every_s / max(seconds_per_step, 1e-6))))
        return following, self._deadline is not None and time.time() >= self._deadline


def _initial_model(plan: TrainingPlan, card: ModelCard, with_weights: bool) -> Molucid:
    torch.manual_seed(plan.recipe.train.seed)
    model = Molucid(plan.recipe.model)
    if plan.initial is None or not with_weights:
        return model
    with tempfile.TemporaryDirectory(prefix="molucid-initial-") as scratch:
        folder = Root(plan.initial, plan.job.retry).fetch(Path(scratch))
        weights, parent = read_weights(folder), read_card(folder)
    if parent.fragment_vocabulary and card.fragment_vocabulary not in ((), parent.fragment_vocabulary):
        raise InputError(
            "samples packed with another fragment vocabulary than the checkpoint was trained with",
            "the same fragments in the same order",
            Where(file=plan.data),
            hint="pack the samples with the vocabulary of the checkpoint's own data (--set fragments=FILE)",
            code="other_vocabulary",
        )
    if plan.initial_part == "structure":
        take_structure(weights, parent.model, model, plan.initial)
        return model
    try:
        model.load_state_dict(weights, strict=True)
    except RuntimeError as error:
        raise InputError(
            f"weights of another model ({str(error).splitlines()[-1].strip()})",
            "weights of the parameters that the configuration has, by name and shape",
            Where(file=plan.initial),
            hint="leave model.* as it is in the checkpoint",
            code="other_model",
        ) from None
    return model


def _engine(plan: TrainingPlan, model: Molucid, objective: Objective) -> Engine:
    device = ray.train.torch.get_device()
    if plan.job.engine == "single":
        return SingleEngine(model, objective, plan.recipe.train, device)
    return DeepSpeedEngine(model, objective, plan.recipe.train, device, plan.job.deepspeed)


def _validation(
    plan: TrainingPlan, model: Molucid, batch_size: int, rank: int, world_size: int, scratch: Path
) -> Callable[[], Iterator[Batch]] | None:
    """Validation batches of this rank; every rank has as many."""
    if plan.validation is None:
        return None
    dataset = PackedDataset(Root(plan.validation, plan.job.retry).fetch(scratch / "validation"))
    count = min(len(dataset), plan.job.validation_samples)
    if count < world_size:
        raise InputError(
            f"{count} validation samples on {world_size} workers",
            "at least one for each worker",
            Where(file=plan.validation),
            code="too_few_validation_samples",
        )
    rows = np.linspace(0, len(dataset) - 1, count).round().astype(np.int64)
    rounds = min(-(-count // (batch_size * world_size)), count // world_size)
    parts = np.array_split(rows, rounds * world_size)[rank::world_size]
    maker = BatchMaker(dataset, model.modalities, plan.recipe.objective.wanted, plan.recipe.model.target)

    def batches() -> Iterator[Batch]:
        for part in parts:
            yield to_batch(maker.make(part))

    return batches
