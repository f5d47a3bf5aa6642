"""`molucid simulate`: molecules in, samples with simulated spectra of any kind out, on Ray Data."""

from __future__ import annotations

import argparse
import hashlib
import json
import logging
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

HELP = "simulate MS/MS, IR and NMR spectra of the molecules of a corpus"
DESCRIPTION = """\
Reads molecules, filters them, simulates what --evidence names (tandem mass spectra, one per ion species and
energy; an infrared spectrum; ¹H and ¹³C NMR as lists or traces), and writes Parquet shards with a manifest.
A shard is a fixed range of corpus rows and enters the data set when it is written and checked, so a job that
was killed goes on where it stopped when its command is run again, and ends with the same bytes if its
processors are of one type (intensities differ by rounding between types).

  molucid simulate --corpus chemicals --limit 20000 --out runs/samples
  molucid simulate --corpus chemicals --evidence all --out runs/complete
  molucid simulate --corpus chemicals --evidence ir,nmr --set evidence.nmr_form=traces --out runs/traces
  molucid simulate --corpus my.smi --evidence ir --set evidence.ir.form=xtb --shard-size 50 --out runs/xtb
  molucid simulate --corpus molsets:molsets-0.3.1-py3-none-any.whl --out s3://bucket/samples --address auto
  molucid simulate --corpus my.smi --adduct '[M+H]+' --adduct '[M-H]-' --nce 20 --ev 30 --out runs/mine

Corpora: `chemicals` (pip install chemicals), `molsets` (pip download --no-deps molsets, then molsets:WHEEL),
massspecgym:STRUCTURES.parquet, or a file of SMILES (.smi .txt .csv .tsv, also .gz; a title column is kept as
the identifier). Held-out molecules, on which released models are judged, are never simulated; --exclude adds
further ones. Every corpus row is counted: rows read = molecules simulated + rows rejected by reason. The
rejected rows stand in OUT/rejected.

Infrared spectra come from a fast model; evidence.ir.form=xtb has them computed by the program xtb (Debian:
apt-get install xtb), which takes seconds to minutes of a core per molecule."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--corpus", required=True, help="where the molecules come from, see above")
    parser.add_argument("--out", required=True, metavar="ROOT", help="folder or s3:// URL of the samples")
    parser.add_argument(
        "--limit", type=int, default=None, metavar="N", help="use only the first N corpus rows"
    )
    parser.add_argument(
        "--evidence",
        default=None,
        metavar="KINDS",
        help="msms, ir, nmr, several with commas, or all (default msms)",
    )
    parser.add_argument("--adduct", action="append", metavar="A", help="ion species; may be repeated")
    parser.add_argument(
        "--nce", action="append", type=float, metavar="PERCENT", help="energy; may be repeated"
    )
    parser.add_argument("--ev", action="append", type=float, metavar="EV", help="energy; may be repeated")
    parser.add_argument("--seed", type=int, default=None, help="seed of the simulator's noise")
    parser.add_argument("--shard-size", type=int, default=None, metavar="N", help="corpus rows per shard")
    parser.add_argument(
        "--exclude", metavar="FILE", help="InChIKeys or first blocks to leave out, one per line"
    )
    parser.add_argument("--address", default=None, help="Ray cluster to join; without it one is started here")
    parser.add_argument(
        "--num-cpus", type=int, default=None, metavar="N", help="cores to use without --address"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="any other setting, e.g. evidence.msms.max_peaks=128",
    )


@dataclass(frozen=True, slots=True)
class _Rows:
    """A corpus in shards: one Arrow table of one row per shard, with the shard's molecules as lists."""

    tables: list[Any]
    num_rows: int
    sha256: str


def run(args: argparse.Namespace) -> int:
    """Simulate what is missing of the data set and complete it."""
    from jobs.console import note
    from molucid.dataset.shards import DatasetRoot, ShardWriter
    from molucid.dataset.sources.corpora import open_corpus
    from molucid.files import MANIFEST_NAME
    from molucid.simulate.evidence import EvidenceSimulator

    started = time.monotonic()
    config, exclude = _config(args), _exclude(args.exclude)
    # Before the corpus is read: it refuses what cannot run.
    simulators = EvidenceSimulator(config.evidence).provenance
    corpus = open_corpus(args.corpus)
    rows = _read_corpus(islice(corpus.rows, args.limit), config.shard_size)
    provenance = _provenance(corpus.source, corpus.licence, rows, config, exclude, simulators)
    writer = ShardWriter(DatasetRoot(args.out))
    _claim(writer.root, provenance)
    if writer.root.exists(MANIFEST_NAME):
        note(f"{args.out} is complete already", args.quiet)
        return _report(writer.root.read_json(MANIFEST_NAME), args, seconds=None)
    writer.discard_partial()
    entries = writer.finished()
    if entries:
        note(f"{len(entries)} of {len(rows.tables)} shards are there already", args.quiet)
    missing = [table for index, table in enumerate(rows.tables) if index not in entries]
    if missing:
        entries |= _simulate(missing, config, exclude, corpus.source, corpus.licence, args)
    manifest = writer.complete(entries, provenance)
    return _report(manifest, args, time.monotonic() - started)


def _config(args: argparse.Namespace) -> Any:
    from jobs.simulate_shard import SimulateJobConfig

    given: dict[str, Any] = {
        "adducts": args.adduct,
        "seed": args.seed,
        "shard_size": args.shard_size,
    }
    if args.nce is not None or args.ev is not None:
        given["normalized_collision_energies"] = args.nce or ()
        given["collision_energies_ev"] = args.ev or ()
    if args.evidence is not None:
        given["evidence"] = {"kinds": _kinds(args.evidence)}
    config = SimulateJobConfig.from_mapping({key: value for key, value in given.items() if value is not None})
    config = config.updated(args.set)
    config.conditions()
    return config


