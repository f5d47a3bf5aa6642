"""The command line: `molucid COMMAND …`.

Data goes to stdout, everything else to stderr. Exit codes: 0 done, 1 the command failed, 2 the command or its
input cannot be used, 3 no input could be answered, 4 `doctor` found something missing, 5 a training is unfinished
and the same command goes on, 130 interrupted.
"""

from __future__ import annotations

import argparse
import errno
import importlib
import os
import shlex
import sys
from collections.abc import Sequence
from typing import NoReturn

from molucid import __version__
from molucid.errors import InputError

COMMANDS = (
    "quickstart",
    "simulate",
    "pack",
    "pretrain",
    "finetune",
    "index",
    "elucidate",
    "evaluate",
    "mine-fragments",
    "train-intensity",
    "train-shifts",
    "compute-ir",
    "train-ir",
    "doctor",
)
"""Command names in the order of a user's way; `a-b` is the module `jobs.a_b`."""

EXIT_FAILED, EXIT_USAGE, EXIT_NO_ANSWER, EXIT_MISSING, EXIT_INTERRUPTED = 1, 2, 3, 4, 130

_FILE_HINTS = {
    errno.ENOSPC: "the disk is full: free some space or choose another --out",
    errno.EDQUOT: "your disk quota is used up: free some space or choose another --out",
    errno.EACCES: "check who may read or write there, or choose another --out",
    errno.EPERM: "check who may read or write there, or choose another --out",
    errno.EROFS: "the file system is read-only: choose another --out",
    errno.ENOTDIR: "a part of that path is a file: choose another --out",
}
"""Faults of the file system that a user can mend; any other one is shown with its trace."""

_EPILOG = """\
the usual way:
  molucid simulate --corpus chemicals --limit 20000 --out runs/samples
  molucid pack runs/samples --out runs/packed
  molucid pretrain --recipe quickstart --data runs/packed --out runs/model
  molucid index --data runs/packed --checkpoint runs/model --out runs/index
  molucid elucidate spectra.mgf --checkpoint runs/model --index runs/index --tune per_cluster --out runs/answers

`molucid COMMAND --help` is the manual of a command.
exit codes: 0 done, 1 failed, 2 unusable command or input, 3 nothing could be answered, 4 doctor found
something missing, 5 training unfinished (run the same command again), 130 interrupted
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(EXIT_USAGE, f"{self.prog}: {message}\nhint: {self.prog} --help\n")


class _Manual(argparse.RawDescriptionHelpFormatter):
    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30, width=min(100, int(os.environ.get("COLUMNS", "100"))))


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands; `tests/jobs/test_cli.py` freezes its options."""
    parser = _Parser(
        prog="molucid",
        description="Spectra in, molecules out.",
        epilog=_EPILOG,
        formatter_class=_Manual,
    )
    parser.add_argument("--version", action="version", version=f"molucid {__version__}")
    subparsers = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name in COMMANDS:
        module = _module(name)
        command = subparsers.add_parser(
            name, help=module.HELP, description=module.DESCRIPTION, formatter_class=_Manual
        )
        module.add_arguments(command)
        command.add_argument("--json", action="store_true", help="print the result as JSON on stdout")
        command.add_argument("--quiet", action="store_true", help="no progress and no notes on stderr")
    return parser


def _module(name: str):  # type: ignore[no-untyped-def]  # argparse modules share a shape, not a type
    return importlib.import_module("jobs." + name.replace("-", "_"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code."""
    # Ray warns at import that this default will change; zero is the coming default.
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    typed = sys.argv[1:] if arguments is None else list(arguments)
    args = build_parser().parse_args(typed)
    args.command_line = shlex.join(["molucid", *typed])
    try:
        code: int = _module(args.command).run(args)
    except InputError as error:
        print(f"molucid {args.command}: {error}", file=sys.stderr)
        return EXIT_USAGE
    except OSError as error:
        if error.errno not in _FILE_HINTS:
            raise
        place = f"{error.filename}: " if error.filename else ""
        print(f"molucid {args.command}: {place}{error.strerror}", file=sys.stderr)
        print(f"hint: {_FILE_HINTS[error.errno]}; what was written before is whole", file=sys.stderr)
        return EXIT_FAILED
    except KeyboardInterrupt:
        print(f"molucid {args.command}: interrupted", file=sys.stderr)
        return EXIT_INTERRUPTED
    return code


if __name__ == "__main__":
    sys.exit(main())
