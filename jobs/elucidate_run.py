"""How `molucid elucidate` has its records answered: replicas of the model on an actor pool."""

from __future__ import annotations

import argparse
import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from jobs.console import Progress
from molucid.adapt.elucidate import Elucidated, ReplicaPool, elucidate, predict_fragments
from molucid.adapt.index import NeighbourIndex
from molucid.adapt.replica import ReplicaSpec, build_replica
from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.fragments import FragmentVocabulary
from molucid.cluster.pool import ActorPool, PoolConfig
from molucid.cluster.session import RaySession, ray_session
from molucid.errors import InputError, TaskFailure, shorten
from molucid.evaluate.fragment_files import FragmentTable
from molucid.spectra.types import Record


def answer_records(
    args: argparse.Namespace,
    spec: ReplicaSpec,
    weights: dict[str, Any],
    records: list[Record],
    index: NeighbourIndex | None,
    provenance: dict[str, object],
    patterns: tuple[str, ...],
) -> tuple[Elucidated, FragmentTable | None]:
    """Answers, and if the model has a head for them the predicted fragments, numbered by the vocabulary `patterns`."""
    if not records:
        return Elucidated([], [], {}), None  # and no cluster is started
    morgan = FingerprintConfig()
    with ray_session(args.address) as session:
        num_actors = _num_actors(args, session, len(records))
        # A device is shared by whole actors: of 5 on 2 devices, 3 on one.
        gpus = 1 / max(1, math.ceil(num_actors / session.num_gpus)) if session.num_gpus else 0.0
        pool_config = PoolConfig(num_actors=num_actors, gpus_per_actor=gpus)
        with (
            ActorPool(build_replica, weights, (spec,), pool_config) as pool,
            Progress("elucidate", len(records), "spectra", args.quiet) as progress,
        ):
            result = elucidate(
                records,
                pool,
                args.batch_size,
                args.seed,
                spec.tune,
                index,
                lambda smiles: fingerprint(smiles, morgan),
                provenance,
                progress.advance,
                spec.kinds_read,
            )
            if spec.model.fragment_head is None:
                return result, None
            return with_fragments(records, result, pool, args.batch_size, patterns)


def with_fragments(
    records: Sequence[Record],
    result: Elucidated,
    pool: ReplicaPool,
    batch_size: int,
    patterns: tuple[str, ...],
) -> tuple[Elucidated, FragmentTable]:
    """The answers, and the predicted fragments of the answered records.

    A record whose prediction fails has no row, and the note `fragments_not_predicted` in its answer.
    """
    by_id = {record.evidence.id: record for record in records}
    answered = [by_id[answer.evidence_id] for answer in result.answers]
    answers, counts = [], {}
    predicted = predict_fragments(answered, pool, batch_size)
    for answer, found in zip(result.answers, predicted, strict=True):
        if isinstance(found, TaskFailure):
            note = {"fragments_not_predicted": shorten(found.message, 300)}
            answers.append(replace(answer, notes={**answer.notes, **note}))
        else:
            answers.append(answer)
            counts[answer.evidence_id] = found
    return replace(result, answers=answers), FragmentTable(counts, FragmentVocabulary(patterns, {}).sha256)


def _num_actors(args: argparse.Namespace, session: RaySession, num_records: int) -> int:
    cores = max(1, int(session.num_cpus))
    if args.actors is None:
        if args.tune == "sequential":
            return 1  # one model, one step after another
        num_tasks: int = math.ceil(num_records / args.batch_size)
        return min(int(session.num_gpus) or cores, cores, num_tasks)
    if session.embedded and args.actors > cores:
        # They would wait for cores for ever; a cluster that is joined may grow.
        raise InputError(
            f"--actors {args.actors} on {cores} cores",
            f"at most {cores}: an actor takes a core",
            hint="leave it out, or join a larger cluster with --address",
            code="invalid_option",
        )
    actors: int = args.actors
    return actors
