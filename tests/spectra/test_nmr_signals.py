from __future__ import annotations

import numpy as np
import pytest

from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID
from molucid.spectra.multiplets import render
from molucid.spectra.nmr_peak_picking import PeakPickingConfig
from molucid.spectra.nmr_signals import signals_of
from molucid.spectra.types import NmrPeaks, NmrSpectrum

ETHYL_ACETATE = NmrPeaks(
    "1H",
    np.array([1.25, 2.03, 4.11]),
    multiplicity=("t", "s", "q"),
    coupling_hz=((7.1, 7.1), (), (7.1, 7.1, 7.1)),
    num_hydrogens=(3, 3, 2),
    field_mhz=400.0,
)


def test_a_multiplet_is_one_signal_with_its_area_width_and_spacings() -> None:
    drawn = NmrSpectrum("1H", H_NMR_GRID.axis, render(ETHYL_ACETATE, H_NMR_GRID), field_mhz=400.0)
    signals = signals_of(drawn, PeakPickingConfig())
    peaks = signals.peaks
    assert peaks.shift_ppm == pytest.approx([1.25, 2.03, 4.11], abs=1e-3)
    assert (signals.area / signals.area.sum()).tolist() == pytest.approx([3 / 8, 3 / 8, 2 / 8], rel=0.03)
    assert peaks.width_ppm == pytest.approx([2 * 7.1 / 400, 0, 3 * 7.1 / 400], abs=2 * H_NMR_GRID.step)
    assert peaks.coupling_hz is not None
    assert [len(values) for values in peaks.coupling_hz] == [2, 0, 3]
    for values in peaks.coupling_hz:
        assert values == pytest.approx((7.1,) * len(values), abs=2 * 400 * H_NMR_GRID.step)
    assert peaks.num_hydrogens is None
    assert peaks.multiplicity is None


def test_an_unknown_field_has_no_couplings_and_a_trace_without_lines_no_signals() -> None:
    drawn = NmrSpectrum("1H", H_NMR_GRID.axis, render(ETHYL_ACETATE, H_NMR_GRID))
    assert signals_of(drawn, PeakPickingConfig()).peaks.coupling_hz is None
    empty = signals_of(NmrSpectrum("1H", np.arange(9.0), -np.ones(9)), PeakPickingConfig())
    assert len(empty.peaks.shift_ppm) == len(empty.area) == 0


def test_every_carbon_line_is_a_signal_and_neighbours_share_the_ground_between_them() -> None:
    lines = NmrPeaks("13C", np.array([20.0, 128.30, 128.55, 170.0]))
    drawn = NmrSpectrum("13C", C_NMR_GRID.axis, render(lines, C_NMR_GRID))
    signals = signals_of(drawn, PeakPickingConfig())
    assert signals.peaks.shift_ppm == pytest.approx(lines.shift_ppm, abs=C_NMR_GRID.step)
    assert signals.area / signals.area[0] == pytest.approx(np.ones(4), rel=0.1)


def test_area_does_not_depend_on_noise_around_zero() -> None:
    noise = np.random.default_rng(0).normal(0, 0.002, H_NMR_GRID.num_points)
    values = render(ETHYL_ACETATE, H_NMR_GRID)
    drawn = NmrSpectrum("1H", H_NMR_GRID.axis, values / values.max() + noise, field_mhz=400.0)
    signals = signals_of(drawn, PeakPickingConfig())
    assert len(signals.area) == 3
    assert (signals.area / signals.area.sum()).tolist() == pytest.approx([3 / 8, 3 / 8, 2 / 8], rel=0.06)


@pytest.mark.parametrize("offset", [-0.01, 0.01, 0.05])
def test_area_does_not_depend_on_a_constant_baseline(offset: float) -> None:
    values = render(ETHYL_ACETATE, H_NMR_GRID)
    drawn = NmrSpectrum("1H", H_NMR_GRID.axis, values / values.max() + offset, field_mhz=400.0)
    area = signals_of(drawn, PeakPickingConfig()).area
    assert (area / area.sum()).tolist() == pytest.approx([3 / 8, 3 / 8, 2 / 8], rel=0.03)


def test_area_does_not_depend_on_a_wavy_baseline() -> None:
    values = render(ETHYL_ACETATE, H_NMR_GRID)
    wave = 0.01 * np.cos(2 * np.pi * H_NMR_GRID.axis / 12)
    drawn = NmrSpectrum("1H", H_NMR_GRID.axis, values / values.max() + wave, field_mhz=400.0)
    area = signals_of(drawn, PeakPickingConfig()).area
    assert (area / area.sum()).tolist() == pytest.approx([3 / 8, 3 / 8, 2 / 8], rel=0.04)
