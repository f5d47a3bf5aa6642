"""NMR shifts from tetramethylsilane, and the lines that are not the compound's: solvent, water, TMS.

Both happen once, when a file is read, and are told in the record's metadata.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from molucid.config import Config
from molucid.spectra.nuclei import SLOTS, USUAL_FIELD_MHZ
from molucid.spectra.solvents import SOLVENTS, TMS_PPM, deuterons_of
from molucid.spectra.types import FloatArray, NmrPeaks, NmrSpectrum, Nucleus

T = TypeVar("T")
_LEAST_LINES = 3  # of a carbon with a deuteron


class ReferencingConfig(Config):
    """Where a reference line is looked for, and how much around a foreign line is removed."""

    h_search_ppm: float = Field(
        default=0.1, gt=0, description="largest shift of a ¹H axis by its solvent line"
    )
    h_max_width_hz: float = Field(
        default=8.0, gt=0, description="width at half height of a ¹H reference line; a quintet of CHD2 is one"
    )
    h_multiplet_hz: tuple[float, float] = Field(
        default=(5.0, 20.0), description="distances at which another ¹H line belongs to the same multiplet"
    )
    h_multiplet_height: float = Field(
        default=0.3,
        gt=0,
        description="height of a line, over that of the reference line, that makes a multiplet",
    )
    h_tms_search_ppm: float = Field(
        default=0.05, gt=0, description="largest shift of a ¹H axis by TMS; silicone grease is at 0.07 ppm"
    )
    c_search_ppm: float = Field(default=2.0, gt=0, description="largest shift of a ¹³C axis")
    min_prominence: float = Field(
        default=20.0, gt=0, description="height of a reference line over the noise of the trace"
    )
    min_relative_height: float = Field(
        default=0.01, gt=0, le=1, description="height of a reference line over the highest line of the trace"
    )
    h_solvent_half_width_ppm: float = Field(default=0.04, gt=0)
    h_water_half_width_ppm: float = Field(default=0.04, gt=0)
    c_half_width_ppm: float = Field(
        default=1.0, gt=0, description="holds the multiplet of a deuterated carbon from 75 MHz on"
    )
    c_singlet_half_width_ppm: float = Field(
        default=0.2, gt=0, description="of a ¹³C line without deuterons; ketones stand beside that of acetone"
    )
    h_list_tolerance_ppm: float = Field(default=0.02, ge=0)
    c_list_tolerance_ppm: float = Field(
        default=0.2, ge=0, description="holds the 77.0 ppm of older lists in CDCl3, now 77.16"
    )


def foreign_lines(nucleus: Nucleus, solvent: str | None) -> dict[str, tuple[float, ...]]:
    """What may stand in a spectrum beside the compound: `solvent`, `water`, `TMS` → shifts in ppm."""
    lines: dict[str, tuple[float, ...]] = {}
    known = SOLVENTS.get(solvent) if solvent is not None else None
    if known is not None:
        lines["solvent"] = known.residual_h_ppm if nucleus == "1H" else known.c_ppm
        if nucleus == "1H" and known.water_ppm not in known.residual_h_ppm:
            lines["water"] = (known.water_ppm,)
    lines["TMS"] = (TMS_PPM,)
    return {name: shifts for name, shifts in lines.items() if shifts}


def noise_level(intensity: FloatArray) -> float:
    """Robust standard deviation of the noise: from the median of absolute differences of neighbours."""
    if len(intensity) < 3:
        return 0.0
    # For Gaussian noise the difference of two has √2 of its spread, and the median is 0.6745 of that.
    return float(np.median(np.abs(np.diff(intensity))) / (0.6745 * np.sqrt(2.0)))


def reference(spectrum: NmrSpectrum, config: ReferencingConfig) -> tuple[NmrSpectrum, str]:
    """Move a trace whose file states no reference, so that TMS or the solvent is at its table value.

    Of a solvent with several lines the highest of those found counts; it must stand out of the noise. A trace in
    which none does stays as it is. In ¹H a line that may be the compound's, broad or of a multiplet, is none.

    Returns:
        The trace, and what was done as text.
    """
    lines = foreign_lines(spectrum.nucleus, spectrum.solvent)
    # Beside TMS there is nothing in ¹H, while lines of the compound crowd at those of many solvents; in ¹³C it is
    # the solvent that cannot be mistaken.
    for name in ("TMS", "solvent") if spectrum.nucleus == "1H" else ("solvent", "TMS"):
        search = config.h_search_ppm if spectrum.nucleus == "1H" else config.c_search_ppm
        if name == "TMS" and spectrum.nucleus == "1H":
            search = config.h_tms_search_ppm
        found = [_found_line(spectrum, shift, search, config) for shift in lines.get(name, ())]
        height, at, shift = max((line for line in found if line is not None), default=(0.0, 0.0, 0.0))
        if height > 0:
            moved = replace(spectrum, shift_ppm=spectrum.shift_ppm + (shift - at))
            return moved, f"{name} line found at {at:.4f} ppm, set to {shift:g} ppm"
    return spectrum, "none stated and no line that must be solvent or TMS; axis as written"


def _found_line(
    spectrum: NmrSpectrum, shift: float, search: float, config: ReferencingConfig
) -> tuple[float, float, float] | None:
    """(height, place found, `shift`) of the line that belongs at `shift`, or `None`."""
    x, y = spectrum.shift_ppm, spectrum.intensity
    floor = max(
        config.min_prominence * noise_level(y), config.min_relative_height * float(y.max(initial=0.0))
    )
    first, last = np.searchsorted(x, (shift - search, shift + search))
    inner = np.arange(max(first, 1), min(last, len(x) - 1))
    tops = inner[(y[inner] > floor) & (y[inner] >= y[inner - 1]) & (y[inner] > y[inner + 1])]
    if not tops.size:
        return None
    if spectrum.nucleus == "1H":
        # Lines of the compound may be higher, so the nearest counts that is none of a multiplet.
        tops = np.array([top for top in tops.tolist() if _is_single(spectrum, top, config)], np.intp)
        if not tops.size:
            return None
        top = int(tops[np.argmin(np.abs(x[tops] - shift))])
        return float(y[top]), _centre_of_line(x, y, top), shift
    # The multiplet of a deuterated carbon towers above the compound, and has no line of its own in its middle
    # that is always the highest.
    top = int(tops[np.argmax(y[tops])])
    first, last = np.searchsorted(x, (x[top] - config.c_half_width_ppm, x[top] + config.c_half_width_ppm))
    weight = np.maximum(y[first:last] - 0.1 * y[top], 0.0)
    return float(y[top]), float(np.average(x[first:last], weights=weight)), shift


def _is_single(spectrum: NmrSpectrum, top: int, config: ReferencingConfig) -> bool:
    """Whether a ¹H line is narrow, and no line as high or higher is at the distance of a coupling from it."""
    x, y = spectrum.shift_ppm, spectrum.intensity
    hz_per_ppm = spectrum.field_mhz or USUAL_FIELD_MHZ["1H"]
    first, last = _half_height(y, top)
    if (x[last] - x[first]) * hz_per_ppm > config.h_max_width_hz:
        return False
    nearest, farthest = (distance / hz_per_ppm for distance in config.h_multiplet_hz)
    begin, end = np.searchsorted(x, (x[top] - farthest, x[top] + farthest))
    near = np.arange(max(begin, 1), min(end, len(x) - 1))
    is_top = (y[near] >= y[near - 1]) & (y[near] > y[near + 1])
    is_high = y[near] >= config.h_multiplet_height * y[top]
    return not (is_top & is_high & (np.abs(x[near] - x[top]) >= nearest)).any()


def _half_height(y: FloatArray, top: int) -> tuple[int, int]:
    """First and last point of a line above half of its height."""
    half = y[top] / 2
    first = last = top
    while first > 0 and y[first - 1] > half:
        first -= 1
    while last + 1 < len(y) and y[last + 1] > half:
        last += 1
    return first, last


def _centre_of_line(x: FloatArray, y: FloatArray, top: int) -> float:
    """Mean of what is above half of the line's height, weighted by how far it is above."""
    half = y[top] / 2
    first, last = _half_height(y, top)
    return float(np.average(x[first : last + 1], weights=y[first : last + 1] - half))


