"""Training on Ray Train: elastic workers, and exact resume from the newest complete checkpoint.

The global batch and the order of samples do not depend on the number of workers, so a run may be resized,
killed and resumed and still sees every sample once per epoch. Wherever a run starts again, by Ray replacing
workers or by a user repeating a command, it goes on from the newest complete checkpoint below its root; Ray's
own record of checkpoints is not used.
"""

from __future__ import annotations

import logging
import os
import tempfile
import time
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import ray
from pyarrow.fs import FSSpecHandler, PyFileSystem
from ray.train import FailureConfig, RunConfig, ScalingConfig, TrainingFailedError
from ray.train.torch import TorchConfig, TorchTrainer

from molucid.cluster.checkpoints import newest_complete_name
from molucid.cluster.plan import TrainingJobConfig, TrainingPlan
from molucid.cluster.progress import ProgressChannel, Row
from molucid.cluster.session import RaySession
from molucid.cluster.storage import Root
from molucid.cluster.train_worker import train_on_worker
from molucid.dataset.packed import PackedDataset
from molucid.errors import InputError, Where
from molucid.train.checkpoint import make_card, read_card, read_state
from molucid.train.loader import check_targets
from molucid.train.loop import TrainState
from molucid.train.schedule import total_steps
from molucid.train.sharing import micro_batches_per_step

log = logging.getLogger(__name__)

# Ray replaces the first version's classes by the second's at import; type checkers see the first's.
_TorchTrainer: Any = TorchTrainer
_ScalingConfig: Any = ScalingConfig
_RunConfig: Any = RunConfig


