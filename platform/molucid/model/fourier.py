"""Sinusoidal features of a number at many wavelengths, precise enough for accurate masses."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor, nn


class FourierFeatures(nn.Module):
    """`x` → sin and cos of 2πx/λ for geometrically spaced wavelengths λ (Voronov et al. 2022, for m/z).

    The phase is reduced modulo one turn in float64: at m/z 1000 and λ = 1 mDa a float32 phase would be off by
    a tenth of a turn. Only then does it become float32.

    Args:
        min_wavelength: shortest wavelength, in units of `x`.
        max_wavelength: longest.
        num_wavelengths: K; the features have width 2K.
    """

    def __init__(self, min_wavelength: float, max_wavelength: float, num_wavelengths: int) -> None:
        super().__init__()
        # Constants, not a buffer: `.to(bfloat16)` must not round them.
        self._wavelengths = np.geomspace(min_wavelength, max_wavelength, num_wavelengths).tolist()
        self.width = 2 * num_wavelengths

    def forward(self, x: Tensor) -> Tensor:
        """Features of numbers of any shape, float32 with a last dimension of `width`."""
        wavelengths_K = torch.tensor(self._wavelengths, dtype=torch.float64, device=x.device)
        turns = x.double()[..., None] / wavelengths_K
        phase = (2 * math.pi) * (turns - turns.floor()).float()
        return torch.cat([phase.sin(), phase.cos()], dim=-1)
