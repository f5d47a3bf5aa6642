"""The level below the lines: known curves, stretches full of signal, axes of few points."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.spectra.nmr_baseline import baseline
from molucid.spectra.types import NmrSpectrum

AXIS = np.linspace(0, 12, 1201)


def test_a_straight_baseline_is_found_below_a_line() -> None:
    line = 5 * np.exp(-(((AXIS - 6.1) / 0.02) ** 2))
    slope = 0.02 + 0.01 * AXIS
    found = baseline(NmrSpectrum("1H", AXIS, slope + line), 0.2)
    inner = (AXIS > 0.5) & (AXIS < 11.5)
    np.testing.assert_allclose(found[inner], slope[inner], atol=2e-4)


def test_a_stretch_full_of_signal_takes_its_neighbours_level() -> None:
    values = np.where((AXIS > 5) & (AXIS < 6), 3.0, 0.25)
    np.testing.assert_allclose(baseline(NmrSpectrum("1H", AXIS, values), 1.0), 0.25)


@pytest.mark.parametrize("num_points", [2, 3, 25, 26, 49])
def test_a_trace_of_few_points_has_a_level(num_points: int) -> None:
    trace = NmrSpectrum("1H", np.linspace(0, 12, num_points), np.full(num_points, 2.0))
    np.testing.assert_allclose(baseline(trace, 3.0), 2.0)
    np.testing.assert_allclose(baseline(trace, 1.0), 2.0)