class TrainingError(RuntimeError):
    """A run that failed more often than it may; its checkpoints stay, to go on from."""


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a run stands before it starts.

    Attributes:
        checkpoint: URL of the newest complete checkpoint; `None` for a new run.
        state: of that checkpoint.
        total_steps: steps of the whole run.
    """

    checkpoint: str | None
    state: TrainState
    total_steps: int


@dataclass(frozen=True, slots=True)
class Trained:
    """How a run ended.

    Attributes:
        checkpoint: URL of its newest complete checkpoint.
        step: optimiser steps taken since the run began.
        position: samples consumed since the run began.
        finished: whether the last step was taken; else the time was over before it.
    """

    checkpoint: str
    step: int
    position: int
    finished: bool


def standing(plan: TrainingPlan) -> Standing:
    """Check a plan against its data and against what its root holds already.

    Raises:
        InputError: data that the model cannot be trained on, more workers than a global batch has samples for, or
            a root that holds the run of another configuration, of other data or from another checkpoint.
    """
    for num_workers in range(plan.job.min_workers, plan.job.max_workers + 1):
        micro_batches_per_step(plan.recipe.train, num_workers)
    with tempfile.TemporaryDirectory(prefix="molucid-check-") as scratch:
        dataset = PackedDataset(Root(plan.data, plan.job.retry).fetch(Path(scratch) / "data"))
        if not len(dataset):
            raise InputError(
                "no sample",
                "at least one",
                Where(file=plan.data),
                hint="see rejected.tsv in that folder for the reasons",
                code="empty_dataset",
            )
        _check_targets(plan, dataset)
        _check_fingerprints(plan, dataset)
        if plan.validation is not None:
            _check_validation(plan, dataset, Path(scratch) / "validation")
        steps = total_steps(plan.recipe.train, len(dataset))
        root = Root(plan.out, plan.job.retry)
        name = newest_complete_name(root)
        if name is None:
            return Standing(None, TrainState(), steps)
        folder = (root / name).fetch(Path(scratch) / name)
        recipe = plan.recipe
        card = make_card(recipe.name, recipe.model, recipe.objective, recipe.train, plan.training)
        state = read_state(folder, card)
        training = read_card(folder).training
        written_on = training.get("data_sha256")
        if written_on != dataset.content_hash:
            raise InputError(
                f"a run on other data (sha256 {str(written_on)[:12]}…)",
                f"the run of this data (sha256 {dataset.content_hash[:12]}…)",
                Where(file=f"{root}/{name}"),
                hint="give a new --out, or go on with the data of the run",
                code="other_data",
            )
        parents = [facts.get("parent_model_sha256") for facts in (training, plan.training)]
        if parents[0] != parents[1]:
            theirs, ours = ("new weights" if p is None else f"the model {p[:12]}…" for p in parents)
            raise InputError(
                f"a run that started from {theirs}",
                f"one that started from {ours}",
                Where(file=f"{root}/{name}"),
                hint=f"give a new --out, or go on with the run's own command: {training.get('command')}",
                code="other_parent",
            )
        return Standing(f"{root}/{name}", state, steps)


def worker_resources(job: TrainingJobConfig, session: RaySession) -> dict[str, int]:
    """Cores and, where they are used, GPUs of each worker: `{"CPU": …}` or `{"CPU": …, "GPU": 1}`.

    Raises:
        InputError: an embedded session that is too small for the fewest workers, which Ray would wait for without
            end. A joined cluster may grow, so there `train` says every minute that it waits.
    """
    cpus = job.cpus_per_worker
    if cpus is None:
        cpus = max(1, int(session.num_cpus) // job.max_workers) if session.embedded else 1
    use_gpu = session.num_gpus > 0 if job.gpus_per_worker is None else job.gpus_per_worker > 0
    resources = {"CPU": cpus, "GPU": 1} if use_gpu else {"CPU": cpus}
    sizes = {"CPU": session.num_cpus, "GPU": session.num_gpus}
    if session.embedded and any(job.min_workers * count > sizes[name] for name, count in resources.items()):
        raise InputError(
            f"{job.min_workers} worker(s) that need {_shown(resources, job.min_workers)}",
            f"no more than this machine gives, {_shown({name: sizes[name] for name in resources})}",
            hint="give fewer --workers or, with --address, a larger cluster",
            code="too_many_workers",
        )
    return resources


def train(plan: TrainingPlan, session: RaySession, receive: Callable[[Row], None]) -> Trained:
    """Carry out a plan on an open session.

    Args:
        plan: checked by `standing`; its job by `worker_resources`.
        session: of `ray_session`.
        receive: called with the numbers of every step, see `StepReport.flat`, and `time` (Unix) and
            `workers`. After lost workers, steps since the newest checkpoint come again.

    Raises:
        TrainingError: more workers were lost than `max_failures` allows.
        InputError, FloatingPointError: raised by a worker.
        OSError: a full disk of a worker, or what `receive` raised first; it is called no more after that.
    """
    job, root = plan.job, Root(plan.out, plan.job.retry)
    resources = worker_resources(job, session)
    use_gpu = "GPU" in resources
    workers = job.max_workers if job.min_workers == job.max_workers else (job.min_workers, job.max_workers)
    run_name = f"{time.strftime('%Y%m%d-%H%M%S')}-{uuid.uuid4().hex[:6]}"
    waiting = None if session.embedded else partial(_say_waiting, job.min_workers, resources)
    with ProgressChannel(receive, waiting) as channel:
        trainer = _TorchTrainer(
            train_on_worker,
            train_loop_config={
                "plan": plan.model_dump(mode="json"),
                "board": channel.board,
                "started": time.time(),
            },
            scaling_config=_ScalingConfig(
                num_workers=workers, use_gpu=use_gpu, resources_per_worker=resources
            ),
            torch_config=TorchConfig(backend="nccl" if use_gpu else "gloo"),
            run_config=_RunConfig(
                # A name that was used before would be resumed from Ray's own record.
                name=run_name,
                failure_config=FailureConfig(max_failures=job.max_failures),
                worker_runtime_env={"env_vars": _worker_environment(resources["CPU"])},
                **_ray_records(root),
            ),
        )
        try:
            result = trainer.fit()
        except TrainingFailedError as error:
            fault = channel.fault()
            if fault is not None:
                raise fault from error
            raise TrainingError(f"training failed: {error}") from error
    outcome = result.return_value
    if "error" in outcome:
        raise outcome["error"]
    name = newest_complete_name(root)
    return Trained(f"{root}/{name}", outcome["step"], outcome["position"], outcome["finished"])


def _shown(resources: Mapping[str, float], times: int = 1) -> str:
    return ", ".join(f"{times * resources.get(name, 0):g} {name}s" for name in sorted(resources))


def _say_waiting(num_workers: int, resources: Mapping[str, float], idle_s: float) -> None:
    """Say what may be waited for: Ray waits for missing workers without end and without a word."""
    total, free = (
        {name: amounts.get(name, 0.0) for name in resources}
        for amounts in (ray.cluster_resources(), ray.available_resources())
    )
    log.warning(
        "no step for %.0f s: %d worker(s) need %s; the cluster has %s, of which %s are free",
        idle_s,
        num_workers,
        _shown(resources, num_workers),
        _shown(total),
        _shown(free),
    )


def _worker_environment(cpus: int) -> dict[str, str]:
    environment = {"OMP_NUM_THREADS": str(cpus), "MOLUCID_WORKER_CPUS": str(cpus)}
    if "TORCH_EXTENSIONS_DIR" in os.environ:
        # Where DeepSpeed finds the op that it would compile otherwise.
        environment["TORCH_EXTENSIONS_DIR"] = os.environ["TORCH_EXTENSIONS_DIR"]
    return environment


def _ray_records(root: Root) -> dict[str, Any]:
    """Where Ray Train keeps its own record of a run: beside its other files, which all nodes see."""
    if root.local is not None:
        return {"storage_path": str(root.local / "ray")}
    filesystem = PyFileSystem(FSSpecHandler(root.filesystem))  # type: ignore[abstract]  # wrong in stubs
    return {"storage_path": f"{root.path}/ray", "storage_filesystem": filesystem}


def _check_targets(plan: TrainingPlan, dataset: PackedDataset) -> None:
    model, wanted = plan.recipe.model, plan.recipe.objective.wanted
    reads_fragments = "fragments" in model.modalities
    check_targets(dataset, reads_fragments or wanted.fragments, model.target)
    if wanted.fragments and model.fragment_head is None:
        raise InputError(
            "objective.beta > 0 and a model without a fragment head",
            "model.fragment_head set",
            hint='train with --set model.fragment_head={"form":"counts"}, or --set objective.beta=0',
            code="no_fragment_head",
        )
    packed = len(dataset.fragment_vocabulary)
    if (reads_fragments or wanted.fragments) and packed != model.num_fragments:
        raise InputError(
            f"samples packed with {packed} fragments",
            f"the {model.num_fragments} fragments of the model",
            Where(file=plan.data),
            hint=f"train with --set model.num_fragments={packed}",
            code="other_vocabulary",
        )
    if dataset.has_stereo != model.stereo:
        packed_with, expected = ("with" if has else "without" for has in (dataset.has_stereo, model.stereo))
        raise InputError(
            f"targets packed {packed_with} configurations",
            f"targets {expected} them, as the recipe has it",
            Where(file=plan.data),
            hint=f"pack again with --set stereo={str(model.stereo).lower()}, or train with "
            f"--set model.stereo={str(dataset.has_stereo).lower()}",
            code="other_targets",
        )


def _check_validation(plan: TrainingPlan, dataset: PackedDataset, folder: Path) -> None:
    assert plan.validation is not None, "asked by the caller"
    validation = PackedDataset(Root(plan.validation, plan.job.retry).fetch(folder))
    own = plan.model_copy(update={"data": plan.validation})
    _check_targets(own, validation)
    _check_fingerprints(own, validation)
    uses_fragments = "fragments" in plan.recipe.model.modalities or plan.recipe.objective.wanted.fragments
    if uses_fragments and validation.fragment_vocabulary != dataset.fragment_vocabulary:
        raise InputError(
            "validation samples packed with another fragment vocabulary than the training samples",
            "the same fragments in the same order",
            Where(file=plan.validation),
            hint="pack both with the same --set fragments=…",
            code="other_vocabulary",
        )


def _check_fingerprints(plan: TrainingPlan, dataset: PackedDataset) -> None:
    if plan.recipe.objective.lambda_ == 0:
        return
    bits = plan.recipe.model.fingerprint_bits
    if bits is None:
        raise InputError(
            "objective.lambda_ > 0 and a model without a fingerprint head",
            "model.fingerprint_bits set",
            hint=f"train with --set model.fingerprint_bits={dataset.num_bits}, or --set objective.lambda_=0",
            code="no_fingerprint_head",
        )
    if dataset.num_bits % bits:
        raise InputError(
            f"packed fingerprints of {dataset.num_bits} bits",
            f"a multiple of the {bits} bits that the model predicts, to be folded to them",
            Where(file=plan.data),
            hint=f"pack with --set fingerprint.num_bits={bits}, or train with "
            f"--set model.fingerprint_bits={dataset.num_bits}",
            code="fingerprint_length",
        )
