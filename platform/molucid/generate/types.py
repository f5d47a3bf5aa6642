"""Ranked candidates and answers: what generation hands to reports, tables and metrics."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Status = Literal["answered", "no_candidate"]


@dataclass(frozen=True, slots=True)
class Candidate:
    """One proposed structure.

    Attributes:
        smiles: canonical SMILES; with configurations if the model writes them (`stereo: true`), else without.
        log_likelihood: sum of the natural-log token probabilities under the (tuned) model, `<eos>` included.
        num_tokens: number of tokens of that sum; candidates are ranked by `log_likelihood / num_tokens` or, with
            `rank_by=likelihood_and_fingerprint`, by it plus the weighted `fingerprint_similarity`.
        formula_match: whether the molecular formula equals the given one; `None` if none was given.
        fingerprint_similarity: Tanimoto-like agreement (0–1) with the fingerprint predicted from the spectra;
            `None` if the recipe has no fingerprint head.
        rank: 1 for the best; consecutive within an answer.
    """

    smiles: str
    log_likelihood: float
    num_tokens: int
    formula_match: bool | None = None
    fingerprint_similarity: float | None = None
    rank: int = 0

    @property
    def mean_log_likelihood(self) -> float:
        """Natural log of the geometric mean token probability."""
        return self.log_likelihood / max(self.num_tokens, 1)


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer to one piece of evidence.

    Attributes:
        evidence_id: identifier of the evidence.
        candidates: best first, ranks 1…k; empty with status `no_candidate`.
        status: `answered`, or `no_candidate` if decoding ended without any structure that passes the
            constraints.
        nearest_training_similarity: Tanimoto similarity (Morgan radius 2, 2048 bits) of the first candidate
            to the most similar molecule of the neighbour index; `None` without an index.
        tuning: what was tuned for this answer (mode, cluster, steps, samples, dark or not); empty without
            tuning.
        provenance: model hash, seed and versions shared by all answers of one run.
        notes: what of the record was not read, and how its spectra were understood (`molucid.adapt.notes`), by name.
    """

    evidence_id: str
    candidates: tuple[Candidate, ...]
    status: Status
    nearest_training_similarity: float | None = None
    tuning: Mapping[str, object] = field(default_factory=dict)
    provenance: Mapping[str, object] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
