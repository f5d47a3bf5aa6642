"""All kinds of spectra of a molecule by one call, and what a laboratory would make of them."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import InputError, Rejected
from molucid.simulate.augment import AugmentConfig, augment_evidence
from molucid.simulate.conditions import Conditions
from molucid.simulate.evidence import EvidenceConfig, EvidenceSimulator, SimulatedEvidence
from molucid.simulate.ir_xtb import XtbConfig
from molucid.spectra.grids import C_NMR_GRID, H_NMR_GRID, IR_GRID
from molucid.spectra.nmr_peak_picking import PeakPickingConfig, pick_peaks
from molucid.spectra.types import Evidence, NmrPeaks, NmrSpectrum

ALL = EvidenceConfig(kinds=("msms", "ir", "nmr"))
CONDITIONS = [Conditions("[M+H]+", normalized_collision_energy=e) for e in (20.0, 40.0)]


def complete(found: SimulatedEvidence | Rejected) -> SimulatedEvidence:
    assert isinstance(found, SimulatedEvidence)
    return found


def test_a_molecule_has_every_kind_that_was_asked_for() -> None:
    simulator = EvidenceSimulator(ALL)
    assert sorted(simulator.provenance) == ["ir", "msms", "nmr"]
    (found,) = map(complete, simulator.simulate_many(["CC(=O)Nc1ccc(O)cc1"], CONDITIONS))
    assert [s.normalized_collision_energy for s in found.msms] == [20.0, 40.0]
    assert found.ir is not None
    assert len(found.ir.wavenumber_cm1) == IR_GRID.num_points
    assert isinstance(found.h_nmr, NmrPeaks)
    assert isinstance(found.c_nmr, NmrPeaks)
    # paracetamol: CH3, two pairs of aromatic CH, NH, OH; six different carbons
    assert sum(n or 0 for n in found.h_nmr.num_hydrogens or ()) == 9
    assert len(found.c_nmr.shift_ppm) == 6


def test_what_was_not_asked_for_is_not_there() -> None:
    (found,) = map(
        complete, EvidenceSimulator(EvidenceConfig(kinds=("nmr",))).simulate_many(["CCO"], CONDITIONS)
    )
    assert (found.msms, found.ir) == ((), None)
    assert found.h_nmr is not None


def test_a_molecule_that_one_simulator_refuses_is_a_row_among_the_answers() -> None:
    answers = EvidenceSimulator(ALL).simulate_many(["CCO", "C[N+](C)(C)C", "CCN"], CONDITIONS)
    assert [isinstance(answer, Rejected) for answer in answers] == [False, True, False]


@pytest.mark.skipif(
    shutil.which("xtb") is None, reason="the program xtb is not installed (Debian: apt-get install xtb)"
)
def test_infrared_spectra_are_computed_by_xtb_where_it_is_asked_for() -> None:
    config = EvidenceConfig().updated(["kinds=[ir]", "ir.form=xtb", "ir.max_heavy_atoms=2"])
    simulator = EvidenceSimulator(config, seed=3)
    assert simulator.provenance["ir"]["form"] == simulator.provenance["ir"]["program"] == "xtb"
    assert simulator.provenance["ir"]["version"]
    formaldehyde, ethanol = simulator.simulate_many(["C=O", "CCO"], [])
    found = complete(formaldehyde).ir
    assert found is not None
    # C=O stretch of GFN2-xTB at 1806.6 cm⁻¹, times 0.98
    assert found.wavenumber_cm1[found.absorbance.argmax()] == pytest.approx(1770, abs=2)
    assert isinstance(ethanol, Rejected)
    assert ethanol.code == "too_many_atoms"


def test_without_xtb_the_simulator_is_refused_and_the_fast_one_is_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match="apt-get install xtb") as refused:
        EvidenceSimulator(EvidenceConfig(kinds=("ir",), ir=XtbConfig()))
    assert refused.value.code == "missing_program"
    assert EvidenceSimulator(EvidenceConfig(kinds=("ir",))).provenance["ir"]["form"] == "fast"
    EvidenceSimulator(EvidenceConfig(kinds=("nmr",), ir=XtbConfig()))


def test_a_nucleus_that_a_molecule_lacks_is_absent_and_not_an_empty_list() -> None:
    config = EvidenceConfig(kinds=("nmr",))
    (found,) = map(complete, EvidenceSimulator(config).simulate_many(["FC(F)(F)C(F)(F)F"], CONDITIONS))
    assert found.h_nmr is None
    assert found.c_nmr is not None


def test_traces_are_on_the_grids_and_a_function_of_molecule_and_seed() -> None:
    config = EvidenceConfig(kinds=("nmr",), nmr_form="measured")

    def traces(smiles: list[str], seed: int) -> list[NmrSpectrum]:
        found = [complete(item) for item in EvidenceSimulator(config, seed).simulate_many(smiles, [])]
        spectra = [spectrum for item in found for spectrum in (item.h_nmr, item.c_nmr)]
        assert all(isinstance(spectrum, NmrSpectrum) for spectrum in spectra)
        return [spectrum for spectrum in spectra if isinstance(spectrum, NmrSpectrum)]

    first = traces(["CCO", "CCN"], 0)
    assert np.array_equal(first[0].shift_ppm, H_NMR_GRID.axis)
    assert np.array_equal(first[1].shift_ppm, C_NMR_GRID.axis)
    assert first[0].solvent == first[1].solvent
    again = traces(["CCN", "CCO"], 0)
    # shifts depend on what passes the model with them by rounding only
    np.testing.assert_allclose(first[0].intensity, again[2].intensity, atol=0.01)
    assert not np.array_equal(first[0].intensity, traces(["CCO"], 1)[0].intensity)


def test_a_trace_without_departures_is_the_list_drawn() -> None:
    drawn, listed = (
        complete(
            EvidenceSimulator(EvidenceConfig(kinds=("nmr",), nmr_form=form)).simulate_many(["CCO"], [])[0]
        )
        for form in ("traces", "lists")
    )
    assert isinstance(drawn.c_nmr, NmrSpectrum)
    assert isinstance(listed.c_nmr, NmrPeaks)
    picked = pick_peaks(drawn.c_nmr, PeakPickingConfig())
    np.testing.assert_allclose(picked.shift_ppm, listed.c_nmr.shift_ppm, atol=C_NMR_GRID.step)


SIMULATED = NmrPeaks(
    "1H",
    np.array([1.2, 3.7]),
    multiplicity=("t", "q"),
    coupling_hz=((7.0, 7.0), (7.0, 7.0, 7.0)),
    num_hydrogens=(3, 2),
    shift_std_ppm=np.array([0.1, 0.1]),
)


def test_a_simulated_list_becomes_a_trace_or_a_list_as_reported() -> None:
    evidence = Evidence("a", h_nmr=SIMULATED)
    rng = np.random.default_rng(0)
    as_trace = augment_evidence(evidence, AugmentConfig(trace_probability=1.0), rng).h_nmr
    as_list = augment_evidence(evidence, AugmentConfig(trace_probability=0.0), rng).h_nmr
    assert isinstance(as_trace, NmrSpectrum)
    assert isinstance(as_list, NmrPeaks)
    assert as_list.shift_std_ppm is None


def test_a_measured_list_stays_as_it_is() -> None:
    measured = replace(SIMULATED, shift_std_ppm=None)
    evidence = augment_evidence(
        Evidence("a", h_nmr=measured), AugmentConfig(trace_probability=1.0), np.random.default_rng(0)
    )
    assert evidence.h_nmr is measured


def test_what_is_drawn_is_a_function_of_the_generator() -> None:
    evidence, config = Evidence("a", h_nmr=SIMULATED), AugmentConfig(trace_probability=0.0)
    first, second, other = (
        augment_evidence(evidence, config, np.random.default_rng(seed)).h_nmr for seed in (5, 5, 6)
    )
    assert isinstance(first, NmrPeaks)
    assert isinstance(second, NmrPeaks)
    assert isinstance(other, NmrPeaks)
    assert first.shift_ppm.tolist() == second.shift_ppm.tolist()
    assert first.shift_ppm.tolist() != other.shift_ppm.tolist()


def carbons() -> NmrPeaks:
    return NmrPeaks("13C", np.array([18.0, 58.0]), shift_std_ppm=np.array([1.0, 1.0]), field_mhz=100.58)


@pytest.mark.parametrize("trace_probability", [0.0, 0.5, 1.0])
def test_both_nuclei_of_a_compound_are_in_one_solvent_and_magnet(trace_probability: float) -> None:
    evidence = Evidence("a", h_nmr=replace(SIMULATED, field_mhz=400.0), c_nmr=carbons())
    config = AugmentConfig(trace_probability=trace_probability)
    seen = set()
    for seed in range(25):
        found = augment_evidence(evidence, config, np.random.default_rng(seed))
        assert found.h_nmr is not None
        assert found.c_nmr is not None
        assert found.h_nmr.solvent == found.c_nmr.solvent
        assert found.h_nmr.field_mhz is not None
        assert found.c_nmr.field_mhz == pytest.approx(found.h_nmr.field_mhz * 0.25145, rel=1e-4)
        seen.add((found.h_nmr.solvent, found.h_nmr.field_mhz))
    assert len(seen) > 5


def test_what_one_list_states_holds_for_the_other() -> None:
    stated = replace(carbons(), field_mhz=150.9, solvent="C6D6")
    evidence = Evidence("a", h_nmr=SIMULATED, c_nmr=stated)
    found = augment_evidence(evidence, AugmentConfig(trace_probability=1.0), np.random.default_rng(0))
    assert found.h_nmr is not None
    assert found.c_nmr is not None
    assert (found.h_nmr.solvent, found.c_nmr.solvent) == ("C6D6", "C6D6")
    assert found.c_nmr.field_mhz == 150.9
    assert found.h_nmr.field_mhz == pytest.approx(600.1, abs=0.1)
