"""Referencing by known lines, and removal of what is not the compound's."""

from __future__ import annotations

import numpy as np
import pytest

from molucid.spectra.referencing import (
    ReferencingConfig,
    noise_level,
    reference,
    settle,
    without_foreign_lines,
)
from molucid.spectra.types import FloatArray, NmrPeaks, NmrSpectrum, Nucleus

CONFIG = ReferencingConfig()


def lorentz(x: FloatArray, at: float, width: float, height: float) -> FloatArray:
    value: FloatArray = height / (1 + (2 * (x - at) / width) ** 2)
    return value


def proton(
    lines: list[tuple[float, float]], solvent: str | None = "CDCl3", noise: float = 1e-4
) -> NmrSpectrum:
    x = np.linspace(-2, 12, 28001)
    y = np.random.default_rng(0).normal(0, noise, x.size)
    for at, height in lines:
        y = y + lorentz(x, at, 0.003, height)
    return NmrSpectrum("1H", x, y, 400.0, solvent)


def highest(spectrum: NmrSpectrum, low: float, high: float) -> float:
    inside = (spectrum.shift_ppm > low) & (spectrum.shift_ppm < high)
    return float(spectrum.shift_ppm[inside][np.argmax(spectrum.intensity[inside])])


def test_noise_is_measured_beside_lines() -> None:
    assert noise_level(proton([(5.0, 1.0)], noise=0.01).intensity) == pytest.approx(0.01, rel=0.03)
    assert noise_level(np.array([1.0])) == 0.0


def test_solvent_line_is_set_to_its_value() -> None:
    moved, note = reference(proton([(3.06, 1.0), (7.32, 0.1)]), CONFIG)
    assert highest(moved, 2, 4) == pytest.approx(3.0, abs=0.001)
    assert note == "solvent line found at 7.3200 ppm, set to 7.26 ppm"


def test_the_nearest_line_counts_not_the_highest() -> None:
    """An aromatic line of the compound at 7.45 is higher than CHCl3 at 7.28."""
    moved, _ = reference(proton([(7.28, 0.1), (7.45, 1.0)]), CONFIG)
    assert highest(moved, 7.4, 7.5) == pytest.approx(7.43, abs=0.001)


@pytest.mark.parametrize(
    "lines",
    [
        [(7.29, 0.5), (7.31, 0.5), (7.50, 0.5), (7.52, 0.5)],  # doublets of 8 Hz at 400 MHz
        [(7.22, 0.3), (7.24, 0.6), (7.26, 0.3), (1.0, 1.0)],  # a triplet over the place of CHCl3
        [(7.40, 0.8)],  # a singlet, too far
    ],
)
def test_an_aromatic_line_is_not_taken_for_chloroform(lines: list[tuple[float, float]]) -> None:
    spectrum = proton(lines)
    moved, note = reference(spectrum, CONFIG)
    np.testing.assert_array_equal(moved.shift_ppm, spectrum.shift_ppm)
    assert "axis as written" in note


def test_a_broad_line_is_no_reference_and_a_quintet_of_the_solvent_is() -> None:
    x = np.linspace(-2, 12, 28001)
    broad = NmrSpectrum("1H", x, lorentz(x, 7.30, 0.05, 1.0), 400.0, "CDCl3")
    assert "axis as written" in reference(broad, CONFIG)[1]
    # CHD2 in DMSO: 1:2:3:2:1, J = 1.9 Hz.
    lines = [(2.55 + 1.9 * i / 400, h) for i, h in ((-2, 0.1), (-1, 0.2), (0, 0.3), (1, 0.2), (2, 0.1))]
    moved, note = reference(proton([*lines, (8.0, 1.0)], "DMSO-d6"), CONFIG)
    assert note.startswith("solvent line found at 2.5")
    assert highest(moved, 2, 3) == pytest.approx(2.5, abs=0.005)


def test_tms_decides_in_proton_spectra() -> None:
    moved, note = reference(proton([(0.02, 0.2), (7.35, 1.0)]), CONFIG)
    assert note.startswith("TMS line found at 0.0200")
    assert highest(moved, 7, 8) == pytest.approx(7.33, abs=0.001)


