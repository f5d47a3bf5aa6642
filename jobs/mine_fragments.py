"""`molucid mine-fragments`: choose the fragments of a vocabulary from corpora of molecules."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections import Counter
from pathlib import Path

HELP = "choose a vocabulary of fragments from corpora"
DESCRIPTION = """\
Chooses substructures whose counts tell the molecules of a corpus apart: functional groups, ring systems and atom
environments of up to two bonds that are frequent and separate molecules of like formula. Held-out molecules and
those that no spectrum is simulated for are left out. Writes a text file: where it comes from and the sha256 of the
patterns in `# key: value` lines, then one SMARTS per line.

The vocabulary that comes with molucid was made by this command."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--corpus",
        action="append",
        required=True,
        metavar="NAME_OR_SMILES",
        help="chemicals, molsets, molsets:WHEEL, massspecgym:TABLE.parquet or a file of SMILES; may be repeated",
    )
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="vocabulary to write")
    parser.add_argument("--size", type=int, default=991, help="number of fragments (default: %(default)s)")
    parser.add_argument(
        "--limit",
        type=int,
        default=10_000,
        help="molecules drawn at random from each corpus (default: %(default)s)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of every draw (default: %(default)s)")


def run(args: argparse.Namespace) -> int:
    """Draw, choose and write."""
    import numpy as np
    import rdkit

    from jobs.console import note
    from molucid.chem.fragment_mining import MiningConfig, mine_fragments
    from molucid.dataset.corpus import CorpusFilter, admit
    from molucid.dataset.holdout import HoldoutKeys
    from molucid.dataset.sources.corpora import open_corpus
    from molucid.errors import InputError, Rejected

    config = MiningConfig.from_mapping({"size": args.size, "seed": args.seed})
    if args.limit < 1:
        raise InputError(f"--limit {args.limit}", "at least 1 molecule")
    excluded = HoldoutKeys.default()
    molecules: dict[str, str] = {}
    sources, left_out = [], Counter[str]()
    for name in args.corpus:
        corpus = open_corpus(name)
        rows = list(corpus.rows)
        drawn = 0
        for place in np.random.default_rng(args.seed).permutation(len(rows)):
            row = rows[place]
            checked = row if isinstance(row, Rejected) else admit(row, CorpusFilter(), excluded)
            if isinstance(checked, Rejected):
                left_out[checked.code] += 1
            elif checked.inchikey14 in molecules:
                left_out["duplicate_molecule"] += 1
            else:
                molecules[checked.inchikey14] = checked.smiles
                drawn += 1
            if drawn == args.limit:
                break
        sources.append(f"{drawn} of {corpus.source}" + (f" ({corpus.licence})" if corpus.licence else ""))
        note(f"{sources[-1]} drawn", args.quiet)
    vocabulary = mine_fragments(
        molecules.values(),
        config,
        {
            "command": shlex.join(["molucid", "mine-fragments", *_options(args)]),
            "corpora": "; ".join(sources),
            "left out": ", ".join(f"{count} {code}" for code, count in sorted(left_out.items())) or "none",
            "excluded keys sha256": excluded.sha256,
            "rdkit": rdkit.__version__,
        },
    )
    vocabulary.save(args.out)
    if args.json:
        written = {**vocabulary.provenance, "size": vocabulary.size, "sha256": vocabulary.sha256}
        json.dump(written, sys.stdout, indent=2, sort_keys=True)
        sys.stdout.write("\n")
    note(f"{vocabulary.size} fragments in {args.out}", args.quiet)
    return 0


def _options(args: argparse.Namespace) -> list[str]:
    # a folder on this machine says nothing elsewhere
    corpora = []
    for name in args.corpus:
        kind, separator, path = name.rpartition(":")
        corpora += ["--corpus", f"{kind}{separator}{Path(path).name}"]
    numbers = ["--size", str(args.size), "--limit", str(args.limit), "--seed", str(args.seed)]
    return [*corpora, "--out", args.out.name, *numbers]
