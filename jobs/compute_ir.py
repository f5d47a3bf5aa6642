"""`molucid compute-ir`: vibrations of a corpus' molecules, computed with xtb, as a table of JSON lines."""

from __future__ import annotations

import argparse
import json
import time
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molucid.dataset.corpus import AdmittedMolecule
    from molucid.errors import Rejected

HELP = "compute infrared lines of a corpus with xtb"
DESCRIPTION = """\
Computes the harmonic vibrations of molecules with GFN2-xTB (the program xtb; Debian: apt-get install xtb), one
molecule after the other on one core, and appends each to a table of JSON lines. Such a table trains the fast
infrared simulator, see train-ir.

Molecules are taken so that every beginning of the table is diverse: sizes take turns, and within a size those
come first that have atom environments not computed yet. A job that was killed goes on where it stopped when its
command is run again. To compute more of the same corpus, run it with a larger --limit.

Every corpus row is counted: rows read = molecules kept + rows rejected by reason, where `not_chosen` are those
beyond --limit. Held-out molecules are never computed. Writes FILE.jsonl, FILE.job.json (corpus, settings, xtb's
version) and, when it is done, FILE.rejected.tsv.

  molucid compute-ir --corpus chemicals --limit 4000 --out runs/ir/chemicals.jsonl"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("--corpus", required=True, help="where the molecules come from, as in simulate")
    parser.add_argument("--out", type=Path, required=True, metavar="FILE", help="table to write (.jsonl)")
    parser.add_argument(
        "--limit", type=int, default=4000, metavar="N", help="molecules to compute (default: %(default)s)"
    )
    parser.add_argument(
        "--min-heavy-atoms", type=int, default=3, metavar="N", help="smallest molecule (default: %(default)s)"
    )
    parser.add_argument(
        "--max-heavy-atoms", type=int, default=16, metavar="N", help="largest molecule (default: %(default)s)"
    )
    parser.add_argument(
        "--set", action="append", default=[], metavar="KEY=VALUE", help="a setting of xtb, e.g. timeout_s=60"
    )


def run(args: argparse.Namespace) -> int:
    """Compute what is missing of the table."""
    from jobs.console import Progress, note
    from molucid.dataset.corpus import CorpusFilter
    from molucid.dataset.holdout import HoldoutKeys
    from molucid.dataset.sources.corpora import open_corpus
    from molucid.errors import Rejected
    from molucid.rejected import write_rejected
    from molucid.simulate.ir_selection import diverse_order
    from molucid.simulate.ir_table import ComputedMolecule, line_of, read_table
    from molucid.simulate.ir_xtb import XtbConfig, XtbIrSimulator

    started = time.monotonic()
    simulator = XtbIrSimulator(XtbConfig().updated(args.set))
    filter = CorpusFilter(min_heavy_atoms=args.min_heavy_atoms, max_heavy_atoms=args.max_heavy_atoms)
    exclude = HoldoutKeys.default()
    corpus = open_corpus(args.corpus)
    _claim(
        args.out,
        {
            "corpus": corpus.source,
            "licence": corpus.licence,
            "filter": filter.model_dump(mode="json"),
            "excluded_sha256": exclude.sha256,
            "xtb": simulator.program,
        },
    )
    note("reading the corpus …", args.quiet)
    admitted, rejected = _admitted(corpus.rows, filter, exclude)
    num_read = len(admitted) + len(rejected)
    order = list(diverse_order([molecule.smiles for molecule in admitted]))
    chosen = [admitted[place] for place in order[: args.limit]]
    rejected += [_not_chosen(admitted[place]) for place in order[args.limit :]]

    _repair(args.out)
    present = {line.id for line in read_table(args.out)}
    missing = [molecule for molecule in chosen if molecule.id not in present]
    if present:
        note(f"{len(present)} molecules are there already", args.quiet)
    with (
        args.out.open("a", encoding="utf-8") as table,
        Progress("compute", len(missing), "molecules", quiet=args.quiet) as progress,
    ):
        for molecule in missing:
            result = simulator.vibrations(molecule.smiles)
            table.write(line_of(ComputedMolecule(molecule.id, molecule.smiles, molecule.inchikey14, result)))
            table.flush()
            progress.advance(1)

    wanted = {molecule.id for molecule in chosen}
    computed = [line for line in read_table(args.out) if line.id in wanted]
    rejected += [line.result for line in computed if isinstance(line.result, Rejected)]
    num_kept = sum(not isinstance(line.result, Rejected) for line in computed)
    if num_read != num_kept + len(rejected):
        raise RuntimeError(f"{num_read} rows read, but {num_kept} kept and {len(rejected)} rejected")
    write_rejected(args.out.with_suffix(".rejected.tsv"), rejected)
    return _report(args, num_read, num_kept, rejected, time.monotonic() - started)


def _admitted(rows: Any, filter: Any, exclude: Any) -> tuple[list[AdmittedMolecule], list[Rejected]]:
    """The molecules that pass, each connectivity once, and the rows that do not."""
    from molucid.dataset.corpus import admit
    from molucid.errors import Rejected

    admitted: dict[str, AdmittedMolecule] = {}
    rejected: list[Rejected] = []
    for row in rows:
        answer = row if isinstance(row, Rejected) else admit(row, filter, exclude)
        if isinstance(answer, Rejected):
            rejected.append(answer)
        elif answer.inchikey14 in admitted:
            message = f"got the molecule of {admitted[answer.inchikey14].id}, expected each once"
            rejected.append(Rejected(answer.id, "duplicate_molecule", message, row.where))
        else:
            admitted[answer.inchikey14] = answer
    return list(admitted.values()), rejected


def _not_chosen(molecule: AdmittedMolecule) -> Rejected:
    from molucid.errors import Rejected

    return Rejected(
        molecule.id, "not_chosen", "got a molecule beyond --limit", hint="run again with a larger --limit"
    )


def _claim(table: Path, job: dict[str, Any]) -> None:
    """Write what the table is made of, or refuse a table that another job began."""
    from molucid.errors import InputError, Where
    from molucid.files import read_json, write_json
    from molucid.simulate.ir_table import job_path

    place = job_path(table)
    if not place.exists():
        if table.exists():
            raise InputError(
                "a table without its job", f"{place.name} beside it", Where(file=str(table)), code="other_job"
            )
        write_json(place, job)
        return
    found = read_json(place)
    differing = sorted(key for key in {*found, *job} if found.get(key) != job.get(key))
    if differing:
        raise InputError(
            f"a job that differs in {', '.join(differing)}",
            "the job that began this table",
            Where(file=str(place)),
            hint="run the first command again to go on with it, or choose another --out",
            code="other_job",
        )


def _repair(table: Path) -> None:
    """Make the table if it is not there; cut off the line that a killed job left unfinished."""
    with table.open("ab+") as stream:
        stream.seek(0)
        content = stream.read()
        stream.truncate(content.rfind(b"\n") + 1)


def _report(
    args: argparse.Namespace, num_read: int, num_kept: int, rejected: list[Rejected], seconds: float
) -> int:
    reasons = dict(Counter(row.code for row in rejected).most_common())
    summary = {
        "out": str(args.out),
        "num_read": num_read,
        "num_kept": num_kept,
        "rejected": reasons,
        "seconds": round(seconds, 1),
    }
    if args.json:
        print(json.dumps(summary))
        return 0
    print(f"{num_kept} molecules in {args.out}")
    print(f"{num_read} rows read, {len(rejected)} rejected")
    for code, count in reasons.items():
        print(f"  {count:>9} {code}")
    return 0
