"""The training objective: alpha · SMILES + beta · fragment counts + lambda · fingerprint.

Each part is a sum over the micro-batch divided by the number of terms in the *global* batch. Adding up
micro-batches and ranks therefore gives the exact global mean however the batch was split.

Shapes: B batch, T target tokens, V vocabulary, F fingerprint bits, G fragments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple, Protocol

import torch
from pydantic import NonNegativeFloat
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from molucid.chem.tokens import PAD
from molucid.config import Config
from molucid.errors import InputError
from molucid.model.batch import Arrays, Batch, Wanted


class Predictions(NamedTuple):
    """What a forward pass gives, `None` where not asked for.

    Attributes:
        logits_BTV: of the next tokens.
        fingerprint_logits_BF: of the bits.
        fragment_loss: of the counts, summed over samples and fragments, in nats. A loss and not logits: those of 991
            fragments, 31 counts and 64 samples would take more memory than the rest of the step.
    """

    logits_BTV: Tensor | None
    fingerprint_logits_BF: Tensor | None
    fragment_loss: Tensor | None = None


class Forward(Protocol):
    """A `Molucid`, or an engine that wraps one and passes calls on."""

    def __call__(
        self,
        inputs: Mapping[str, Arrays],
        target_in_BT: Tensor | None,
        with_fingerprint: bool,
        fragments_BG: Tensor | None = None,
    ) -> Predictions:
        """Predictions for one batch."""
        ...


class ObjectiveConfig(Config):
    """Weights of the parts; a part of weight 0 is not computed.

    Attributes:
        alpha: cross-entropy of SMILES tokens, mean over real tokens, in nats.
        beta: cross-entropy of fragment counts (of presence, for a binary head), mean over samples and fragments, in
            nats.
        lambda_: binary cross-entropy of fingerprint bits, mean over bits, in nats.
    """

    alpha: NonNegativeFloat = 1.0
    beta: NonNegativeFloat = 0.0
    lambda_: NonNegativeFloat = 1.0

    @property
    def wanted(self) -> Wanted:
        """Targets that a batch needs for the parts of weight above 0."""
        return Wanted(self.alpha > 0, self.lambda_ > 0, self.beta > 0)


@dataclass(frozen=True, slots=True)
class LossTotals:
    """Denominators of the means: what the global batch holds.

    Attributes:
        num_tokens: real target tokens, `<eos>` counted and `<bos>` not.
        num_samples: samples.
    """

    num_tokens: int
    num_samples: int

    @classmethod
    def of(cls, batches: Iterable[Batch]) -> LossTotals:
        """Count the batches of this rank; the totals of all ranks are their sums."""
        tokens, samples = 0, 0
        for batch in batches:
            samples += batch.num_samples
            if batch.target_BT is not None:
                tokens += int((batch.target_BT[:, 1:] != PAD).sum())
        return cls(tokens, samples)


@dataclass(frozen=True, slots=True)
class LossParts:
    """One micro-batch's share of the global means.

    Attributes:
        total: weighted sum, to be differentiated.
        smiles: cross-entropy per token; `None` at weight 0.
        fragments: loss of fragment counts; `None` at weight 0.
        fingerprint: binary cross-entropy per bit; `None` at weight 0.
    """

    total: Tensor
    smiles: Tensor | None = None
    fragments: Tensor | None = None
    fingerprint: Tensor | None = None

    def detached(self) -> dict[str, Tensor]:
        """The parts that were computed, by name, without their graph."""
        parts = {
            "total": self.total,
            "smiles": self.smiles,
            "fragments": self.fragments,
            "fingerprint": self.fingerprint,
        }
        return {name: value.detach() for name, value in parts.items() if value is not None}


class Objective:
    """The weighted loss of one micro-batch."""

    def __init__(self, config: ObjectiveConfig) -> None:
        if config.alpha == config.beta == config.lambda_ == 0:
            raise InputError("alpha = beta = lambda_ = 0", "a weight above 0", code="no_objective")
        self.config = config

    def __call__(self, model: Forward, batch: Batch, totals: LossTotals | None = None) -> LossParts:
        """Loss of `batch` as its share of a global batch that holds `totals`.

        Args:
            model: computes the predictions.
            batch: with `target_BT` where alpha > 0, `fingerprint_BF` where lambda > 0 and `fragments_BG` where
                beta > 0.
            totals: of the global batch; those of `batch` alone if `None`.

        Raises:
            InputError: a target that a weight above 0 needs is absent.
        """
        config = self.config
        totals = totals or LossTotals.of([batch])
        target_in_BT = _required(batch.target_BT, "target_BT", "alpha")[:, :-1] if config.alpha else None
        fragments_BG = _required(batch.fragments_BG, "fragments_BG", "beta") if config.beta else None
        predictions = model(batch.inputs, target_in_BT, config.lambda_ > 0, fragments_BG)

        smiles = fingerprint = fragments = None
        weighted: list[Tensor] = []
        if predictions.logits_BTV is not None:
            target_out_BT = _required(batch.target_BT, "target_BT", "alpha")[:, 1:]
            smiles = smiles_loss(predictions.logits_BTV, target_out_BT, totals.num_tokens)
            weighted.append(config.alpha * smiles)
        if predictions.fingerprint_logits_BF is not None:
            logits_BF = predictions.fingerprint_logits_BF
            true_BF = fold(_required(batch.fingerprint_BF, "fingerprint_BF", "lambda_"), logits_BF.shape[1])
            fingerprint = fingerprint_loss(logits_BF, true_BF, totals.num_samples)
            weighted.append(config.lambda_ * fingerprint)
        if predictions.fragment_loss is not None and fragments_BG is not None:
            fragments = predictions.fragment_loss / (totals.num_samples * fragments_BG.shape[1])
            weighted.append(config.beta * fragments)
        total = torch.stack(weighted).sum()
        return LossParts(total, smiles=smiles, fragments=fragments, fingerprint=fingerprint)


def smiles_loss(logits_BTV: Tensor, target_BT: Tensor, num_tokens: int) -> Tensor:
    """Summed cross-entropy of the tokens that are not `<pad>`, in nats, over `num_tokens`."""
    total = F.cross_entropy(
        logits_BTV.flatten(0, 1).float(), target_BT.flatten(), ignore_index=PAD, reduction="sum"
    )
    return total / max(num_tokens, 1)


def fingerprint_loss(logits_BF: Tensor, true_BF: Tensor, num_samples: int) -> Tensor:
    """Summed binary cross-entropy of all bits, in nats, over `num_samples` × F."""
    total = F.binary_cross_entropy_with_logits(logits_BF.float(), true_BF, reduction="sum")
    return total / (num_samples * logits_BF.shape[1])


def fold(bits_BF: Tensor, num_bits: int) -> Tensor:
    """Fingerprints folded to `num_bits`: bit j is set where any bit j + k·`num_bits` is.

    RDKit places a Morgan feature of hash h at bit h modulo the length, so this is the fingerprint that it
    would have made at that length.

    Raises:
        InputError: the length is not a multiple of `num_bits`.
    """
    length = bits_BF.shape[1]
    if length == num_bits:
        return bits_BF
    if length % num_bits:
        raise InputError(
            f"fingerprints of {length} bits",
            f"a multiple of the {num_bits} bits that the model predicts",
            hint=f"pack the samples with fingerprints of {num_bits} bits",
            code="fingerprint_length",
        )
    return bits_BF.view(len(bits_BF), -1, num_bits).amax(dim=1)


def _required(target: Tensor | None, name: str, weight: str) -> Tensor:
    if target is None:
        raise InputError(
            f"a batch without {name}",
            f"a batch with it, as objective.{weight} > 0",
            hint=f"pack the samples with it, or set objective.{weight}=0",
            code="missing_target",
        )
    return target
