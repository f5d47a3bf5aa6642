"""Departures of measured from computed infrared spectra, drawn at random: what training on simulated spectra lacks.

Every draw is uniform in a stated range, and steps follow the light: the axis errs, bands are wider, gases of the
beam path absorb, strong bands saturate, the baseline drifts, the detector adds noise.
"""

from __future__ import annotations

from typing import Annotated

import numpy as np
from pydantic import AfterValidator, Field

from molucid.config import Config
from molucid.errors import InputError
from molucid.spectra.types import FloatArray, InfraredSpectrum

_FWHM_PER_SIGMA = 2.354820045030949  # 2 √(2 ln 2)


def _ascending(bounds: tuple[float, float]) -> tuple[float, float]:
    if bounds[0] > bounds[1]:
        raise ValueError("the lower bound comes first")
    return bounds


Range = Annotated[tuple[float, float], AfterValidator(_ascending)]
"""Lowest and highest value of a uniform draw."""

Probability = Annotated[float, Field(ge=0, le=1)]


class IrAugmentConfig(Config):
    """Ranges of the draws. `(0, 0)`, `(1, 1)` for the scale, or a probability of 0 turn a step off.

    Attributes:
        wavenumber_scale: factor on the axis; errors of harmonic wavenumbers remain after one scale for all.
        shift_cm1: added to the axis after that.
        smoothing_cm1: full width at half maximum of the Gaussian that bands are widened with.
        gas_probability: that carbon dioxide and water vapour of the beam path are seen.
        carbon_dioxide: absorbance of its strongest band at 2349 cm⁻¹, as a part of the spectrum's maximum; a negative
            one is what a background with more of the gas leaves behind.
        water_vapour: the same of water's strongest lines, from 1300 to 2000 and from 3500 to 3950 cm⁻¹.
        saturation_probability: that strong bands are flattened.
        saturation_absorbance: absorbance of the strongest band in a detector that sees stray light.
        stray_light: part of the light that reaches the detector past the sample.
        baseline_offset: constant added, as a part of the maximum.
        baseline_slope: rise from one end to the other.
        baseline_curve: height of a slow wave of one half to two periods and random phase.
        noise: standard deviation of independent noise of every point, as a part of the maximum.
    """

    wavenumber_scale: Range = (0.985, 1.015)
    shift_cm1: Range = (-8.0, 8.0)
    smoothing_cm1: Range = (0.0, 20.0)
    gas_probability: Probability = 0.3
    carbon_dioxide: Range = (-0.05, 0.15)
    water_vapour: Range = (-0.03, 0.05)
    saturation_probability: Probability = 0.2
    saturation_absorbance: Range = (1.0, 3.0)
    stray_light: Range = (0.001, 0.05)
    baseline_offset: Range = (-0.01, 0.05)
    baseline_slope: Range = (-0.05, 0.05)
    baseline_curve: Range = (0.0, 0.03)
    noise: Range = (0.0, 0.01)


def augment_ir(
    spectrum: InfraredSpectrum, config: IrAugmentConfig, rng: np.random.Generator
) -> InfraredSpectrum:
    """A copy of `spectrum` on the same axis as an instrument might have given it, with maximum 1.

    All draws are made whatever their ranges, so one range changed leaves the other effects as they were.

    Args:
        spectrum: on a uniform axis, as simulated spectra are.
        config: ranges.
        rng: source of all draws; the result is a function of the three arguments.

    Raises:
        InputError: an axis that is not uniform or has less than two points (`irregular_axis`), or a spectrum without
            a positive value (`no_absorption`).
    """
    axis = spectrum.wavenumber_cm1
    step = _step(axis)
    if not spectrum.absorbance.max(initial=0) > 0:
        raise InputError("no positive absorbance", "at least one band", code="no_absorption")
    scale, shift = rng.uniform(*config.wavenumber_scale), rng.uniform(*config.shift_cm1)
    width = rng.uniform(*config.smoothing_cm1)
    values = np.interp((axis - shift) / scale, axis, spectrum.absorbance, left=0.0, right=0.0)
    values = _widened(values, width / _FWHM_PER_SIGMA / step)
    values = values / max(float(values.max()), np.finfo(float).tiny)

    has_gas = rng.random() < config.gas_probability
    carbon_dioxide, water = rng.uniform(*config.carbon_dioxide), rng.uniform(*config.water_vapour)
    if has_gas:
        values = values + carbon_dioxide * carbon_dioxide_bands(axis) + water * water_vapour_lines(axis)

    saturates = rng.random() < config.saturation_probability
    strongest, stray_light = rng.uniform(*config.saturation_absorbance), rng.uniform(*config.stray_light)
    if saturates:
        values = _saturated(values * strongest, stray_light)
        values = values / max(float(values.max()), np.finfo(float).tiny)

    values = values + _baseline(len(axis), config, rng)
    values = values + rng.uniform(*config.noise) * rng.standard_normal(len(axis))
    return InfraredSpectrum(axis, values / max(float(values.max()), np.finfo(float).tiny))


