"""The learning rate of a step in closed form, so that a resumed run needs no schedule state."""

from __future__ import annotations

import math

from molucid.train.config import TrainConfig


def total_steps(config: TrainConfig, num_samples: int) -> int:
    """Optimiser steps of a run over a data set of `num_samples`; a last partial step counts."""
    if config.steps is not None:
        return config.steps
    return max(1, math.ceil(config.epochs * num_samples / config.global_batch_size))


def learning_rate(config: TrainConfig, step: int, num_steps: int, num_samples: int) -> float:
    """Rate of optimiser step `step` (0 for the first) in a run of `num_steps` over `num_samples` per epoch.

    Linear warm-up reaches the peak at step `warmup_steps` - 1 (a warm-up longer than the run is cut to half
    of it). Then, with progress p from 0 at the end of the warm-up to 1 at the last step, the cosine is
    min + (1 − min)(1 + cos πp)/2 (Loshchilov and Hutter 2017, eq. 5, one cycle), and the exponential is
    `decay_per_epoch` to the power of the epochs completed, as `ExponentialLR` stepped once an epoch.
    """
    warmup = min(config.warmup_steps, num_steps // 2)
    if step < warmup:
        return config.learning_rate * (step + 1) / warmup
    if config.decay == "exponential":
        epochs_completed = step * config.global_batch_size // num_samples
        return config.learning_rate * config.decay_per_epoch**epochs_completed
    progress = (step - warmup) / max(num_steps - 1 - warmup, 1)
    cosine = 0.5 * (1 + math.cos(math.pi * min(progress, 1.0)))
    return config.learning_rate * (config.min_ratio + (1 - config.min_ratio) * cosine)
