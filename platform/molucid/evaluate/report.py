"""An evaluation as files: `metrics.json`, `per_spectrum.tsv` and a self-contained `report.html`."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from molucid.evaluate.bootstrap import Interval
from molucid.evaluate.drawing import molecule_svg
from molucid.evaluate.evaluation import Evaluation, SystemResult
from molucid.evaluate.figures import accuracy_curves, interval_chart, similarity_curves, width_for
from molucid.evaluate.metrics import LOWER_IS_BETTER, METRICS, molecule_facts
from molucid.evaluate.multispectral import MULTISPECTRAL_METRICS
from molucid.evaluate.multispectral_report import (
    fragments_json,
    fragments_part,
    headline_columns,
    multispectral_json,
    multispectral_part,
    system_json,
)
from molucid.evaluate.protocols import PROTOCOLS
from molucid.evaluate.tables import Row
from molucid.files import write_bytes, write_json

PER_SPECTRUM_COLUMNS = (
    "system",
    "id",
    "status",
    "smiles",
    "inchikey14",
    "formula",
    "mass_da",
    "adduct",
    "instrument",
    "num_candidates",
    "num_valid",
    "match_rank",
    "first_smiles",
)
"""Fixed columns of `per_spectrum.tsv`, one row per system and spectrum; one column per metric follows, named
`top{k}_{metric}`, k by k. An absent value is an empty cell. Columns only ever grow at the end of either
part."""

MULTISPECTRAL_COLUMNS = ("outcome", *(f"{protocol}_rank" for protocol in PROTOCOLS))
"""Further fixed columns, after the others, of an evaluation with the metrics `multispectral`."""

NUM_EXAMPLES = 8
"""Spectra whose structures the report draws; chosen at random, not by how good they look."""

TITLES = {
    "accuracy": "accuracy",
    "tanimoto": "Tanimoto",
    "mces": "MCES",
    "validity": "valid",
    "formula_match": "right formula",
    "exact": "exact",
    "enantiomer": "enantiomer-aware",
    "constitutional": "constitutional",
    "maccs": "Tanimoto, MACCS",
    "rdkit": "Tanimoto, RDKit",
    "levenshtein": "Levenshtein",
    "any_valid": "any valid",
}
PERCENT = frozenset({"accuracy", "validity", "formula_match", "any_valid", *PROTOCOLS})


def metric_columns(evaluation: Evaluation) -> list[str]:
    """Names of the metric columns that the evaluation has, k by k."""
    present = evaluation.systems[0].scores.values
    metrics = (*METRICS, *MULTISPECTRAL_METRICS)
    names = [f"top{k}_{metric}" for k in evaluation.config.ks for metric in metrics]
    return [name for name in names if name in present]


def table_columns(evaluation: Evaluation) -> list[str]:
    """Those of `metric_columns` that the report's tables show: all, or with `multispectral` the main ones."""
    columns = metric_columns(evaluation)
    if evaluation.config.metrics == "msms":
        return columns
    ks = evaluation.config.ks
    metrics = ("tanimoto", "mces", "levenshtein", "any_valid")
    names = (*headline_columns(ks), *(f"top{ks[-1]}_{metric}" for metric in metrics))
    return [name for name in names if name in columns]


def write_metrics(path: Path | str, evaluation: Evaluation, provenance: Mapping[str, Any]) -> None:
    """Write `metrics.json`: per system its accounting, means and intervals, tables, and the differences."""
    write_json(path, {**evaluation_to_json(evaluation), "provenance": dict(provenance)})


def evaluation_to_json(evaluation: Evaluation) -> dict[str, Any]:
    """Make the content of `metrics.json`, without provenance."""
    return {
        "config": evaluation.config.model_dump(mode="json"),
        "systems": [_system_json(system) | system_json(system, evaluation) for system in evaluation.systems],
        "differences_to_first": {
            name: _intervals_json(intervals) for name, intervals in evaluation.differences.items()
        },
        **multispectral_json(evaluation, metric_columns(evaluation)),
        **fragments_json(evaluation.fragments),
    }


