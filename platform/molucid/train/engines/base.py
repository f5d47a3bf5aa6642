"""The contract of an engine: what runs one optimisation step and keeps its state on disk."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from torch import Tensor

from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.train.metrics import StepMetrics


class Engine(Protocol):
    """One optimiser around one model, in one process or many.

    All engines give identical losses for the same global batch, however it is split over micro-batches and
    ranks (see `molucid.model.objective.LossTotals`); a test holds them to it. An engine keeps no schedule:
    the loop says the learning rate of each step.

    Attributes:
        model: the model; its own `state_dict` may be sharded, so use `weights`.
        rank: of this process.
        world_size: number of processes.
    """

    model: Molucid
    rank: int
    world_size: int

    def train_step(self, micro_batches: Sequence[Batch], learning_rate: float) -> StepMetrics:
        """One optimiser step over the gradient-accumulation micro-batches of this rank.

        Every rank calls it with the same number of micro-batches, on any device; the numbers returned are
        those of the global batch on every rank. A loss that is not finite raises `FloatingPointError`, before
        any parameter changes.
        """
        ...

    def validate(self, batches: Iterable[Batch]) -> Mapping[str, float]:
        """Means of the loss parts over `batches` of all ranks, in evaluation mode; all ranks call it."""
        ...

    def save(self, folder: Path) -> None:
        """Write this rank's engine state (parameters, optimiser) below `folder`; all ranks call it."""
        ...

    def load(self, folder: Path) -> None:
        """Restore what `save` wrote, on the same or another number of ranks; all ranks call it."""
        ...

    def weights(self) -> dict[str, Tensor]:
        """Full float32 parameters by name on rank 0 (an empty dict elsewhere); all ranks call it."""
        ...

    def barrier(self) -> None:
        """Wait for all ranks."""
        ...
