"""Lines as spectra: area, width, scale, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.simulate.ir_bands import BroadeningConfig, absorption_on_grid, lorentz, normalised_spectrum
from molucid.spectra.grids import IR_GRID


def test_a_lorentzian_has_unit_area_and_its_width() -> None:
    axis = np.arange(-1e5, 1e5, 0.5)
    assert lorentz(axis, 20).sum() * 0.5 == pytest.approx(1, abs=2e-4)  # the wings beyond 1e5 hold 1.3e-4
    centre, half = lorentz(np.array([0.0, 10.0]), 20)
    assert centre == pytest.approx(2 / (np.pi * 20))
    assert half == pytest.approx(centre / 2)


def test_area_is_the_integrated_intensity() -> None:
    absorption = absorption_on_grid([2200.0], [150.0], BroadeningConfig(frequency_scale=1.0, width_cm1=10))
    # ∫ from 400 to 3998 of a Lorentzian at 2200 with half width 5
    inside = (np.arctan(1798 / 5) + np.arctan(1800 / 5)) / np.pi
    assert absorption.sum() * IR_GRID.step == pytest.approx(150 * inside, rel=1e-3)


def test_lines_add_up_and_are_scaled() -> None:
    config = BroadeningConfig(frequency_scale=0.98, width_cm1=8)
    both = absorption_on_grid([1500.0, 3000.0], [10.0, 30.0], config)
    each = [absorption_on_grid([w], [i], config) for w, i in ((1500.0, 10.0), (3000.0, 30.0))]
    np.testing.assert_allclose(both, sum(each), rtol=1e-12)
    spectrum = normalised_spectrum(both)
    assert spectrum.absorbance.max() == 1
    assert spectrum.wavenumber_cm1[spectrum.absorbance.argmax()] == 2940  # 0.98 · 3000
    near_weak = np.abs(spectrum.wavenumber_cm1 - 1470) < 50
    assert spectrum.absorbance[near_weak].max() == pytest.approx(1 / 3, abs=0.01)


def test_no_lines_make_no_spectrum() -> None:
    with pytest.raises(InputError) as refused:
        normalised_spectrum(absorption_on_grid([], [], BroadeningConfig()))
    assert refused.value.code == "no_absorption"
