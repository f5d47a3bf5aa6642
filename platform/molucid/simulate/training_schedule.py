"""The course of the learning rate over a training of this room's networks."""

from __future__ import annotations

import math

_FLOOR = 0.003  # what is left of the peak at the last step


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
