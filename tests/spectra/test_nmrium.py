"""NMRium files: layouts, traces and ranges, what is no signal of the compound, faults by name."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from molucid.errors import InputError, Rejected
from molucid.spectra.formats import nmrium
from molucid.spectra.read import read_records
from molucid.spectra.types import NmrPeaks, NmrSpectrum
from tests.spectra.nmr_lists import C_INFO, H_INFO, nmrium_file, only, read, summary


def test_the_first_layout_of_nmrium() -> None:
    splittings = [{"coupling": 7, "multiplicity": "d"}, {"coupling": 2, "multiplicity": "t"}]
    signal = {"delta": 1.2, "multiplicity": "dt", "j": splittings}
    spectrum = {"info": H_INFO, "ranges": [{"from": 1.1, "to": 1.3, "signal": [signal]}]}
    peaks = only(read(nmrium, nmrium_file(spectrum, nested=False))).evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    assert peaks.coupling_hz == ((7, 2, 2),)


def test_a_trace_is_read_where_no_ranges_are_and_peaks_where_no_trace_is() -> None:
    trace = {"info": H_INFO, "data": {"x": [3, 2, 1], "re": [0, 5, 1]}, "peaks": {"values": [{"x": 2}]}}
    spectrum = only(read(nmrium, nmrium_file(trace))).evidence.h_nmr
    assert isinstance(spectrum, NmrSpectrum)
    assert (spectrum.shift_ppm.tolist(), spectrum.intensity.tolist()) == ([1, 2, 3], [1, 5, 0])
    peaks = only(
        read(nmrium, nmrium_file({"info": H_INFO, "peaks": {"values": [{"delta": 2}]}}))
    ).evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    assert peaks.shift_ppm.tolist() == [2]


@pytest.mark.parametrize(
    ("spectra", "code"),
    [
        ([], "no_spectrum"),
        ([{"info": {**H_INFO, "isFid": True}}], "no_spectrum"),
        ([{"info": {**H_INFO, "nucleus": "19F"}}], "no_spectrum"),
        ([{"info": {**H_INFO, "nucleus": ["1H", "1H"], "dimension": 2}}], "no_spectrum"),
        ([{"info": H_INFO, "source": {"jcampURL": "x"}}], "no_peaks"),
        ([{"info": H_INFO, "data": {"x": [1, 2], "re": [1]}}], "ragged_arrays"),
        ([{"info": H_INFO, "data": {"x": [1, None], "re": [1, 2]}}], "not_finite"),
        ([{"info": H_INFO, "peaks": {"values": [{"x": 99}]}}], "shift_outside_window"),
        ([{"info": H_INFO, "peaks": {"values": [{"x": 9}]}}] * 2, "repeated_spectrum"),
        ([{"info": H_INFO, "data": {"x": [1, 2, 3, 1, 2, 3], "re": [1] * 6}}], "mixed_compounds"),
        ([{"info": H_INFO, "data": {"x": [1, 1, 2, 2, 3, 3], "re": [1] * 6}}], "mixed_compounds"),
        ([{"info": H_INFO, "peaks": {"values": [{"x": 9}, {"x": "8"}]}}], "malformed_shift"),
        ([{"info": H_INFO, "ranges": {"values": [{"signals": [{"delta": None}]}]}}], "malformed_shift"),
        ([{"info": H_INFO, "ranges": {"values": [{"from": 1.1}]}}], "malformed_shift"),
    ],
)
def test_faults_of_nmrium(spectra: list[dict[str, Any]], code: str) -> None:
    (row,) = read(nmrium, nmrium_file(*spectra))
    assert isinstance(row, Rejected)
    assert row.code == code
    assert row.message


def test_ranges_of_the_solvent_only_are_named_as_such() -> None:
    ranges = {"values": [{"from": 7.2, "to": 7.3, "kind": "solvent"}]}
    (row,) = read(nmrium, nmrium_file({"info": H_INFO, "ranges": ranges}))
    assert isinstance(row, Rejected)
    assert row.code == "no_peaks"
    assert "1 ranges, none of the compound's" in row.message
    assert "signals" in row.hint


def test_signals_of_an_impurity_are_no_peaks_and_mixed_ones_are() -> None:
    ranges = [
        {"from": 1.2, "to": 1.3, "signals": [{"delta": 1.25, "kind": "impurity"}]},
        {
            "from": 2.0,
            "to": 2.2,
            "kind": "mixed",
            "signals": [{"delta": 2.1}, {"delta": 2.15, "kind": "solvent"}],
        },
        {"from": 3.0, "to": 3.4, "kind": "signal", "signals": []},
    ]
    peaks = only(read(nmrium, nmrium_file({"info": H_INFO, "ranges": {"values": ranges}}))).evidence.h_nmr
    np.testing.assert_allclose(peaks.shift_ppm, [2.1, 3.2])
    np.testing.assert_allclose(peaks.width_ppm, [0, 0.4])


def integrated(*integrals: Any, **options: Any) -> str:
    """A ¹H spectrum of ranges 1 ppm apart with one signal each and these integrals."""
    values = [
        {"integration": integral, "signals": [{"delta": shift}]}
        for shift, integral in enumerate(integrals, start=1)
    ]
    return nmrium_file({"info": H_INFO, "ranges": {"values": values, "options": options}})


@pytest.mark.parametrize(
    "options", [{"sum": 6.05}, {"sum": 100, "mf": "C42H100O"}, {"sum": 6, "sumAuto": True, "moleculeId": "x"}]
)
def test_integrals_that_are_hydrogens_give_their_number(options: dict[str, Any]) -> None:
    record = only(read(nmrium, integrated(3.02, 2.14, 0.89, **options)))
    assert record.evidence.h_nmr.num_hydrogens == (3, 2, 1)
    assert "h_nmr_integrals_not_used" not in record.metadata
    record = only(read(nmrium, integrated(3.02, 2.4, 0.3, None, **options)))
    assert record.evidence.h_nmr.num_hydrogens == (3, None, None, None)
    assert record.metadata["h_nmr_without_hydrogens"] == "3 of 4 peaks"


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, "their sum is no number of hydrogens"),
        ({"sum": None, "isSumConstant": True, "sumAuto": True}, "their sum is no number of hydrogens"),
        ({"sum": 100, "sumAuto": False}, "their sum is no number of hydrogens"),
        ({"sum": 5.1}, "no whole numbers"),
    ],
)
def test_integrals_that_are_no_hydrogens_are_noted(options: dict[str, Any], reason: str) -> None:
    integrals = (2.4, 2.7) if options.get("sum") == 5.1 else (40.0, 60.0)
    record = only(read(nmrium, integrated(*integrals, **options)))
    assert record.evidence.h_nmr.num_hydrogens is None
    assert record.metadata["h_nmr_integrals_not_used"] == f"2 of 2 ranges: {reason}"


def test_an_integral_of_several_signals_is_no_ones_and_assigned_atoms_come_first() -> None:
    values = [
        {"integration": 3, "signals": [{"delta": 1}, {"delta": 1.1}]},
        {"integration": 3, "kind": "mixed", "signals": [{"delta": 2}, {"delta": 2.1, "kind": "solvent"}]},
        {"integration": 3.4, "signals": [{"delta": 3, "nbAtoms": 2}]},
        {"integration": 2.5, "nbAtoms": 4, "signals": [{"delta": 4}]},
        {"integration": 1.1, "from": 5.0, "to": 5.2},
    ]
    spectrum = {"info": H_INFO, "ranges": {"values": values, "options": {"sum": 13}}}
    peaks = only(read(nmrium, nmrium_file(spectrum))).evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    assert peaks.num_hydrogens == (None, None, None, 2, 4, 1)
    carbon = {"info": C_INFO, "ranges": spectrum["ranges"] | {"values": values[-1:]}}
    record = only(read(nmrium, nmrium_file(carbon)))
    assert record.evidence.c_nmr.num_hydrogens is None
    assert "h_nmr_integrals_not_used" not in record.metadata


def test_json_that_is_not_nmriums(tmp_path: Path) -> None:
    for text, code in (
        ("[1", "invalid_json"),
        ("{}", "wrong_json_format"),
        ('{"spectra": 3}', "wrong_json_format"),
    ):
        with pytest.raises(InputError) as fault:
            read(nmrium, text)
        assert fault.value.code == code
    path = tmp_path / "a.json"
    path.write_text(nmrium_file({"info": H_INFO, "peaks": {"values": [{"x": 9}]}}))
    assert summary(list(read_records(path))) == ["a.json"]
