"""What the types of evidence refuse, whoever makes them."""

from __future__ import annotations

import io
import json
import math
from typing import Any

import numpy as np
import pytest

from molucid.errors import InputError, Rejected
from molucid.spectra.formats import json as molucid_json
from molucid.spectra.formats import nmr_peak_list, nmredata
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Evidence, MassSpectrum, NmrPeaks


@pytest.mark.parametrize(
    ("values", "code", "said"),
    [
        ({"num_hydrogens": (-1, 2)}, "malformed_peak", "num_hydrogens -1"),
        ({"num_hydrogens": (None, 1000)}, "malformed_peak", "num_hydrogens 1000"),
        ({"coupling_hz": ((), (7.0, -2.0))}, "malformed_peak", "coupling_hz -2"),
        ({"coupling_hz": ((math.inf,), ())}, "malformed_peak", "coupling_hz inf"),
        ({"coupling_hz": ((math.nan,), ())}, "malformed_peak", "coupling_hz nan"),
        ({"coupling_hz": ((), (7.0,) * 256)}, "too_many_couplings", "256 couplings of the peak at 3.5 ppm"),
        ({"width_ppm": np.array([0.0, -0.1])}, "malformed_peak", "width_ppm -0.1"),
        ({"shift_std_ppm": np.array([math.nan, 0.1])}, "malformed_peak", "shift_std_ppm nan"),
    ],
)
def test_a_peak_has_no_impossible_number(values: dict[str, Any], code: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        NmrPeaks("1H", np.array([1.2, 3.5]), **values)
    assert (caught.value.code, caught.value.got) == (code, said)
    assert caught.value.hint


def test_the_ends_of_what_a_peak_may_have_are_kept() -> None:
    peaks = NmrPeaks("1H", np.array([1.2, 3.5]), coupling_hz=((0.0,) * 255, ()), num_hydrogens=(0, 999))
    assert peaks.num_hydrogens == (0, 999)
    assert peaks.coupling_hz is not None
    assert len(peaks.coupling_hz[0]) == 255


def _json(peaks: dict[str, Any]) -> str:
    record = {"id": "a", "h_nmr": {"kind": "peaks", "shift_ppm": [7.1], **peaks}}
    return json.dumps({"format": "molucid-spectra", "version": 1, "records": [record]})


SD = "a\n\n\n  0  0  0  0  0  0  0  0  0  0999 V2000\nM  END\n>  <NMREDATA_1D_1H>\n7.1, N=99999\\\n\n$$$$\n"


@pytest.mark.parametrize(
    ("reader", "text", "code"),
    [
        (molucid_json, _json({"num_hydrogens": [-1]}), "malformed_peak"),
        (molucid_json, _json({"num_hydrogens": [99999]}), "malformed_peak"),
        (molucid_json, _json({"coupling_hz": [[7.0] * 300]}), "too_many_couplings"),
        (nmr_peak_list, "# nucleus: 1H\nshift_ppm,num_hydrogens\n7.1,99999\n", "malformed_peak"),
        (nmredata, SD, "malformed_peak"),
    ],
)
def test_readers_make_a_row_of_it(reader: Any, text: str, code: str) -> None:
    (row,) = reader.read(io.BytesIO(text.encode()), "a.x", ReadConfig())
    assert isinstance(row, Rejected)
    assert row.code == code


def test_spectra_of_all_kinds_are_counted() -> None:
    mass = MassSpectrum(np.array([50.0]), np.array([1.0]), 60.0, "[M+H]+")
    peaks = NmrPeaks("1H", np.array([1.2]))
    assert Evidence("a").num_spectra == 0
    assert Evidence("a", h_nmr=peaks).num_spectra == 1
    assert Evidence("a", msms=(mass, mass), h_nmr=peaks).num_spectra == 3
