"""`molucid pack`: samples or spectra with structures in, memory-mapped training arrays out."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

HELP = "pack samples or measured spectra into training arrays"
DESCRIPTION = """\
Answers every chemical question about the training records once (clean-up, canonical SMILES, tokens, formula,
fingerprint) and writes memory-mapped arrays, so that nothing is parsed while a model is trained.

  molucid pack runs/samples --out runs/packed
  molucid pack runs/samples --split val --out runs/packed-val
  molucid pack massbank_msms.parquet --fold train --out runs/massbank-train
  molucid pack library.msp more.mgf --out runs/library

An input is a data set of `molucid simulate` (folder or s3:// URL), the MassBank table as Parquet,
MassSpecGym.tsv, or any spectra file whose records carry SMILES. --fold chooses by the fold that the file
names; --split chooses by a hash of the molecule, so that `train`, `val` and `test` share no molecule
whatever the input. Held-out molecules never pass; --exclude adds further ones. Every record is counted: read
= packed + rejected by reason; the rejected ones stand in OUT/rejected.tsv. The same input and settings give
the same bytes; a folder that has them already is left as it is."""


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

    from jobs.console import Progress, note
    from molucid import __version__
    from molucid.dataset.holdout import HoldoutKeys
    from molucid.dataset.packing import PackConfig, pack, packed_before

    processes = args.num_processes or len(os.sched_getaffinity(0))
    simulated = [_is_samples(name) for name in args.inputs]
    given = {"num_processes": processes, "one_record_per_molecule": all(simulated), "split": args.split}
    config = PackConfig.from_mapping(given).updated(args.set)
    exclude = None if args.exclude is None else HoldoutKeys.from_file(args.exclude)
    held_out = HoldoutKeys.default() if exclude is None else HoldoutKeys.default() | exclude
    provenance = {
        "inputs": [_describe(name, s) for name, s in zip(args.inputs, simulated, strict=True)],
        "fold": args.fold,
        "limit": args.limit,
        "excluded_sha256": held_out.sha256,
        "molucid": __version__,
    }
    manifest = packed_before(args.out, config, provenance)
    if manifest is not None:
        note(f"{args.out} is packed already", args.quiet)
        return _report(manifest, args)
    records = chain.from_iterable(
        _read_samples(name) if is_samples else _read_spectra(name, args.fold)
        for name, is_samples in zip(args.inputs, simulated, strict=True)
    )
    with Progress("pack", args.limit, "records", quiet=args.quiet) as progress:
        manifest = pack(
            islice(records, args.limit), args.out, config, provenance, exclude, on_progress=progress.advance
        )
    return _report(manifest, args)


def _is_samples(name: str) -> bool:
    return "://" in name or Path(name).is_dir()


def _read_samples(url: str) -> Iterator[Any]:
    from molucid.dataset.shards import read_dataset
    from molucid.errors import Where

    for stored in read_dataset(url):
        yield stored.record(Where(file=url, record=stored.sample.evidence.id))


def _read_spectra(path: str, fold: str | None) -> Iterator[Any]:
    from molucid.dataset.sources import massbank_parquet, massspecgym
    from molucid.errors import InputError, Rejected, Where
    from molucid.spectra.read import read_records

    if not Path(path).is_file():
        raise InputError("no file", "samples or a spectra file", Where(file=path), code="missing_file")
    if massbank_parquet.is_massbank_parquet(path):
        yield from massbank_parquet.read(path, fold)
    elif Path(path).suffix == ".tsv":
        yield from massspecgym.read(path, fold)
    else:
        for record in read_records(path):
            if fold is None or isinstance(record, Rejected) or record.metadata.get("fold") == fold:
                yield record


def _describe(name: str, is_samples: bool) -> dict[str, Any]:
    """Name and content hash of an input; paths of this machine are no part of it."""
    from molucid.dataset.shards import DatasetRoot
    from molucid.files import MANIFEST_NAME, sha256_file

    if not is_samples:
        digest = sha256_file(name) if Path(name).is_file() else None
    else:
        root = DatasetRoot(name)
        digest = root.sha256(MANIFEST_NAME) if root.exists(MANIFEST_NAME) else None
    return {"name": name.rstrip("/").rsplit("/", 1)[-1], "sha256": digest}


def _report(manifest: dict[str, Any], args: argparse.Namespace) -> int:
    names = ("records_read", "records_kept", "rejected", "rows", "molecules", "peaks", "licences")
    summary = {"out": args.out, **{name: manifest[name] for name in names}}
    if args.json:
        print(json.dumps(summary))
        return 0
    print(f"{summary['rows']} spectra of {summary['molecules']} molecules packed in {args.out}")
    rejected = manifest["records_read"] - manifest["records_kept"]
    print(f"{manifest['records_read']} records read, {rejected} rejected")
    for code, count in manifest["rejected"].items():
        print(f"  {count:>9} {code}")
    return 0
