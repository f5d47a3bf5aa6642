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

from collections.abc import Callable, Sequence
from typing import Literal, get_args

import numpy as np
from rdkit.Chem import Mol

from molucid.chem.fragment_vector import FragmentCounts
from molucid.chem.identity import parse_smiles
from molucid.evaluate.metrics import Entries, read_entry
from molucid.evaluate.multispectral import MultispectralScores

Outcome = Literal["success", "stereo", "connectivity", "fragment", "no_candidate"]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)

CountFragments = Callable[[Sequence[Mol]], Sequence[FragmentCounts]]
"""Counts the fragments of molecules by the vocabulary that failures are told apart by."""


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
        count_fragments: counts fragments; asked once, for inputs that fail by more than stereo only.
    """
    found: list[Outcome | None] = [
        _by_rank(enantiomer, constitutional, k)
        for enantiomer, constitutional in zip(
            scores.match_ranks["enantiomer"], scores.match_ranks["constitutional"], strict=True
        )
    ]
    candidates = {
        i: {text: mol for text in lists[i][:k] if text and (mol := read_entry(text)) is not None}
        for i, outcome in enumerate(found)
        if outcome is None
    }
    truths = {true_smiles[i]: parse_smiles(true_smiles[i]) for i, valid in candidates.items() if valid}
    mols = {text: mol for valid in (*candidates.values(), truths) for text, mol in valid.items()}
    fragments = dict(zip(mols, count_fragments(list(mols.values())), strict=True)) if mols else {}
    for i, valid in candidates.items():
        if not valid:
            found[i] = "no_candidate"
            continue
        truth = fragments[true_smiles[i]].index
        alike = any(np.array_equal(fragments[text].index, truth) for text in valid)
        found[i] = "connectivity" if alike else "fragment"
    return tuple(outcome for outcome in found if outcome is not None)


def _by_rank(enantiomer: int | None, constitutional: int | None, k: int) -> Outcome | None:
    """Tell what needs no fragments: success and stereo."""
    if enantiomer is not None and enantiomer <= k:
        return "success"
    return "stereo" if constitutional is not None and constitutional <= k else None
