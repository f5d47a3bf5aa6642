"""Augmented infrared spectra: each effect alone has a known result; all together keep the contract."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.simulate.ir_augment import IrAugmentConfig, augment_ir, carbon_dioxide_bands, water_vapour_lines
from molucid.spectra.grids import IR_GRID
from molucid.spectra.types import InfraredSpectrum

AXIS = IR_GRID.axis
OFF = {
    "wavenumber_scale": (1, 1), "shift_cm1": (0, 0), "smoothing_cm1": (0, 0), "gas_probability": 0,
    "saturation_probability": 0, "baseline_offset": (0, 0), "baseline_slope": (0, 0), "baseline_curve": (0, 0),
    "noise": (0, 0),
}  # fmt: skip


def band(centre: float, sigma: float = 20.0) -> np.ndarray:
    return np.exp(-0.5 * ((AXIS - centre) / sigma) ** 2)


TWO_BANDS = InfraredSpectrum(AXIS, band(1700.0) + 0.1 * band(3000.0))


def augmented(spectrum: InfraredSpectrum = TWO_BANDS, seed: int = 0, **ranges: object) -> np.ndarray:
    config = IrAugmentConfig.from_mapping({**OFF, **ranges})
    found = augment_ir(spectrum, config, np.random.default_rng(seed))
    np.testing.assert_array_equal(found.wavenumber_cm1, AXIS)
    return found.absorbance


def test_everything_off_changes_nothing() -> None:
    np.testing.assert_allclose(augmented(), TWO_BANDS.absorbance, atol=1e-15)


def test_the_axis_is_scaled_then_shifted() -> None:
    found = augmented(wavenumber_scale=(1.01, 1.01), shift_cm1=(6, 6))
    np.testing.assert_allclose(found, band(1723, 20.2) + 0.1 * band(3036, 20.2), atol=2e-3)  # 1700 · 1.01 + 6


def test_smoothing_widens_by_its_gaussian() -> None:
    found = augmented(smoothing_cm1=(2.354820045 * 15, 2.354820045 * 15))
    # Gaussians of sigma 20 and 15 make one of 25; the smaller band keeps its part of the larger
    np.testing.assert_allclose(found, band(1700, 25) + 0.1 * band(3000, 25), atol=2e-3)


def test_gases_stand_where_they_absorb() -> None:
    clear = InfraredSpectrum(AXIS, band(1000.0) + 0.1 * band(3000.0))  # no band where a gas has one

    def added(**ranges: object) -> np.ndarray:
        return augmented(clear, gas_probability=1, **ranges) - clear.absorbance

    found = added(carbon_dioxide=(0.2, 0.2), water_vapour=(0, 0))
    assert found.max() == pytest.approx(0.2, abs=2e-3)  # the points are 2 cm⁻¹ apart
    assert abs(AXIS[found.argmax()] - 2361) <= 2
    quiet = (np.abs(AXIS - 2349) > 60) & (np.abs(AXIS - 667) > 30)
    assert np.abs(found[quiet]).max() < 1e-3
    water = added(carbon_dioxide=(0, 0), water_vapour=(-0.1, -0.1))
    quiet = (AXIS < 1300) | ((AXIS > 1900) & (AXIS < 3530)) | (AXIS > 3960)
    assert np.abs(water[quiet]).max() < 1e-6
    assert -0.1 <= water.min() < -0.085
    fine = np.arange(400, 4000, 0.1)
    assert carbon_dioxide_bands(fine).max() == pytest.approx(1, abs=1e-3)
    assert water_vapour_lines(fine).max() == pytest.approx(1, abs=1e-3)


def test_saturation_follows_stray_light() -> None:
    found = augmented(saturation_probability=1, saturation_absorbance=(2, 2), stray_light=(0.01, 0.01))
    highest = -np.log10((10**-2 + 0.01) / 1.01)
    weak = -np.log10((10**-0.2 + 0.01) / 1.01)
    assert found[AXIS == 3000.0][0] == pytest.approx(weak / highest, rel=1e-6)
    assert found[AXIS == 1700.0][0] == 1


def test_the_baseline_is_what_its_ranges_say() -> None:
    found = augmented(baseline_offset=(0.1, 0.1), baseline_slope=(0.2, 0.2))
    at = np.linspace(-0.5, 0.5, len(AXIS))
    raw = TWO_BANDS.absorbance + 0.1 + 0.2 * at
    np.testing.assert_allclose(found, raw / raw.max(), rtol=1e-12)
    curved = augmented(baseline_curve=(0.05, 0.05), seed=3)
    wave = (curved - TWO_BANDS.absorbance * curved[650])[(AXIS < 1500) | (AXIS > 3200)]
    assert 0.02 < np.abs(wave).max() < 0.11


def test_noise_has_its_standard_deviation() -> None:
    found = augmented(noise=(0.01, 0.01))
    scale = TWO_BANDS.absorbance[650] / found[650]  # 1700 cm⁻¹
    flat = AXIS > 3300
    assert found[flat].std() * scale == pytest.approx(0.01, rel=0.1)


def test_a_draw_is_a_function_of_its_seed_and_keeps_the_contract() -> None:
    config = IrAugmentConfig()
    before = TWO_BANDS.absorbance.copy()
    for seed in range(50):
        first = augment_ir(TWO_BANDS, config, np.random.default_rng(seed)).absorbance
        again = augment_ir(TWO_BANDS, config, np.random.default_rng(seed)).absorbance
        np.testing.assert_array_equal(first, again)
        assert first.max() == 1
        assert np.isfinite(first).all()
        assert 1660 <= AXIS[band_of(first)] <= 1740  # 1.5 % and 8 cm⁻¹
    assert not np.array_equal(first, augment_ir(TWO_BANDS, config, np.random.default_rng(99)).absorbance)
    np.testing.assert_array_equal(TWO_BANDS.absorbance, before)


def band_of(values: np.ndarray) -> int:
    """Place of the strongest band: of the maximum after 30 points of smoothing, which noise and gases do not move."""
    return int(np.convolve(values, np.ones(31) / 31, mode="same").argmax())


def test_one_range_changed_leaves_the_other_draws() -> None:
    quiet, noisy = (
        augmented(seed=5, shift_cm1=(-8, 8)),
        augmented(seed=5, shift_cm1=(-8, 8), noise=(0.001, 0.001)),
    )
    assert np.abs(quiet - noisy).max() < 0.01


@pytest.mark.parametrize(
    ("spectrum", "code"),
    [
        (InfraredSpectrum([400.0, 402.0, 410.0], [1, 2, 1]), "irregular_axis"),
        (InfraredSpectrum([400.0], [1]), "irregular_axis"),
        (InfraredSpectrum([], []), "irregular_axis"),
        (InfraredSpectrum([400.0, 402.0], [0, -1]), "no_absorption"),
    ],
)
def test_what_cannot_be_augmented_is_refused(spectrum: InfraredSpectrum, code: str) -> None:
    with pytest.raises(InputError) as refused:
        augment_ir(spectrum, IrAugmentConfig(), np.random.default_rng(0))
    assert refused.value.code == code


def test_a_range_that_is_upside_down_is_refused() -> None:
    with pytest.raises(InputError, match="lower bound"):
        IrAugmentConfig.from_mapping({"noise": (0.2, 0.1)})
