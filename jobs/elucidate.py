"""`molucid elucidate`: files of spectra in, ranked structures out."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molucid.adapt.elucidate import Elucidated
    from molucid.adapt.index import NeighbourIndex
    from molucid.adapt.replica import ReplicaSpec
    from molucid.adapt.tuning import TuneConfig
    from molucid.errors import Rejected
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


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("files", nargs="+", metavar="FILE", help="files of spectra")
    parser.add_argument(
        "--checkpoint", required=True, metavar="C", help="checkpoint, or the run folder holding it"
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
        "--actors", type=int, default=None, help="replicas of the model (default: one per two cores)"
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
    from molucid.adapt.index import NeighbourIndex
    from molucid.chem.fingerprints import FingerprintConfig, fingerprint
    from molucid.chem.identity import parse_smiles
    from molucid.errors import InputError
    from molucid.evaluate.controls import mask_records
    from molucid.train.checkpoint import load_model, model_hash, resolve_checkpoint

    if args.tune and not args.index:
        raise InputError(
            f"--tune {args.tune} without --index",
            "a neighbour index to retrieve from",
            hint="molucid index --data PACKED --checkpoint C --out I, then --index I",
            code="missing_index",
        )
    config = _settings(args)
    checkpoint = resolve_checkpoint(args.checkpoint)
    model, card = load_model(checkpoint)
    digest = model_hash(checkpoint)
    index = NeighbourIndex.load(args.index, digest) if args.index else None
    records, rejected = read_inputs(args.files, args.format, config.clean)
    if args.mask_spectra:
        records, without_formula = mask_records(records)
        rejected += without_formula
    note(f"{len(records)} spectra to answer, {len(rejected)} rejected while reading", args.quiet)

    spec = _spec(args, config, card, index)
    provenance = {"checkpoint_sha256": digest, "seed": args.seed}
    weights = {name: tensor.detach().numpy() for name, tensor in model.state_dict().items()}
    morgan = FingerprintConfig()
    result = _answer(
        args,
        spec,
        weights,
        records,
        config.tune if args.tune else None,
        index,
        lambda smiles: fingerprint(parse_smiles(smiles), morgan),
        provenance,
    )
    facts: dict[str, Any] = {
        "command": shlex.join(["molucid", *sys.argv[1:]]),
        "checkpoint_sha256": digest,
        "recipe": card.recipe,
        "index_sha256": _index_hash(args.index),
        "inputs_sha256": _input_hashes(args.files),
        "seed": args.seed,
        "masked_spectra": args.mask_spectra,
        "configuration": config.model_dump(mode="json"),
        "num_read": len(records) + len(rejected),
        "num_answered": len(result.answers),
        "num_rejected": len(rejected),
        "versions": _versions(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }
    training_keys = None if index is None else index.keys
    write_outputs(Path(args.out), records, result, rejected, facts, training_keys)
    _report(args, facts, result)
    return 0 if result.answers else 3


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
            records.append(item)
    return records, rejected


def write_outputs(
    folder: Path,
    records: list[Record],
    result: Elucidated,
    rejected: list[Rejected],
    facts: dict[str, Any],
    training_keys: frozenset[str] | None,
) -> None:
    """Write all files of `docs/answers.md`, each whole or not at all.

    `provenance.json` comes last and names the sha256 of the others, so that a folder that holds the files of
    two runs, because the second one failed, can be told.
    """
    from molucid.evaluate.answer_files import write_candidates, write_rejected
    from molucid.evaluate.answers_report import write_answers_report
    from molucid.files import sha256_file, write_json

    folder.mkdir(parents=True, exist_ok=True)
    write_candidates(folder, result.answers)
    write_rejected(folder, rejected)
    write_answers_report(folder / "report.html", records, result.answers, rejected, facts, training_keys)
    write_json(folder / "timing.json", {stage: round(s, 3) for stage, s in result.seconds.items()})
    written = ("candidates.tsv", "candidates.jsonl", "rejected.tsv", "report.html")
    outputs = {name: sha256_file(folder / name) for name in written}
    write_json(folder / "provenance.json", {**facts, "outputs_sha256": outputs})


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
    from molucid.adapt.replica import ReplicaSpec
    from molucid.dataset.packed import PackedDataset
    from molucid.errors import InputError, Where

    packed = None
    if args.tune and index is not None:
        packed = args.data or index.provenance["packed_path"]
        found = PackedDataset(packed).content_hash
        if found != index.provenance["packed_sha256"]:
            raise InputError(
                f"packed samples {found[:12]}…",
                f"those of the index, {index.provenance['packed_sha256'][:12]}…",
                Where(file=str(packed)),
                hint="give the packed folder that the index was made from with --data",
                code="other_packed_data",
            )
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
    tune: TuneConfig | None,
    index: NeighbourIndex | None,
    true_fingerprint: Any,
    provenance: dict[str, object],
) -> Elucidated:
    from jobs.console import Progress
    from molucid.adapt.elucidate import elucidate
    from molucid.adapt.replica import build_replica
    from molucid.cluster.pool import ActorPool, PoolConfig
    from molucid.cluster.session import ray_session

    with ray_session(args.address) as session:
        num_actors = args.actors or max(1, int(session.num_cpus))
        gpus = min(1.0, session.num_gpus / num_actors)
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
                tune,
                index,
                true_fingerprint,
                provenance,
                progress.advance,
            )


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
