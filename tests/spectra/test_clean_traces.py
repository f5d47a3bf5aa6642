"""What a trace or list must be, and how a record with one bad spectrum among good ones is answered."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from molucid.chem.formula import Formula
from molucid.errors import InputError, Rejected, Where
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.clean_traces import TraceConfig, clean_infrared, clean_nmr_peaks, clean_nmr_trace
from molucid.spectra.types import (
    Evidence,
    FloatArray,
    InfraredSpectrum,
    MassSpectrum,
    NmrPeaks,
    NmrSpectrum,
    Nucleus,
    Record,
)

CONFIG = TraceConfig()


def infrared(low: float = 400, high: float = 4000, points: int = 500, sign: float = 1.0) -> InfraredSpectrum:
    x = np.linspace(low, high, points)
    return InfraredSpectrum(x, sign * 2.5 * np.exp(-(((x - (low + high) / 2) / 50) ** 2)) + sign * 0.01)


def trace(nucleus: Nucleus = "1H", low: float = -2, high: float = 10, points: int = 2000) -> NmrSpectrum:
    x = np.linspace(low, high, points)
    middle = x[points // 2]
    return NmrSpectrum(nucleus, x, 40.0 / (1 + (100 * (x - middle) / (high - low)) ** 2))


def peaks(nucleus: Nucleus, *shifts: float) -> NmrPeaks:
    return NmrPeaks(nucleus, np.array(shifts, np.float64))


def test_the_largest_absolute_value_becomes_one_and_the_baseline_stays() -> None:
    spectrum = clean_infrared(infrared(), CONFIG)
    assert spectrum.absorbance.max() == pytest.approx(1.0)
    assert spectrum.absorbance.min() == pytest.approx(0.01 / 2.51, rel=0.01)
    assert clean_nmr_trace(trace(), CONFIG).intensity.max() == 1.0
    carbon = trace("13C", -20, 230)
    turned = replace(carbon, intensity=-carbon.intensity)
    assert clean_nmr_trace(turned, CONFIG).intensity.min() == -1.0


def axis(values: FloatArray) -> InfraredSpectrum:
    return InfraredSpectrum(values, 1 + np.sin(np.arange(len(values))))


@pytest.mark.parametrize(
    ("spectrum", "code"),
    [
        (InfraredSpectrum(np.array([]), np.array([])), "no_points"),
        (replace(infrared(), absorbance=np.zeros(500)), "all_zero"),
        (replace(infrared(), absorbance=np.full(500, 0.3)), "all_equal"),
        (axis(np.linspace(2.5, 25, 500)), "wrong_ir_axis"),
        (axis(np.linspace(2500, 25000, 500)), "wrong_ir_axis"),
        (axis(np.arange(3000.0)), "wrong_ir_axis"),
        (axis(np.arange(3000.0) + 1), "wrong_ir_axis"),
        (axis(np.linspace(5000, 9000, 500)), "outside_window"),
        (axis(np.linspace(900, 1700, 500)), "narrow_window"),
        (axis(np.linspace(400, 4000, 40)), "too_few_points"),
        (infrared(sign=-1.0), "negative_absorbance"),
        (replace(infrared(), absorbance=10 ** -infrared().absorbance), "upside_down"),
    ],
)
def test_reasons_of_infrared(spectrum: InfraredSpectrum, code: str) -> None:
    with pytest.raises(InputError) as caught:
        clean_infrared(spectrum, CONFIG)
    assert caught.value.code == code
    assert caught.value.hint


@pytest.mark.parametrize(
    ("spectrum", "code"),
    [
        (replace(trace(), intensity=np.zeros(2000)), "all_zero"),
        (trace("1H", 400, 4000), "outside_window"),  # Hz
        (trace("1H", -800, 4000), "outside_window"),  # Hz, with 0 inside
        (trace("13C", 2500, 20000), "outside_window"),
        (trace("13C", -2000, 23000), "outside_window"),
        (trace("1H", -20, 230), "outside_window"),  # 13C
        (trace("1H", -60, 10), "outside_window"),
        (trace("13C", -250, 50), "outside_window"),  # 19F
        (NmrSpectrum("1H", np.array([-1e308, 1e308]), np.array([1.0, 2.0])), "outside_window"),
        (trace("1H", 6, 9), "narrow_window"),
        (trace("13C", 100, 160), "narrow_window"),
        (trace("1H", -2, 10, 50), "too_few_points"),
        (replace(trace(), intensity=-trace().intensity), "negative_lines"),
    ],
)
def test_reasons_of_nmr_traces(spectrum: NmrSpectrum, code: str) -> None:
    with pytest.raises(InputError) as caught:
        clean_nmr_trace(spectrum, CONFIG)
    assert caught.value.code == code
    assert caught.value.hint


def test_a_trace_of_another_nucleus_is_named() -> None:
    with pytest.raises(InputError) as caught:
        clean_nmr_trace(trace("1H", -20, 230), CONFIG)
    assert "a 1H axis from -20 to 230 ppm" in str(caught.value)
    assert "13C" in (caught.value.hint or "")


@pytest.mark.parametrize(("nucleus", "low", "high"), [("1H", -20, 40), ("13C", -150, 400)])
def test_the_widest_sweeps_are_kept(nucleus: Nucleus, low: float, high: float) -> None:
    assert clean_nmr_trace(trace(nucleus, low, high), CONFIG).intensity.max() == 1.0


def test_lists() -> None:
    assert clean_nmr_peaks(peaks("1H", 1.2, 12.4)).shift_ppm.tolist() == [1.2, 12.4]
    with pytest.raises(InputError) as caught:
        clean_nmr_peaks(peaks("13C"))
    assert caught.value.code == "no_peaks"


def record(**fields: object) -> Record:
    return Record(Evidence("a", **fields), where=Where("f", "a", 3))  # type: ignore[arg-type]


def test_a_record_keeps_what_is_good_and_lists_the_rest() -> None:
    item = record(
        ir=replace(infrared(), absorbance=np.zeros(500)), h_nmr=trace(), c_nmr=peaks("13C", 20.0, 90.0)
    )
    cleaned = clean(item, CleanConfig())
    assert isinstance(cleaned, Record)
    evidence = cleaned.evidence
    assert evidence.ir is None
    assert isinstance(evidence.h_nmr, NmrSpectrum)
    assert isinstance(evidence.c_nmr, NmrPeaks)
    assert evidence.c_nmr.shift_ppm.tolist() == [20.0, 90.0]
    assert cleaned.metadata["rejected_spectra"].startswith("a/ir: got 500 points that are all zero")


def test_a_bad_trace_does_not_cost_the_mass_spectrum_nor_the_other_way_round() -> None:
    good = MassSpectrum(np.array([50.0]), np.array([1.0]), precursor_mz=100.0, adduct="[M+H]+")
    bad = replace(good, intensity=np.array([0.0]))
    for msms, ir, id in (((good,), infrared(sign=-1.0), "a/ir"), ((bad,), infrared(), "a/msms#1")):
        cleaned = clean(record(msms=msms, ir=ir), CleanConfig())
        assert isinstance(cleaned, Record)
        assert bool(cleaned.evidence.msms) != (cleaned.evidence.ir is not None)
        assert cleaned.metadata["rejected_spectra"].startswith(f"{id}: ")


def test_a_record_with_nothing_good_is_rejected_with_its_first_fault() -> None:
    row = clean(record(ir=infrared(sign=-1.0), c_nmr=peaks("13C")), CleanConfig())
    assert isinstance(row, Rejected)
    assert (row.id, row.code, row.where.line) == ("a", "negative_absorbance", 3)
    assert row.message.startswith("ir: got an absorbance from ")


def test_elements_that_no_model_writes_reject_traces_too() -> None:
    row = clean(record(formula=Formula.parse("C2H6Hg"), h_nmr=trace()), CleanConfig())
    assert isinstance(row, Rejected)
    assert row.code == "element_outside_alphabet"


def test_a_record_without_spectra_passes() -> None:
    assert isinstance(clean(record(), CleanConfig()), Record)
