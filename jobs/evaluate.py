"""`molucid evaluate`: score the answers of one or more systems against known structures."""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from molucid.chem.fragment_counts import FragmentCounter
    from molucid.errors import Rejected
    from molucid.evaluate.bootstrap import Interval
    from molucid.evaluate.cases import Case
    from molucid.evaluate.config import EvaluateConfig
    from molucid.evaluate.evaluation import Evaluation, SystemInput
    from molucid.evaluate.fragment_files import FragmentResult
    from molucid.evaluate.mces import Progress as MCESProgress

HELP = "score answers against known structures"
DESCRIPTION = """\
Compares the candidates of one or more systems with the true structures, and the systems with one another.

  molucid evaluate zero_shot=runs/a tuned=runs/b masked=runs/c --truth labels.tsv --out runs/evaluation
  molucid evaluate runs/a --truth massbank.parquet --fold val --random-from runs/packed --out runs/evaluation

ANSWERS is what `molucid elucidate` wrote: its folder or its candidates.jsonl, with a name before `=` if you
like. The first system is the baseline of the differences. `--random-from` adds a control named `random`:
molecules of the training set with the same formula, or else those nearest in mass. The other control,
spectra masked, is a run of `molucid elucidate --mask-spectra` on the same file.

`--training` counts the cases whose molecule was trained on and gives them, and the others, a row of their own.
Like `--random-from` it takes packed samples, samples, a Parquet table or a file of SMILES.

The truth is a table (TSV, CSV, Parquet) with the columns id (or accession, identifier, spec) and smiles,
and if there are any adduct, instrument and fold; or spectra that carry a structure: a file, a folder of compounds
or simulated samples. Several are one truth: give each with a --truth of its own; an id counts once.

Every case of the truth is scored for every system: an input that was rejected or not answered is a miss,
and is listed. Metrics, per spectrum and over the first k candidates as they stand (MassSpecGym's
definitions): accuracy by InChIKey first block, largest Tanimoto similarity (Morgan radius 2, 2048 bits),
smallest MCES distance (seconds per pair of alike molecules; --no-mces leaves it out), and the shares of
them that are valid and that have the true formula. Intervals: BCa bootstrap over molecules.

`--set metrics=multispectral` is for answers from IR and NMR: Top-k for k = 1, 5, 10, 15 by three protocols (exact;
enantiomer-aware, which takes a mirror image as right; constitutional), MACCS and RDKit similarity, Levenshtein
distance, tables by complexity and, where a file mixes it, by evidence, categories of failure, and performance relative
to the first system, as ablations are shown. Answers of one model to different spectra are named MODEL@SUBSET,
e.g. nmiracle@ir+h_nmr=runs/a; folders named by a subset, runs/nmiracle/ir+h_nmr, need no name. `--fragments` compares
predicted fragment counts with those of the true structures.

Files in OUT: metrics.json, per_spectrum.tsv (one row per system and spectrum), rejected_truth.tsv,
report.html, and random/candidates.jsonl with `--random-from`. They enter OUT together at the end. A folder
of answers is no OUT: its report would be written over.

settings for --set, with their defaults:
  metrics=msms (or multispectral)  top_ks=[1, 10] (multispectral: [1, 5, 10, 15])
  tables.mass_edges_da=[200, 300, 400, 500, 600, 800]
  bootstrap.confidence=0.95  bootstrap.num_resamples=10000  bootstrap.unit=molecule (or spectrum)
  bootstrap.seed=0  mces.num_processes=(all cores)  mces.time_limit_s=(none)

Exit code 3 if no system answered any case."""

EXIT_NO_ANSWER = 3