def _kinds(text: str) -> list[str]:
    from molucid.errors import InputError
    from molucid.simulate.evidence import EVIDENCE_KINDS

    if text == "all":
        return list(EVIDENCE_KINDS)
    kinds = [kind.strip() for kind in text.split(",")]
    unknown = [kind for kind in kinds if kind not in EVIDENCE_KINDS]
    if unknown:
        raise InputError(
            f"--evidence {text}", f"all, or some of {', '.join(EVIDENCE_KINDS)}", code="unknown_evidence"
        )
    return kinds


def _exclude(path: str | None) -> Any:
    from molucid.dataset.holdout import HoldoutKeys

    keys = HoldoutKeys.default()
    return keys if path is None else keys | HoldoutKeys.from_file(path)


def _read_corpus(rows: Iterator[Any], shard_size: int) -> _Rows:
    """Cut a corpus into shards; the hash is over all rows, so that a resumed job is known to be the same."""
    import pyarrow as pa

    from molucid.errors import InputError, Rejected

    schema = pa.schema(
        [
            ("shard", pa.int64()),
            *((name, pa.list_(pa.string())) for name in ("id", "smiles", "file", "code", "message", "hint")),
            ("line", pa.list_(pa.int64())),
        ]
    )
    digest = hashlib.sha256()
    tables, num_rows = [], 0
    while chunk := list(islice(rows, shard_size)):
        columns: dict[str, list[Any]] = {name: [] for name in schema.names[1:]}
        for row in chunk:
            fault = row if isinstance(row, Rejected) else None
            values = {
                "id": row.id,
                "smiles": None if fault else row.smiles,
                "file": row.where.file,
                "line": row.where.line,
                "code": fault.code if fault else None,
                "message": fault.message if fault else None,
                "hint": fault.hint if fault else None,
            }
            digest.update(repr(list(values.values())).encode())
            for name, value in values.items():
                columns[name].append(value)
        tables.append(
            pa.table({"shard": [len(tables)], **{k: [v] for k, v in columns.items()}}, schema=schema)
        )
        num_rows += len(chunk)
    if not num_rows:
        raise InputError("a corpus without rows", "at least one molecule", code="empty_corpus")
    return _Rows(tables, num_rows, digest.hexdigest())


def _provenance(
    source: str, licence: str | None, rows: _Rows, config: Any, exclude: Any, simulators: dict[str, Any]
) -> dict[str, Any]:
    from molucid import __version__

    return {
        "source": source,
        "licence": licence,
        "corpus_rows": rows.num_rows,
        "corpus_sha256": rows.sha256,
        "config": config.model_dump(mode="json"),
        "excluded_keys": len(exclude),
        "excluded_sha256": exclude.sha256,
        "simulators": simulators,
        "molucid": __version__,
    }


def _claim(root: Any, provenance: dict[str, Any]) -> None:
    """Write what this root is made of, or refuse a root that another job began."""
    from molucid.errors import InputError

    name = "job.json"
    provenance = json.loads(json.dumps(provenance))
    if not root.exists(name):
        root.write_json(name, provenance)
        return
    found = root.read_json(name)
    differing = sorted(key for key in {*found, *provenance} if found.get(key) != provenance.get(key))
    if differing:
        raise InputError(
            f"a job that differs in {', '.join(differing)}",
            "the job that began this root",
            root.where(name),
            hint="run the first command again to finish it, or choose another --out",
            code="other_job",
        )


def _simulate(
    missing: list[Any], config: Any, exclude: Any, source: str, licence: str | None, args: argparse.Namespace
) -> dict[int, Any]:
    """Simulate the missing shards on Ray; each is on disk and entered when its actor reports it."""
    import ray.data

    from jobs.console import Progress
    from jobs.simulate_actor import SimulateShards
    from molucid.cluster.session import ray_session
    from molucid.dataset.shards import ShardEntry

    entries = {}
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    num_rows = sum(len(table["id"][0]) for table in missing)
    with ray_session(args.address, num_cpus=args.num_cpus) as session:
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        actors = max(1, min(len(missing), int(session.num_cpus)))
        done = ray.data.from_arrow(missing).map(
            SimulateShards,
            fn_constructor_args=(args.out, config.model_dump(mode="json"), exclude, source, licence),
            compute=ray.data.ActorPoolStrategy(min_size=1, max_size=actors),
            num_cpus=1,
        )
        begun = time.monotonic()
        with Progress("simulate", num_rows, "molecules", quiet=args.quiet) as progress:
            for row in done.iter_rows():
                entry = ShardEntry.model_validate_json(row["entry"])
                entries[entry.index] = entry
                rate = sum(e.num_read for e in entries.values()) / (time.monotonic() - begun)
                progress.advance(
                    entry.num_read, f"{len(entries)}/{len(missing)} shards, {rate:.0f} molecules/s"
                )
    return entries


def _report(manifest: dict[str, Any], args: argparse.Namespace, seconds: float | None) -> int:
    summary = {
        "out": args.out,
        "num_read": manifest["num_read"],
        "num_samples": manifest["num_samples"],
        "num_spectra": manifest["num_spectra"],
        "rejected": manifest["rejected"],
        "shards": len(manifest["shards"]),
    }
    if seconds is not None:
        summary["seconds"] = round(seconds, 1)
    if args.json:
        print(json.dumps(summary))
        return 0
    rejected = sum(manifest["rejected"].values())
    print(f"{summary['num_samples']} molecules with {summary['num_spectra']} spectra in {args.out}")
    print(f"{summary['num_read']} rows read, {rejected} rejected")
    for code, count in manifest["rejected"].items():
        print(f"  {count:>9} {code}")
    return 0
