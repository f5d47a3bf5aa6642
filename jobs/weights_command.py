"""What the commands that train a simulator's weights have in common: options, provenance of the call, the answer."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of every such command."""
    parser.add_argument(
        "--out",
        type=_weights_file,
        required=True,
        metavar="FILE",
        help="weights file to write (.safetensors)",
    )
    parser.add_argument(
        "--seed", type=int, default=0, help="seed of everything random (default: %(default)s)"
    )
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a training setting, e.g. epochs=4",
    )


def _weights_file(text: str) -> Path:
    if not text.endswith(".safetensors"):
        raise argparse.ArgumentTypeError(f"{text!r}: a name that ends in .safetensors is expected")
    return Path(text)


def command_line(command: str, args: argparse.Namespace, inputs: Iterable[Path], *own: str) -> str:
    """The call, for the provenance: files by name, because a path says nothing elsewhere.

    Args:
        command: name of the command.
        args: as parsed.
        inputs: positional arguments.
        own: options of this command alone, as written.
    """
    settings = [part for assignment in args.set for part in ("--set", assignment)]
    names = [path.name for path in inputs]
    options = ["--out", args.out.name, *own, "--seed", str(args.seed), *settings]
    return shlex.join(["molucid", command, *names, *options])


def answer(written: dict[str, Any], lines: Iterable[str], args: argparse.Namespace) -> int:
    """The provenance on stdout with `--json`, else the lines on stderr unless `--quiet`; the exit code."""
    if args.json:
        json.dump(written, sys.stdout, indent=2, sort_keys=True)
        sys.stdout.write("\n")
    elif not args.quiet:
        sys.stderr.writelines(f"{line}\n" for line in lines)
    return 0