def write_per_spectrum(path: Path | str, evaluation: Evaluation) -> None:
    """Write `per_spectrum.tsv`."""
    columns = metric_columns(evaluation)
    further = MULTISPECTRAL_COLUMNS if evaluation.config.metrics == "multispectral" else ()
    lines = ["\t".join((*PER_SPECTRUM_COLUMNS, *further, *columns))]
    for system in evaluation.systems:
        for i, case in enumerate(evaluation.cases):
            entries = system.lists[i]
            fixed = (
                system.name,
                case.id,
                system.statuses[i],
                case.smiles,
                case.inchikey14,
                case.formula,
                f"{case.formula.monoisotopic_mass:.4f}",
                case.adduct,
                case.instrument,
                len(entries),
                system.scores.num_valid[i],
                system.scores.match_rank[i],
                entries[0] if entries else None,
                *_multispectral_cells(system, i),
            )
            metrics = [f"{system.scores.values[name][i]:.6g}" for name in columns]
            lines.append("\t".join(["" if v is None else " ".join(str(v).split()) for v in fixed] + metrics))
    write_bytes(path, "".join(line + "\n" for line in lines).encode())


def _multispectral_cells(system: SystemResult, i: int) -> tuple[object, ...]:
    if not system.outcomes:
        return ()
    return (system.outcomes[i], *(system.match_ranks[protocol][i] for protocol in PROTOCOLS))