def carbon_dioxide_bands(axis: FloatArray) -> FloatArray:
    """Carbon dioxide at low resolution with maximum 1: P and R branch around 2349 cm⁻¹ and the bend at 667 cm⁻¹."""
    branches = (
        0.88 * np.exp(-(((axis - 2338.0) / 12.0) ** 2))
        + np.exp(-(((axis - 2361.0) / 8.0) ** 2))
        + 0.5 * np.exp(-(((axis - 667.5) / 4.0) ** 2))
    )
    bands: FloatArray = branches / 1.023  # what the P branch adds at the maximum of the R branch
    return bands


def water_vapour_lines(axis: FloatArray) -> FloatArray:
    """The strongest rotation lines of water's bend and stretches at low resolution, maximum about 1."""
    shapes = np.exp(-(((axis[:, None] - _WATER_CM1[None, :]) / 3.0) ** 2))
    lines: FloatArray = shapes @ _WATER_STRENGTH
    return lines


# Positions rounded to 1 cm⁻¹ and strengths to a tenth: the pattern of a spectrometer at 4 cm⁻¹, not a line list.
_WATER = {
    1340: 0.3, 1375: 0.4, 1387: 0.4, 1396: 0.5, 1419: 0.6, 1436: 0.6, 1457: 0.8, 1473: 0.7, 1490: 0.6, 1507: 0.9,
    1521: 0.7, 1540: 0.9, 1559: 1.0, 1576: 0.7, 1617: 0.7, 1635: 0.7, 1653: 1.0, 1669: 0.7, 1684: 0.9, 1700: 0.8,
    1717: 0.8, 1734: 0.8, 1751: 0.5, 1772: 0.5, 1792: 0.4, 1829: 0.3, 1844: 0.3, 1869: 0.3, 3567: 0.4, 3587: 0.4,
    3618: 0.4, 3629: 0.5, 3649: 0.6, 3675: 0.7, 3690: 0.7, 3711: 0.6, 3735: 0.8, 3750: 0.6, 3770: 0.3, 3801: 0.6,
    3821: 0.7, 3837: 0.7, 3854: 0.9, 3870: 0.6, 3886: 0.5, 3903: 0.6, 3920: 0.3,
}  # fmt: skip
_WATER_CM1 = np.array(list(_WATER), np.float64)
_WATER_STRENGTH = np.array(list(_WATER.values()), np.float64)


def _step(axis: FloatArray) -> float:
    steps = np.diff(axis)
    if not steps.size or steps[0] <= 0 or not np.allclose(steps, steps[0], rtol=1e-3):
        raise InputError(
            f"an axis of {len(axis)} points that is not uniform",
            "points at equal distances",
            hint="bring the spectrum to IR_GRID with infrared_on_grid",
            code="irregular_axis",
        )
    return float(steps[0])


def _widened(values: FloatArray, sigma_points: float) -> FloatArray:
    """Convolution with a Gaussian of unit area, 0 beyond the ends."""
    if sigma_points < 0.1:  # narrower than the points can show
        return values
    reach = min(int(np.ceil(4 * sigma_points)), (len(values) - 1) // 2)
    kernel = np.exp(-0.5 * (np.arange(-reach, reach + 1) / sigma_points) ** 2)
    widened: FloatArray = np.convolve(values, kernel / kernel.sum(), mode="same")
    return widened


def _saturated(absorbance: FloatArray, stray_light: float) -> FloatArray:
    """What a detector reads that also gets a constant part of the light past the sample."""
    transmittance = 10.0 ** -np.maximum(absorbance, -1.0)
    read: FloatArray = -np.log10((transmittance + stray_light) / (1 + stray_light))
    return read


def _baseline(num_points: int, config: IrAugmentConfig, rng: np.random.Generator) -> FloatArray:
    place = np.linspace(-0.5, 0.5, num_points)
    offset, slope = rng.uniform(*config.baseline_offset), rng.uniform(*config.baseline_slope)
    height, periods, phase = (
        rng.uniform(*config.baseline_curve),
        rng.uniform(0.5, 2.0),
        rng.uniform(0, 2 * np.pi),
    )
    baseline: FloatArray = offset + slope * place + height * np.sin(2 * np.pi * periods * place + phase)
    return baseline
