"""Evidence in, ranked candidates out: encode, search, check, rank, for a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, PositiveInt, model_validator

from molucid.chem.formula import Formula
from molucid.chem.notation import tokenizer_of
from molucid.config import Config
from molucid.errors import InputError
from molucid.generate.beam import beam_search
from molucid.generate.constraint import ConstraintConfig, FormulaConstraint
from molucid.generate.hypotheses import Guide, Hypothesis, ScoreKind, unguided
from molucid.generate.ranking import Chemistry, FormulaUse, RankBy, no_fingerprint_head, rank
from molucid.generate.sampling import sample_strings
from molucid.generate.types import Candidate
from molucid.model.assembled import Molucid
from molucid.model.batch import Arrays, Memory
from molucid.model.config import ModelConfig

__all__ = ["Chemistry", "GenerateConfig", "generate"]

_TELL_TAUTOMERS = frozenset(("ir", "h_nmr", "c_nmr"))


class GenerateConfig(Config):
    """How structures are written and ranked.

    Attributes:
        method: beam search or top-k sampling.
        num_candidates: k, most candidates per answer.
        num_beams: hypotheses of a beam search kept at each step.
        num_samples: strings drawn per answer by `sample`.
        num_finished: finished strings kept for checks and de-duplication; at least `num_candidates`.
        max_length: most tokens of a string, `<eos>` included.
        score: finished strings of a search compete by the `mean` log-likelihood per token or by the `sum`.
        temperature: of `sample`.
        top_k: tokens that `sample` draws from; `None` for all.
        formula: `constrain` prunes while decoding what cannot meet the formula (`reject` for models that write
            SELFIES), `reject` drops it afterwards, `ignore` keeps it.
        constraint: what else a molecule may be under `constrain`.
        rank_by: order of the candidates, see `ranking.rank`.
        fingerprint_weight: weight of the agreement with the predicted fingerprint; 1 makes full agreement
            worth a factor e in the geometric mean of the token probabilities.
    """

    method: Literal["beam", "sample"] = "beam"
    num_candidates: PositiveInt = 10
    num_beams: PositiveInt = 10
    num_samples: PositiveInt = 100
    num_finished: PositiveInt = 30
    max_length: PositiveInt = 160
    score: ScoreKind = "mean"
    temperature: float = Field(default=1.0, gt=0)
    top_k: PositiveInt | None = 20
    formula: FormulaUse = "constrain"
    constraint: ConstraintConfig = ConstraintConfig()
    rank_by: RankBy = "likelihood"
    fingerprint_weight: float = Field(default=1.0, ge=0)

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.num_finished < self.num_candidates:
            raise ValueError(
                f"num_finished {self.num_finished} is below num_candidates {self.num_candidates}"
            )
        return self

    def for_model(self, model: ModelConfig) -> Self:
        """These settings as they hold for one model; asked before any work is done.

        No constraint knows SELFIES, so `formula=constrain` is `reject` for a model that writes them.

        Raises:
            InputError: `rank_by` needs a fingerprint, and the model has no head for it.
        """
        if self.rank_by == "likelihood_and_fingerprint" and model.fingerprint_bits is None:
            raise no_fingerprint_head()
        if self.formula == "constrain" and model.target != "smiles":
            return self.model_copy(update={"formula": "reject"})
        return self


@torch.inference_mode()
def generate(
    model: Molucid,
    inputs: Mapping[str, Arrays],
    formulas: Sequence[Formula | None],
    config: GenerateConfig,
    chemistry: Chemistry,
    seed: int | Sequence[int],
) -> list[tuple[Candidate, ...]]:
    """Candidates of each item of a batch.

    Equal inputs, seed and weights give equal candidates; another batch size changes log-likelihoods by
    rounding only, and ranks are taken from scores rounded to 1e-6. Dropout is off, whatever mode the model
    is in.

    Args:
        model: encodes and decodes.
        inputs: modality name → arrays of B items, on the model's device.
        formulas: neutral formula of each item; `None` where it is not known, which leaves the item
            unconstrained.
        config: decoding and ranking.
        chemistry: functions on molecules.
        seed: of `sample`; one for all items (each then draws as if it were alone), or one per item.

    Returns:
        Per item its candidates, ranks 1…k; empty where no string passed.

    Raises:
        InputError: numbers of formulas, seeds and items differ, or see `GenerateConfig.for_model`.
    """
    config = config.for_model(model.config)
    was_training = model.training
    model.eval()
    try:
        memory = model.encode(inputs)
        num_items = len(memory.tokens_BMD)
        seeds = [seed] * num_items if isinstance(seed, int) else list(seed)
        if not len(formulas) == len(seeds) == num_items:
            raise InputError(
                f"{len(formulas)} formulas and {len(seeds)} seeds for {num_items} items",
                "one of each per item",
            )
        probabilities = _fingerprints(model, memory)
        found = _search(model, memory, formulas, config, seeds)
    finally:
        model.train(was_training)
    tokenizer = tokenizer_of(model.config.target)
    return [
        rank(
            hypotheses,
            tokenizer.decode,
            formula,
            probability_F,
            chemistry,
            num_candidates=config.num_candidates,
            formula_use=config.formula,
            rank_by=config.rank_by,
            fingerprint_weight=config.fingerprint_weight,
            by_smiles=by_smiles,
        )
        for hypotheses, formula, probability_F, by_smiles in zip(
            found, formulas, probabilities, _by_smiles(model, inputs, num_items), strict=True
        )
    ]


def _by_smiles(model: Molucid, inputs: Mapping[str, Arrays], num_items: int) -> list[bool]:
    """Of each item, whether candidates of different canonical SMILES are different answers.

    They are where the model writes configurations, and where it read infrared or NMR, which tell tautomers apart. Of
    tandem mass spectra and formulas alone, molecules with the same first block of the InChIKey are one answer.
    """
    found = [model.config.stereo] * num_items
    for name in _TELL_TAUTOMERS & inputs.keys():
        masks = [array for key, array in inputs[name].items() if key.endswith("mask_BL")]
        is_there = torch.cat(masks, dim=1).any(dim=1).tolist()
        found = [a or b for a, b in zip(found, is_there, strict=True)]
    return found


def _fingerprints(model: Molucid, memory: Memory) -> list[NDArray[np.float32] | None]:
    if model.config.fingerprint_bits is None:
        return [None] * len(memory.tokens_BMD)
    return list(torch.sigmoid(model.fingerprint_logits(memory).float()).cpu().numpy())


def _search(
    model: Molucid,
    memory: Memory,
    formulas: Sequence[Formula | None],
    config: GenerateConfig,
    seeds: Sequence[int],
) -> list[tuple[Hypothesis, ...]]:
    guide = _guide(formulas, config, model.config.stereo)
    if config.method == "beam":
        return beam_search(
            model,
            memory,
            guide,
            num_beams=config.num_beams,
            num_finished=config.num_finished,
            max_length=config.max_length,
            score=config.score,
        )
    return sample_strings(
        model,
        memory,
        guide,
        seeds=seeds,
        num_samples=config.num_samples,
        num_finished=config.num_finished,
        max_length=config.max_length,
        temperature=config.temperature,
        top_k=config.top_k,
        score=config.score,
    )


def _guide(formulas: Sequence[Formula | None], config: GenerateConfig, stereo: bool) -> Guide:
    if config.formula != "constrain" or all(formula is None for formula in formulas):
        return unguided(len(formulas))
    vocabulary = tokenizer_of("smiles").vocabulary
    constraint = FormulaConstraint(vocabulary, config.constraint, config.max_length, stereo)
    return Guide(
        constraint,
        tuple(None if formula is None else constraint.start(formula) for formula in formulas),
        tuple(formula is None for formula in formulas),
    )