def write_report(path: Path | str, evaluation: Evaluation, provenance: Mapping[str, Any]) -> None:
    """Write `report.html`: one file without script or network, readable in light and dark."""
    environment = Environment(
        loader=PackageLoader("molucid.evaluate"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["mean_text"] = mean_text
    environment.filters["range_text"] = range_text
    environment.filters["title_of"] = column_title
    columns = table_columns(evaluation)
    html = environment.get_template("evaluation.html").render(
        evaluation=evaluation,
        columns=columns,
        lower_is_better=[c for c in columns if _metric(c) in LOWER_IS_BETTER],
        distances=_distances(columns),
        largest_k=evaluation.config.ks[-1],
        most_candidates=max(len(entries) for system in evaluation.systems for entries in system.lists),
        titles=TITLES,
        tables={name for system in evaluation.systems for name in system.tables},
        num_molecules=evaluation.systems[0].overall.num_molecules,
        figures=_figures(evaluation),
        multispectral=multispectral_part(evaluation, metric_columns(evaluation)),
        fragments=fragments_part(evaluation.fragments),
        examples=_examples(evaluation),
        provenance=provenance,
    )
    write_bytes(path, html.encode())


def mean_text(interval: Interval, column: str, signed: bool = False) -> str:
    """Write a mean: percent for shares (percentage points where signed), numbers for the other metrics."""
    sign, metric = "+" if signed else "", _metric(column)
    if metric in PERCENT:
        return f"{100 * interval.mean:{sign}.1f} {'pp' if signed else '%'}"
    return f"{interval.mean:{sign}.{_digits(metric)}f}"


def range_text(interval: Interval, column: str, signed: bool = False) -> str:
    """Write the ends of an interval in the unit of `mean_text`; `–` where there is none."""
    sign, metric = "+" if signed else "", _metric(column)
    if interval.method == "none":
        return "–"
    if metric in PERCENT:
        return f"{100 * interval.low:{sign}.1f} to {100 * interval.high:{sign}.1f}"
    form = f"{sign}.{_digits(metric)}f"
    return f"{interval.low:{form}} to {interval.high:{form}}"


def _digits(metric: str) -> int:
    return 2 if metric in LOWER_IS_BETTER else 3


def column_title(column: str) -> str:
    """Write a column's name for people: `top10_mces` becomes `Top-10 MCES`."""
    k, _, metric = column.removeprefix("top").partition("_")
    return f"Top-{k} {TITLES[metric]}"


def _distances(columns: Sequence[str]) -> str:
    names = list(dict.fromkeys(TITLES[_metric(c)] for c in columns if _metric(c) in LOWER_IS_BETTER))
    return f"{' and '.join(names)} {'is a distance' if len(names) == 1 else 'are distances'}:"


def _metric(column: str) -> str:
    return column.partition("_")[2]


def _figures(evaluation: Evaluation) -> dict[str, Any]:
    systems = evaluation.systems
    names = [system.name for system in systems]
    k = evaluation.config.ks[-1]
    first = evaluation.config.ks[0]
    ranks: dict[str, list[Sequence[int | None]]]
    if evaluation.config.metrics == "msms":
        right = [f"top{first}_accuracy"]
        ranks = {"True structure": [s.scores.match_rank for s in systems]}
    else:
        right = headline_columns((first,))
        ranks = {
            "True structure or its mirror image (enantiomer-aware)": [
                s.match_ranks["enantiomer"] for s in systems
            ],
            "True structure, stereo left out (constitutional)": [
                s.match_ranks["constitutional"] for s in systems
            ],
        }
    return {
        "by_mass": {column: _by_mass(systems, names, column) for column in (*right, f"top{k}_tanimoto")},
        "accuracy": {text: accuracy_curves(of, k, names) for text, of in ranks.items()},
        "similarity": similarity_curves([s.scores.values[f"top{k}_tanimoto"] for s in systems], names),
        "k": k,
    }


def _by_mass(systems: tuple[SystemResult, ...], names: list[str], column: str) -> Any:
    strata = [row.stratum for row in systems[0].tables["mass"]]
    series = [[row.intervals[column] for row in system.tables["mass"]] for system in systems]
    width_px = width_for(len(strata) * len(names))
    return interval_chart(strata, series, names, column_title(column), width_px)


def _examples(evaluation: Evaluation) -> list[dict[str, Any]]:
    count = min(NUM_EXAMPLES, len(evaluation.cases))
    rng = random.Random(evaluation.config.bootstrap.seed)  # noqa: S311  # which examples to draw
    examples = []
    for i in sorted(rng.sample(range(len(evaluation.cases)), count)):
        case = evaluation.cases[i]
        firsts = []
        for system in evaluation.systems:
            first = system.lists[i][0] if system.lists[i] else None
            drawn = molecule_svg(first) if first and molecule_facts(first) is not None else None
            tanimoto = system.scores.values[f"top{evaluation.config.ks[0]}_tanimoto"][i]
            rank = system.match_ranks.get("enantiomer", system.scores.match_rank)[i]
            flat = system.match_ranks["constitutional"][i] if system.match_ranks else None
            firsts.append(
                {"system": system.name, "svg": drawn, "tanimoto": tanimoto, "rank": rank, "flat_rank": flat}
            )
        examples.append({"case": case, "svg": molecule_svg(case.smiles), "firsts": firsts})
    return examples


def _system_json(system: SystemResult) -> dict[str, Any]:
    account = system.accounting
    return {
        "name": system.name,
        "accounting": {
            "num_inputs": account.num_inputs,
            "num_answered": account.num_answered,
            "num_no_candidate": account.num_no_candidate,
            "num_missing": len(account.missing),
            "missing": dict(account.missing),
            "without_truth": list(account.without_truth),
        },
        "overall": _row_json(system.overall),
        "tables": {name: [_row_json(row) for row in rows] for name, rows in system.tables.items()},
        "massspecgym": _intervals_json(system.massspecgym),
    }


def _row_json(row: Row) -> dict[str, Any]:
    return {
        "stratum": row.stratum,
        "num_spectra": row.num_spectra,
        "num_molecules": row.num_molecules,
        "metrics": _intervals_json(row.intervals),
    }


def _intervals_json(intervals: Mapping[str, Interval]) -> dict[str, Any]:
    return {name: asdict(interval) for name, interval in intervals.items()}
