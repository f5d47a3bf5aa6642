"""How `molucid elucidate` has its records answered: replicas of the model on an actor pool."""

from __future__ import annotations

import argparse
import math
from typing import Any

from jobs.console import Progress
from molucid.adapt.elucidate import Elucidated, elucidate
from molucid.adapt.index import NeighbourIndex
from molucid.adapt.replica import ReplicaSpec, build_replica
from molucid.chem.fingerprints import FingerprintConfig, fingerprint
from molucid.chem.fragment_vector import FragmentCounts
from molucid.chem.fragments import FragmentVocabulary
from molucid.cluster.pool import ActorPool, PoolConfig
from molucid.cluster.session import RaySession, ray_session
from molucid.errors import InputError
from molucid.evaluate.fragment_files import FragmentTable
from molucid.spectra.types import Record


def answer_records(
    args: argparse.Namespace,
    spec: ReplicaSpec,
    weights: dict[str, Any],
    records: list[Record],
    index: NeighbourIndex | None,
    provenance: dict[str, object],
) -> tuple[Elucidated, list[FragmentCounts] | None]:
    """Answers, and the predicted fragments of each record if the model has a head for them."""
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
                spec.model.modalities,
            )
            if spec.model.fragment_head is None:
                return result, None
            evidence = [record.evidence for record in records]
            chunks = [(evidence[i : i + args.batch_size],) for i in range(0, len(evidence), args.batch_size)]
            return result, [counts for part in pool.map("fragments", chunks) for counts in part]


def fragment_table(
    records: list[Record], fragments: list[FragmentCounts], patterns: tuple[str, ...]
) -> FragmentTable:
    """The table of predicted fragments, numbered by the vocabulary of `patterns`."""
    counts = {record.evidence.id: found for record, found in zip(records, fragments, strict=True)}
    return FragmentTable(counts, FragmentVocabulary(patterns, {}).sha256)


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
