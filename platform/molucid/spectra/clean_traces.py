"""Clean-up of infrared spectra and of NMR traces and lists: what cannot be what it claims to be is rejected by name.

Baselines stay as they are; the largest absolute value of a trace becomes 1. Which shifts a list may hold is checked
where it is read, by `molucid.spectra.nmr_window`.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from pydantic import Field

from molucid.config import Config
from molucid.errors import InputError
from molucid.spectra.grids import IR_GRID, NMR_GRIDS, Grid
from molucid.spectra.types import FloatArray, InfraredSpectrum, NmrPeaks, NmrSpectrum


class TraceConfig(Config):
    """What a trace or list must be to be kept."""

    min_points: int = Field(default=64, gt=1, description="points of a trace within the window of its model")
    min_ir_range_cm1: float = Field(
        default=1000.0, gt=0, description="part of 400–3998 1/cm that must be measured"
    )
    min_h_range_ppm: float = Field(default=4.0, gt=0, description="part of −2–10 ppm that must be measured")
    min_c_range_ppm: float = Field(
        default=100.0, gt=0, description="part of −20–230 ppm that must be measured"
    )
    h_axis_ppm: tuple[float, float] = Field(
        default=(-20.0, 40.0), description="ends of the widest ¹H trace; beyond is another nucleus, or Hz"
    )
    c_axis_ppm: tuple[float, float] = Field(
        default=(-150.0, 400.0), description="ends of the widest ¹³C trace"
    )
    max_h_negative: float = Field(
        default=0.5, gt=0, description="depth of the deepest ¹H point over the height of the highest"
    )
    max_ir_negative: float = Field(
        default=0.5, gt=0, description="depth of the deepest absorbance over the height of the highest"
    )
    max_ir_median: float = Field(
        default=0.8,
        gt=0,
        le=1,
        description="place of the median absorbance between the smallest and the largest",
    )


def clean_infrared(spectrum: InfraredSpectrum, config: TraceConfig) -> InfraredSpectrum:
    """The spectrum with its largest absolute absorbance at 1.

    Raises:
        InputError: no points or all zero, an axis that is no wavenumber, too little of the window, or bands that point
            downwards, as those of transmittance do.
    """
    x, y = spectrum.wavenumber_cm1, spectrum.absorbance
    _require_signal(y)
    _require_wavenumbers(x)
    _require_window(x, IR_GRID, config.min_ir_range_cm1, "1/cm", config)
    if -y.min() > config.max_ir_negative * max(float(y.max()), 0.0):
        raise InputError(
            f"an absorbance from {y.min():g} to {y.max():g}",
            "bands that point upwards",
            hint="is it transmittance? name its unit; else export without baseline correction",
            code="negative_absorbance",
        )
    # Bands stand on a baseline; of measured absorbances the median lies in the lower half, of transmittances above.
    lowest, highest = float(y.min()), float(y.max())
    if float(np.median(y)) - lowest > config.max_ir_median * (highest - lowest):
        raise InputError(
            f"an absorbance that is mostly high, with a median of {np.median(y):g} between {lowest:g} and {highest:g}",
            "bands above a baseline",
            hint="is it transmittance? name its unit: YUNITS=TRANSMITTANCE, or % TRANSMITTANCE for percent",
            code="upside_down",
        )
    return replace(spectrum, absorbance=y / np.abs(y).max())


def clean_nmr_trace(spectrum: NmrSpectrum, config: TraceConfig) -> NmrSpectrum:
    """The trace with its largest absolute intensity at 1.

    Only ¹H is held to lines that point upwards. Edited ¹³C spectra are refused where they are read, if the file names
    the pulse program (`molucid.spectra.pulse_programs`).

    Raises:
        InputError: no points or all zero, an axis that is not in ppm or of another nucleus (`outside_window`), too
            little of the window, or a ¹H spectrum whose lines are not in phase.
    """
    x, y = spectrum.shift_ppm, spectrum.intensity
    _require_signal(y)
    is_h = spectrum.nucleus == "1H"
    low, high = config.h_axis_ppm if is_h else config.c_axis_ppm
    if x[0] < low or x[-1] > high:
        raise InputError(
            f"a {spectrum.nucleus} axis from {x[0]:g} to {x[-1]:g} ppm",
            f"one within {low:g} to {high:g} ppm",
            hint=f"correct the nucleus if it is {'13C' if is_h else '19F or 31P'}, or the unit if it is Hz",
            code="outside_window",
        )
    min_range = config.min_h_range_ppm if is_h else config.min_c_range_ppm
    _require_window(x, NMR_GRIDS[spectrum.nucleus], min_range, "ppm", config)
    if is_h and -y.min() > config.max_h_negative * max(float(y.max()), 0.0):
        raise InputError(
            f"intensities from {y.min():g} to {y.max():g}",
            "lines in phase, which point upwards",
            hint="correct the phase and export again",
            code="negative_lines",
        )
    return replace(spectrum, intensity=y / np.abs(y).max())


def clean_nmr_peaks(peaks: NmrPeaks) -> NmrPeaks:
    """The list as it is.

    Raises:
        InputError: an empty list (`no_peaks`).
    """
    if not peaks.shift_ppm.size:
        raise InputError(
            f"an empty {peaks.nucleus} list",
            "at least one shift",
            hint="list the shifts, or leave the list out",
            code="no_peaks",
        )
    return peaks


def _require_signal(y: FloatArray) -> None:
    if not y.size:
        raise InputError(
            "a spectrum without points", "at least two points", hint="export the trace", code="no_points"
        )
    if not np.any(y):
        raise InputError(
            f"{y.size} points that are all zero",
            "a signal",
            hint="export the spectrum again",
            code="all_zero",
        )
    if y.max() == y.min():
        raise InputError(
            f"{y.size} points that are all {y[0]:g}",
            "a signal",
            hint="export the spectrum again",
            code="all_equal",
        )


def _require_wavenumbers(x: FloatArray) -> None:
    """Refuse numbers that are the order of the points, or a wavelength."""
    if x.size > 2 and x[0] in (0.0, 1.0) and (np.diff(x) == 1.0).all():
        got, hint = f"an axis that counts {x[0]:g}, {x[1]:g}, {x[2]:g} …", "export the wavenumbers, too"
    elif x[-1] <= 200:
        got = f"an axis from {x[0]:g} to {x[-1]:g}"
        hint = "is it in µm? name the unit: XUNITS=MICROMETERS, or a header with µm"
    elif x[0] >= 2000 and x[-1] > 14000:
        got = f"an axis from {x[0]:g} to {x[-1]:g}"
        hint = "is it in nm? name the unit: XUNITS=NANOMETERS, or a header with nm"
    else:
        return
    raise InputError(got, "wavenumbers in 1/cm, e.g. 400 to 4000", hint=hint, code="wrong_ir_axis")


def _require_window(x: FloatArray, grid: Grid, min_range: float, unit: str, config: TraceConfig) -> None:
    measured = min(float(x[-1]), grid.last) - max(float(x[0]), grid.first)
    if measured < min_range:
        raise InputError(
            f"an axis from {x[0]:g} to {x[-1]:g} {unit}",
            f"at least {min_range:g} {unit} between {grid.first:g} and {grid.last:g}",
            hint="export the whole spectrum, or correct the axis or the nucleus",
            code="outside_window" if measured <= 0 else "narrow_window",
        )
    num_points = int(((x >= grid.first) & (x <= grid.last)).sum())
    if num_points < config.min_points:
        raise InputError(
            f"{num_points} points between {grid.first:g} and {grid.last:g} {unit}",
            f"at least {config.min_points}",
            hint="export the trace, not a list of its peaks",
            code="too_few_points",
        )
