"""`molucid pack`: samples or spectra with structures in, memory-mapped training arrays out."""

from __future__ import annotations

import argparse
import json
import sys
from itertools import islice
from typing import Any

HELP = "pack samples or measured spectra into training arrays"
DESCRIPTION = """\
Answers every chemical question about the training records once (clean-up, canonical SMILES, tokens, formula,
fingerprint) and writes memory-mapped arrays, so that nothing is parsed while a model is trained.

  molucid pack runs/samples --out runs/packed
  molucid pack runs/samples --split val --out runs/packed-val
  molucid pack massbank_msms.parquet --fold train --out runs/massbank-train
  molucid pack library.msp more.mgf --out runs/library
  molucid pack corpus:molsets --out runs/molecules --set stereo=true

`corpus:NAME` (or `corpus:FILE.smi`) packs molecules without spectra, for stage 1 of a two-stage system; the names
are those of `molucid simulate --corpus`. Any other input is a data set of `molucid simulate` (folder or s3:// URL),
the MassBank table as Parquet, MassSpecGym.tsv, a DiffMS/MIST folder (or its labels.tsv), or any spectra file whose
records carry SMILES. A file that cannot be read and a second use of an identifier are rejected rows, as in
`molucid elucidate`.
--fold chooses by the fold that the file names; --split chooses by a hash of the molecule, so that `train`,
`val` and `test` share no molecule whatever the input. Held-out molecules never pass; --exclude adds further
ones. Every record is counted: read = packed + rejected by reason; the rejected ones stand in
OUT/rejected.tsv. The same input and settings give the same bytes; a folder that has them already is left as
it is. Exit code 3 if no record could be packed: the reasons are counted, and OUT gets no manifest."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="samples or spectra, see above")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    parser.add_argument("--fold", default=None, help="only records of this fold of their file, e.g. train")
    parser.add_argument(
        "--split", choices=("train", "val", "test"), default=None, help="only molecules of this split by hash"
    )
    parser.add_argument("--limit", type=int, default=None, metavar="N", help="read only the first N records")
    parser.add_argument(
        "--exclude", metavar="FILE", help="InChIKeys or first blocks to leave out, one per line"
    )
    parser.add_argument("--num-processes", type=int, default=None, metavar="N", help="default: one per core")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="a setting, e.g. fingerprint.num_bits=2048",
    )


def run(args: argparse.Namespace) -> int:
    """Pack the inputs and say what became of their records."""
    import os

    from jobs.cli import EXIT_NO_ANSWER
    from jobs.console import Progress, note
    from molucid import __version__
    from molucid.dataset.holdout import HoldoutKeys
    from molucid.dataset.pack_config import PackConfig
    from molucid.dataset.packing import NOTHING_PACKED, pack, packed_before
    from molucid.dataset.sources.training_inputs import read_inputs, training_inputs
    from molucid.errors import InputError

    processes = args.num_processes or len(os.sched_getaffinity(0))
    inputs = training_inputs(args.inputs)
    only_simulated = all(each.kind in ("samples", "corpus") for each in inputs)
    given = {"num_processes": processes, "one_record_per_molecule": only_simulated, "split": args.split}
    if all(each.kind == "corpus" for each in inputs):
        given["spectra"] = "optional"
    config = PackConfig.from_mapping(given).updated(args.set)
    exclude = None if args.exclude is None else HoldoutKeys.from_file(args.exclude)
    held_out = HoldoutKeys.default() if exclude is None else HoldoutKeys.default() | exclude
    provenance = {
        "inputs": [each.describe() for each in inputs],
        "fold": args.fold,
        "limit": args.limit,
        "excluded_sha256": held_out.sha256,
        "molucid": __version__,
    }
    manifest = packed_before(args.out, config, provenance)
    if manifest is not None:
        note(f"{args.out} is packed already", args.quiet)
        return _report(manifest, args)
    records = islice(read_inputs(inputs, args.fold), args.limit)
    try:
        with Progress("pack", args.limit, "records", quiet=args.quiet) as progress:
            manifest = pack(records, args.out, config, provenance, exclude, on_progress=progress.advance)
    except InputError as error:
        if error.code != NOTHING_PACKED:
            raise
        print(f"molucid pack: {error}", file=sys.stderr)
        return EXIT_NO_ANSWER
    return _report(manifest, args)


def _report(manifest: dict[str, Any], args: argparse.Namespace) -> int:
    names = ("records_read", "records_kept", "rejected", "rows", "molecules", "peaks", "licences")
    summary = {"out": args.out, **{name: manifest[name] for name in names}}
    if args.json:
        print(json.dumps(summary))
        return 0
    print(f"{summary['rows']} samples of {summary['molecules']} molecules packed in {args.out}")
    rejected = manifest["records_read"] - manifest["records_kept"]
    print(f"{manifest['records_read']} records read, {rejected} rejected")
    for code, count in manifest["rejected"].items():
        print(f"  {count:>9} {code}")
    return 0
