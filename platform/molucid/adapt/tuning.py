"""Gradient steps at test time: the part of tuning that needs torch only.

Sequential mode is that of arXiv 2510.23746 as released: AdamW without weight decay, gradients clipped at
norm 1, the learning rate multiplied by a constant after each step. Per-cluster mode takes its steps from the
base weights.
"""

from __future__ import annotations

from typing import Literal

import torch
from pydantic import Field, PositiveFloat, PositiveInt

from molucid.config import Config
from molucid.model.assembled import Molucid
from molucid.model.batch import Batch
from molucid.model.objective import Objective

Mode = Literal["sequential", "per_cluster"]


class SequentialConfig(Config):
    """One model, one pass over the clusters, never reset; the final model decodes everything.

    Attributes:
        num_clusters: clusters of the batch, hence optimiser steps; no more than there are distinct spectra
            are made.
        refresh_every: steps after which the predicted fingerprints of the batch and of the training samples
            are renewed.
        decay_per_step: factor on the learning rate after each step.
    """

    num_clusters: PositiveInt = 500
    refresh_every: PositiveInt = 50
    decay_per_step: float = Field(default=0.995, gt=0, le=1)


class PerClusterConfig(Config):
    """Each cluster starts from the base weights and decodes its own spectra only.

    Attributes:
        spectra_per_cluster: mean size of a cluster: the batch is cut into spectra / spectra_per_cluster
            clusters, rounded up.
        steps_per_cluster: optimiser steps per cluster.
        neighbours_per_cluster: training samples retrieved per cluster; the steps' batches are drawn from them
            in turn.
    """

    spectra_per_cluster: PositiveInt = 8
    steps_per_cluster: PositiveInt = 8
    neighbours_per_cluster: PositiveInt = 128


class TuneConfig(Config):
    """Test-time tuning.

    Attributes:
        mode: `sequential` is the paper's; `per_cluster` is isolated per cluster and runs on many actors.
        selection: training samples of a cluster: its nearest neighbours, or as many drawn at random, which is
            the control.
        batch_size: training samples per optimiser step.
        learning_rate: AdamW's learning rate at the first step.
        clip_norm: gradients are scaled down to this global norm.
        dark_below_cosine: a cluster whose nearest training sample has a smaller cosine is dark: the base model
            decodes it.
        kmeans_iterations: Lloyd iterations of the clustering.
        sequential: what only the sequential mode reads.
        per_cluster: what only the per-cluster mode reads.
    """

    mode: Mode = "sequential"
    selection: Literal["nearest", "random"] = "nearest"
    batch_size: PositiveInt = 64
    learning_rate: PositiveFloat = 5e-5
    clip_norm: PositiveFloat = 1.0
    dark_below_cosine: float = Field(default=0.5, ge=0, le=1)
    kmeans_iterations: PositiveInt = 200
    sequential: SequentialConfig = SequentialConfig()
    per_cluster: PerClusterConfig = PerClusterConfig()


class Tuner:
    """An optimiser around one replica of the model; changes the replica in place."""

    def __init__(
        self, model: Molucid, objective: Objective, config: TuneConfig, decay_per_step: float, seed: int
    ) -> None:
        self.model, self.objective, self.config = model, objective, config
        self._optimizer = torch.optim.AdamW(model.parameters(), lr=config.learning_rate, weight_decay=0.0)
        self._schedule = torch.optim.lr_scheduler.ExponentialLR(self._optimizer, decay_per_step)
        self._seed = seed
        self.losses: list[float] = []

    def step(self, batch: Batch) -> float:
        """One optimiser step on training samples with their true structures; returns the loss before it."""
        # Dropout must not depend on what this process computed before: same batch and seed, same weights.
        torch.manual_seed(self._seed + len(self.losses))
        self.model.train()
        loss = self.objective(self.model, batch.to(self.model.device)).total
        self._optimizer.zero_grad(set_to_none=True)
        loss.backward()  # type: ignore[no-untyped-call]  # torch ships this method without annotations
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), self.config.clip_norm)
        self._optimizer.step()
        self._schedule.step()
        self.model.eval()
        self.losses.append(float(loss.detach()))
        return self.losses[-1]
