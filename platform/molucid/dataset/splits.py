"""Splits by molecule: every spectrum of one connectivity falls into one fold.

The fold of a molecule depends on its InChIKey first block and the seed only, so it stays the same when a
corpus grows, is re-ordered, or is sharded in another way.
"""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field, model_validator

from molucid.config import Config

Fold = Literal["train", "val", "test"]


class SplitConfig(Config):
    """Expected shares of the molecules; what `val` and `test` leave is `train`."""

    val_fraction: float = Field(default=0.05, ge=0, lt=1)
    test_fraction: float = Field(default=0.05, ge=0, lt=1)
    seed: int = 0

    @model_validator(mode="after")
    def _leaves_training_molecules(self) -> SplitConfig:
        if self.val_fraction + self.test_fraction >= 1:
            raise ValueError("val_fraction + test_fraction must stay below 1")
        return self


def fold_of(inchikey14: str, config: SplitConfig) -> Fold:
    """Tell the fold of the molecule with this InChIKey first block."""
    digest = hashlib.blake2b(f"molucid.split.1:{config.seed}:{inchikey14}".encode(), digest_size=8).digest()
    uniform = int.from_bytes(digest, "big") / 2**64
    if uniform < config.test_fraction:
        return "test"
    if uniform < config.test_fraction + config.val_fraction:
        return "val"
    return "train"
