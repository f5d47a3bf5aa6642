"""Units of infrared data and the way from transmittance to absorbance."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.errors import InputError
from molucid.spectra.infrared import InfraredConfig, infrared_spectrum, wavenumbers
from molucid.spectra.types import FloatArray

CONFIG = InfraredConfig()


@pytest.mark.parametrize(
    "units", ["1/CM", "cm-1", "CM^-1", "cm⁻¹", "Wavenumber (cm-1)", "WAVENUMBERS", "/cm"]
)
def test_wavenumbers_stay(units: str) -> None:
    np.testing.assert_array_equal(wavenumbers(np.array([400.0, 4000.0]), units), [400, 4000])


@pytest.mark.parametrize(
    ("units", "x"),
    [
        ("MICROMETERS", [2.5, 25]),
        ("µm", [2.5, 25]),
        ("μm", [2.5, 25]),
        ("Microns", [2.5, 25]),
        ("nm", [2500, 25000]),
    ],
)
def test_wavelengths_become_wavenumbers(units: str, x: list[float]) -> None:
    """λ = 2.5 µm is 4000 1/cm, 25 µm is 400 1/cm."""
    np.testing.assert_allclose(wavenumbers(np.array(x), units), [4000, 400])


@pytest.mark.parametrize(
    ("units", "x", "code"),
    [("SECONDS", 1.0, "unknown_x_units"), ("", 1.0, "unknown_x_units"), ("NANOMETERS", 0.0, "wrong_ir_axis")],
)
def test_other_axes_are_refused(units: str, x: float, code: str) -> None:
    with pytest.raises(InputError) as caught:
        wavenumbers(np.array([x, 500.0]), units)
    assert caught.value.code == code


def absorbance(
    y: list[float], units: str, config: InfraredConfig = CONFIG
) -> tuple[list[float], dict[str, str]]:
    spectrum, notes = infrared_spectrum(np.arange(len(y)) + 400.0, np.array(y), units, config)
    return spectrum.absorbance.tolist(), notes


@pytest.mark.parametrize("units", ["ABSORBANCE", "Absorbance Units", "Abs", "(micromol/mol)-1m-1 (base 10)"])
def test_absorbance_stays(units: str) -> None:
    assert absorbance([0.5, -0.01, 3.0], units) == ([0.5, -0.01, 3.0], {})


@pytest.mark.parametrize("units", ["TRANSMITTANCE", "Transmission", "T"])
def test_fractions(units: str) -> None:
    values, notes = absorbance([1.0, 0.1, 0.01, 1.02], units)
    np.testing.assert_allclose(values, [0, 1, 2, -0.0086], atol=1e-4)
    assert notes == {"ordinate": "absorbance from transmittance"}


@pytest.mark.parametrize(
    "units", ["PERCENT TRANSMITTANCE", "% TRANSMITTANCE", "%T", "Transmittance (%)", "%Trans"]
)
def test_percent(units: str) -> None:
    values, notes = absorbance([100.0, 10.0, 1.0], units)
    np.testing.assert_allclose(values, [0, 1, 2], atol=1e-12)
    assert notes == {"ordinate": "absorbance from percent transmittance"}


def test_percent_under_the_label_of_a_fraction_is_noted() -> None:
    values, notes = absorbance([95.0, 9.5], "TRANSMITTANCE")
    np.testing.assert_allclose(values, [0.022276, 1.022276], atol=1e-6)
    assert "labelled TRANSMITTANCE, largest value 95" in notes["ordinate"]


@pytest.mark.parametrize(
    ("y", "units", "code"),
    [
        ([2.0, 0.5], "TRANSMITTANCE", "impossible_transmittance"),
        ([1000.0, 10.0], "TRANSMITTANCE", "impossible_transmittance"),
        ([0.9, 0.5], "% TRANSMITTANCE", "impossible_transmittance"),
        ([160.0, 50.0], "%T", "impossible_transmittance"),
        ([-1.0, -0.5], "TRANSMITTANCE", "impossible_transmittance"),
        ([0.0, 0.0], "TRANSMITTANCE", "all_zero"),
        ([1.0, 1.0], "REFLECTANCE", "unknown_y_units"),
        ([1.0, 1.0], "%", "unknown_y_units"),
    ],
)
def test_what_is_no_transmittance(y: list[float], units: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        absorbance(y, units)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_few_dark_points_are_clipped_and_many_reject() -> None:
    """The floor is 0.001, an absorbance of 3; zero and negative values are below it."""
    light = [0.9] * 18
    values, notes = absorbance([*light, 0.0, -0.2], "TRANSMITTANCE")
    np.testing.assert_allclose(values[-2:], [3, 3])
    assert notes["clipped_points"] == "2 at a transmittance of 0.001 or less"
    with pytest.raises(InputError, match="3 of 21 points") as caught:
        absorbance([*light, 0.0, -0.2, 0.001], "TRANSMITTANCE")
    assert caught.value.code == "saturated_transmittance"
    loose = InfraredConfig(max_saturated_share=0.5, min_transmittance=0.01)
    np.testing.assert_allclose(absorbance([*light, 0.0, -0.2, 0.001], "T", loose)[0][-3:], [2, 2, 2])


def test_a_flat_bottom_is_saturation_wherever_it_is() -> None:
    """Stray light keeps a saturated band at T = 0.005, above the floor of 0.001: 17 of 100 points."""
    y = [0.9 - 0.001 * i for i in range(83)]
    with pytest.raises(
        InputError, match=r"17 of 100 points with a transmittance of at most 0\.005"
    ) as caught:
        absorbance([*y[:40], *[0.005] * 17, *y[40:]], "TRANSMITTANCE")
    assert caught.value.code == "saturated_transmittance"
    percent = [100 * value for value in (*y[:40], *[0.005, 0.0055] * 8, 0.005, *y[40:])]
    with pytest.raises(InputError) as caught:
        absorbance(percent, "%T")
    assert caught.value.code == "saturated_transmittance"
    # Of 100 points ten are allowed.
    absorbance([*y, *y[:7], *[0.005] * 10], "TRANSMITTANCE")


def bands(x: FloatArray, *rows: tuple[float, float, float]) -> FloatArray:
    """Sum of Gaussian bands of (absorbance, place, width)."""
    return np.asarray(sum(height * np.exp(-(((x - at) / width) ** 2)) for height, at, width in rows))


@pytest.mark.parametrize(("level", "noise"), [(0.003, 0.004), (0.02, 0.005), (0.0, 0.001), (0.05, 0.01)])
@pytest.mark.parametrize("elsewhere", [0.0, 1.0])
def test_a_noisy_bottom_is_saturation(level: float, noise: float, elsewhere: float) -> None:
    """500 of 1,800 points at one transmittance; beside them the detector has noise as well, or the file has none."""
    rng = np.random.default_rng(0)
    x = np.linspace(400, 4000, 1800)
    y = 10.0 ** -bands(x, (1.2, 3000, 200), (0.8, 3500, 20))
    y += elsewhere * noise * rng.standard_normal(1800)
    y[300:800] = level + noise * rng.standard_normal(500)
    with pytest.raises(InputError) as caught:
        infrared_spectrum(x, y, "TRANSMITTANCE", CONFIG)
    assert caught.value.code == "saturated_transmittance"


@pytest.mark.parametrize("noise", [0.0, 0.001, 0.005])
@pytest.mark.parametrize(
    "rows",
    [
        [(0.03, 1700, 15), (0.02, 2900, 40)],  # weak: all of it is light
        [(1.4, 3000, 300), (1.5, 1700, 20), (1.2, 1250, 60)],  # an acid: broad and dark, but not flat
        [(1.9, 1700, 15), (1.8, 1100, 30), (1.7, 800, 25), (1.6, 3300, 100)],
    ],
)
def test_noise_on_ordinary_bands_is_no_saturation(
    noise: float, rows: list[tuple[float, float, float]]
) -> None:
    for seed in range(5):
        x = np.linspace(400, 4000, 1800)
        y = 10.0 ** -bands(x, *rows) + noise * np.random.default_rng(seed).standard_normal(1800)
        spectrum, _ = infrared_spectrum(x, y, "TRANSMITTANCE", CONFIG)
        assert spectrum.absorbance.size == 1800


def test_a_flat_top_of_absorbance_is_saturation() -> None:
    y = [0.01 * (i % 50) for i in range(83)]
    with pytest.raises(InputError, match="17 of 100 points") as caught:
        absorbance([*y, *[2.3] * 17], "ABSORBANCE")
    assert (caught.value.code, bool(caught.value.hint)) == ("saturated_absorbance", True)
    absorbance([*y, *[2.3] * 9, *[0.1] * 8], "ABSORBANCE")


@pytest.mark.parametrize("units", ["ABSORBANCE", "TRANSMITTANCE"])
def test_ordinary_bands_are_not_flat(units: str) -> None:
    """Broad and narrow bands, coarse steps of the ordinate, and a constant trace, which clean-up tells."""
    x = np.linspace(400, 4000, 1800)
    bands = sum(
        h * np.exp(-(((x - at) / w) ** 2))
        for at, w, h in ((3300, 250, 1.2), (1700, 15, 1.5), (1100, 60, 0.9))
    )
    y = np.asarray(bands) if units == "ABSORBANCE" else 10.0 ** -np.asarray(bands)
    for values in (y, np.round(y, 2), np.full(50, 0.5)):
        spectrum, _ = infrared_spectrum(np.arange(values.size) + 400.0, values, units, CONFIG)
        assert spectrum.absorbance.size == values.size
