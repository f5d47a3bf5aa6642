"""Transform and phase of a decay against lines in closed form."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.spectra.fid import ComplexArray, FidConfig, phased, transformed

WIDTH_HZ = 4000.0
SIZE = 8192


def decay(*lines: tuple[float, float], width_hz: float = 2.0) -> ComplexArray:
    time_s = np.arange(SIZE) / WIDTH_HZ
    total = sum(a * np.exp((2j * np.pi * f - np.pi * width_hz) * time_s) for f, a in lines)
    return np.asarray(total, np.complex128)


def frequencies(spectrum: ComplexArray) -> np.ndarray:
    return (np.arange(len(spectrum)) / len(spectrum) - 0.5) * WIDTH_HZ


def test_a_line_is_a_lorentzian_at_its_frequency() -> None:
    """exp(−πΓt) is width/(πΓ) at its top and half of that Γ/2 away; Γ = 2 + 1 Hz with the apodisation."""
    config = FidConfig(h_line_broadening_hz=1.0, zero_fill_factor=8)
    spectrum = transformed(decay((500.0, 1.0)), WIDTH_HZ, "1H", config)
    f = frequencies(spectrum)
    top = int(np.argmax(spectrum.real))
    assert f[top] == pytest.approx(500.0, abs=0.1)
    assert spectrum.real[top] == pytest.approx(WIDTH_HZ / (np.pi * 3.0), rel=0.01)
    half = np.interp(501.5, f, spectrum.real)
    assert half == pytest.approx(spectrum.real[top] / 2, rel=0.02)
    # No pedestal: far from the line next to nothing is left.
    assert abs(np.interp(-1500.0, f, spectrum.real)) < 1e-3 * spectrum.real[top]


def test_size_and_apodisation_follow_the_configuration() -> None:
    assert len(transformed(decay((0.0, 1.0)), WIDTH_HZ, "1H", FidConfig(zero_fill_factor=1))) == SIZE
    assert len(transformed(decay((0.0, 1.0)), WIDTH_HZ, "1H", FidConfig())) == 2 * SIZE
    sharp = transformed(decay((0.0, 1.0)), WIDTH_HZ, "1H", FidConfig()).real.max()
    broad = transformed(decay((0.0, 1.0)), WIDTH_HZ, "13C", FidConfig()).real.max()
    assert sharp / broad == pytest.approx(3.0 / 2.3, rel=0.01)


@pytest.mark.parametrize("phase_deg", range(0, 360, 33))
@pytest.mark.parametrize("noise", [0.0, 5.0])
def test_any_phase_is_found(phase_deg: float, noise: float) -> None:
    rng = np.random.default_rng(phase_deg)
    lines = decay((-900.0, 1.0), (310.0, 0.4), (340.0, 0.4), (1200.0, 0.1))
    turned = lines * np.exp(1j * np.deg2rad(phase_deg))
    turned = turned + noise * 1e-3 * (rng.normal(size=SIZE) + 1j * rng.normal(size=SIZE))
    want = transformed(lines, WIDTH_HZ, "1H", FidConfig()).real
    got = phased(transformed(turned, WIDTH_HZ, "1H", FidConfig()))
    # 0.06 rad of the right phase: cos stays within 0.2 %, the dispersive part within 6 % of half a line.
    np.testing.assert_allclose(got, want, atol=0.04 * want.max())


def test_decays_without_a_signal_are_refused() -> None:
    for values, code in ((np.zeros(SIZE, complex), "all_zero"), (np.ones(10, complex), "too_few_points")):
        with pytest.raises(InputError) as caught:
            transformed(values, WIDTH_HZ, "1H", FidConfig())
        assert caught.value.code == code