METRICS_NAME = "metrics.json"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Options of the command."""
    parser.add_argument("answers", nargs="+", metavar="[NAME=]ANSWERS", help="answers of one system")
    parser.add_argument(
        "--truth", required=True, action="append", metavar="TRUTH", help="known structures; may be repeated"
    )
    parser.add_argument("--fold", default=None, help="only the truth's rows of this fold, e.g. val")
    parser.add_argument("--out", required=True, metavar="DIR", help="folder to write")
    parser.add_argument(
        "--training",
        action="append",
        default=[],
        metavar="TRAINING",
        help="training set of the systems; may be repeated",
    )
    parser.add_argument("--random-from", metavar="TRAINING", help="training set of the random control")
    parser.add_argument(
        "--fragments",
        action="append",
        default=[],
        metavar="[NAME=]TABLE",
        help="Parquet table of predicted fragment counts; may be repeated",
    )
    parser.add_argument(
        "--vocabulary",
        metavar="FILE",
        help="SMARTS of the fragments; default: the list that comes with molucid",
    )
    parser.add_argument("--no-mces", action="store_true", help="leave out MCES distances")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="KEY=VALUE",
        help="change a setting, e.g. bootstrap.seed=1",
    )


def run(args: argparse.Namespace) -> int:
    """Evaluate, write the files, print the table."""
    from jobs.console import note
    from molucid.evaluate.cases import read_case_files
    from molucid.evaluate.config import EvaluateConfig
    from molucid.evaluate.evaluation import evaluate
    from molucid.evaluate.report import evaluation_to_json
    from molucid.evaluate.systems import RANDOM_CONTROL, locate_systems, read_system
    from molucid.files import staged

    config = EvaluateConfig().updated(args.set)
    if args.no_mces:
        config = config.model_copy(update={"with_mces": False})
    out = Path(args.out)
    _refuse_folder(out)
    cases, rejected = read_case_files(args.truth, args.fold)
    _refuse_empty(args, cases, len(rejected))
    if rejected:
        codes = ", ".join(f"{n} {code}" for code, n in Counter(r.code for r in rejected).most_common())
        note(
            f"truth: {len(rejected)} of {len(cases) + len(rejected)} rows cannot be used: {codes}", args.quiet
        )
    answers = locate_systems(args.answers)
    systems = {name: read_system(path) for name, path in answers.items()}
    provenance = _provenance(args, answers, len(rejected))
    training = _training(args.training)
    counter = _fragment_counter(args, config)
    fragments = _fragments(args.fragments, cases, counter) if counter is not None else {}
    # Opened before the slow part, so that a folder that cannot be written is told at once.
    with staged(out, last=METRICS_NAME) as staging:
        if args.random_from:
            systems[RANDOM_CONTROL] = _random_control(args.random_from, cases, config, staging)
        started = time.monotonic()
        progress = None if args.quiet else _mces_progress()
        count = counter.count_many if counter is not None else None
        evaluation = evaluate(cases, systems, config, progress, training, count, fragments)
        seconds = time.monotonic() - started
        note(f"{len(cases)} spectra of {len(systems)} systems scored in {seconds:.0f} s", args.quiet)
        if training is not None:
            trained_on = sum(case.inchikey14 in training for case in cases)
            note(f"{trained_on} of {len(cases)} spectra are of molecules that were trained on", args.quiet)
        _write(staging, evaluation, rejected, provenance)
    if args.json:
        print(json.dumps(evaluation_to_json(evaluation), indent=2))
    else:
        _print_table(evaluation)
        print(f"\nreport: {out / 'report.html'}", file=sys.stderr)
    return 0 if any(system.accounting.num_answered for system in evaluation.systems) else EXIT_NO_ANSWER


def _refuse_folder(out: Path) -> None:
    """Refuse a folder whose files would be written over, or that is none."""
    from molucid.errors import InputError, Where
    from molucid.evaluate.systems import ANSWERS_NAME

    if out.exists() and not out.is_dir():
        raise InputError("a file", "a folder to write", Where(file=str(out)), code="not_a_folder")
    if (out / ANSWERS_NAME).exists():
        raise InputError(
            f"a folder that holds {ANSWERS_NAME}",
            "one of its own for the evaluation",
            Where(file=str(out)),
            hint="the report of the answers would be written over; choose another --out",
            code="occupied_folder",
        )


def _write(
    folder: Path, evaluation: Evaluation, rejected: list[Rejected], provenance: dict[str, Any]
) -> None:
    """Write all files; metrics.json comes last and names the sha256 of the others."""
    from molucid.evaluate.report import write_metrics, write_per_spectrum, write_report
    from molucid.files import sha256_file
    from molucid.rejected import write_rejected

    write_rejected(folder / "rejected_truth.tsv", rejected)
    write_per_spectrum(folder / "per_spectrum.tsv", evaluation)
    write_report(folder / "report.html", evaluation, provenance)
    written = sorted(path for path in folder.rglob("*") if path.is_file())
    hashes = {path.relative_to(folder).as_posix(): sha256_file(path) for path in written}
    write_metrics(folder / METRICS_NAME, evaluation, {**provenance, "outputs_sha256": hashes})


def _refuse_empty(args: argparse.Namespace, cases: list[Case], num_rejected: int) -> None:
    from molucid.errors import InputError, Where

    if not cases:
        raise InputError(
            f"{num_rejected} unusable rows and no usable one",
            "at least one identifier with a structure",
            Where(file=", ".join(args.truth)),
            hint="the truth needs a SMILES for each spectrum",
            code="empty_input",
        )


def _training(sources: list[str]) -> dict[str, frozenset[str]] | None:
    """InChIKey first block → symbols of its elements, of all training sets together."""
    from molucid.evaluate.training_molecules import training_elements
    from molucid.evaluate.training_overlap import merged

    return merged(chain.from_iterable(map(training_elements, sources))) if sources else None


def _fragment_counter(args: argparse.Namespace, config: EvaluateConfig) -> FragmentCounter | None:
    """Counts fragments for what needs it: compiled code and a vocabulary that an evaluation of MS/MS can do without."""
    if not args.fragments and config.metrics == "msms":
        return None
    from molucid.chem.fragment_counts import FragmentCounter
    from molucid.chem.fragments import FragmentVocabulary

    vocabulary = FragmentVocabulary.load(args.vocabulary) if args.vocabulary else FragmentVocabulary.default()
    return FragmentCounter(vocabulary)


def _fragments(
    arguments: list[str], cases: list[Case], counter: FragmentCounter
) -> dict[str, FragmentResult]:
    from molucid.errors import InputError
    from molucid.evaluate.fragment_files import compare_fragments, read_fragment_counts

    if not arguments:
        return {}
    vocabulary = counter.vocabulary
    ids = [case.id for case in cases]
    truth = counter.count_many([case.smiles for case in cases])
    results: dict[str, FragmentResult] = {}
    for argument in arguments:
        name, separator, path = argument.rpartition("=")
        name = name if separator else Path(path).stem
        if name in results or not name:
            raise InputError(
                f"fragments named {name!r}",
                "a different name for each table",
                hint="write NAME=TABLE",
                code="duplicate_name",
            )
        table = read_fragment_counts(path, vocabulary.sha256)
        results[name] = compare_fragments(table, ids, truth, vocabulary.size)
    return results


def _random_control(source: str, cases: list[Case], config: EvaluateConfig, out: Path) -> SystemInput:
    from molucid.evaluate.answer_files import write_candidates
    from molucid.evaluate.controls import RandomCandidates
    from molucid.evaluate.evaluation import SystemInput
    from molucid.evaluate.systems import RANDOM_CONTROL
    from molucid.evaluate.training_molecules import training_smiles

    control = RandomCandidates(training_smiles(source))
    seed, count = config.bootstrap.seed, config.ks[-1]
    answers = [control.answer(case.id, case.formula, count, seed) for case in cases]
    write_candidates(out / RANDOM_CONTROL, answers)
    return SystemInput(answers, {})


def _mces_progress() -> MCESProgress:
    from jobs.console import note

    last = time.monotonic()

    def progress(stage: str, done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last > 10 or (done == total and total > 1000):
            last = now
            note(f"MCES, {stage}: {done} of {total} pairs")

    return progress


def _provenance(args: argparse.Namespace, answers: dict[str, Path], num_unusable: int) -> dict[str, Any]:
    from importlib.metadata import version

    from jobs.input_hashes import input_hashes
    from molucid import __version__
    from molucid.evaluate.systems import checkpoint_hash
    from molucid.files import sha256_file

    return {
        "molucid": __version__,
        "rdkit": version("rdkit"),
        "myopic_mces": version("myopic_mces"),
        "answers": " ".join(args.answers),
        "answers_sha256": {name: sha256_file(path) for name, path in answers.items()},
        "checkpoint_sha256": {
            name: digest for name, path in answers.items() if (digest := checkpoint_hash(path)) is not None
        },
        "truth": " ".join(args.truth),
        "truth_sha256": input_hashes(args.truth, None),
        "truth_unusable_rows": num_unusable,
        "fold": args.fold or "all",
        "training": " ".join(args.training) or "not given",
        "random_from": args.random_from or "none",
    }


def _cell(interval: Interval, column: str) -> str:
    from molucid.evaluate.report import mean_text, range_text

    return f"{mean_text(interval, column)}\n({range_text(interval, column)})"


def _print_table(evaluation: Evaluation) -> None:
    from rich.console import Console
    from rich.table import Table

    from molucid.evaluate.report import column_title, table_columns

    num_molecules = evaluation.systems[0].overall.num_molecules
    table = Table(title=f"{len(evaluation.cases)} spectra, {num_molecules} molecules")
    table.add_column("metric")
    for system in evaluation.systems:
        table.add_column(system.name, justify="right")
    for column in table_columns(evaluation):
        cells = [_cell(system.overall.intervals[column], column) for system in evaluation.systems]
        table.add_row(column_title(column), *cells)
    counts = [system.accounting for system in evaluation.systems]
    table.add_section()
    table.add_row("answered", *(f"{a.num_answered} of {a.num_inputs}" for a in counts))
    table.add_row("no candidate", *(str(a.num_no_candidate) for a in counts))
    table.add_row("missing", *(str(len(a.missing)) for a in counts))
    Console().print(table)
