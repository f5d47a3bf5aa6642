"""`molucid quickstart`: the whole way, from molecules to a report, by the commands that a user would type."""

from __future__ import annotations

import argparse
import contextlib
import json
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

HELP = "the whole way in one command: simulate, pre-train, tune, report"
DESCRIPTION = """\
Runs the commands of the usual way one after the other and prints each before it runs: simulates spectra of real
molecules, packs them, pre-trains a small model on them with Ray Train and DeepSpeed, indexes the training samples,
answers ten real tandem mass spectra with test-time tuning, and draws the report. The molecules of the ten are left
out of the training molecules.

  molucid quickstart --out runs/quickstart

Needs two cores, 6 GiB of memory, 1 GiB of disk, a C++ compiler and the corpus extra (`make quickstart` installs
it). The model is a demonstration: minutes of training on a laptop give a few right structures among the small
molecules, not an instrument. Running it again in the same folder goes on where it stopped."""

NUM_MOLECULES = 10_000
EXAMPLES = Path(__file__).resolve().parent.parent / "examples" / "massbank.mgf"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument(
        "--out", default="runs/quickstart", metavar="DIR", help="folder for everything it writes"
    )
    parser.add_argument(
        "--molecules",
        type=int,
        default=NUM_MOLECULES,
        metavar="N",
        help=f"corpus rows to simulate (default {NUM_MOLECULES})",
    )
    parser.add_argument(
        "--spectra", nargs="+", default=[str(EXAMPLES)], metavar="FILE", help="spectra to answer"
    )
    parser.add_argument(
        "--engine", choices=("deepspeed", "single"), default="deepspeed", help="training engine"
    )


def run(args: argparse.Namespace) -> int:
    """Run the steps; stops at the first that fails, with its exit code."""
    from jobs.cli import main
    from jobs.console import note
    from molucid.cluster.session import ray_session

    started = time.monotonic()
    seconds: dict[str, float] = {}
    truth = write_excluded(args)
    # The steps' own summaries are no part of the one JSON object.
    apart = contextlib.redirect_stdout(sys.stderr) if args.json else contextlib.nullcontext()
    with apart, ray_session():
        for name, step in steps(args, truth).items():
            if name == "evaluate" and not truth:
                note("\nno known structure in the spectra: nothing to evaluate", args.quiet)
                continue
            note(f"\n$ molucid {shlex.join(step)}", args.quiet)
            mark = time.monotonic()
            code = main([*step, *(["--quiet"] if args.quiet else [])])
            seconds[name] = round(time.monotonic() - mark, 1)
            if code:
                return code
    report = Path(args.out) / "answers" / "report.html"
    total = round(time.monotonic() - started, 1)
    if args.json:
        print(json.dumps({"report": str(report), "seconds": seconds, "total_seconds": total}))
    else:
        times = ", ".join(f"{name} {value:.0f} s" for name, value in seconds.items())
        print(f"\nfrom molecules to report in {total / 60:.1f} min ({times})\nopen {report}")
    return 0


def write_excluded(args: argparse.Namespace) -> list[str]:
    """List the known structures of the spectra, so that none of them is trained on.

    Returns:
        The files that tell any.
    """
    from molucid.chem.identity import inchikey14
    from molucid.errors import InputError, Rejected
    from molucid.files import write_bytes
    from molucid.spectra.formats.sirius import LABELS_NAME
    from molucid.spectra.read import read_files

    keys: set[str] = set()
    truth = []
    for path in args.spectra:
        found = set()
        for item in read_files([path]):
            if isinstance(item, Rejected) or item.smiles is None:
                continue
            # `elucidate` answers a record whose known structure is not readable, so it must not stop this command.
            with contextlib.suppress(InputError):
                found.add(inchikey14(item.smiles))
        if found:
            truth.append(str(Path(path) / LABELS_NAME) if Path(path).is_dir() else path)
        keys |= found
    write_bytes(_excluded_path(args), "".join(key + "\n" for key in sorted(keys)).encode())
    return truth


def _excluded_path(args: argparse.Namespace) -> Path:
    return Path(args.out) / "excluded-molecules.txt"


def steps(args: argparse.Namespace, truth: Sequence[str]) -> dict[str, list[str]]:
    """The commands in their order, by name; `truth` are the files of spectra that tell structures."""
    out = Path(args.out)
    samples, packed, model, index, answers, scores = (
        str(out / name) for name in ("samples", "packed", "model", "index", "answers", "scores")
    )
    return {
        "simulate": [
            *("simulate", "--corpus", "chemicals", "--limit", str(args.molecules)),
            *("--exclude", str(_excluded_path(args)), "--out", samples),
        ],
        "pack": [
            "pack",
            samples,
            "--out",
            packed,
            "--set",
            "fingerprint.num_bits=2048",
            "--set",
            "fragments=null",
        ],
        "pretrain": [
            *("pretrain", "--recipe", "quickstart", "--data", packed, "--out", model),
            *("--engine", args.engine),
        ],
        "index": ["index", "--data", packed, "--checkpoint", model, "--out", index],
        "elucidate": [
            *("elucidate", *args.spectra, "--checkpoint", model, "--index", index),
            *("--tune", "per_cluster", "--out", answers),
        ],
        "evaluate": [
            *("evaluate", str(Path(answers) / "candidates.jsonl")),
            *(word for path in truth for word in ("--truth", path)),
            *("--no-mces", "--out", scores),
        ],
    }