def test_silicone_grease_is_not_tms() -> None:
    _, note = reference(proton([(0.07, 0.2), (7.26, 0.5)]), CONFIG)
    assert note.startswith("solvent")


@pytest.mark.parametrize(
    ("lines", "solvent"),
    [([(3.0, 1.0)], "CDCl3"), ([(3.0, 1.0), (7.26, 0.005)], "CDCl3"), ([(3.0, 1.0)], None), ([], "CDCl3")],
)
def test_a_trace_without_such_a_line_stays(lines: list[tuple[float, float]], solvent: str | None) -> None:
    spectrum = proton(lines, solvent)
    moved, note = reference(spectrum, CONFIG)
    np.testing.assert_array_equal(moved.shift_ppm, spectrum.shift_ppm)
    assert "axis as written" in note


def test_the_middle_of_a_carbon_multiplet_is_the_reference() -> None:
    """CDCl3 is three equal lines 0.32 ppm apart at 100 MHz; here around 77.9, an outer one being the highest."""
    x = np.linspace(-20, 230, 65536)
    y = sum(lorentz(x, 77.9 + offset, 0.01, height) for offset, height in ((-0.32, 1.02), (0, 1), (0.32, 1)))
    spectrum = NmrSpectrum("13C", x, np.asarray(y) + lorentz(x, 30.0, 0.01, 0.5), 100.0, "CDCl3")
    moved, _ = reference(spectrum, CONFIG)
    assert highest(moved, 20, 40) == pytest.approx(30 - 0.74, abs=0.02)


def test_lines_of_solvent_water_and_tms_leave_a_trace() -> None:
    lines = [(0.0, 1.0), (1.56, 1.0), (7.26, 1.0), (3.7, 0.5)]
    cleaned, removed = without_foreign_lines(proton(lines), CONFIG)
    assert removed == "solvent 7.26, water 1.56, TMS 0 ppm"
    assert isinstance(cleaned, NmrSpectrum)
    assert highest(cleaned, -2, 12) == pytest.approx(3.7, abs=0.001)
    for at in (0.0, 1.56, 7.26):
        near = np.abs(cleaned.shift_ppm - at) < 0.05
        assert np.abs(cleaned.intensity[near]).max() < 0.01
    beside = np.abs(cleaned.shift_ppm - 3.7) < 0.1
    np.testing.assert_array_equal(cleaned.intensity[beside], proton(lines).intensity[beside])


def test_a_ketone_beside_the_carbonyl_of_acetone_stays() -> None:
    x = np.linspace(-20, 230, 65536)
    y = lorentz(x, 206.26, 0.02, 1.0) + lorentz(x, 207.0, 0.02, 0.5) + lorentz(x, 29.84, 0.02, 1.0)
    cleaned, removed = without_foreign_lines(NmrSpectrum("13C", x, y, 100.0, "acetone-d6"), CONFIG)
    assert removed == "solvent 29.84, solvent 206.26, TMS 0 ppm"
    assert isinstance(cleaned, NmrSpectrum)
    assert highest(cleaned, -20, 230) == pytest.approx(207.0, abs=0.01)
    assert cleaned.intensity.max() == pytest.approx(0.5, rel=0.05)
    assert cleaned.intensity[np.abs(x - 206.26) < 0.1].max() < 0.02


def test_the_level_beside_a_line_stays() -> None:
    """On a tilted baseline y = x the removed part is the straight line through it."""
    x = np.linspace(6, 9, 6001)
    spectrum = NmrSpectrum("1H", x, x + lorentz(x, 7.26, 0.001, 50.0), 400.0, "CDCl3")
    cleaned, _ = without_foreign_lines(spectrum, CONFIG)
    assert isinstance(cleaned, NmrSpectrum)
    np.testing.assert_allclose(cleaned.intensity, x, atol=0.05)


def test_without_a_solvent_nothing_leaves() -> None:
    spectrum = proton([(0.0, 1.0), (7.26, 1.0)], solvent=None)
    assert without_foreign_lines(spectrum, CONFIG) == (spectrum, None)


def peaks(nucleus: Nucleus, shifts: list[float], **fields: object) -> NmrPeaks:
    return NmrPeaks(nucleus, np.array(shifts), solvent="CDCl3", **fields)  # type: ignore[arg-type]


