"""Augmented lists and traces stay within their stated ranges and depend on the generator only."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from molucid.config import Config
from molucid.errors import InputError
from molucid.simulate.nmr import NmrConfig
from molucid.simulate.nmr_augment import NmrAugmentConfig, augment_peaks, augmented_trace
from molucid.simulate.nmr_augment_config import SIMULATED_FIELD_MHZ
from molucid.simulate.nmr_augment_trace import drawn_trace
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID
from molucid.spectra.referencing import ReferencingConfig, without_foreign_lines
from molucid.spectra.types import NmrPeaks, NmrSpectrum

OFF: dict[str, Any] = {
    "shift_error": 0, "h_offset_ppm": 0, "c_offset_ppm": 0, "coupling_error_hz": 0, "mobile_missing": 0,
    "quaternary_missing": 0, "solvents": [("CDCl3", 1.0)], "multiplet_as_range": 0, "merge_overlaps": 0,
    "unresolved": 0, "bare_hydrogens": 0, "carbon_types": 1, "carbon_numbers": 1, "carbon_repeats": 0,
    "carbon_lines": 0, "field_mhz": [400.0],
}  # fmt: skip


def config(**changes: Any) -> NmrAugmentConfig:
    return NmrAugmentConfig.from_mapping({**OFF, **changes})


def ethanol() -> NmrPeaks:
    return NmrPeaks(
        "1H",
        np.array([1.2, 2.6, 3.7]),
        multiplicity=("t", "br s", "q"),
        coupling_hz=((7.0, 7.0), (), (7.0, 7.0, 7.0)),
        num_hydrogens=(3, 1, 2),
        shift_std_ppm=np.array([0.05, 1.0, 0.1]),
        field_mhz=400.0,
    )


def trifluoroethanol() -> NmrPeaks:
    return NmrPeaks(
        "13C",
        np.array([61.0, 124.0]),
        multiplicity=("T", "S"),
        coupling_hz=((35.0,) * 3, (277.0,) * 3),
        num_hydrogens=(1, 1),
        shift_std_ppm=np.array([1.0, 2.0]),
    )


def generator(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def test_with_everything_off_a_list_is_the_simulated_one_without_deviations() -> None:
    for peaks in (ethanol(), replace(trifluoroethanol(), coupling_hz=((), ()))):
        found = augment_peaks(peaks, config(), generator())
        np.testing.assert_allclose(found.shift_ppm, peaks.shift_ppm)
        assert found.multiplicity == peaks.multiplicity
        assert found.coupling_hz == peaks.coupling_hz
        assert found.num_hydrogens == peaks.num_hydrogens
        assert found.shift_std_ppm is None
        assert found.solvent == "CDCl3"


@pytest.mark.parametrize("make", [augment_peaks, augmented_trace])
def test_equal_generators_give_equal_results(make: Callable[..., Any]) -> None:
    first, again, other = (make(ethanol(), NmrAugmentConfig(), generator(seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first.shift_ppm, again.shift_ppm)
    values = [getattr(found, "intensity", found.shift_ppm) for found in (first, again, other)]
    np.testing.assert_array_equal(values[0], values[1])
    assert not np.array_equal(values[0], values[2])


def test_shift_errors_have_the_stated_size() -> None:
    found = np.array(
        [augment_peaks(ethanol(), config(shift_error=1), generator(seed)).shift_ppm for seed in range(400)]
    )
    outer = found[:, 0]  # the hydroxyl line may change places with its neighbours, the methyl line hardly
    assert np.median(np.abs(outer - 1.2)) == pytest.approx(0.6745 * 0.05, rel=0.25)
    offsets = [
        augment_peaks(ethanol(), config(h_offset_ppm=0.04), generator(seed)).shift_ppm[0] - 1.2 for seed in range(200)
    ]  # fmt: skip
    assert 0.03 < np.max(np.abs(offsets)) <= 0.0405


def test_mobile_hydrogens_and_quaternary_carbons_go_missing() -> None:
    found = augment_peaks(ethanol(), config(mobile_missing=1), generator())
    assert found.multiplicity == ("t", "q")
    in_water = augment_peaks(ethanol(), config(solvents=[("D2O", 1.0)]), generator())
    assert in_water.multiplicity == ("t", "q")
    carbons = augment_peaks(trifluoroethanol(), config(quaternary_missing=1), generator())
    assert carbons.shift_ppm.tolist() == [61.0]


def test_a_stated_field_is_kept_and_the_simulators_is_drawn() -> None:
    magnet = config(field_mhz=[500.0])
    assert NmrConfig().h_field_mhz == SIMULATED_FIELD_MHZ
    for make in (augment_peaks, augmented_trace):
        stated = replace(ethanol(), field_mhz=600.13)
        assert make(stated, magnet, generator()).field_mhz == 600.13
        assert make(ethanol(), magnet, generator()).field_mhz == 500.0
        unstated = replace(ethanol(), field_mhz=None)
        assert make(unstated, magnet, generator()).field_mhz == 500.0
        carbon = replace(trifluoroethanol(), field_mhz=125.76)
        assert make(carbon, magnet, generator()).field_mhz == 125.76
        simulated = replace(trifluoroethanol(), field_mhz=100.58)
        assert make(simulated, magnet, generator()).field_mhz == pytest.approx(125.73, abs=0.01)


def test_equal_couplings_stay_equal() -> None:
    found = augment_peaks(ethanol(), config(coupling_error_hz=1), generator(3))
    assert found.coupling_hz is not None
    assert len(set(found.coupling_hz[0])) == 1
    assert found.coupling_hz[0][0] != 7.0


def test_overlapping_multiplets_become_one_range() -> None:
    peaks = NmrPeaks(
        "1H", np.array([1.30, 1.31, 3.0]), multiplicity=("t", "quint", "s"), num_hydrogens=(3, 2, 1),
        coupling_hz=((8.0, 8.0), (8.0,) * 4, ()), field_mhz=400.0,
    )  # fmt: skip
    found = augment_peaks(peaks, config(merge_overlaps=1), generator())
    assert found.multiplicity == ("m", "s")
    assert found.num_hydrogens == (5, 1)
    assert found.coupling_hz == ((), ())
    assert found.width_ppm is not None
    # the quintet spans 32 Hz = 0.08 ppm about 1.31, the triplet lies inside it but for nothing
    assert found.width_ppm.tolist() == pytest.approx([0.08, 0])
    assert found.shift_ppm.tolist() == pytest.approx([1.31, 3.0])


def test_small_couplings_may_be_unresolved() -> None:
    peaks = NmrPeaks("1H", np.array([7.0, 8.0]), multiplicity=("dd", "d"), coupling_hz=((8.0, 2.0), (2.0,)))
    found = augment_peaks(peaks, config(unresolved=1, unresolved_below_hz=3), generator())
    assert found.multiplicity == ("d", "s")
    assert found.coupling_hz == ((8.0,), ())


def test_unnamed_multiplets_give_their_range() -> None:
    peaks = NmrPeaks("1H", np.array([2.0]), multiplicity=("m",), coupling_hz=((12.0, 8.0),), field_mhz=400.0)
    found = augment_peaks(peaks, config(multiplet_as_range=1), generator())
    assert found.coupling_hz == ((),)
    assert found.width_ppm is not None
    assert found.width_ppm.tolist() == pytest.approx([0.05])


def test_split_carbons_may_be_listed_line_by_line() -> None:
    found = augment_peaks(trifluoroethanol(), config(carbon_lines=1, carbon_types=0), generator())
    assert len(found.shift_ppm) == 8
    assert found.multiplicity is None
    spacing = np.diff(found.shift_ppm[:4])
    np.testing.assert_allclose(spacing, 35 / (400 * 0.25145), atol=0.011)


def test_a_split_carbon_is_listed_with_its_splitting_and_the_others_with_their_types() -> None:
    found = augment_peaks(trifluoroethanol(), config(coupling_error_hz=0), generator())
    assert found.multiplicity == ("q", "q")
    plain = replace(trifluoroethanol(), coupling_hz=((), ()))
    assert augment_peaks(plain, config(), generator()).multiplicity == plain.multiplicity
    assert augment_peaks(plain, config(carbon_types=0), generator()).multiplicity is None


def test_carbons_are_all_counted_or_where_they_are_several_or_not() -> None:
    benzyl = NmrPeaks("13C", np.array([65.0, 127.0, 128.5, 140.9]), num_hydrogens=(1, 2, 2, 1))
    assert augment_peaks(benzyl, config(), generator()).num_hydrogens == (1, 2, 2, 1)
    repeats = config(carbon_numbers=0, carbon_repeats=1)
    assert augment_peaks(benzyl, repeats, generator()).num_hydrogens == (None, 2, 2, None)
    single = replace(benzyl, num_hydrogens=(1, 1, 1, 1))
    assert augment_peaks(single, repeats, generator()).num_hydrogens is None
    assert augment_peaks(benzyl, config(carbon_numbers=0), generator()).num_hydrogens is None


def test_an_entry_at_a_line_of_the_solvent_leaves_the_list_as_in_a_reader() -> None:
    lines = NmrPeaks("13C", np.array([20.0, 77.1]), num_hydrogens=(1, 1), solvent="CDCl3")
    assert augment_peaks(lines, config(carbon_numbers=0), generator()).shift_ppm.tolist() == [20.0]
    assert augment_peaks(lines, config(), generator()).shift_ppm.tolist() == [20.0, 77.1]


def test_a_list_may_lose_everything() -> None:
    alone = NmrPeaks("1H", np.array([2.6]), multiplicity=("br s",), coupling_hz=((),), num_hydrogens=(1,))
    found = augment_peaks(alone, config(mobile_missing=1, merge_overlaps=1), generator())
    assert not len(found.shift_ppm)
    trace = augmented_trace(alone, config(mobile_missing=1), generator())
    assert np.isfinite(trace.intensity).all()


CLEAN: dict[str, Any] = {
    "h_width_hz": (0.8, 0.8), "broad_width_hz": (10, 10), "noise": (1e-9, 1e-9), "baseline": 0,
    "phase_degrees": (0, 0), "water": 0, "reference": 0, "impurities": 0, "h_solvent_height": (1e-6, 1e-6),
}  # fmt: skip


def test_a_clean_trace_has_its_lines_where_the_list_has_them() -> None:
    found = augmented_trace(ethanol(), config(**CLEAN), generator())
    np.testing.assert_array_equal(found.shift_ppm, H_NMR_GRID.axis)
    assert found.intensity.max() == pytest.approx(1, abs=1e-6)
    assert found.shift_ppm[np.argmax(found.intensity)] == pytest.approx(1.2, abs=H_NMR_GRID.step)
    triplet = np.abs(found.shift_ppm - 1.2) < 0.1
    quartet = np.abs(found.shift_ppm - 3.7) < 0.1
    assert found.intensity[triplet].sum() / found.intensity[quartet].sum() == pytest.approx(1.5, rel=0.02)


def test_solvent_water_and_reference_stand_at_their_places() -> None:
    changes = {**CLEAN, "h_solvent_height": (2, 2), "water": 1, "water_height": (0.5, 0.5), "reference": 1,
               "water_width_ppm": (0.01, 0.01), "impurity_height": (0.1, 0.1)}  # fmt: skip
    known = replace(ethanol(), solvent="CDCl3", field_mhz=400.0)
    trace = drawn_trace(known, config(**changes), generator())
    plain = drawn_trace(known, config(**CLEAN), generator())
    added = trace.intensity - plain.intensity
    for place, height in ((7.26, 2), (1.56, 0.5), (0.0, 0.1)):
        near = np.abs(trace.shift_ppm - place) < 0.01
        assert added[near].max() == pytest.approx(height, rel=0.45)  # a narrow line falls between two points
    far = (np.abs(trace.shift_ppm - 7.26) > 0.3) & (np.abs(trace.shift_ppm - 1.56) > 0.3)
    assert np.abs(added[far & (np.abs(trace.shift_ppm) > 0.1)]).max() < 1e-6


def test_deuterochloroform_has_three_lines_in_carbon() -> None:
    changes = {**CLEAN, "c_width_hz": (1.5, 1.5), "c_solvent_height": (3, 3)}
    known = replace(trifluoroethanol(), solvent="CDCl3", field_mhz=100.6)
    trace = drawn_trace(known, config(**changes), generator())
    near = np.flatnonzero((np.abs(trace.shift_ppm - 77.16) < 0.6) & (trace.intensity > 0.8))
    places = trace.shift_ppm[near]
    assert places.min() == pytest.approx(77.16 - 0.318, abs=0.05)
    assert places.max() == pytest.approx(77.16 + 0.318, abs=0.05)
    np.testing.assert_array_equal(trace.shift_ppm, C_NMR_GRID.axis)


def test_a_trace_arrives_as_readers_deliver_it_without_the_lines_of_the_solvent() -> None:
    changes = {**CLEAN, "h_solvent_height": (9, 9), "c_solvent_height": (9, 9), "c_width_hz": (1.5, 1.5), "water": 1,
               "water_height": (5, 5), "water_width_ppm": (0.01, 0.01), "reference": 1}  # fmt: skip
    for peaks in (ethanol(), trifluoroethanol()):
        known = replace(peaks, solvent="CDCl3")
        trace = augmented_trace(known, config(**changes), generator())
        assert drawn_trace(known, config(**changes), generator()).intensity.max() > 4
        assert trace.intensity.max() == pytest.approx(1, abs=0.2)
        settled, _ = without_foreign_lines(trace, ReferencingConfig())
        assert isinstance(settled, NmrSpectrum)
        np.testing.assert_allclose(settled.intensity, trace.intensity, atol=0.01)


def test_noise_and_baseline_have_the_stated_size() -> None:
    empty = NmrPeaks("1H", np.array([5.0]), num_hydrogens=(1,))
    noisy = augmented_trace(empty, config(**{**CLEAN, "noise": (0.01, 0.01)}), generator())
    assert noisy.intensity[:2000].std() == pytest.approx(0.01, rel=0.1)
    bent = augmented_trace(empty, config(**{**CLEAN, "baseline": 0.2}), generator())
    away = np.abs(bent.shift_ppm - 5) > 0.5
    assert 0.02 < np.abs(bent.intensity[away]).max() < 0.201


def test_a_phase_error_of_90_degrees_is_the_dispersive_line() -> None:
    line = NmrPeaks("1H", np.array([4.0]), num_hydrogens=(1,))
    changes = {**CLEAN, "h_width_hz": (8, 8), "phase_degrees": (90, 90)}
    trace = augmented_trace(line, config(**changes), generator())
    distance = (trace.shift_ppm - 4.0) / 0.01  # in half widths
    expected = distance / (1 + distance**2)
    near = np.abs(distance) < 10
    np.testing.assert_allclose(np.abs(trace.intensity[near]), np.abs(expected[near]), atol=0.03)
    assert trace.intensity[near].sum() == pytest.approx(0, abs=0.5)


@pytest.mark.parametrize(
    "wrong",
    [{"noise": (0.1, 0.01)}, {"h_width_hz": (0, 1)}, {"solvents": [("milk", 1.0)]}, {"field_mhz": []}],
)
def test_wrong_ranges_are_refused(wrong: dict[str, Any]) -> None:
    assert issubclass(NmrAugmentConfig, Config)
    with pytest.raises(InputError):
        NmrAugmentConfig.from_mapping(wrong)


def test_a_loader_can_augment_without_rdkit_and_numba() -> None:
    heavy = ("rdkit", "pyarrow", "numba", "scipy", "torch")
    code = f"import sys, molucid.simulate.nmr_augment; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
