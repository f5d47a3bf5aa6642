"""Tables of NMR peaks: compounds, separators, columns, faults by name."""

from __future__ import annotations

import pytest

from molucid.errors import InputError, Rejected
from molucid.spectra.formats import nmr_peak_list
from molucid.spectra.types import NmrPeaks, Record
from tests.spectra.nmr_lists import only, read, summary


def test_a_table_of_several_compounds() -> None:
    text = "id,nucleus,shift_ppm,multiplicity,coupling_hz,smiles\n"
    text += (
        'a,1H,7.1,dt,"8.0, 2.1",CCO\nb,1H,7.1,zz,,\na,13C,50.1,,,CCO\nc,13C,300,,,\nd,19F,1,,,\ne,1H,x,,,\n'
    )
    items = read(nmr_peak_list, text)
    expected = ["a", "unknown_multiplicity", "shift_outside_window", "unsupported_nucleus", "malformed_peak"]
    assert summary(items) == expected
    assert [item.id for item in items if isinstance(item, Rejected)] == ["b", "c", "d", "e"]
    first = items[0]
    assert isinstance(first, Record)
    assert first.smiles == "CCO"
    assert isinstance(first.evidence.h_nmr, NmrPeaks)
    assert first.evidence.h_nmr.coupling_hz == ((8.0, 2.1, 2.1),)
    assert isinstance(first.evidence.c_nmr, NmrPeaks)
    assert "line 3" in items[1].message if isinstance(items[1], Rejected) else False


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_separators(separator: str) -> None:
    text = "#nucleus: 13C\nshift_ppm|num_hydrogens\n50.1|2\n".replace("|", separator)
    peaks = only(read(nmr_peak_list, text)).evidence.c_nmr
    assert isinstance(peaks, NmrPeaks)
    assert (peaks.shift_ppm.tolist(), peaks.num_hydrogens) == ([50.1], (2,))


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("# nucleus: 13C\nshift_ppm,multiplicity\n", "no_peaks"),
        ("shift_ppm\n7.1\n", "missing_nucleus"),
        ("# nucleus: 1H\nshift_ppm,multiplicity\n7.1\n", "ragged_row"),
        ("# nucleus: 1H\nshift_ppm,num_hydrogens\n7.1,1.5\n", "malformed_peak"),
        ("# nucleus: 1H\nshift_ppm,coupling_hz\n7.1,x\n", "malformed_coupling"),
        ("# nucleus: 1H\nshift_ppm\nnan\n", "not_finite"),
        ("# nucleus: 1H\n# field_mhz: x\nshift_ppm\n7.1\n", "malformed_field"),
        ("# nucleus: 1H\nshift_ppm,multiplicity\n,s\n", "malformed_shift"),
    ],
)
def test_faults_of_a_table(text: str, code: str) -> None:
    (row,) = read(nmr_peak_list, text)
    assert isinstance(row, Rejected)
    assert row.code == code


def test_a_table_without_shifts_and_a_long_one() -> None:
    with pytest.raises(InputError, match="shift_ppm"):
        read(nmr_peak_list, "ppm,multiplicity\n7.1,s\n")
    text = "# nucleus: 1H\nshift_ppm\n" + "7.1\n" * 9
    assert summary(read(nmr_peak_list, text, max_peaks=8)) == ["too_many_peaks"]


@pytest.mark.parametrize("name", ["coupling", "couplings_hz", "hydrogens", "width", "field", "titel"])
def test_a_column_with_nearly_the_name_of_one_is_refused(name: str) -> None:
    with pytest.raises(InputError, match=f"(?s)'{name}'.*did you mean"):
        read(nmr_peak_list, f"# nucleus: 1H\nshift_ppm,{name}\n7.1,1\n")


def test_a_foreign_column_is_noted() -> None:
    text = "id,nucleus,shift_ppm,comment,formula,area\na,1H,7.1,clean,C6H6,6\n"
    record = only(read(nmr_peak_list, text))
    assert record.metadata["columns_not_used"] == "comment; area"
    assert str(record.evidence.formula) == "C6H6"
