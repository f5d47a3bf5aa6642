"""From finished strings to ranked candidates: validity, one entry per molecule, formula, scores, ranks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from molucid.chem.formula import Formula
from molucid.errors import InputError
from molucid.generate.hypotheses import Hypothesis
from molucid.generate.types import Candidate

RankBy = Literal["likelihood", "likelihood_and_fingerprint"]
FormulaUse = Literal["constrain", "reject", "ignore"]

_DECIMALS = 6
"""Scores are compared to 1e-6: below that, order of summation in another batch size would decide ranks."""


@dataclass(frozen=True, slots=True)
class Chemistry:
    """What decoding needs to know about molecules; `molucid.generate.chemistry` makes it from RDKit.

    Attributes:
        canonical: canonical SMILES, with stereo if the model writes it, or `None` if the string is no molecule.
        identity_key: first block of the InChIKey, which tautomers and stereoisomers share, or `None` if there is none.
        formula: molecular formula of a canonical SMILES.
        fingerprint: its bits, as the fingerprint head predicts them, shape `[F]`.
    """

    canonical: Callable[[str], str | None]
    identity_key: Callable[[str], str | None]
    formula: Callable[[str], Formula]
    fingerprint: Callable[[str], NDArray[np.uint8]]


def expected_tanimoto(probability_F: NDArray[Any], bits_F: NDArray[np.uint8]) -> float:
    """Agreement of predicted bit probabilities p with bits b: Σ p·b / (Σ p + Σ b − Σ p·b), from 0 to 1.

    Numerator and denominator are the expected intersection and union if bits were drawn independently with
    probability p; for p of 0 and 1 it is the Tanimoto coefficient. Two empty fingerprints give 0.
    """
    p, b = np.asarray(probability_F, np.float64), bits_F.astype(np.float64)
    common = float(p @ b)
    union = float(p.sum() + b.sum()) - common
    return common / union if union > 0 else 0.0


def no_fingerprint_head() -> InputError:
    """The refusal to rank by a fingerprint that the model does not predict."""
    return InputError(
        "rank_by likelihood_and_fingerprint for a model without a fingerprint head",
        "rank_by likelihood, or a model that predicts fingerprints",
        hint="leave out --set generate.rank_by, or use a checkpoint with fingerprint_bits",
        code="no_fingerprint_head",
    )


def rank(
    hypotheses: Sequence[Hypothesis],
    decode: Callable[[Sequence[int]], str],
    formula: Formula | None,
    probability_F: NDArray[Any] | None,
    chemistry: Chemistry,
    *,
    num_candidates: int,
    formula_use: FormulaUse,
    rank_by: RankBy,
    fingerprint_weight: float,
    by_smiles: bool,
) -> tuple[Candidate, ...]:
    """The best candidates of one sample.

    Of several spellings of a molecule the most likely one is kept. The score is the
    mean log-likelihood per token, with `likelihood_and_fingerprint` plus `fingerprint_weight` times
    `expected_tanimoto`: the product of the decoder's evidence and exp(weight · agreement). Ties to 1e-6 go
    by the SMILES.

    Args:
        hypotheses: finished strings.
        decode: token ids → SMILES.
        formula: the given formula, if there is one.
        probability_F: predicted fingerprint, if the model has that head.
        chemistry: functions on molecules.
        num_candidates: most candidates that are returned.
        formula_use: `ignore` keeps candidates of another formula.
        rank_by: see above.
        fingerprint_weight: see above.
        by_smiles: whether spellings are of one molecule if their canonical SMILES are equal, or already if their
            `identity_key` is.

    Raises:
        InputError: `likelihood_and_fingerprint` without a predicted fingerprint.
    """
    if rank_by == "likelihood_and_fingerprint" and probability_F is None:
        raise no_fingerprint_head()
    best: dict[str, Candidate] = {}
    for hypothesis in hypotheses:
        smiles = chemistry.canonical(decode(hypothesis.token_ids))
        if smiles is None:
            continue
        match = None if formula is None else chemistry.formula(smiles) == formula
        if match is False and formula_use != "ignore":
            continue
        key = smiles if by_smiles else chemistry.identity_key(smiles) or smiles
        candidate = Candidate(smiles, hypothesis.log_likelihood, len(hypothesis.token_ids), match)
        if key not in best or _likelihood_order(candidate) < _likelihood_order(best[key]):
            best[key] = candidate
    candidates = list(best.values())
    if probability_F is not None:
        candidates = [
            replace(
                c, fingerprint_similarity=expected_tanimoto(probability_F, chemistry.fingerprint(c.smiles))
            )
            for c in candidates
        ]
    if rank_by == "likelihood":
        candidates.sort(key=_likelihood_order)
    else:
        candidates.sort(key=lambda c: _blended_order(c, fingerprint_weight))
    return tuple(replace(c, rank=i) for i, c in enumerate(candidates[:num_candidates], start=1))


def _likelihood_order(candidate: Candidate) -> tuple[float, str]:
    return -round(candidate.mean_log_likelihood, _DECIMALS), candidate.smiles


def _blended_order(candidate: Candidate, fingerprint_weight: float) -> tuple[float, str]:
    agreement = candidate.fingerprint_similarity
    assert agreement is not None, "rank computes it for every candidate before it sorts"
    score = candidate.mean_log_likelihood + fingerprint_weight * agreement
    return -round(score, _DECIMALS), candidate.smiles
