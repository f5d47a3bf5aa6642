"""What the metrics `multispectral`, and predicted fragments, add to `metrics.json` and the report.

Both are empty for an evaluation that has neither.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from markupsafe import Markup

from molucid.evaluate.ablation import relative_performance
from molucid.evaluate.bootstrap import Interval, mean_intervals
from molucid.evaluate.drawing import molecule_svg
from molucid.evaluate.evaluation import Evaluation, SystemResult
from molucid.evaluate.failures import OUTCOMES, Outcome
from molucid.evaluate.figures import interval_chart, width_for
from molucid.evaluate.fragment_files import FragmentResult
from molucid.evaluate.metrics import LOWER_IS_BETTER
from molucid.evaluate.multispectral_figures import (
    coverage_chart,
    element_bars,
    frequency_chart,
    outcome_bars,
    overlap_circles,
    protocol_bars,
    relative_bars,
)
from molucid.evaluate.protocols import PROTOCOLS, Protocol, TrueNames, names_of
from molucid.evaluate.subsets import Subset, sort_subsets, subset_name, subset_title
from molucid.evaluate.training_overlap import TrainingOverlap

COVERAGE_SHARES = (0.01, 0.02, 0.05, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0)
"""Shares of the fragments, best first, whose coverage is written."""

_RELATIVE_METRICS = {
    "tanimoto": "Morgan",
    "maccs": "MACCS",
    "rdkit": "RDKit",
    "mces": "MCES",
    "levenshtein": "Levenshtein",
}

PROTOCOL_EXAMPLE = "CC(C)[C@@H]1CC[C@@H](C)C[C@H]1O"
PROTOCOL_CANDIDATES = {
    "the same, written otherwise": "O[C@@H]1C[C@H](C)CC[C@H]1C(C)C",
    "its mirror image": "CC(C)[C@H]1CC[C@H](C)C[C@@H]1O",
    "another diastereomer": "CC(C)[C@H]1CC[C@@H](C)C[C@H]1O",
    "another constitution": "CC(C)C1CC[C@@H](C)[C@H](O)C1",
}
"""Menthol and answers to it, by which the report shows what each protocol accepts."""


@dataclass(frozen=True, slots=True)
class SubsetRow:
    """One row of the table of subsets.

    Attributes:
        model: name of the model.
        subset: modalities that it read.
        system: the system that it is, with its means.
    """

    model: str
    subset: Subset
    system: SystemResult

    @property
    def title(self) -> str:
        """The subset for people."""
        return subset_title(self.subset)


def subset_rows(systems: Sequence[SystemResult]) -> list[SubsetRow]:
    """Systems whose subset is known, by subset and then in the order given; empty if fewer than two."""
    known = [(system.member.subset, system) for system in systems if system.member.subset is not None]
    order = list(sort_subsets({subset for subset, _ in known}))
    known.sort(key=lambda pair: order.index(pair[0]))
    rows = [SubsetRow(system.member.model, subset, system) for subset, system in known]
    return rows if len(rows) > 1 else []


def headline_columns(ks: Sequence[int]) -> list[str]:
    """The main figures, for the first and the last k.

    `constitutional` always stands beside `enantiomer`, by which a model that writes no stereo is wrong on every
    molecule that has any.
    """
    return [f"top{k}_{p}" for k in dict.fromkeys((ks[0], ks[-1])) for p in ("enantiomer", "constitutional")]


def has_stereo(smiles: str) -> bool:
    """Whether a true structure has a stereo mark, which a candidate must have to be right by `enantiomer`."""
    names = names_of(smiles)
    return names.exact != names.constitutional


def outcome_shares(system: SystemResult, evaluation: Evaluation) -> dict[Outcome, Interval]:
    """Share of each outcome among all inputs, with intervals over molecules."""
    indicators = {
        str(outcome): np.array([found == outcome for found in system.outcomes], np.float64)
        for outcome in OUTCOMES
    }
    molecules = [case.inchikey14 for case in evaluation.cases]
    intervals = mean_intervals(indicators, molecules, evaluation.config.bootstrap, OUTCOMES)
    return {outcome: intervals[outcome] for outcome in OUTCOMES}


def system_json(system: SystemResult, evaluation: Evaluation) -> dict[str, Any]:
    """The part of one system."""
    if not system.outcomes:
        return {}
    shares = outcome_shares(system, evaluation)
    return {
        "model": system.member.model,
        "subset": None if system.member.subset is None else subset_name(system.member.subset),
        "num_with_all_evidence": system.member.num_complete,
        "outcomes": {outcome: asdict(interval) for outcome, interval in shares.items()},
    }


def multispectral_json(evaluation: Evaluation, columns: Sequence[str]) -> dict[str, Any]:
    """The part of all systems: the scale of complexity, performance relative to the first system, and training."""
    if evaluation.complexity is None:
        return {}
    return {
        "complexity": asdict(evaluation.complexity),
        "relative_to_first": _relative(evaluation.systems, columns),
        **_overlap_json(evaluation.overlap),
    }


def fragments_json(fragments: Mapping[str, FragmentResult]) -> dict[str, Any]:
    """The part of predicted fragments."""
    if not fragments:
        return {}
    return {"fragments": {name: _fragment_json(result) for name, result in fragments.items()}}


def multispectral_part(evaluation: Evaluation, columns: Sequence[str]) -> dict[str, Any] | None:
    """What the report shows of an evaluation with these metric columns; `None` where there is nothing."""
    if evaluation.complexity is None:
        return None
    systems, ks = evaluation.systems, evaluation.config.ks
    names = [system.name for system in systems]
    outcomes = [outcome_shares(system, evaluation) for system in systems]
    last = ks[-1]
    return {
        "example": _protocol_example(),
        "num_with_stereo": sum(has_stereo(case.smiles) for case in evaluation.cases),
        "overlap": None if evaluation.overlap is None else _overlap_part(evaluation.overlap),
        "protocols": PROTOCOLS,
        "protocol_charts": list(zip(names, _protocol_charts(systems, ks), strict=True)),
        "outcomes": OUTCOMES,
        "outcome_chart": outcome_bars(names, outcomes),
        "outcome_rows": list(zip(names, outcomes, strict=True)),
        "scale": evaluation.complexity,
        "complexity_chart": _complexity_chart(systems, names, f"top{last}_tanimoto"),
        "relative_chart": _relative_chart(systems, columns, ks),
        "subsets": subset_rows(systems),
        "subset_columns": [
            *headline_columns(ks),
            f"top{last}_tanimoto",
        ],
        "metrics": [
            (metric, [f"top{k}_{metric}" for k in ks])
            for metric in dict.fromkeys(column.partition("_")[2] for column in columns)
        ],
    }


def fragments_part(fragments: Mapping[str, FragmentResult]) -> dict[str, Any] | None:
    """What the report shows of predicted fragments; `None` where there are none."""
    if not fragments:
        return None
    metrics = [result.metrics for result in fragments.values()]
    return {
        "results": fragments,
        "frequency_chart": frequency_chart(list(fragments), metrics),
        "coverage_chart": coverage_chart(list(fragments), metrics),
        "best_tenth": {name: result.metrics.coverage.at(0.1) for name, result in fragments.items()},
    }


def _protocol_example() -> list[dict[str, Any]]:
    true = TrueNames.of(PROTOCOL_EXAMPLE)
    truth: list[dict[str, Any]] = [{"svg": molecule_svg(PROTOCOL_EXAMPLE), "text": "truth", "accepted": None}]
    return truth + [
        {"svg": molecule_svg(smiles), "text": text, "accepted": true.accepted_by(names_of(smiles))}
        for text, smiles in PROTOCOL_CANDIDATES.items()
    ]


def _overlap_part(overlap: TrainingOverlap) -> dict[str, Any]:
    return {
        "numbers": overlap,
        "circles": overlap_circles(overlap),
        "element_chart": element_bars(overlap),
    }


def _overlap_json(overlap: TrainingOverlap | None) -> dict[str, Any]:
    if overlap is None:
        return {}
    elements = {
        element: {
            "num_truth": overlap.truth_with.get(element, 0),
            "num_training": overlap.training_with.get(element, 0),
            "share_of_truth": overlap.share_of_truth(element),
            "share_of_training": overlap.share_of_training(element),
        }
        for element in overlap.elements
    }
    numbers = {
        "num_only_truth": overlap.num_only_truth,
        "num_both": overlap.num_both,
        "num_only_training": overlap.num_only_training,
    }
    return {"training_overlap": {**numbers, "elements": elements}}


def _protocol_charts(systems: Sequence[SystemResult], ks: Sequence[int]) -> list[Markup]:
    shares: list[dict[Protocol, list[Interval]]] = [
        {p: [system.overall.intervals[f"top{k}_{p}"] for k in ks] for p in PROTOCOLS} for system in systems
    ]
    top = max(interval.high for of in shares for intervals in of.values() for interval in intervals)
    return [protocol_bars(of, ks, top) for of in shares]


def _complexity_chart(systems: Sequence[SystemResult], names: Sequence[str], column: str) -> Markup:
    strata = [row.stratum for row in systems[0].tables["complexity"]]
    series = [[row.intervals[column] for row in system.tables["complexity"]] for system in systems]
    title = f"Tanimoto, Top-{column.partition('_')[0].removeprefix('top')}"
    return interval_chart(strata, series, names, title, width_for(len(strata) * len(names)))


def _relative_chart(
    systems: Sequence[SystemResult], columns: Sequence[str], ks: Sequence[int]
) -> Markup | None:
    if len(systems) < 2:
        return None
    relative = _relative(systems, columns)
    shown = {f"top{k}_enantiomer": f"Top-{k}" for k in ks}
    shown |= {f"top{k}_constitutional": f"Top-{k} c." for k in dict.fromkeys((ks[0], ks[-1]))}
    shown |= {f"top{ks[-1]}_{metric}": title for metric, title in _RELATIVE_METRICS.items()}
    shown = {column: title for column, title in shown.items() if column in columns}
    ratios = [[relative[system.name][column] for column in shown] for system in systems]
    width_px = width_for(len(shown) * len(systems))
    return relative_bars(list(shown.values()), ratios, [system.name for system in systems], width_px)


def _relative(systems: Sequence[SystemResult], columns: Sequence[str]) -> dict[str, dict[str, float | None]]:
    means = [{c: system.overall.intervals[c].mean for c in columns} for system in systems]
    falling = [column for column in columns if column.partition("_")[2] in LOWER_IS_BETTER]
    return {
        system.name: relative_performance(own, means[0], falling)
        for system, own in zip(systems, means, strict=True)
    }


def _fragment_json(result: FragmentResult) -> dict[str, Any]:
    metrics = result.metrics
    coverage = [(share, *metrics.coverage.at(share)) for share in COVERAGE_SHARES]
    return {
        "num_molecules": metrics.num_molecules,
        "num_missing": result.num_missing,
        "num_fragments": metrics.num_fragments,
        "num_occurring": metrics.num_occurring,
        "count_accuracy": metrics.count_accuracy,
        "count_accuracy_present": metrics.count_accuracy_present,
        "micro": asdict(metrics.micro),
        "macro": asdict(metrics.macro),
        "f1": metrics.f1.tolist(),
        "by_frequency": [asdict(entry) for entry in metrics.by_frequency],
        "coverage": [
            {"share_of_fragments": share, "share_of_occurrences": covered, "mean_f1": f1}
            for share, covered, f1 in coverage
        ],
    }
