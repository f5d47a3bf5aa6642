"""What `molucid elucidate` refuses before it reads an input."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from molucid.errors import InputError, Where

if TYPE_CHECKING:
    from molucid.adapt.index import NeighbourIndex


def check_call(args: argparse.Namespace) -> None:
    """Refuse what no input could make right."""
    if args.tune and not args.index:
        raise InputError(
            f"--tune {args.tune} without --index",
            "a neighbour index to retrieve from",
            hint="molucid index --data PACKED --checkpoint C --out I, then --index I",
            code="missing_index",
        )
    if not args.tune:
        settings = [a for a in args.assignments if a.startswith("tune.")]
        tuning = [*(f"--set {a}" for a in settings), *(["--data"] if args.data else [])]
        if args.select != "nearest":
            tuning.append(f"--select {args.select}")
        if tuning:
            raise InputError(
                f"{tuning[0]} without --tune",
                "--tune sequential or --tune per_cluster",
                hint="nothing is tuned without it",
                code="invalid_option",
            )
    for key, option in (("tune.mode", "--tune"), ("tune.selection", "--select")):
        if any(a.partition("=")[0] == key for a in args.assignments):
            raise InputError(
                f"--set {key}=…", f"the option {option}", hint="one place decides", code="invalid_option"
            )
    for option, value in (("--actors", args.actors), ("--batch-size", args.batch_size)):
        if value is not None and value < 1:
            raise InputError(f"{option} {value}", "a whole number of at least 1", code="invalid_option")


def check_packed(packed: str, card: Any, index: NeighbourIndex) -> None:
    """Refuse samples that are not those of the index, or whose fingerprints the model's head cannot be tuned on."""
    from molucid.dataset.packed import PackedDataset

    dataset = PackedDataset(packed)
    if dataset.content_hash != index.provenance["packed_sha256"]:
        raise InputError(
            f"packed samples {dataset.content_hash[:12]}…",
            f"those of the index, {index.provenance['packed_sha256'][:12]}…",
            Where(file=str(packed)),
            hint="give the packed folder that the index was made from with --data",
            code="other_packed_data",
        )
    needed, packed_with = card.fragment_vocabulary, dataset.fragment_vocabulary
    if card.objective.beta > 0 and needed != packed_with:
        raise InputError(
            f"samples packed with {len(packed_with)} fragments that are not those of the model",
            f"the {len(needed)} fragments that the model predicts, in their order",
            Where(file=str(packed)),
            hint="pack again with the vocabulary that the model's own samples were packed with, then index again",
            code="other_vocabulary",
        )
    if card.objective.alpha > 0 and dataset.has_stereo != card.model.stereo:
        has, writes = ("with" if flag else "without" for flag in (dataset.has_stereo, card.model.stereo))
        raise InputError(
            f"targets packed {has} configurations",
            f"targets {writes} them, as the model writes them",
            Where(file=str(packed)),
            hint=f"pack again with --set stereo={str(card.model.stereo).lower()}, then index again",
            code="other_targets",
        )
    bits, packed_bits = card.model.fingerprint_bits, dataset.num_bits
    if card.objective.lambda_ > 0 and bits is not None and packed_bits % bits:
        raise InputError(
            f"packed fingerprints of {packed_bits} bits",
            f"a multiple of the {bits} bits that the model predicts",
            Where(file=str(packed)),
            hint=f"pack again with --set fingerprint.num_bits={bits}, then index again",
            code="fingerprint_length",
        )
