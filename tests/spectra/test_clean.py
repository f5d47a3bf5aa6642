from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from molucid.chem.adducts import parse_adduct
from molucid.chem.formula import Formula, parse_charged_formula
from molucid.errors import InputError, Rejected, Where
from molucid.spectra import clean as cleaning
from molucid.spectra.clean import CleanConfig, clean, clean_all, clean_spectrum
from molucid.spectra.types import Evidence, MassSpectrum, Record

CAFFEINE = Formula.parse("C8H10N4O2")
OFF = CleanConfig(
    max_da_above_precursor=None, merge_tolerance_da=None, min_relative_intensity=None, max_peaks=None
)


def spectrum(
    mz: list[float],
    intensity: list[float],
    precursor_mz: float | None = 195.0877,
    adduct: str | None = "[M+H]+",
) -> MassSpectrum:
    return MassSpectrum(np.array(mz), np.array(intensity), precursor_mz, adduct)


def cleaned(
    value: MassSpectrum, config: CleanConfig | None = None, formula: Formula | None = None
) -> MassSpectrum:
    result = clean_spectrum(value, formula, config or CleanConfig())
    assert isinstance(result, MassSpectrum), result
    return result


def code(value: MassSpectrum, config: CleanConfig | None = None, formula: Formula | None = None) -> str:
    result = clean_spectrum(value, formula, config or CleanConfig())
    assert isinstance(result, Rejected)
    return result.code


def test_order_of_the_steps() -> None:
    assert [step.__name__ for step in cleaning.STEPS] == [
        "require_peaks",
        "require_known_adduct",
        "require_precursor",
        "require_alphabet",
        "require_formula_fits_precursor",
        "drop_zero_intensity",
        "remove_above_precursor",
        "merge_close_peaks",
        "require_min_peaks",
        "scale_base_peak",
        "drop_weak_peaks",
        "keep_most_intense",
        "require_min_peaks",
    ]


