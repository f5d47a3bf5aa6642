"""`molucid index`: the neighbour index that test-time tuning retrieves from."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from os.path import relpath
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from molucid.spectra.types import Evidence

HELP = "index the training samples for test-time tuning"
DESCRIPTION = """\
Predicts the fingerprint of every training sample with a checkpoint and writes a neighbour index.

  molucid index --data runs/packed --checkpoint runs/model --out runs/index

The index belongs to the checkpoint that made it and to the packed data set it points to; both are named in its
manifest by hash, and `elucidate` refuses it with any other. Held-out molecules never enter a packed data set, so
they never enter an index."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--data", required=True, metavar="PACKED", help="packed training samples")
    parser.add_argument(
        "--checkpoint",
        required=True,
        metavar="C",
        help="checkpoint, or the run folder or s3:// URL holding it",
    )
    parser.add_argument("--out", required=True, metavar="INDEX", help="folder to write")
    parser.add_argument("--batch-size", type=int, default=128, help="samples encoded together (default 128)")
    parser.add_argument("--limit", type=int, default=None, help="index only the first so many samples")


def run(args: argparse.Namespace) -> int:
    """Build the index and say what is in it."""
    import numpy as np

    from jobs.console import Progress
    from molucid.adapt.index import NeighbourIndex, check_target
    from molucid.adapt.vectors import predict_fingerprints
    from molucid.chem.fingerprints import FingerprintConfig, fingerprints
    from molucid.cluster.checkpoints import local_checkpoint
    from molucid.dataset.packed import PackedDataset
    from molucid.errors import InputError
    from molucid.train.checkpoint import load_model, model_hash

    for option, value in (("--batch-size", args.batch_size), ("--limit", args.limit)):
        if value is not None and value < 1:
            raise InputError(f"{option} {value}", "a whole number of at least 1", code="invalid_option")
    check_target(args.out)
    dataset = PackedDataset(args.data)
    if not len(dataset):
        raise InputError(
            f"no sample in {args.data}", "at least one", hint="pack some samples first", code="empty_dataset"
        )
    with local_checkpoint(args.checkpoint) as (_, checkpoint):
        model, _ = load_model(checkpoint)
        digest = model_hash(checkpoint)
    count = len(dataset) if args.limit is None else min(args.limit, len(dataset))
    rows = np.arange(count, dtype=np.int64)
    keys: list[str] = []
    smiles: list[str] = []
    with Progress("index", count, "samples", quiet=args.quiet) as progress:

        def evidence() -> Iterator[Evidence]:
            for row in rows:
                sample = dataset[int(row)]
                keys.append(sample.inchikey14)
                smiles.append(sample.smiles)
                yield sample.evidence
                progress.advance(1)

        predicted = predict_fingerprints(model, evidence(), args.batch_size)
    morgan = FingerprintConfig()
    index = NeighbourIndex.build(
        predicted,
        rows,
        keys,
        smiles,
        lambda many: fingerprints(many, morgan),
        {
            "checkpoint_sha256": digest,
            # Relative, so that the two can move together and the manifest does not depend on where they are.
            "packed_path": relpath(Path(args.data).resolve(), Path(args.out).resolve()),
            "packed_sha256": dataset.content_hash,
            "true_fingerprint": morgan.model_dump(),
        },
    )
    index.save(args.out)
    summary = {
        "index": str(args.out),
        "num_samples": index.provenance["num_samples"],
        "num_molecules": index.provenance["num_molecules"],
    }
    if args.json:
        print(json.dumps(summary))
    else:
        print(
            f"{summary['num_samples']} samples of {summary['num_molecules']} molecules indexed in {args.out}"
        )
    return 0
