"""From a free induction decay to a spectrum: apodisation, zero filling, Fourier transform, phase.

The plain route for data that nobody processed. A spectrum that the spectroscopist processed is better and is
preferred by the readers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molucid.config import Config
from molucid.errors import InputError
from molucid.spectra.types import FloatArray, Nucleus

ComplexArray = NDArray[np.complex128]


class FidConfig(Config):
    """How a decay is processed."""

    h_line_broadening_hz: float = Field(default=0.3, ge=0, description="exponential apodisation of ¹H")
    c_line_broadening_hz: float = Field(default=1.0, ge=0, description="exponential apodisation of ¹³C")
    zero_fill_factor: int = Field(
        default=2,
        ge=1,
        le=8,
        description="points of the spectrum over points of the decay, then to a power of two",
    )
    min_points: int = Field(default=128, gt=1, description="complex points that a decay must have")


def transformed(
    decay: ComplexArray, spectral_width_hz: float, nucleus: Nucleus, config: FidConfig
) -> ComplexArray:
    """The spectrum of a decay, not yet phased, from the lowest frequency to the highest.

    Args:
        decay: complex points `[points]`, sampled at `spectral_width_hz`, a line at +f as exp(2πi·f·t).
        spectral_width_hz: sampling rate.
        nucleus: decides the apodisation.
        config: the rest.

    Returns:
        `[points of the spectrum]`, point k at the frequency (k/n − 1/2) · width.

    Raises:
        InputError: too few points, or a decay of zeros only (`all_zero`).
    """
    if len(decay) < config.min_points:
        raise InputError(
            f"a decay of {len(decay)} complex points",
            f"at least {config.min_points}",
            hint="the file is cut off; copy it again",
            code="too_few_points",
        )
    if not np.abs(decay).max() > 0:
        raise InputError(
            "a decay of zeros only", "a signal", hint="check that the acquisition was run", code="all_zero"
        )
    broadening = config.h_line_broadening_hz if nucleus == "1H" else config.c_line_broadening_hz
    time_s = np.arange(len(decay)) / spectral_width_hz
    weighted = decay * np.exp(-np.pi * broadening * time_s)
    # The first point belongs to t = 0 and counts by half, else every line stands on a pedestal.
    weighted[0] *= 0.5
    size = 1 << (config.zero_fill_factor * len(decay) - 1).bit_length()
    return np.asarray(np.fft.fftshift(np.fft.fft(weighted, size)), np.complex128)


def phased(spectrum: ComplexArray) -> FloatArray:
    """Real part after the zero-order phase at which the lines are absorptive and positive.

    The phase is the one of least entropy of the derivative with a penalty for what is negative (ACME: Chen et al.,
    J. Magn. Reson. 2002, 158, 164), searched on a grid of 5° and refined around its best place. Both measures are taken
    on the points that stand out, so that noise does not decide.
    """
    scaled = spectrum / np.abs(spectrum).max()
    candidates = np.deg2rad(np.arange(0.0, 360.0, 5.0))
    step = candidates[1]
    best = 0.0
    for _ in range(4):
        scores = [_disorder((scaled * np.exp(1j * angle)).real) for angle in candidates]
        best = float(candidates[int(np.argmin(scores))])
        candidates = best + np.linspace(-step, step, 11)
        step /= 5
    return np.asarray((spectrum * np.exp(1j * best)).real, np.float64)


def _disorder(real: FloatArray) -> float:
    """Entropy of the derivative, relative to its largest value, and the share of the squares that is negative."""
    slope = np.abs(np.diff(real))
    share = slope / max(float(slope.sum()), 1e-300)
    entropy = -float(np.sum(share * np.log(np.maximum(share, 1e-300))))
    negative = np.minimum(real, 0.0)
    scale = float(np.log(len(real)))
    return entropy / scale + float(np.sum(negative**2)) / max(float(np.sum(real**2)), 1e-300)
