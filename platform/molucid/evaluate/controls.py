"""The two controls that a model must beat before its score says anything about reading spectra.

- Masked spectrum: the same model and answer function, with every spectrum taken away, so that only the
  formula speaks. What it reaches is what the formula and the training molecules give for free.
- Random candidates: molecules of the training set that have the right formula, in random order; if there are
  fewer than wanted, then those nearest in mass. No model at all.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from molucid.chem.formula import Formula
from molucid.chem.identity import canonical_smiles, formula_of, inchikey14
from molucid.errors import InputError, Rejected
from molucid.generate.types import Answer, Candidate
from molucid.spectra.types import Evidence, Record


def mask_spectra(evidence: Evidence) -> Evidence:
    """Take every spectrum away from the evidence: identifier and formula are left."""
    return replace(evidence, msms=(), ir=None, h_nmr=None, c_nmr=None)


def mask_records(records: Iterable[Record]) -> tuple[list[Record], list[Rejected]]:
    """Mask every record, for the same answer function that answers them unmasked.

    Returns:
        Masked records in input order, and a row for each record without a formula, of which nothing would be left.
    """
    masked: list[Record] = []
    rejected: list[Rejected] = []
    for record in records:
        if record.evidence.formula is None:
            error = InputError(
                "no formula",
                "a formula: it is all that is left of masked evidence",
                record.where,
                hint="give the record a formula, or leave it out of the control",
                code="no_formula",
            )
            rejected.append(Rejected.from_error(record.evidence.id, error))
        else:
            masked.append(replace(record, evidence=mask_spectra(record.evidence)))
    return masked, rejected


class RandomCandidates:
    """Random molecules of a training set, by formula.

    Args:
        training_smiles: molecules of the training set; one is kept per InChIKey first block.

    Raises:
        InputError: no readable molecule at all.
    """

    def __init__(self, training_smiles: Iterable[str]) -> None:
        molecules: dict[str, tuple[float, str, Formula]] = {}
        self.num_unreadable = 0
        for smiles in dict.fromkeys(training_smiles):
            try:
                key, formula = inchikey14(smiles), formula_of(smiles)
                molecules.setdefault(key, (formula.monoisotopic_mass, canonical_smiles(smiles), formula))
            except InputError:
                self.num_unreadable += 1
        if not molecules:
            raise InputError(
                "no molecule that can be read", "the training molecules as SMILES", code="empty_input"
            )
        rows = sorted(molecules.values(), key=lambda row: row[:2])
        self._smiles = [smiles for _, smiles, _ in rows]
        self._mass_da = np.array([mass for mass, _, _ in rows])
        self._by_formula: dict[Formula, list[int]] = {}
        for i, (_, _, formula) in enumerate(rows):
            self._by_formula.setdefault(formula, []).append(i)

    def __len__(self) -> int:
        return len(self._smiles)

    def answer(self, id: str, formula: Formula, num_candidates: int, seed: int = 0) -> Answer:
        """Draw up to `num_candidates` different molecules.

        The answer is a function of the training set, `id`, `formula` and `seed`. `log_likelihood` is that
        of a uniform draw from the whole training set, with one token; `tuning` says how many candidates
        have the formula.
        """
        digest = hashlib.sha256(f"{seed}\0{id}".encode()).digest()
        rng = np.random.default_rng(int.from_bytes(digest[:8], "little"))
        same = self._by_formula.get(formula, [])
        chosen = [same[i] for i in rng.permutation(len(same))[:num_candidates]]
        num_same = len(chosen)
        if len(chosen) < num_candidates:
            chosen += self._nearest(formula, num_candidates - len(chosen), set(same), rng)
        log_likelihood = -math.log(len(self))
        candidates = tuple(
            Candidate(self._smiles[i], log_likelihood, 1, formula_match=rank <= num_same, rank=rank)
            for rank, i in enumerate(chosen, start=1)
        )
        return Answer(id, candidates, "answered", tuning={"control": "random", "same_formula": num_same})

    def _nearest(
        self, formula: Formula, count: int, excluded: set[int], rng: np.random.Generator
    ) -> list[int]:
        """Order by distance in mass; isomers of one another, at the same distance, come in random order."""
        distance = np.abs(self._mass_da - formula.monoisotopic_mass)
        distance[list(excluded)] = np.inf
        # 1e-6 Da: far below any difference between formulas, above rounding
        order = np.lexsort((rng.random(len(distance)), np.round(distance, 6)))
        return [int(i) for i in order[: min(count, len(self) - len(excluded))]]