def without_foreign_lines(
    nmr: NmrSpectrum | NmrPeaks, config: ReferencingConfig
) -> tuple[NmrSpectrum | NmrPeaks, str | None]:
    """The spectrum without the lines of solvent, water and TMS, and which they were; unchanged without a solvent.

    In a trace, what is around such a line is replaced by a straight line between the levels on both sides. From a
    list an entry at such a shift is taken only if nothing says that it is the compound's: an integral or a coupling
    constant does.
    """
    if nmr.solvent is None:
        return nmr, None
    if isinstance(nmr, NmrSpectrum):
        return _masked(nmr, config)
    return _shortened(nmr, config)


def settle(
    nmr: NmrSpectrum | NmrPeaks, stated: str | None, config: ReferencingConfig
) -> tuple[NmrSpectrum | NmrPeaks, dict[str, str]]:
    """What every reader does with an NMR spectrum last: reference, then remove the lines that are not the compound's.

    Args:
        nmr: as read.
        stated: how the file states the reference, as text; `None` if it does not, so that a trace is moved.
        config: widths and windows.

    Returns:
        The spectrum, and notes for `Record.metadata` such as `h_nmr_reference` and `h_nmr_removed`.
    """
    slot = SLOTS[nmr.nucleus]
    if stated is None and isinstance(nmr, NmrSpectrum):
        nmr, stated = reference(nmr, config)
    notes = {} if stated is None else {f"{slot}_reference": stated}
    nmr, removed = without_foreign_lines(nmr, config)
    if removed is not None:
        notes[f"{slot}_removed"] = removed
    return nmr, notes


