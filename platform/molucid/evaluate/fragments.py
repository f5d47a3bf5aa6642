"""How well the fragments of molecules are predicted (NMIRacle, arXiv 2512.19733, section 4.3 and figure 4).

Two questions to each pair of molecule and fragment: is the count right, and is the fragment there at all. Presence is
judged by precision, recall and F1, with 0/0 = 0: micro over all pairs, macro as the mean over the fragments that occur,
which are those that the truth or the prediction has at least once. A fragment that neither has tells nothing, and is
left out of the macro mean.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from molucid.errors import InputError

FloatArray = NDArray[np.float64]

FREQUENCY_EDGES = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)
"""Bins of the share of molecules that have a fragment; a bin holds its upper edge."""


def frequency_name(low: float) -> str:
    """Name the bin of frequency above `low`, one of `FREQUENCY_EDGES`, in percent of the molecules."""
    high = FREQUENCY_EDGES[FREQUENCY_EDGES.index(low) + 1]
    return f"{100 * low:g}–{100 * high:g} %" if low else f"≤ {100 * high:g} %"


@dataclass(frozen=True, slots=True)
class Presence:
    """Precision, recall and F1 of the question whether a fragment is there."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True, slots=True)
class FrequencyBin:
    """Fragments of alike frequency.

    Attributes:
        low: share of molecules that have the fragment, above this …
        high: … and at most this.
        num_fragments: fragments of the bin.
        mean_f1: mean of their F1.
        quartiles: first and third quartile of their F1.
    """

    low: float
    high: float
    num_fragments: int
    mean_f1: float
    quartiles: tuple[float, float]

    @property
    def name(self) -> str:
        """The bin in percent of the molecules."""
        return frequency_name(self.low)


@dataclass(frozen=True, slots=True, eq=False)
class Coverage:
    """What the best predicted fragments cover: those that occur, by falling F1, then by falling occurrences.

    Attributes:
        fragment: their numbers in the vocabulary, best first; shape `[occurring]`.
        share_of_fragments: rank over the number of occurring fragments, up to 1; shape `[occurring]`.
        share_of_occurrences: true occurrences (counts) of the fragments up to this rank over all true ones.
        mean_f1: mean F1 of the fragments up to this rank.
    """

    fragment: NDArray[np.int64]
    share_of_fragments: FloatArray
    share_of_occurrences: FloatArray
    mean_f1: FloatArray

    def at(self, share: float) -> tuple[float, float]:
        """Share of occurrences and mean F1 of the best `share` of the fragments, at least one; 0 if none occurs."""
        if not self.fragment.size:
            return 0.0, 0.0
        place = max(1, round(share * len(self.fragment))) - 1
        return float(self.share_of_occurrences[place]), float(self.mean_f1[place])


@dataclass(frozen=True, slots=True, eq=False)
class FragmentMetrics:
    """How well fragments are predicted.

    Attributes:
        num_molecules: molecules N.
        num_fragments: fragments V of the vocabulary.
        num_occurring: fragments that the truth or the prediction has at least once.
        count_accuracy: share of the N·V counts that are right; nearly all are right zeros.
        count_accuracy_present: the same over the pairs whose true or predicted count is not 0.
        micro: presence over all pairs.
        macro: mean of presence over the occurring fragments.
        f1: F1 per fragment, shape `[fragments]`; 0 where it does not occur.
        by_frequency: fragments of the truth by frequency, ascending; bins without fragments are left out.
        coverage: what the best predicted fragments cover.
    """

    num_molecules: int
    num_fragments: int
    num_occurring: int
    count_accuracy: float
    count_accuracy_present: float
    micro: Presence
    macro: Presence
    f1: FloatArray
    by_frequency: tuple[FrequencyBin, ...]
    coverage: Coverage


def fragment_metrics(
    true_counts: NDArray[np.integer], predicted_counts: NDArray[np.integer]
) -> FragmentMetrics:
    """Compare predicted with true counts.

    Args:
        true_counts: occurrences of each fragment in each molecule, shape `[molecules, fragments]`.
        predicted_counts: the same as predicted.

    Raises:
        InputError: arrays of different or empty shape.
    """
    if true_counts.ndim != 2 or true_counts.shape != predicted_counts.shape or not true_counts.size:
        raise InputError(
            f"counts of shapes {true_counts.shape} and {predicted_counts.shape}",
            "two tables of the same molecules and fragments",
            code="ragged_arrays",
        )
    truly, said = true_counts > 0, predicted_counts > 0
    right = true_counts == predicted_counts
    either = truly | said
    hits, present, predicted = (truly & said).sum(0), truly.sum(0), said.sum(0)
    occurring = np.flatnonzero(present + predicted)
    precision, recall = _ratio(hits, predicted), _ratio(hits, present)
    f1 = _ratio(2 * hits, predicted + present)

    def mean(values: FloatArray) -> float:
        return float(values[occurring].mean()) if occurring.size else 0.0

    def total(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> float:
        return float(_ratio(numerator.sum(keepdims=True), denominator.sum(keepdims=True))[0])

    return FragmentMetrics(
        num_molecules=len(true_counts),
        num_fragments=true_counts.shape[1],
        num_occurring=len(occurring),
        count_accuracy=float(right.mean()),
        count_accuracy_present=float(right[either].mean()) if either.any() else 1.0,
        micro=Presence(total(hits, predicted), total(hits, present), total(2 * hits, predicted + present)),
        macro=Presence(mean(precision), mean(recall), mean(f1)),
        f1=f1,
        by_frequency=_by_frequency(f1, present / len(true_counts)),
        coverage=_coverage(occurring, f1, true_counts.sum(0, dtype=np.int64)),
    )


def _ratio(numerator: NDArray[np.int64], denominator: NDArray[np.int64]) -> FloatArray:
    result: FloatArray = np.divide(
        numerator, denominator, out=np.zeros(numerator.shape, np.float64), where=denominator > 0
    )
    return result


def _by_frequency(f1: FloatArray, frequency: FloatArray) -> tuple[FrequencyBin, ...]:
    place = np.searchsorted(FREQUENCY_EDGES, frequency, side="left") - 1
    bins = []
    for j, (low, high) in enumerate(itertools.pairwise(FREQUENCY_EDGES)):
        members = f1[place == j]
        if members.size:
            first, third = np.quantile(members, (0.25, 0.75)).tolist()
            bins.append(FrequencyBin(low, high, members.size, float(members.mean()), (first, third)))
    return tuple(bins)


def _coverage(occurring: NDArray[np.int64], f1: FloatArray, occurrences: NDArray[np.int64]) -> Coverage:
    order = occurring[np.lexsort((-occurrences[occurring], -f1[occurring]))]
    rank = np.arange(1, len(order) + 1)
    covered = np.cumsum(occurrences[order])
    everything = np.broadcast_to(occurrences.sum(), covered.shape)
    return Coverage(
        order, rank / max(len(order), 1), _ratio(covered, everything), np.cumsum(f1[order]) / rank
    )
