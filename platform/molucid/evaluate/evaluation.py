"""One or more systems' answers against the truth: joined by identifier, scored, summarised and compared.

Every case is scored for every system. An input that a system rejected or never answered is a miss with an
empty list, listed by name; it never leaves the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from pydantic import Field, field_validator, model_validator

from molucid.config import Config
from molucid.errors import InputError
from molucid.evaluate.bootstrap import BootstrapConfig, Interval, paired_differences
from molucid.evaluate.cases import Case
from molucid.evaluate.massspecgym import TOP_KS, massspecgym_summary, rename
from molucid.evaluate.mces import MCESConfig, MCESDistances, Progress
from molucid.evaluate.metrics import Entries, ListScores, proportions, score_lists
from molucid.evaluate.tables import Row, TablesConfig, stratified_tables, stratum_row
from molucid.generate.types import Answer


class EvaluateConfig(Config):
    """Settings of an evaluation.

    Attributes:
        top_ks: numbers k of list entries that the metrics read, ascending.
        with_mces: compute MCES distances: the slow part, seconds per pair for close structures.
        mces: settings of the distance.
        bootstrap: settings of the intervals.
        tables: settings of the strata.
    """

    top_ks: tuple[int, ...] = Field(default=(1, 10), min_length=1)
    with_mces: bool = True
    mces: MCESConfig = MCESConfig()
    bootstrap: BootstrapConfig = BootstrapConfig()
    tables: TablesConfig = TablesConfig()

    @field_validator("top_ks")
    @classmethod
    def _positive(cls, value: tuple[int, ...]) -> tuple[int, ...]:
        if min(value) < 1 or list(value) != sorted(set(value)):
            raise ValueError("give ascending numbers ≥ 1")
        return value

    @model_validator(mode="after")
    def _edges_ascend(self) -> Self:
        edges = self.tables.mass_edges_da
        if list(edges) != sorted(set(edges)):
            raise ValueError("tables.mass_edges_da must ascend")
        return self


@dataclass(frozen=True, slots=True)
class Accounting:
    """Where every input went: `num_inputs` = `num_answered` + `num_no_candidate` + number of `missing`.

    Attributes:
        num_inputs: cases of the truth.
        num_answered: cases with at least one candidate.
        num_no_candidate: cases answered with an empty list.
        missing: identifier → reason for the cases without an answer: the code of its row in `rejected.tsv`,
            or `no_answer` where nothing is known. They are scored as misses.
        without_truth: identifiers that were answered but are not in the truth; not scored.
    """

    num_inputs: int
    num_answered: int
    num_no_candidate: int
    missing: Mapping[str, str]
    without_truth: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SystemInput:
    """Answers of one system, and why it rejected what it did (identifier → code)."""

    answers: Sequence[Answer]
    rejected: Mapping[str, str]


@dataclass(frozen=True, slots=True, eq=False)
class SystemResult:
    """Scores of one system.

    Attributes:
        name: the user's name of it.
        accounting: where its inputs went.
        statuses: per case `answered`, `no_candidate` or `missing`.
        lists: per case its candidates' SMILES, best first.
        scores: values per case.
        overall: all cases as one row.
        tables: rows by adduct, mass and instrument, and by training where its molecules are known.
        massspecgym: the benchmark's own summary; empty unless k = 1 and 10 were asked for.
    """

    name: str
    accounting: Accounting
    statuses: tuple[str, ...]
    lists: tuple[Entries, ...]
    scores: ListScores
    overall: Row
    tables: Mapping[str, tuple[Row, ...]]
    massspecgym: Mapping[str, Interval]


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The whole result.

    Attributes:
        cases: the truth, in its order.
        systems: results, in the order given.
        differences: system → metric → mean paired difference to the first system, with interval.
        config: settings.
    """

    cases: tuple[Case, ...]
    systems: tuple[SystemResult, ...]
    differences: Mapping[str, Mapping[str, Interval]]
    config: EvaluateConfig


def evaluate(
    cases: Sequence[Case],
    systems: Mapping[str, SystemInput],
    config: EvaluateConfig | None = None,
    progress: Progress | None = None,
    training_keys: frozenset[str] | None = None,
) -> Evaluation:
    """Score every system on every case.

    Args:
        cases: the truth, at least one; identifiers are unique.
        systems: name → its answers; the first is the baseline of the differences.
        config: settings.
        progress: told of the MCES computation.
        training_keys: InChIKey first blocks that the systems were trained on: a table then separates them.

    Raises:
        InputError: no cases, no systems, or two answers to one identifier.
    """
    config = config or EvaluateConfig()
    if not cases or not systems:
        raise InputError(
            "no cases" if not cases else "no systems", "at least one of each", code="empty_input"
        )
    results = []
    with MCESDistances(config.mces, progress) as distances:
        for name, system in systems.items():
            results.append(
                _score_system(
                    name, system, cases, config, distances if config.with_mces else None, training_keys
                )
            )
    molecules = [case.inchikey14 for case in cases]
    first = results[0]
    differences = {
        other.name: paired_differences(
            other.scores.values,
            first.scores.values,
            molecules,
            config.bootstrap,
            proportions(config.top_ks),
        )
        for other in results[1:]
    }
    return Evaluation(tuple(cases), tuple(results), differences, config)


def _score_system(
    name: str,
    system: SystemInput,
    cases: Sequence[Case],
    config: EvaluateConfig,
    distances: MCESDistances | None,
    training_keys: frozenset[str] | None,
) -> SystemResult:
    answers = _by_id(name, system.answers)
    accounting, statuses = _account(cases, answers, system.rejected)
    lists = tuple(
        tuple(c.smiles for c in answers[case.id].candidates) if case.id in answers else () for case in cases
    )
    scores = score_lists(lists, [case.smiles for case in cases], config.top_ks, distances)
    zero_or_one = proportions(config.top_ks)
    overall = stratum_row("all", cases, scores.values, config.bootstrap, zero_or_one)
    tables = stratified_tables(
        cases, scores.values, config.tables, config.bootstrap, zero_or_one, training_keys
    )
    is_protocol = set(TOP_KS) <= set(config.top_ks) and config.mces.time_limit_s is None
    benchmark = massspecgym_summary(rename(scores)) if is_protocol else {}
    return SystemResult(name, accounting, statuses, lists, scores, overall, tables, benchmark)


def _by_id(name: str, answers: Sequence[Answer]) -> dict[str, Answer]:
    by_id: dict[str, Answer] = {}
    for answer in answers:
        if answer.evidence_id in by_id:
            raise InputError(
                f"two answers to {answer.evidence_id!r} in {name}",
                "one answer per identifier",
                hint="two runs were written into one file; evaluate them as two systems",
                code="duplicate_id",
            )
        by_id[answer.evidence_id] = answer
    return by_id


def _account(
    cases: Sequence[Case], answers: Mapping[str, Answer], rejected: Mapping[str, str]
) -> tuple[Accounting, tuple[str, ...]]:
    def status(case: Case) -> str:
        if case.id not in answers:
            return "missing"
        return "answered" if answers[case.id].candidates else "no_candidate"

    statuses = tuple(status(case) for case in cases)
    known = {case.id for case in cases}
    accounting = Accounting(
        num_inputs=len(cases),
        num_answered=statuses.count("answered"),
        num_no_candidate=statuses.count("no_candidate"),
        missing={c.id: rejected.get(c.id, "no_answer") for c in cases if c.id not in answers},
        without_truth=tuple(identifier for identifier in answers if identifier not in known),
    )
    return accounting, statuses
