"""`molucid elucidate`: files of spectra in, ranked structures out."""

from __future__ import annotations

import argparse
import json
import math
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molucid.adapt.elucidate import Elucidated
    from molucid.adapt.index import NeighbourIndex
    from molucid.adapt.replica import ReplicaSpec
    from molucid.cluster.session import RaySession
    from molucid.errors import Rejected
    from molucid.model.config import ModelConfig
    from molucid.spectra.types import Record

HELP = "write ranked structures for files of spectra"
DESCRIPTION = """\
Reads spectra (MGF, MSP, mzML, mzXML, MassBank, MassSpecGym TSV, SIRIUS .ms, molucid JSON; .gz too) and writes ranked
structures with a report.

  molucid elucidate spectra.mgf --checkpoint runs/model --out runs/answers
  molucid elucidate *.mgf --checkpoint runs/model --index runs/index --tune per_cluster --out runs/answers

A record needs a precursor m/z, an adduct and a molecular formula (FORMULA=… in MGF); without a formula structures are
decoded freely and say so. Every input is answered or listed in rejected.tsv with its reason, place and a hint.

--tune sequential is the published procedure (one model, one step per cluster, the final model decodes everything);
--tune per_cluster tunes a replica per cluster of spectra and sets it back, so that no cluster changes another's answer.
--select random draws as many training samples at random: the control of --select nearest. --mask-spectra takes
every spectrum away before answering, so that only the formula speaks: the control of reading spectra at all.

The files written are described in docs/answers.md. Exit code 3 if no input could be answered."""

NEVER_ABSENT = (
    "note: the model was trained with modality_dropout 0 and has never seen absent spectra; "
    "masking them is out of its training distribution"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="files of spectra")
    parser.add_argument(
        "--checkpoint",
        required=True,
        metavar="C",
        help="checkpoint, or the run folder or s3:// URL holding it",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="folder for the answers")
    parser.add_argument("--index", metavar="I", help="neighbour index; needed to tune")
    parser.add_argument("--data", metavar="PACKED", help="packed training samples, if the index's have moved")
    parser.add_argument("--tune", choices=("sequential", "per_cluster"), help="tune at test time")
    parser.add_argument(
        "--select", choices=("nearest", "random"), default="nearest", help="samples to tune on"
    )
    parser.add_argument("--mask-spectra", action="store_true", help="control: answer from the formula alone")
    parser.add_argument("--format", help="format of the files, where extension and content do not tell")
    parser.add_argument(
        "--actors",
        type=int,
        default=None,
        help="replicas of the model (default: one per GPU, or per core without one)",
    )
    parser.add_argument("--batch-size", type=int, default=8, help="spectra decoded together (default 8)")
    parser.add_argument("--seed", type=int, default=0, help="of clustering, tuning and sampling (default 0)")
    parser.add_argument("--address", help="Ray cluster to run on (default: embedded in this command)")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        dest="assignments",
        help="change a setting: generate.num_beams=20, tune.learning_rate=1e-4, clean.max_peaks=256",
    )


