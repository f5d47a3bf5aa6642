"""What searches share: the model they step, the strings they finish, the formulas that guide them."""

from __future__ import annotations

import bisect
from dataclasses import dataclass
from typing import Literal, Protocol

import torch
from torch import Tensor

from molucid.chem.tokens import BOS, EOS, PAD
from molucid.generate.constraint import FormulaConstraint
from molucid.generate.smiles_state import SmilesState
from molucid.model.batch import Memory
from molucid.model.cache import DecoderCache

__all__ = ["BOS", "EOS", "PAD"]

ScoreKind = Literal["mean", "sum"]


class StepwiseModel(Protocol):
    """A decoder that writes one token per row and call; `Molucid` is one."""

    def start_cache(self, memory: Memory, beams: int, max_length: int) -> DecoderCache:
        """A cache for `beams` rows per sample."""
        ...

    def decode_step(self, token_N: Tensor, cache: DecoderCache) -> Tensor:
        """Logits `[N, V]` after one more token per row."""
        ...


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """A finished string.

    Attributes:
        token_ids: its tokens without `<bos>`, `<eos>` included.
        log_likelihood: sum of their natural-log probabilities under the model.
    """

    token_ids: tuple[int, ...]
    log_likelihood: float

    def score(self, kind: ScoreKind) -> float:
        """What hypotheses compete by: the log-likelihood, or its mean over tokens."""
        return self.log_likelihood / len(self.token_ids) if kind == "mean" else self.log_likelihood


class Pool:
    """The best finished hypotheses of one sample; equal scores are ordered by their tokens."""

    def __init__(self, capacity: int, kind: ScoreKind) -> None:
        self.capacity, self.kind = capacity, kind
        self._entries: list[tuple[float, tuple[int, ...], float]] = []

    def add(self, hypothesis: Hypothesis) -> None:
        """Keep `hypothesis` if it is among the best."""
        entry = (-hypothesis.score(self.kind), hypothesis.token_ids, hypothesis.log_likelihood)
        bisect.insort(self._entries, entry)
        del self._entries[self.capacity :]

    def cannot_improve(self, best_log_likelihood: float, max_length: int) -> bool:
        """Whether no unfinished hypothesis can still enter.

        A log-likelihood only falls, and no string is longer than `max_length`: this is the best score that a
        hypothesis with `best_log_likelihood` so far can end with, so that stopping here loses nothing.
        """
        if len(self._entries) < self.capacity:
            return False
        bound = best_log_likelihood / max_length if self.kind == "mean" else best_log_likelihood
        return bound < -self._entries[-1][0]

    def hypotheses(self) -> tuple[Hypothesis, ...]:
        """All that were kept, best first."""
        return tuple(Hypothesis(tokens, total) for _, tokens, total in self._entries)


@dataclass(frozen=True, slots=True)
class Guide:
    """The formula constraint of each sample of a batch.

    Attributes:
        constraint: the state machine; `None` if no sample has a constraint.
        roots: the empty prefix of each sample; `None` where the sample is free, or where nothing can be
            written.
        free: samples without a constraint.
    """

    constraint: FormulaConstraint | None
    roots: tuple[SmilesState | None, ...]
    free: tuple[bool, ...]

    def usable_tokens(self, vocabulary_size: int) -> Tensor:
        """Tokens that can stand in any string of each sample, `[B, V]`; `<pad>` and `<bos>` never can."""
        usable_BV = torch.zeros(len(self.roots), vocabulary_size, dtype=torch.bool)
        for row, root, free in zip(usable_BV, self.roots, self.free, strict=True):
            if free:
                row[:] = True
            elif root is not None:
                row[list(root.usable)] = True
        usable_BV[:, [PAD, BOS]] = False
        return usable_BV

    def may_start(self, sample: int) -> bool:
        """Whether there is anything to search for."""
        return self.free[sample] or self.roots[sample] is not None

    def advance(
        self, sample: int, state: SmilesState | None, token_id: int
    ) -> tuple[bool, SmilesState | None]:
        """Whether `token_id` may follow, and the state after it."""
        if self.free[sample]:
            return True, None
        if state is None or self.constraint is None:
            return False, None
        new = self.constraint.advance(state, token_id)
        return new is not None, new


def unguided(num_samples: int) -> Guide:
    """A guide that lets everything pass."""
    return Guide(None, (None,) * num_samples, (True,) * num_samples)
