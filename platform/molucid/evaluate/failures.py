"""Why an input is not answered right: its failure by category (NMIRacle, arXiv 2512.19733, appendix C).

The first k candidates count, and the enantiomer protocol decides what is right. Of the categories the first that
applies is that of the input:

- `success`: a candidate is right;
- `no_candidate`: no candidate that RDKit reads, for want of an answer too;
- `stereo`: a candidate has the right bonds, so only its stereo is wrong;
- `connectivity`: a candidate has the fragments of the truth, none less and none more, put together in another way;
- `fragment`: every candidate lacks a fragment, or has one that the truth has not.

Whether a fragment is there counts, not how often: the paper speaks of functional groups that are missing or spurious.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Literal, get_args

import numpy as np
from rdkit.Chem import Mol

from molucid.chem.fragment_vector import FragmentCounts
from molucid.chem.identity import parse_smiles
from molucid.evaluate.metrics import Entries, read_entry
from molucid.evaluate.multispectral import MultispectralScores

Outcome = Literal["success", "stereo", "connectivity", "fragment", "no_candidate"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

CountFragments = Callable[[Mol], FragmentCounts]
"""Counts the fragments of a molecule by the vocabulary that failures are told apart by."""


def outcomes(
    lists: Sequence[Entries],
    true_smiles: Sequence[str],
    scores: MultispectralScores,
    k: int,
    count_fragments: CountFragments,
) -> tuple[Outcome, ...]:
    """Tell the outcome of each input.

    Args:
        lists: per input its candidates, best first.
        true_smiles: per input its true structure.
        scores: scores of these lists.
        k: number of candidates that count.
        count_fragments: counts fragments; called for inputs that fail by more than stereo only.
    """

    def among_first(rank: int | None) -> bool:
        return rank is not None and rank <= k

    def outcome(i: int) -> Outcome:
        if among_first(scores.match_ranks["enantiomer"][i]):
            return "success"
        if among_first(scores.match_ranks["constitutional"][i]):
            return "stereo"
        valid = [mol for entry in lists[i][:k] if entry and (mol := read_entry(entry)) is not None]
        if not valid:
            return "no_candidate"
        truth = count_fragments(parse_smiles(true_smiles[i])).index
        alike = any(np.array_equal(count_fragments(mol).index, truth) for mol in valid)
        return "connectivity" if alike else "fragment"

    return tuple(outcome(i) for i in range(len(lists)))


def shares(found: Sequence[Outcome]) -> Mapping[Outcome, float]:
    """Share of the inputs with each outcome; they add up to 1."""
    return {outcome: found.count(outcome) / len(found) for outcome in OUTCOMES}
