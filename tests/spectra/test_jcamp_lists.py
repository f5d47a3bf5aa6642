"""NMR lists in JCAMP-DX: whether they are complete, and what their shifts refer to."""

from __future__ import annotations

import io

import numpy as np
import pytest

from molucid.errors import Rejected
from molucid.spectra.formats import jcamp
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import NmrPeaks, Record

HEAD = "##TITLE=a\n##DATA TYPE=NMR PEAK TABLE\n##.OBSERVE NUCLEUS=^13C\n##.OBSERVE FREQUENCY=100\n"
TABLE = "##PEAK TABLE=(XY..XY)\n14.1, 1; 128.4, 3\n"
# The second line belongs to two atoms, and programs count it once or twice.
ASSIGNED = "##PEAK ASSIGNMENTS=(XYMA)\n(14.1, 1, Q, <1>)\n(128.4, 1, D, <2>) (128.4, 1, D, <3>)\n"
END = "##END=\n"


def item_of(*labels: str, units: str = "PPM") -> Record | Rejected:
    text = f"{HEAD}##XUNITS={units}\n{''.join(labels)}"
    (item,) = jcamp.read(io.BytesIO(text.encode()), "a.jdx", ReadConfig())
    return item


def shifts_of(item: Record | Rejected) -> list[float]:
    assert isinstance(item, Record), item
    assert isinstance(item.evidence.c_nmr, NmrPeaks)
    return item.evidence.c_nmr.shift_ppm.tolist()


def code_of(item: Record | Rejected) -> str:
    assert isinstance(item, Rejected), item
    assert item.hint
    return item.code


@pytest.mark.parametrize(
    "parts",
    [
        (TABLE, END),
        ("##NPOINTS=2\n", TABLE, END),
        ("##NPOINTS=2\n", TABLE),
        (ASSIGNED, END),
        ("##NPOINTS=3\n", ASSIGNED, END),
        ("##NPOINTS=2\n", ASSIGNED, END),
    ],
)
def test_a_complete_list(parts: tuple[str, ...]) -> None:
    assert shifts_of(item_of(*parts)) == [14.1, 128.4]


@pytest.mark.parametrize("table", [TABLE, ASSIGNED])
def test_a_list_that_is_cut_off_is_refused(table: str) -> None:
    assert code_of(item_of(table)) == "unfinished_record"
    for end in ("", END):
        row = item_of("##NPOINTS=6\n", table, end)
        assert code_of(row) == "point_count_mismatch"
        assert "the 6 that ##NPOINTS= announces" in row.message  # type: ignore[union-attr]


def test_a_list_without_peaks() -> None:
    assert code_of(item_of("##PEAK TABLE=(XY..XY)\n", END)) == "no_peaks"
    assert code_of(item_of("##NPOINTS=2\n##PEAK TABLE=(XY..XY)\n", END)) == "point_count_mismatch"


def test_a_list_in_hz_takes_the_shift_of_one_of_its_lines() -> None:
    """At 100 MHz the second line is 30 ppm above the first."""
    table = "##PEAK TABLE=(XY..XY)\n1000, 1; 4000, 3\n"
    item = item_of("##.SHIFT REFERENCE=INTERNAL, CDCl3, 2, 77\n", table, END, units="HZ")
    np.testing.assert_allclose(shifts_of(item), [47, 77])
    assert item.metadata["c_nmr_reference"] == "line 2 at 77 ppm"  # type: ignore[union-attr]
    assert shifts_of(item_of("##.SHIFT REFERENCE=X, TMS, 1, 0\n", table, END, units="HZ")) == [0, 30]


@pytest.mark.parametrize(
    "reference",
    [
        "",
        "##$OFFSET=200\n",
        "##.SHIFT REFERENCE=INTERNAL, CDCl3, 16384, 77\n",
        "##.SHIFT REFERENCE=INTERNAL, CDCl3, 1.5, 77\n",
        "##.SHIFT REFERENCE=INTERNAL, TMS, 0, 0\n",
        "##.SHIFT REFERENCE=INTERNAL, TMS, 1, 220\n",
    ],
)
def test_a_list_in_hz_without_a_reference_of_its_own_is_refused(reference: str) -> None:
    table = "##PEAK TABLE=(XY..XY)\n1000, 1; 4000, 3\n"
    assert code_of(item_of(reference, table, END, units="HZ")) == "missing_reference"


def test_an_assignment_that_is_not_closed_is_refused_and_one_over_two_lines_is_read() -> None:
    row = item_of("##PEAK ASSIGNMENTS=(XYMA)\n(14.1, 1, Q, <1>)\n(128.4, 1, D, <2>\n", END)
    assert isinstance(row, Rejected)
    assert row.code == "malformed_ordinate"
    assert "128.4" in row.message
    wrapped = item_of("##PEAK ASSIGNMENTS=(XYMA)\n(14.1, 1, Q,\n<C(1)>)\n(128.4, 1, D, <2>)\n", END)
    assert shifts_of(wrapped) == [14.1, 128.4]
