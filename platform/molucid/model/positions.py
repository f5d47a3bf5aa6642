"""Positions of tokens: absolute sinusoids to add, and rotations of queries and keys.

Shapes: T positions, D width, d width of one head, H heads, R any leading dimensions.
"""

from __future__ import annotations

import torch
from torch import Tensor

_BASE = 10000.0


def sinusoidal(position_R: Tensor, width: int) -> Tensor:
    """Absolute position vectors `[R, width]`: sines, then cosines (Vaswani et al. 2017, section 3.5)."""
    angle = _angles(position_R, width)
    return torch.cat([angle.sin(), angle.cos()], dim=-1)


def rotation(position_T: Tensor, head_width: int) -> tuple[Tensor, Tensor]:
    """Cosine and sine `[T, d/2]` that `rotate` needs for these positions."""
    angle = _angles(position_T, head_width)
    return angle.cos(), angle.sin()


def rotate(x_BHTd: Tensor, cos_sin: tuple[Tensor, Tensor]) -> Tensor:
    """Turn each pair (i, i + d/2) of a head by its position's angle (Su et al. 2021, eq. 34)."""
    cos, sin = cos_sin
    first, second = x_BHTd.chunk(2, dim=-1)
    turned = torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
    return turned.to(x_BHTd.dtype)


def _angles(position_R: Tensor, width: int) -> Tensor:
    half = width // 2
    frequency = _BASE ** (-torch.arange(half, device=position_R.device, dtype=torch.float32) / half)
    return position_R[..., None].float() * frequency