def test_a_list_loses_what_nothing_claims() -> None:
    values = peaks("1H", [0.01, 1.56, 3.7, 7.26, 7.3], multiplicity=("s", "s", "q", "s", "m"))
    cleaned, removed = without_foreign_lines(values, CONFIG)
    assert isinstance(cleaned, NmrPeaks)
    np.testing.assert_array_equal(cleaned.shift_ppm, [3.7, 7.3])
    assert cleaned.multiplicity == ("q", "m")
    assert removed == "solvent 7.26, water 1.56, TMS 0.01 ppm"


def test_an_integral_or_a_coupling_makes_an_entry_the_compounds() -> None:
    values = peaks("1H", [1.56, 7.26, 7.27], num_hydrogens=(2, None, None), coupling_hz=((), (8.1,), ()))
    cleaned, removed = without_foreign_lines(values, CONFIG)
    assert isinstance(cleaned, NmrPeaks)
    np.testing.assert_array_equal(cleaned.shift_ppm, [1.56, 7.26])
    assert (cleaned.num_hydrogens, cleaned.coupling_hz) == ((2, None), ((), (8.1,)))
    assert removed == "solvent 7.27 ppm"


def test_a_carbon_list() -> None:
    values = peaks("13C", [14.1, 76.7, 77.3, 77.5, 128.0], width_ppm=np.arange(5.0))
    cleaned, removed = without_foreign_lines(values, CONFIG)
    assert isinstance(cleaned, NmrPeaks)
    assert cleaned.width_ppm is not None
    np.testing.assert_array_equal(cleaned.shift_ppm, [14.1, 128.0])
    np.testing.assert_array_equal(cleaned.width_ppm, [0, 4])
    assert removed == "solvent 76.7, solvent 77.3, solvent 77.5 ppm"


DMSO = [39.52 + k * 21.0 / 125.8 for k in range(-3, 4)]


@pytest.mark.parametrize(
    ("solvent", "field_mhz", "lines", "kept"),
    [
        ("CDCl3", None, [76.84, 77.16, 77.48], []),
        ("CDCl3", 75.5, [76.58, 77.0, 77.42], []),
        ("CDCl3", None, [77.0], []),
        ("DMSO-d6", 125.8, DMSO, []),
        ("acetone-d6", 100.6, [29.26, 29.45, 29.65, 29.84, 30.03, 30.22, 30.42, 206.26], []),
        # The compound's own: too few lines for a multiplet, none in its middle, or outside of it at that field.
        ("CDCl3", None, [76.8, 77.16], [76.8]),
        ("CDCl3", None, [76.7, 76.8, 77.5], [76.7, 76.8, 77.5]),
        ("CDCl3", 200.0, [76.7, 77.0, 77.16, 77.32], [76.7]),
        ("acetone-d6", None, [205.9, 206.26, 206.6], [205.9, 206.6]),
    ],
)
def test_the_multiplet_of_a_carbon_of_the_solvent_leaves_a_list(
    solvent: str, field_mhz: float | None, lines: list[float], kept: list[float]
) -> None:
    values = NmrPeaks("13C", np.array([14.1, *lines]), field_mhz=field_mhz, solvent=solvent)
    cleaned, _ = without_foreign_lines(values, CONFIG)
    np.testing.assert_array_equal(cleaned.shift_ppm, [14.1, *kept])


def test_settle_moves_only_what_states_no_reference() -> None:
    spectrum = proton([(3.06, 1.0), (7.32, 0.1)])
    stayed, notes = settle(spectrum, "SF = 400 MHz", CONFIG)
    np.testing.assert_array_equal(stayed.shift_ppm, spectrum.shift_ppm)
    assert notes["h_nmr_reference"] == "SF = 400 MHz"
    moved, notes = settle(spectrum, None, CONFIG)
    assert moved.shift_ppm[0] == pytest.approx(-2.06, abs=1e-3)
    assert notes["h_nmr_reference"].startswith("solvent line")
    listed, notes = settle(peaks("13C", [77.16, 20.0]), None, CONFIG)
    np.testing.assert_array_equal(listed.shift_ppm, [20.0])
    assert notes == {"c_nmr_removed": "solvent 77.16 ppm"}
