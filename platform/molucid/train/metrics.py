"""Numbers of one optimisation step: what an engine returns, and what the loop makes of it for its hooks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass


@dataclass(frozen=True, slots=True)
class StepMetrics:
    """One optimiser step of the global batch, as an engine measured it.

    Attributes:
        losses: global means by part: `total` and those of `smiles`, `fragments`, `fingerprint` that are
            computed.
        num_samples: samples of all ranks and micro-batches.
        num_tokens: real target tokens of the same.
        grad_norm: L2 norm of the gradient of all parameters before clipping.
    """

    losses: Mapping[str, float]
    num_samples: int
    num_tokens: int
    grad_norm: float


@dataclass(frozen=True, slots=True)
class StepReport:
    """One step as the loop reports it.

    Attributes:
        step: number of optimiser steps taken, this one included.
        total_steps: steps of the whole run.
        position: samples consumed since the run began, over all ranks.
        epoch: passes over the data, as a fraction.
        metrics: the engine's numbers.
        learning_rate: of this step.
        loader_seconds: time this rank waited for its micro-batches.
        step_seconds: time of the optimiser step without that wait.
        samples_per_second: of all ranks, from both times.
        tokens_per_second: target tokens of all ranks, from both times.
        remaining_seconds: expected time to the last step, from the mean step time of this process.
        validation: means over the validation data, if they were measured after this step.
    """

    step: int
    total_steps: int
    position: int
    epoch: float
    metrics: StepMetrics
    learning_rate: float
    loader_seconds: float
    step_seconds: float
    samples_per_second: float
    tokens_per_second: float
    remaining_seconds: float
    validation: Mapping[str, float] | None = None

    def flat(self) -> dict[str, float]:
        """All numbers under one flat set of names, for a metrics file or a board."""
        row = {k: v for k, v in asdict(self).items() if isinstance(v, int | float)}
        row |= {f"loss/{name}": value for name, value in self.metrics.losses.items()}
        row |= {
            "num_samples": self.metrics.num_samples,
            "num_tokens": self.metrics.num_tokens,
            "grad_norm": self.metrics.grad_norm,
        }
        row |= {f"validation/{name}": value for name, value in (self.validation or {}).items()}
        return row