def _masked(spectrum: NmrSpectrum, config: ReferencingConfig) -> tuple[NmrSpectrum, str | None]:
    x, y = spectrum.shift_ppm, np.array(spectrum.intensity)
    removed: list[str] = []
    for name, shifts in foreign_lines(spectrum.nucleus, spectrum.solvent).items():
        half_widths = _half_widths_ppm(spectrum, name, len(shifts), config)
        for shift, half_width in zip(shifts, half_widths, strict=True):
            first, last = np.searchsorted(x, (shift - half_width, shift + half_width))
            if last <= first:
                continue
            # The levels beside the line, each the median of as many points as an eighth of the region holds.
            beside = max((last - first) // 8, 1)
            left, right = y[max(first - beside, 0) : first], y[last : last + beside]
            levels = [float(np.median(part)) if part.size else 0.0 for part in (left, right)]
            y[first:last] = np.linspace(levels[0], levels[1], last - first)
            removed.append(f"{name} {shift:g}")
    return replace(spectrum, intensity=y), f"{', '.join(removed)} ppm" if removed else None


def _half_widths_ppm(
    spectrum: NmrSpectrum, name: str, num_lines: int, config: ReferencingConfig
) -> tuple[float, ...]:
    """How far around each line of the solvent, of water or of TMS a trace is replaced."""
    if spectrum.nucleus == "1H":
        is_water = name == "water"
        return (config.h_water_half_width_ppm if is_water else config.h_solvent_half_width_ppm,) * num_lines
    if name != "solvent":
        return (config.c_singlet_half_width_ppm,) * num_lines
    return tuple(
        config.c_half_width_ppm if number else config.c_singlet_half_width_ppm
        for number, _ in deuterons_of(SOLVENTS[spectrum.solvent or ""])
    )


def _shortened(peaks: NmrPeaks, config: ReferencingConfig) -> tuple[NmrPeaks, str | None]:
    tolerance = config.h_list_tolerance_ppm if peaks.nucleus == "1H" else config.c_list_tolerance_ppm
    keep = np.ones(len(peaks.shift_ppm), np.bool_)
    removed: list[str] = []
    for name, shifts in foreign_lines(peaks.nucleus, peaks.solvent).items():
        reach = _half_patterns_ppm(peaks) if name == "solvent" else (0.0,) * len(shifts)
        is_near = np.zeros(len(peaks.shift_ppm), np.bool_)
        for shift, half_pattern in zip(shifts, reach, strict=True):
            # Float sums of 2-digit numbers: the tolerance is meant to include its own end.
            distance = np.abs(peaks.shift_ppm - shift) - 1e-9
            middle, multiplet = distance <= tolerance, distance <= tolerance + half_pattern
            is_near |= multiplet if middle.any() and multiplet.sum() >= _LEAST_LINES else middle
        for place in np.flatnonzero(is_near & keep).tolist():
            if not _is_assigned(peaks, place):
                keep[place] = False
                removed.append(f"{name} {peaks.shift_ppm[place]:g}")
    if not removed:
        return peaks, None
    return selected_peaks(peaks, keep), f"{', '.join(removed)} ppm"


def _half_patterns_ppm(peaks: NmrPeaks) -> tuple[float, ...]:
    """Per line of the solvent the distance from its middle to the outermost line of its multiplet; 0 in ¹H."""
    solvent = SOLVENTS[peaks.solvent or ""]
    if peaks.nucleus == "1H":
        return (0.0,) * len(solvent.residual_h_ppm)
    field_mhz = peaks.field_mhz or USUAL_FIELD_MHZ["13C"]
    return tuple(number * coupling_hz / field_mhz for number, coupling_hz in deuterons_of(solvent))


def _is_assigned(peaks: NmrPeaks, place: int) -> bool:
    has_integral = peaks.num_hydrogens is not None and peaks.num_hydrogens[place] is not None
    return has_integral or (peaks.coupling_hz is not None and bool(peaks.coupling_hz[place]))


def selected_peaks(peaks: NmrPeaks, keep: NDArray[np.bool_]) -> NmrPeaks:
    """The entries of a list at which `keep[peaks]` is true."""
    places = np.flatnonzero(keep)
    return replace(
        peaks,
        shift_ppm=peaks.shift_ppm[places],
        multiplicity=_at(peaks.multiplicity, places),
        coupling_hz=_at(peaks.coupling_hz, places),
        num_hydrogens=_at(peaks.num_hydrogens, places),
        width_ppm=None if peaks.width_ppm is None else peaks.width_ppm[places],
        shift_std_ppm=None if peaks.shift_std_ppm is None else peaks.shift_std_ppm[places],
    )


def _at(values: tuple[T, ...] | None, places: NDArray[np.intp]) -> tuple[T, ...] | None:
    return None if values is None else tuple(values[place] for place in places)
