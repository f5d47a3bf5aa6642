"""The contract of an engine: what runs one optimisation step and keeps its state on disk."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.train.metrics import StepMetrics


class Engine(Protocol):
    """One optimiser around one model, in one process or many.

    All engines give identical losses for the same global batch; a test holds them to it.
    """

    model: Molucid

    def train_step(self, micro_batches: list[Batch]) -> StepMetrics:
        """One optimiser step over the gradient-accumulation micro-batches of this rank.

        Every rank calls it with the same number of micro-batches; losses are averaged over samples of all ranks.
        """
        ...

    def save(self, folder: Path) -> None:
        """Write this rank's engine shards (parameters, optimiser, schedule) below `folder`; all ranks call it."""
        ...

    def load(self, folder: Path) -> None:
        """Restore what `save` wrote, on the same or another number of ranks; all ranks call it."""
        ...

    def weights(self) -> dict[str, "object"]:
        """Full float32 parameters by name on rank 0 (an empty dict elsewhere); all ranks call it."""
        ...
