from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from molucid.model.batch import Memory

LETTERS = (3, 4, 5)
EOS = 2


class TableCache:
    """Keeps the prefix of every row, as a key–value cache would."""

    def __init__(self, samples: list[int], beams: int) -> None:
        self.samples = [s for s in samples for _ in range(beams)]
        self.prefixes: list[tuple[int, ...]] = [()] * len(self.samples)

    def reorder(self, source_rows_N: Tensor) -> None:
        self.prefixes = [self.prefixes[i] for i in source_rows_N.tolist()]


class TableModel:
    """An autoregressive model over 3 letters and `<eos>` whose probabilities are a known function of the prefix.

    A sample is an integer, passed as its memory; `memory_of` makes that.
    """

    vocabulary_size = 6

    def __init__(self, sharpness: float = 2.0) -> None:
        self.sharpness = sharpness

    def logits(self, sample: int, prefix: tuple[int, ...]) -> np.ndarray:
        generator = np.random.default_rng([sample, len(prefix), *prefix])
        return self.sharpness * generator.standard_normal(self.vocabulary_size)

    def log_probabilities(self, sample: int, prefix: tuple[int, ...]) -> np.ndarray:
        logits = self.logits(sample, prefix)
        return logits - math.log(np.exp(logits).sum())

    def memory_of(self, *samples: int) -> Memory:
        tokens = torch.tensor(samples, dtype=torch.float32)[:, None, None]
        mask = torch.ones(len(samples), 1, dtype=torch.bool)
        return Memory(tokens, mask, tokens[:, 0], tokens, tokens[:, 0])

    def start_cache(self, memory: Memory, beams: int, max_length: int) -> TableCache:
        return TableCache([int(s) for s in memory.tokens_BMD[:, 0, 0]], beams)

    def decode_step(self, token_N: Tensor, cache: TableCache) -> Tensor:
        cache.prefixes = [(*p, t) for p, t in zip(cache.prefixes, token_N.tolist(), strict=True)]
        rows = [self.logits(s, p[1:]) for s, p in zip(cache.samples, cache.prefixes, strict=True)]
        return torch.tensor(np.array(rows))

    def log_likelihood(self, sample: int, tokens: tuple[int, ...]) -> float:
        return sum(self.log_probabilities(sample, tokens[:i])[t] for i, t in enumerate(tokens))

    def all_strings(self, max_length: int) -> list[tuple[int, ...]]:
        """Every string of at most `max_length` tokens, `<eos>` included."""
        return [
            (*letters, EOS)
            for length in range(max_length)
            for letters in itertools.product(LETTERS, repeat=length)
        ]


@pytest.fixture
def table_model() -> Callable[..., TableModel]:
    return TableModel
