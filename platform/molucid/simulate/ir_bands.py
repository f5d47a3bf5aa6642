"""Infrared lines as a spectrum: every line becomes a Lorentzian, and the spectrum is scaled to a maximum of 1."""

from __future__ import annotations

import math

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.errors import InputError
from molucid.spectra.grids import IR_GRID
from molucid.spectra.types import FloatArray, InfraredSpectrum


class BroadeningConfig(Config):
    """How computed lines are drawn.

    Attributes:
        frequency_scale: harmonic wavenumbers are multiplied by it; 0.98 fits GFN2-xTB to measured gas spectra.
        width_cm1: full width at half maximum of a line in cm⁻¹.
    """

    frequency_scale: float = Field(default=0.98, ge=0.8, le=1.2)
    width_cm1: float = Field(default=20.0, ge=2, le=200)


def lorentz(distance_cm1: FloatArray, width_cm1: float) -> FloatArray:
    """Lorentzian of unit area in cm at these distances from its centre; any shape.

    Args:
        distance_cm1: in cm⁻¹.
        width_cm1: full width at half maximum in cm⁻¹.
    """
    half = width_cm1 / 2
    values: FloatArray = half / math.pi / (distance_cm1**2 + half**2)
    return values


def absorption_on_grid(
    wavenumber_cm1: FloatArray, intensity_km_mol: FloatArray, config: BroadeningConfig
) -> FloatArray:
    """Sum of the lines on `IR_GRID` in km mol⁻¹ per cm⁻¹; float64 `[IR_GRID.num_points]`.

    Lines outside the grid lend it their wings.

    Args:
        wavenumber_cm1: harmonic, not yet scaled; `[lines]`.
        intensity_km_mol: integrated intensities ≥ 0; `[lines]`.
        config: scale and width.
    """
    centres = config.frequency_scale * np.asarray(wavenumber_cm1, np.float64)
    shapes = lorentz(IR_GRID.axis[:, None] - centres[None, :], config.width_cm1)
    total: FloatArray = shapes @ np.asarray(intensity_km_mol, np.float64)
    return total


def normalised_spectrum(absorption: FloatArray) -> InfraredSpectrum:
    """The spectrum on `IR_GRID` with maximum 1; its absorbance has no unit.

    Raises:
        InputError: nothing absorbs (`no_absorption`).
    """
    highest = float(absorption.max())
    if highest <= 0:
        raise InputError("no absorption from 400 to 3998 cm⁻¹", "at least one band", code="no_absorption")
    return InfraredSpectrum(IR_GRID.axis, absorption / highest)
