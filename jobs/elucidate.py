"""`molucid elucidate`: files of spectra in, ranked structures out."""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molucid.adapt.elucidate import Elucidated
    from molucid.adapt.index import NeighbourIndex
    from molucid.adapt.replica import ReplicaSpec
    from molucid.model.config import ModelConfig

HELP = "write ranked structures for files of spectra"
DESCRIPTION = """\
Reads spectra and writes ranked structures with a report. Tandem mass spectra: MGF, MSP, mzML, mzXML, MassBank,
MassSpecGym TSV, SIRIUS .ms, molucid JSON (.gz too). Infrared and NMR: JCAMP-DX, CSV, Bruker and Varian folders or
zips, NMReDATA, NMRium, peak lists, text of an experimental section. Formats and reasons: docs/spectra-files.md.

  molucid elucidate spectra.mgf --checkpoint runs/model --out runs/answers
  molucid elucidate compounds/ --checkpoint runs/model --out runs/answers     # one folder of files per compound
  molucid elucidate compounds.csv --checkpoint runs/model --out runs/answers  # names the files of each compound
  molucid elucidate *.mgf --checkpoint runs/model --index runs/index --tune per_cluster --out runs/answers

Any subset of the evidence that the model reads will do; each answer says which it used, and --evidence hides the rest.
Without a molecular formula structures are decoded freely and say so. A tandem mass spectrum needs a precursor m/z and
an adduct. Every input is answered or listed in rejected.tsv with its reason, place and a hint.

--tune sequential is the published procedure (one model, one step per cluster, the final model decodes everything);
--tune per_cluster tunes a replica per cluster of spectra and sets it back, so that no cluster changes another's answer.
--select random draws as many training samples at random: the control of --select nearest. --mask-spectra takes
every spectrum away before answering, so that only the formula speaks: the control of reading spectra at all.

The files written are described in docs/answers.md. Exit code 3 if no input could be answered."""

NEVER_ABSENT = (
    "note: the model was trained with modality_dropout 0 and has never seen absent spectra; "
    "masking them is out of its training distribution"
)

NO_CONSTRAINT = (
    "note: the model writes SELFIES, which no formula constrains while they are written; "
    "candidates of another formula are dropped afterwards (generate.formula=reject)"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="files of spectra, folders of compounds, or manifests"
    )
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
    parser.add_argument(
        "--evidence",
        default=None,
        metavar="KINDS",
        help="read only these kinds, e.g. formula,h_nmr,c_nmr: one checkpoint answers for any subset",
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
    from jobs.elucidate_inputs import evidence_kinds, read_inputs
    from jobs.elucidate_outputs import write_outputs
    from jobs.elucidate_run import answer_records
    from jobs.input_hashes import input_hashes
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
    generate = config.generate.for_model(card.model)
    if generate.formula != config.generate.formula:
        note(NO_CONSTRAINT, args.quiet)
    config = config.model_copy(update={"generate": generate})
    index = NeighbourIndex.load(args.index, digest) if args.index else None
    spec = _spec(args, config, card, index)
    read, rejected = read_inputs(args.files, args.format, config.clean)
    hashes = input_hashes(args.files, args.format)
    num_read = len(read) + len(rejected)
    if args.evidence is not None:
        kinds = evidence_kinds(args.evidence)
        read = [replace(record, evidence=record.evidence.only(kinds)) for record in read]
    # Before masking, so that the control leaves out the same records.
    records, unanswerable = split_answerable(read, model, config.generate)
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
        result, fragments = answer_records(
            args, spec, weights, records, index, provenance, card.fragment_vocabulary
        )
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
        "inputs_sha256": hashes,
        "seed": args.seed,
        "masked_spectra": args.mask_spectra,
        "evidence": args.evidence,
        "configuration": config.model_dump(mode="json", exclude=None if args.tune else {"tune"}),
        "num_read": num_read,
        "num_answered": len(result.answers),
        "num_rejected": len(rejected),
        "versions": _versions(),
        "device": torch.cuda.get_device_name() if torch.cuda.is_available() else "cpu",
    }
    assert num_read == len(result.answers) + len(rejected), "every input is answered or rejected"
    training_keys = None if index is None else index.keys
    write_outputs(
        Path(args.out), records, result, rejected, facts, args.command_line, training_keys, fragments
    )
    if fragments is not None and len(fragments.counts) < len(result.answers):
        missing = len(result.answers) - len(fragments.counts)
        note(f"fragments of {missing} compounds could not be predicted; see their notes", args.quiet)
    _report(args, facts, result)
    return 0 if result.answers else 3


def has_seen_absent_spectra(model: ModelConfig) -> bool:
    """Whether training hid spectra at times, so that answers without any are within what the model has learned."""
    return model.modality_dropout > 0 or set(model.modalities) <= {"formula"}


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


def _index_hash(folder: str | None) -> str | None:
    from molucid.files import MANIFEST_NAME, sha256_file

    return None if folder is None else sha256_file(Path(folder) / MANIFEST_NAME)


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
