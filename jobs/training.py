"""What `pretrain` and `finetune` share: options, the plan, the session, the records."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from jobs.console import note

if TYPE_CHECKING:
    from molucid.cluster.plan import TrainingJobConfig
    from molucid.recipes.load import Recipe

EXIT_FAILED, EXIT_UNFINISHED = 1, 5


@dataclass(frozen=True, slots=True)
class Initial:
    """The checkpoint that a training starts from.

    Attributes:
        url: its path or URL, which workers read.
        sha256: of its weights.
        part: which of its weights, see `molucid.cluster.plan.TrainingPlan.initial_part`.
        note: what is said when the run starts.
    """

    url: str
    sha256: str
    part: Literal["all", "structure"]
    note: str


def add_training_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of both commands."""
    parser.add_argument("--data", required=True, metavar="PACKED", help="packed training samples")
    parser.add_argument("--val", default=None, metavar="PACKED", help="packed validation samples")
    parser.add_argument("--out", required=True, metavar="RUN", help="run folder or s3:// URL")
    parser.add_argument(
        "--workers", default=None, metavar="N|MIN:MAX", help="worker processes, fixed or elastic (default 1)"
    )
    parser.add_argument("--engine", choices=("deepspeed", "single"), default=None, help="training engine")
    parser.add_argument("--seed", type=int, default=None, help="of initial weights, dropout and sample order")
    parser.add_argument(
        "--max-minutes",
        type=float,
        default=None,
        metavar="M",
        help="stop with a checkpoint after this time; exit code 5 if steps are left",
    )
    parser.add_argument("--mlflow", action="store_true", help="record the run with MLflow, too")
    parser.add_argument("--address", default=None, help="Ray cluster to join; without it one is started here")
    parser.add_argument(
        "--num-cpus", type=int, default=None, metavar="N", help="cores to use without --address"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting, e.g. train.steps=2000 or job.max_failures=10",
    )


def carry_out(title: str, args: argparse.Namespace, recipe: Recipe, initial: Initial | None) -> int:
    """Run the training that the arguments ask for and report where its checkpoint is; returns the exit code."""
    from jobs.training_records import Console, MetricsFile, MlflowRun, Record, TensorBoardFiles, local_folder
    from molucid.cluster.plan import TrainingPlan
    from molucid.cluster.session import ray_session
    from molucid.cluster.storage import Root
    from molucid.cluster.training import TrainingError, standing, train, worker_resources

    job = _job_config(args)
    if args.seed is not None:
        recipe = recipe.updated([f"train.seed={args.seed}"])
    out = Root(args.out, job.retry)
    data = Root(args.data, job.retry)
    plan = TrainingPlan(
        recipe=recipe,
        job=job,
        data=data.url,
        validation=None if args.val is None else Root(args.val, job.retry).url,
        out=out.url,
        initial=None if initial is None else initial.url,
        initial_part="all" if initial is None else initial.part,
        training=_provenance(title, data, initial),
    )
    before = standing(plan)
    first_step = before.state.step
    if before.checkpoint is not None and first_step >= before.total_steps:
        note(f"{out} is finished already: {first_step} steps", args.quiet)
        return _report(args, before.checkpoint, first_step, before.state.position, finished=True)
    if before.checkpoint is not None:
        note(f"going on from {before.checkpoint}, step {first_step} of {before.total_steps}", args.quiet)
    elif initial is not None:
        note(initial.note, args.quiet)

    workers = (
        str(job.min_workers)
        if job.min_workers == job.max_workers
        else f"{job.min_workers} to {job.max_workers}"
    )
    note(f"{title}: {recipe.name}, {before.total_steps} steps, {workers} worker(s), {job.engine}", args.quiet)
    with local_folder(out) as folder, ray_session(args.address, num_cpus=args.num_cpus) as session:
        worker_resources(job, session)
        records: list[Record] = [
            MetricsFile(folder / "metrics.jsonl", first_step),
            TensorBoardFiles(folder / "tensorboard", first_step),
            Console(title, before.total_steps, first_step, args.quiet),
        ]
        if args.mlflow:
            parameters = {"recipe": recipe.name, **recipe.train.model_dump(), **recipe.objective.model_dump()}
            records.append(MlflowRun(folder, f"{title} {out.name}", parameters))
        try:
            trained = train(plan, session, lambda row: [record.add(row) for record in records])
        except (TrainingError, FloatingPointError) as error:
            print(f"molucid {title}: {error}", file=sys.stderr)
            print("hint: the same command goes on from the newest checkpoint", file=sys.stderr)
            return EXIT_FAILED
        finally:
            for record in records:
                record.close()
    return _report(args, trained.checkpoint, trained.step, trained.position, trained.finished)


def _job_config(args: argparse.Namespace) -> TrainingJobConfig:
    from molucid.cluster.plan import TrainingJobConfig, parse_workers

    given: dict[str, Any] = {}
    if args.workers is not None:
        given["min_workers"], given["max_workers"] = parse_workers(args.workers)
    if args.engine is not None:
        given["engine"] = args.engine
    if args.max_minutes is not None:
        given["max_minutes"] = args.max_minutes
    own = [text.removeprefix("job.") for text in args.set if text.startswith("job.")]
    return TrainingJobConfig.from_mapping(given).updated(own)


def _provenance(title: str, data: Any, initial: Initial | None) -> dict[str, Any]:
    from molucid.files import MANIFEST_NAME

    return {
        "command": f"molucid {title} {shlex.join(sys.argv[2:])}".strip(),
        "data_sha256": data.sha256(MANIFEST_NAME),
        "parent_model_sha256": None if initial is None else initial.sha256,
    }


def _report(args: argparse.Namespace, checkpoint: str, step: int, position: int, finished: bool) -> int:
    summary = {"checkpoint": checkpoint, "step": step, "samples": position, "finished": finished}
    if args.json:
        print(json.dumps(summary))
    else:
        state = "trained" if finished else "unfinished, run the same command again"
        print(f"{state}: {step} steps, {position} samples, checkpoint {checkpoint}")
    return 0 if finished else EXIT_UNFINISHED
