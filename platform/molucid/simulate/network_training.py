"""What the trainings of this room's networks have in common: settings, optimiser, report."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from molucid.config import Config

_FLOOR = 0.003  # what is left of the peak learning rate at the last step


class NetworkTrainingConfig(Config):
    """How a network is fitted; each network's own config adds its sizes and changes what differs.

    Attributes:
        seed: of everything random.
        learning_rate: peak of the cosine schedule.
        warmup_fraction: part of all steps in which the learning rate rises linearly.
        weight_decay: of AdamW.
        max_gradient_norm: gradients are clipped to it.
    """

    seed: int = 0
    learning_rate: float = Field(default=2e-3, gt=0)
    warmup_fraction: float = Field(default=0.03, ge=0, lt=1)
    weight_decay: float = Field(default=1e-4, ge=0)
    max_gradient_norm: float = Field(default=1.0, gt=0)


@dataclass(frozen=True, slots=True)
class EpochReport:
    """State after one epoch: number from 1, mean loss, seconds since the start."""

    epoch: int
    loss: float
    elapsed_s: float


class NetworkTraining:
    """AdamW with clipped gradients under a learning rate that rises and falls once."""

    def __init__(self, network: nn.Module, config: NetworkTrainingConfig, num_steps: int) -> None:
        """Start at the first of `num_steps`; steps beyond the last are taken at its rate."""
        self._parameters = list(network.parameters())
        self._config = config
        self._num_steps = num_steps
        self._optimizer = torch.optim.AdamW(
            self._parameters, lr=config.learning_rate, weight_decay=config.weight_decay
        )
        self._step = 0
        self._losses: list[float] = []
        self._start = time.monotonic()

    def step(self, loss: Tensor) -> None:
        """One step down the gradient of a loss; `[]`."""
        factor = learning_rate_factor(min(self._step / self._num_steps, 1.0), self._config.warmup_fraction)
        for group in self._optimizer.param_groups:
            group["lr"] = self._config.learning_rate * factor
        self._optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships it without annotations
        nn.utils.clip_grad_norm_(self._parameters, self._config.max_gradient_norm)
        self._optimizer.step()
        self._step += 1
        self._losses.append(loss.item())

    def end_epoch(self, epoch: int) -> EpochReport:
        """The mean loss of the steps since the last call."""
        losses, self._losses = self._losses, []
        return EpochReport(epoch, float(np.mean(losses)), time.monotonic() - self._start)


def learning_rate_factor(progress: float, warmup_fraction: float) -> float:
    """Factor of the peak learning rate: a linear rise, then half a cosine down to the floor.

    After the rise it is (1 + cos πp)/2 + 0.003 with p from 0 to 1 (Loshchilov and Hutter 2017, eq. 5, one cycle).

    Args:
        progress: steps done over all steps, 0 to 1.
        warmup_fraction: part of all steps in which it rises from 0, below 1.
    """
    if progress < warmup_fraction:
        return progress / warmup_fraction
    return 0.5 * (1 + math.cos(math.pi * (progress - warmup_fraction) / (1 - warmup_fraction))) + _FLOOR
