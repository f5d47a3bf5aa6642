"""Hyper-parameters of training: optimiser, schedule, batch sizes, precision and rhythm."""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, NonNegativeFloat, NonNegativeInt, PositiveFloat, PositiveInt, model_validator

from molucid.config import Config
from molucid.simulate.augment import AugmentConfig

Precision = Literal["auto", "bf16", "float32"]


class TrainConfig(Config):
    """How a model is trained.

    Attributes:
        learning_rate: peak rate of AdamW.
        weight_decay: decoupled weight decay of matrices; embeddings, norms and biases have none.
        betas: AdamW's exponential decay rates.
        epochs: length of the run in passes over the data, used where `steps` is `None`.
        steps: length of the run in optimiser steps.
        warmup_steps: steps of linear warm-up from 0.
        decay: `cosine` to `min_ratio` at the last step, or `exponential` by `decay_per_epoch` each epoch.
        min_ratio: last rate over peak rate, of `cosine`.
        decay_per_epoch: factor per epoch, of `exponential`.
        clip_norm: largest L2 norm of the gradient.
        micro_batch_size: samples per forward pass on one rank.
        global_batch_size: samples per optimiser step over all ranks.
        precision: of matrix products; `auto` is bf16 on a CUDA device that has it, else float32. Parameters
            and optimiser state are float32.
        checkpoint_every: steps between checkpoints; one is written after the last step in any case.
        validate_every: steps between validations.
        augment: departures of measured from simulated spectra, drawn anew each time a sample is read; `None` for none.
        seed: of initial parameters, dropout and the order of samples.
    """

    learning_rate: PositiveFloat = 3e-4
    weight_decay: NonNegativeFloat = 0.01
    betas: tuple[float, float] = (0.9, 0.98)
    epochs: PositiveFloat = 1.0
    steps: PositiveInt | None = None
    warmup_steps: NonNegativeInt = 1000
    decay: Literal["cosine", "exponential"] = "cosine"
    min_ratio: float = Field(default=0.05, ge=0, le=1)
    decay_per_epoch: float = Field(default=0.95, gt=0, le=1)
    clip_norm: PositiveFloat = 1.0
    micro_batch_size: PositiveInt = 64
    global_batch_size: PositiveInt = 256
    precision: Precision = "auto"
    checkpoint_every: PositiveInt = 1000
    validate_every: PositiveInt = 1000
    augment: AugmentConfig | None = None
    seed: NonNegativeInt = 0

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.global_batch_size % self.micro_batch_size:
            raise ValueError(
                f"global_batch_size {self.global_batch_size} is not a multiple of "
                f"micro_batch_size {self.micro_batch_size}"
            )
        if not all(0 <= beta < 1 for beta in self.betas):
            raise ValueError(f"betas {self.betas} are not in [0, 1)")
        return self
