"""A peak list drawn as a measured trace: line widths, solvent, water, impurities, phase, baseline, noise."""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from molucid.simulate.nmr_augment_config import NmrAugmentConfig, Range
from molucid.spectra.grids import NMR_GRIDS, Grid
from molucid.spectra.multiplets import LineConfig, Lines, lines, render_lines
from molucid.spectra.nuclei import USUAL_FIELD_MHZ
from molucid.spectra.solvents import SOLVENTS, TMS_PPM, deuterons_of
from molucid.spectra.types import FloatArray, NmrPeaks, NmrSpectrum

_BASELINE_KNOTS = 8


def drawn_trace(peaks: NmrPeaks, config: NmrAugmentConfig, rng: np.random.Generator) -> NmrSpectrum:
    """The trace of a list on the nucleus' grid; the compound's highest point is 1 before noise and phase error."""
    grid = NMR_GRIDS[peaks.nucleus]
    widths = config.h_width_hz if peaks.nucleus == "1H" else config.c_width_hz
    width_hz = _logarithmic(widths, rng)
    shape = LineConfig(
        h_width_hz=width_hz,
        c_width_hz=width_hz,
        broad_width_hz=_logarithmic(config.broad_width_hz, rng),
        carbon_intensity=tuple(
            area * rng.uniform(*config.carbon_intensity) for area in LineConfig().carbon_intensity
        ),
    )
    trace = render_lines(lines(peaks, config=shape), grid, shape.window_widths)
    highest = trace.max()
    if highest > 0:
        trace /= highest
    width_ppm = max(width_hz / _field_mhz(peaks), grid.step)
    trace += render_lines(_foreign_lines(peaks, width_ppm, config, rng), grid, shape.window_widths)
    trace = _phased(trace, math.radians(rng.uniform(*config.phase_degrees)))
    trace += _baseline(grid, config.baseline, rng)
    deviation = _logarithmic(config.noise, rng)
    noise = rng.standard_normal(grid.num_points)
    noise *= deviation
    trace += noise
    return NmrSpectrum(peaks.nucleus, grid.axis, trace, peaks.field_mhz, peaks.solvent)


def _logarithmic(between: Range, rng: np.random.Generator) -> float:
    return math.exp(rng.uniform(math.log(between[0]), math.log(between[1])))


def _foreign_lines(
    peaks: NmrPeaks, width_ppm: float, config: NmrAugmentConfig, rng: np.random.Generator
) -> Lines:
    """Lines that are not the compound's. Heights become areas: height · π · width / 2."""
    rows: list[tuple[float, float, float]] = []  # shift, height, width
    solvent = SOLVENTS.get(peaks.solvent or "")
    if solvent is not None and peaks.nucleus == "1H":
        rows += [
            (shift, _logarithmic(config.h_solvent_height, rng), width_ppm) for shift in solvent.residual_h_ppm
        ]
        if rng.random() < config.water:
            height = _logarithmic(config.water_height, rng)
            rows.append((solvent.water_ppm, height, rng.uniform(*config.water_width_ppm)))
    elif solvent is not None:
        height = _logarithmic(config.c_solvent_height, rng)
        for shift, (number, coupling_hz) in zip(solvent.c_ppm, deuterons_of(solvent), strict=True):
            for offset, weight in _deuterium_pattern(number):
                place = shift + offset * coupling_hz / _field_mhz(peaks)
                rows.append((place, height * weight, width_ppm))
    if rng.random() < config.reference:
        rows.append((TMS_PPM, _logarithmic(config.impurity_height, rng), width_ppm))
    if rng.random() < config.impurities:
        low, high = (0.5, 8.5) if peaks.nucleus == "1H" else (10.0, 150.0)
        for _ in range(rng.integers(1, config.max_impurities + 1)):
            rows.append((rng.uniform(low, high), _logarithmic(config.impurity_height, rng), width_ppm))
    table = np.array(rows, np.float64).reshape(-1, 3)
    return Lines(table[:, 0], table[:, 1] * math.pi / 2 * table[:, 2], table[:, 2])


def _field_mhz(peaks: NmrPeaks) -> float:
    return peaks.field_mhz or USUAL_FIELD_MHZ[peaks.nucleus]


def _deuterium_pattern(number: int) -> list[tuple[int, float]]:
    """Offsets in couplings and heights, the highest 1, of a carbon with `number` deuterons (spin 1)."""
    pattern = np.ones(1)
    for _ in range(number):
        pattern = np.convolve(pattern, np.ones(3))
    offsets = range(-(len(pattern) // 2), len(pattern) // 2 + 1)
    return list(zip(offsets, (pattern / pattern.max()).tolist(), strict=True))


def _phased(trace: FloatArray, angle: float) -> FloatArray:
    """The real part of the analytic signal after a rotation by `angle`: each frequency is turned by −`angle`."""
    turned = np.fft.rfft(trace)
    turned *= complex(math.cos(angle), -math.sin(angle))
    phased: FloatArray = np.fft.irfft(turned, len(trace))
    return phased


def _baseline(grid: Grid, largest: float, rng: np.random.Generator) -> FloatArray:
    """A smooth curve through random knots, by cosines between them."""
    curve: FloatArray = (largest * rng.uniform(-1, 1, _BASELINE_KNOTS)) @ _knot_shapes(grid.num_points)
    return curve


@lru_cache(maxsize=4)
def _knot_shapes(num_points: int) -> FloatArray:
    """What each knot of a baseline adds at each point; float64 `[knots, points]`, each column adds up to 1."""
    place = np.linspace(0, _BASELINE_KNOTS - 1, num_points)
    distance = np.abs(place[None, :] - np.arange(_BASELINE_KNOTS)[:, None])
    shapes: FloatArray = 0.5 + 0.5 * np.cos(math.pi * np.minimum(distance, 1))
    shapes.setflags(write=False)
    return shapes
