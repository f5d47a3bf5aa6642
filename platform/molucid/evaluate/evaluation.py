"""One or more systems' answers against the truth: joined by identifier, scored, summarised and compared.

Every case is scored for every system. An input that a system rejected or never answered is a miss with an
empty list, listed by name; it never leaves the mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from molucid.errors import InputError
from molucid.evaluate.bootstrap import Interval, paired_differences
from molucid.evaluate.cases import Case
from molucid.evaluate.complexity import ComplexityScale, complexity, complexity_counts
from molucid.evaluate.config import EvaluateConfig
from molucid.evaluate.failures import CountFragments, Outcome, outcomes
from molucid.evaluate.fragment_files import FragmentResult
from molucid.evaluate.massspecgym import TOP_KS, massspecgym_summary, rename
from molucid.evaluate.mces import MCESDistances, Progress
from molucid.evaluate.metrics import Entries, ListScores, score_lists
from molucid.evaluate.multispectral import score_multispectral
from molucid.evaluate.protocols import Protocol
from molucid.evaluate.subsets import (
    NOT_GIVEN,
    Member,
    Subset,
    evidence_of,
    member_of,
    sort_subsets,
    subset_title,
)
from molucid.evaluate.tables import Row, Strata, stratified_tables, stratum_row
from molucid.evaluate.training_overlap import TrainingOverlap, merged, symbols, training_overlap
from molucid.generate.types import Answer


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
        tables: rows by adduct, mass and instrument, by training where its molecules are known, by complexity with the
            metrics `multispectral`, and by the evidence that was used where that differs from answer to answer.
        massspecgym: the benchmark's own summary; empty unless k = 1 and 10 were asked for, and with `multispectral`.
        member: model and subset of modalities that it is.
        match_ranks: with `multispectral`, protocol → per case the place of the first right candidate.
        outcomes: with `multispectral`, per case its success or category of failure among the first candidates of the
            largest k.
    """

    name: str
    accounting: Accounting
    statuses: tuple[str, ...]
    lists: tuple[Entries, ...]
    scores: ListScores
    overall: Row
    tables: Mapping[str, tuple[Row, ...]]
    massspecgym: Mapping[str, Interval]
    member: Member
    match_ranks: Mapping[Protocol, tuple[int | None, ...]] = field(default_factory=dict)
    outcomes: tuple[Outcome, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Evaluation:
    """The whole result.

    Attributes:
        cases: the truth, in its order.
        systems: results, in the order given.
        differences: system → metric → mean paired difference to the first system, with interval.
        config: settings.
        complexity: with the metrics `multispectral`, what the bins of complexity are measured by.
        fragments: name of a table of predicted fragments → how good they are.
        overlap: with the metrics `multispectral` and training molecules, what they and the truth have in common.
    """

    cases: tuple[Case, ...]
    systems: tuple[SystemResult, ...]
    differences: Mapping[str, Mapping[str, Interval]]
    config: EvaluateConfig
    complexity: ComplexityScale | None = None
    fragments: Mapping[str, FragmentResult] = field(default_factory=dict)
    overlap: TrainingOverlap | None = None


def evaluate(
    cases: Sequence[Case],
    systems: Mapping[str, SystemInput],
    config: EvaluateConfig | None = None,
    progress: Progress | None = None,
    training: Mapping[str, frozenset[str]] | None = None,
    count_fragments: CountFragments | None = None,
    fragments: Mapping[str, FragmentResult] | None = None,
) -> Evaluation:
    """Score every system on every case.

    Args:
        cases: the truth, at least one; identifiers are unique.
        systems: name → its answers; the first is the baseline of the differences.
        config: settings.
        progress: told of the MCES computation.
        training: molecules that the systems were trained on, InChIKey first block → symbols of its elements: a table
            then separates them.
        count_fragments: counts the fragments that categories of failure go by; read with the metrics `multispectral`,
            by the vocabulary that comes with molucid where it is not given.
        fragments: how good predicted fragments are, by name; part of the result as they stand.

    Raises:
        InputError: no cases, no systems, two answers to one identifier, or a system named by a subset of
            modalities whose answers used others.
    """
    config = config or EvaluateConfig()
    if not cases or not systems:
        raise InputError(
            "no cases" if not cases else "no systems", "at least one of each", code="empty_input"
        )
    results = []
    task = _Task(cases, config, training, *_multispectral_setting(cases, config, count_fragments))
    with MCESDistances(config.mces, progress) as distances:
        for name, system in systems.items():
            results.append(_score_system(name, system, task, distances if config.with_mces else None))
    molecules = [case.inchikey14 for case in cases]
    first = results[0]
    differences = {
        other.name: paired_differences(
            other.scores.values,
            first.scores.values,
            molecules,
            config.bootstrap,
            config.proportions,
        )
        for other in results[1:]
    }
    scale = task.complexity[0] if task.complexity else None
    overlap = None
    if training is not None and config.metrics == "multispectral":
        overlap = training_overlap(merged((c.inchikey14, symbols(c.formula)) for c in cases), training)
    return Evaluation(tuple(cases), tuple(results), differences, config, scale, fragments or {}, overlap)


@dataclass(frozen=True, slots=True, eq=False)
class _Task:
    """What is the same for every system."""

    cases: Sequence[Case]
    config: EvaluateConfig
    training: Mapping[str, frozenset[str]] | None
    count_fragments: CountFragments | None
    complexity: tuple[ComplexityScale, Strata] | None


def _multispectral_setting(
    cases: Sequence[Case], config: EvaluateConfig, count_fragments: CountFragments | None
) -> tuple[CountFragments | None, tuple[ComplexityScale, Strata] | None]:
    if config.metrics != "multispectral":
        return None, None
    if count_fragments is None:
        # Compiled code, which an evaluation of MS/MS does not need.
        from molucid.chem.fragment_counts import FragmentCounter
        from molucid.chem.fragments import FragmentVocabulary

        count_fragments = FragmentCounter(FragmentVocabulary.default()).count_many
    index, scale = complexity(complexity_counts([case.smiles for case in cases]))
    names = scale.bin_names()
    return count_fragments, (scale, Strata([names[place] for place in scale.bins(index)], names))


def _score_system(
    name: str, system: SystemInput, task: _Task, distances: MCESDistances | None
) -> SystemResult:
    cases, config = task.cases, task.config
    answers = _by_id(name, system.answers)
    member = member_of(name, [answers[case.id] for case in cases if case.id in answers])
    accounting, statuses = _account(cases, answers, system.rejected)
    lists = tuple(
        tuple(c.smiles for c in answers[case.id].candidates) if case.id in answers else () for case in cases
    )
    truth = [case.smiles for case in cases]
    scores = score_lists(lists, truth, config.ks, distances)
    match_ranks: Mapping[Protocol, tuple[int | None, ...]] = {}
    found: tuple[Outcome, ...] = ()
    if task.count_fragments is not None:
        more = score_multispectral(lists, truth, config.ks)
        scores = replace(scores, values={**scores.values, **more.values})
        match_ranks = more.match_ranks
        found = outcomes(lists, truth, more, config.ks[-1], task.count_fragments)
    overall = stratum_row("all", cases, scores.values, config.bootstrap, config.proportions)
    further = {"complexity": task.complexity[1]} if task.complexity else {}
    if (evidence := _evidence_strata(cases, answers, member.subset)) is not None:
        further["evidence"] = evidence
    tables = stratified_tables(
        cases,
        scores.values,
        config.tables,
        config.bootstrap,
        config.proportions,
        task.training,
        further,
    )
    is_protocol = set(TOP_KS) <= set(config.ks) and config.mces.time_limit_s is None
    benchmark = massspecgym_summary(rename(scores)) if is_protocol and config.metrics == "msms" else {}
    return SystemResult(
        name, accounting, statuses, lists, scores, overall, tables, benchmark, member, match_ranks, found
    )


def _evidence_strata(
    cases: Sequence[Case], answers: Mapping[str, Answer], subset: Subset | None
) -> Strata | None:
    """Divide the cases by the evidence that their answers used; `None` where no answer says other than `subset`."""
    used = [evidence_of(answers[case.id]) if case.id in answers else None for case in cases]
    known = sort_subsets({subset for subset in used if subset is not None})
    if not set(known) - {subset}:
        return None
    of_case = [NOT_GIVEN if subset is None else subset_title(subset) for subset in used]
    return Strata(of_case, [*map(subset_title, known), NOT_GIVEN])


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