def run(args: argparse.Namespace) -> int:
    """Read, clean, answer, write."""
    import torch

    from jobs.console import note
    from jobs.elucidate_checks import check_call
    from jobs.elucidate_outputs import write_outputs
    from molucid.adapt.answerable import split_answerable
    from molucid.adapt.index import NeighbourIndex
    from molucid.cluster.checkpoints import local_checkpoint
    from molucid.cluster.pool import PoolError
    from molucid.evaluate.controls import mask_records
    from molucid.train.checkpoint import load_model, model_hash

    check_call(args)
    config = _settings(args)
    with local_checkpoint(args.checkpoint) as (_, checkpoint):
        model, card = load_model(checkpoint)
        digest = model_hash(checkpoint)
    config.generate.check_model(card.model)
    index = NeighbourIndex.load(args.index, digest) if args.index else None
    spec = _spec(args, config, card, index)
    read, rejected = read_inputs(args.files, args.format, config.clean)
    num_read = len(read) + len(rejected)
    # Before masking, so that the control leaves out the same records.
    records, unanswerable = split_answerable(read, model.modalities, config.generate)
    rejected += unanswerable
    if args.mask_spectra:
        if not has_seen_absent_spectra(card.model):
            note(NEVER_ABSENT, args.quiet)
        records, without_formula = mask_records(records)
        rejected += without_formula
    note(f"{len(records)} spectra to answer, {len(rejected)} rejected", args.quiet)

    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    provenance = {"checkpoint_sha256": digest, "seed": args.seed}
    try:
        result = _answer(args, spec, weights, records, index, provenance)
    except PoolError as error:
        print(f"molucid elucidate: {error}", file=sys.stderr)
        return 1
    rejected += result.failed
    answered = {answer.evidence_id for answer in result.answers}
    records = [record for record in records if record.evidence.id in answered]
    facts: dict[str, Any] = {
        "checkpoint_sha256": digest,
        "recipe": card.recipe,
        "index_sha256": _index_hash(args.index),
        "inputs_sha256": _input_hashes(args.files),
        "seed": args.seed,
        "masked_spectra": args.mask_spectra,
        "configuration": config.model_dump(mode="json", exclude=None if args.tune else {"tune"}),
        "num_read": num_read,
        "num_answered": len(result.answers),
        "num_rejected": len(rejected),
        "versions": _versions(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }
    assert num_read == len(result.answers) + len(rejected), "every input is answered or rejected"
    training_keys = None if index is None else index.keys
    write_outputs(Path(args.out), records, result, rejected, facts, args.command_line, training_keys)
    _report(args, facts, result)
    return 0 if result.answers else 3


def has_seen_absent_spectra(model: ModelConfig) -> bool:
    """Whether training hid spectra at times, so that answers without any are within what the model has learned."""
    return model.modality_dropout > 0 or set(model.modalities) <= {"formula"}


def read_inputs(
    files: list[str], format: str | None, clean_config: Any
) -> tuple[list[Record], list[Rejected]]:
    """All records of `files` after clean-up, and all rejected rows, both in input order."""
    from molucid.errors import Rejected
    from molucid.spectra.clean import clean_all
    from molucid.spectra.read import read_files

    records: list[Record] = []
    rejected: list[Rejected] = []
    for item in clean_all(read_files(files, format), clean_config):
        if isinstance(item, Rejected):
            rejected.append(item)
        else:
            records.append(_with_readable_structure(item))
    return records, rejected


def _with_readable_structure(record: Record) -> Record:
    """The record, without its known structure if that is no SMILES: it only judges the answer."""
    from molucid.chem.identity import inchikey14
    from molucid.errors import InputError

    if record.smiles is None:
        return record
    try:
        inchikey14(record.smiles)
    except InputError:
        metadata = {**record.metadata, "unreadable_smiles": record.smiles}
        return replace(record, smiles=None, metadata=metadata)
    return record


def _settings(args: argparse.Namespace) -> Any:
    from molucid.adapt.tuning import TuneConfig
    from molucid.config import Config
    from molucid.generate.generator import GenerateConfig
    from molucid.spectra.clean import CleanConfig

    class ElucidateConfig(Config):
        clean: CleanConfig = CleanConfig()
        generate: GenerateConfig = GenerateConfig()
        tune: TuneConfig = TuneConfig()

    chosen = [f"tune.mode={args.tune}", f"tune.selection={args.select}"] if args.tune else []
    return ElucidateConfig().updated([*chosen, *args.assignments])


def _spec(args: argparse.Namespace, config: Any, card: Any, index: NeighbourIndex | None) -> ReplicaSpec:
    from jobs.elucidate_checks import check_packed
    from molucid.adapt.replica import ReplicaSpec

    packed = None
    if args.tune and index is not None:
        packed = args.data or index.provenance["packed_path"]
        check_packed(packed, card, index)
    return ReplicaSpec(
        model=card.model,
        objective=card.objective,
        generate=config.generate,
        tune=config.tune if args.tune else None,
        packed_folder=packed,
        index_folder=args.index if args.tune == "sequential" else None,
        batch_size=args.batch_size,
        seed=args.seed,
        num_threads=1,
    )


def _answer(
    args: argparse.Namespace,
    spec: ReplicaSpec,
    weights: dict[str, Any],
    records: list[Record],
    index: NeighbourIndex | None,
    provenance: dict[str, object],
) -> Elucidated:
    from jobs.console import Progress
    from molucid.adapt.elucidate import Elucidated, elucidate
    from molucid.adapt.replica import build_replica
    from molucid.chem.fingerprints import FingerprintConfig, fingerprint
    from molucid.cluster.pool import ActorPool, PoolConfig
    from molucid.cluster.session import ray_session

    if not records:
        return Elucidated([], [], {})  # and no cluster is started
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
            return elucidate(
                records,
                pool,
                args.batch_size,
                args.seed,
                spec.tune,
                index,
                lambda smiles: fingerprint(smiles, morgan),
                provenance,
                progress.advance,
            )


def _num_actors(args: argparse.Namespace, session: RaySession, num_records: int) -> int:
    from molucid.errors import InputError

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


def _index_hash(folder: str | None) -> str | None:
    from molucid.files import MANIFEST_NAME, sha256_file

    return None if folder is None else sha256_file(Path(folder) / MANIFEST_NAME)


def _input_hashes(files: list[str]) -> dict[str, str]:
    from molucid.files import sha256_file

    return {name: sha256_file(name) for name in files if Path(name).is_file()}


def _versions() -> dict[str, str]:
    from importlib.metadata import version

    return {name: version(name) for name in ("molucid", "torch", "rdkit", "ray", "numpy")}


def _report(args: argparse.Namespace, facts: dict[str, Any], result: Elucidated) -> None:
    summary = {key: facts[key] for key in ("num_read", "num_answered", "num_rejected")}
    summary["out"] = args.out
    summary["seconds_per_stage"] = {stage: round(s, 3) for stage, s in result.seconds.items()}
    if args.json:
        print(json.dumps(summary))
        return
    print(
        f"{summary['num_read']} read = {summary['num_answered']} answered + {summary['num_rejected']} rejected; "
        f"see {Path(args.out) / 'report.html'}"
    )
