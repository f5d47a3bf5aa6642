from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from scipy.signal import find_peaks

from molucid.spectra.grids import C_NMR_GRID
from molucid.spectra.nmr_peak_picking import PeakPickingConfig, find_maxima, pick_peaks
from molucid.spectra.types import NmrSpectrum


def test_maxima_above_the_threshold_and_apart() -> None:
    y = np.zeros(40)
    y[[5, 8, 20, 30]] = [10, 8, 1.0, 0.5]
    spectrum = NmrSpectrum("13C", np.arange(40.0), y, field_mhz=100, solvent="CDCl3")
    peaks = pick_peaks(spectrum, PeakPickingConfig(min_relative_height=0.1, min_distance_points=5))
    assert peaks.shift_ppm.tolist() == [5, 20]
    assert (peaks.nucleus, peaks.field_mhz, peaks.solvent) == ("13C", 100, "CDCl3")
    every = pick_peaks(spectrum, PeakPickingConfig(min_relative_height=0.04, min_distance_points=1))
    assert every.shift_ppm.tolist() == [5, 8, 20, 30]


def test_lines_are_found_within_half_a_step_of_the_grid() -> None:
    lines = np.array([20.31, 77.125, 128.503, 171.9])
    y = (1 / (1 + ((C_NMR_GRID.axis[:, None] - lines) / 0.03) ** 2)).sum(axis=1)
    peaks = pick_peaks(NmrSpectrum("13C", C_NMR_GRID.axis, y), PeakPickingConfig())
    assert np.abs(peaks.shift_ppm - lines).max() <= C_NMR_GRID.step / 2 + 1e-9


def test_a_trace_without_a_positive_value_has_no_peaks() -> None:
    spectrum = NmrSpectrum("1H", np.arange(9.0), -np.ones(9))
    assert len(pick_peaks(spectrum, PeakPickingConfig()).shift_ppm) == 0


def test_importing_needs_no_scipy() -> None:
    code = "import sys, molucid.spectra.nmr_peak_picking; print('scipy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


@pytest.mark.parametrize("seed", range(40))
def test_maxima_are_those_of_scipy(seed: int) -> None:
    rng = np.random.default_rng(seed)
    # different values, then repeated in place: flat tops, but no two tops of one height
    values = np.repeat(rng.permutation(60).astype(float), rng.integers(1, 4, 60))
    distance, height = int(rng.integers(1, 9)), float(rng.integers(0, 50))
    expected, _ = find_peaks(values, height=height, distance=distance)
    assert find_maxima(values, height, distance).tolist() == expected.tolist()


def test_noise_is_no_peak_and_the_highest_are_kept() -> None:
    rng = np.random.default_rng(0)
    y = 0.01 * rng.standard_normal(C_NMR_GRID.num_points)
    y[1000:9000:200] += np.linspace(0.2, 1.0, 40)
    spectrum = NmrSpectrum("13C", C_NMR_GRID.axis, y)
    peaks = pick_peaks(spectrum, PeakPickingConfig(min_relative_height=0.001))
    np.testing.assert_array_equal(peaks.shift_ppm, C_NMR_GRID.axis[1000:9000:200])
    few = pick_peaks(spectrum, PeakPickingConfig(max_peaks=10))
    np.testing.assert_array_equal(few.shift_ppm, C_NMR_GRID.axis[7000:9000:200])