def test_order_has_its_consequences() -> None:
    # The strongest peak lies above the precursor: it must be gone before the base peak is looked for.
    # The two at 100 are each below the threshold and together above it: merged before they are compared.
    value = spectrum([100.0, 100.0005, 150.0, 170.0, 300.0], [0.6, 0.6, 100.0, 0.9, 1e6])
    result = cleaned(value, CleanConfig(min_relative_intensity=0.01))
    np.testing.assert_allclose(result.mz, [100.00025, 150.0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.intensity, [0.012, 1.0])


def test_zero_intensities_leave() -> None:
    np.testing.assert_array_equal(cleaned(spectrum([50, 60, 70], [0, 2, 1])).mz, [60, 70])


@pytest.mark.parametrize(("adduct", "kept"), [("[M+H]+", 2), ("[M+2H]2+", 3), (None, 2)])
def test_peaks_above_the_precursor_leave_unless_the_ion_has_more_charges(
    adduct: str | None, kept: int
) -> None:
    value = spectrum([50, 100.4, 150, 250], [1, 1, 1, 1], precursor_mz=100, adduct=adduct)
    assert cleaned(value, CleanConfig(require_adduct=False)).mz.size == kept


def test_merging_takes_the_weighted_mean_and_does_not_chain() -> None:
    config = CleanConfig(merge_tolerance_da=0.01)
    value = spectrum([100.0, 100.008, 100.016, 120.0], [1.0, 3.0, 4.0, 8.0])
    result = cleaned(value, config)
    np.testing.assert_allclose(result.mz, [100.006, 100.016, 120.0], rtol=0, atol=1e-9)
    np.testing.assert_allclose(result.intensity, [0.5, 0.5, 1.0])


def test_the_most_intense_peaks_stay() -> None:
    result = cleaned(spectrum([50, 60, 70, 80], [3, 1, 2, 2]), CleanConfig(max_peaks=2))
    np.testing.assert_array_equal(result.mz, [50, 70])


@pytest.mark.parametrize(
    ("value", "formula", "expected"),
    [
        (spectrum([], []), None, "no_peaks"),
        (spectrum([50], [0]), None, "too_few_peaks"),
        (spectrum([250], [1]), None, "too_few_peaks"),
        (spectrum([50], [1], adduct=None), None, "missing_adduct"),
        (spectrum([50], [1], precursor_mz=None), None, "missing_precursor"),
        (spectrum([50], [1]), Formula.parse("C2H6Hg"), "element_outside_alphabet"),
        (spectrum([50], [1]), Formula.parse("C8H11N4O2"), "formula_precursor_mismatch"),
        (spectrum([50], [1], adduct="[M+Na]+"), CAFFEINE, "formula_precursor_mismatch"),
        (spectrum([50], [1], adduct="[M-H2O+H]+"), Formula.parse("C6H6"), "adduct_does_not_fit"),
    ],
)
def test_reasons(value: MassSpectrum, formula: Formula | None, expected: str) -> None:
    assert code(value, formula=formula) == expected


# [M+H]+ of C8H10N4O2 is at 8·12 + 10·1.00782503 + 4·14.00307400 + 2·15.99491462 + 1.00727646 = 195.087652.
@pytest.mark.parametrize(
    ("ppm", "fits"), [(0, True), (9.9, True), (-9.9, True), (10.1, False), (-10.1, False)]
)
def test_tolerance_of_the_precursor(ppm: float, fits: bool) -> None:
    value = spectrum([50], [1], precursor_mz=195.087652 * (1 + ppm * 1e-6))
    config = CleanConfig(precursor_tolerance_ppm=10)
    assert isinstance(clean_spectrum(value, CAFFEINE, config), MassSpectrum if fits else Rejected)
    assert isinstance(
        clean_spectrum(value, CAFFEINE, CleanConfig(precursor_tolerance_ppm=None)), MassSpectrum
    )


def test_a_record_keeps_the_spectra_that_pass_and_names_the_others() -> None:
    good, bad = spectrum([50], [4]), spectrum([], [])
    where = Where("a.ms", "a", 3)
    record = clean(Record(Evidence("a", CAFFEINE, (bad, good)), where=where), CleanConfig())
    assert isinstance(record, Record)
    assert len(record.evidence.msms) == 1
    assert "a/msms#1: got a spectrum without peaks" in record.metadata["rejected_spectra"]
    row = clean(Record(Evidence("a", CAFFEINE, (bad, bad)), where=where), CleanConfig())
    assert isinstance(row, Rejected)
    assert (row.id, row.code, row.where) == ("a", "no_peaks", where)
    assert isinstance(clean(Record(Evidence("a")), CleanConfig()), Record)


def test_each_faulty_spectrum_is_a_row_behind_its_record() -> None:
    good, bad = spectrum([50], [4]), spectrum([], [])
    where = Where("a.ms", "a", 3)
    records = [
        Record(Evidence(id, CAFFEINE, msms), where=where)
        for id, msms in (("a", (bad, good, bad)), ("b", (bad, bad)), ("c", (good,)))
    ]
    items = list(clean_all(records, CleanConfig()))
    assert [item.id if isinstance(item, Rejected) else item.evidence.id for item in items] == [
        "a",
        "a/msms#1",
        "a/msms#3",
        "b",
        "b/msms#2",
        "c",
    ]
    rows = [item for item in items if isinstance(item, Rejected)]
    assert all((row.code, row.where, bool(row.hint)) == ("no_peaks", where, True) for row in rows)
    mercury = Formula.parse("C2H6Hg")
    (row,) = clean_all([Record(Evidence("m", mercury, (good, good)))], CleanConfig())
    assert isinstance(row, Rejected)
    assert (row.id, row.code) == ("m", "element_outside_alphabet")


def test_clean_all_passes_rows_through_in_order() -> None:
    row = Rejected("r", "some_code", "…")
    record = Record(Evidence("a", None, (spectrum([50], [4]),)))
    first, second = clean_all([row, record], CleanConfig())
    assert first is row
    assert isinstance(second, Record)


def test_unknown_key_names_the_nearest() -> None:
    with pytest.raises(InputError, match="max_peaks"):
        CleanConfig.from_mapping({"max_peak": 3})


PEAKS = st.lists(st.tuples(st.floats(1, 400), st.floats(0, 1e9)), max_size=30)


@settings(deadline=None)
@given(PEAKS, st.sampled_from([0.001, 0.1, 5.0]), st.integers(1, 10))
@example([(1.0, 2.225073858507e-311)], 0.001, 1)  # the smallest numbers have a base peak too
def test_properties_of_a_cleaned_spectrum(
    peaks: list[tuple[float, float]], tolerance: float, max_peaks: int
) -> None:
    value = spectrum([mz for mz, _ in peaks], [i for _, i in peaks])
    before = (value.mz.copy(), value.intensity.copy())
    config = CleanConfig(merge_tolerance_da=tolerance, max_peaks=max_peaks)
    result = clean_spectrum(value, None, config)
    np.testing.assert_array_equal(value.mz, before[0])
    np.testing.assert_array_equal(value.intensity, before[1])
    if isinstance(result, Rejected):
        assert not ((value.intensity > 0) & (value.mz <= 195.0877 + 0.5)).any()
        return
    assert 1 <= result.mz.size <= max_peaks
    assert result.intensity.max() == 1
    assert result.intensity.min() >= 0.001
    assert result.mz.max() <= 195.0877 + 0.5
    assert all(a <= b for a, b in pairwise(result.mz.tolist()))


@given(PEAKS)
def test_merging_keeps_the_total_intensity(peaks: list[tuple[float, float]]) -> None:
    value = spectrum([mz for mz, _ in peaks], [i + 1 for _, i in peaks])
    merged = cleaning.merge_close_peaks(value, None, CleanConfig(merge_tolerance_da=2))
    assert merged.intensity.sum() == pytest.approx(value.intensity.sum())


def test_switched_off_steps_leave_all_peaks() -> None:
    result = cleaned(spectrum([50.0, 50.0001, 300.0], [1e-9, 2.0, 4.0]), OFF)
    np.testing.assert_array_equal(result.mz, [50.0, 50.0001, 300.0])
    np.testing.assert_allclose(result.intensity, [2.5e-10, 0.5, 1.0])


def test_default_tolerance_and_steps_keep_massbank(data_folder: Path) -> None:
    """Of 44,876 MassBank spectra, 99.99 % of the precursors are within 20 ppm of their formula (95.5 % within 1)."""
    columns = ["formula", "adduct", "precursor_mz", "mzs", "intensities"]
    rows = pq.read_table(data_folder / "massbank_msms.parquet", columns=columns).to_pylist()[::20]
    reasons: dict[str, int] = {}
    for row in rows:
        adduct = parse_adduct(row["adduct"]).name
        value = MassSpectrum(np.array(row["mzs"]), np.array(row["intensities"]), row["precursor_mz"], adduct)
        result = clean_spectrum(value, parse_charged_formula(row["formula"])[0], CleanConfig())
        if isinstance(result, Rejected):
            reasons[result.code] = reasons.get(result.code, 0) + 1
    assert sum(reasons.values()) <= 0.001 * len(rows), reasons
