"""JCAMP-DX files: labels, units, references, blocks and what is refused."""

from __future__ import annotations

import io

import numpy as np
import pytest

from molucid.errors import Rejected
from molucid.spectra.formats import jcamp
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import InfraredSpectrum, NmrPeaks, NmrSpectrum, Record

Items = list[Record | Rejected]

IR = {
    "TITLE": "ethanol",
    "JCAMP-DX": "4.24",
    "DATA TYPE": "INFRARED SPECTRUM",
    "XUNITS": "1/CM",
    "YUNITS": "ABSORBANCE",
    "FIRSTX": "400",
    "LASTX": "403",
    "NPOINTS": "4",
    "XFACTOR": "1",
    "YFACTOR": "0.01",
    "XYDATA": "(X++(Y..Y))\n400 10 20 30 40",
}
NMR = {
    "TITLE": "toluene",
    "DATA TYPE": "NMR SPECTRUM",
    ".OBSERVE FREQUENCY": "400.0",
    ".OBSERVE NUCLEUS": "^1H",
    ".SHIFT REFERENCE": "INTERNAL, TMS, 1, 10",
    "XUNITS": "HZ",
    "YUNITS": "ARBITRARY UNITS",
    "FIRSTX": "4000",
    "LASTX": "-800",
    "NPOINTS": "4",
    "XYDATA": "(X++(Y..Y))\n4000 1 2 3 4",
}


def block(labels: dict[str, str], **changes: str | None) -> str:
    """A block; keyword names stand for labels with `_` for a blank, and `None` leaves a label out."""
    named = {name.replace("_", " ").replace("dot ", "."): value for name, value in changes.items()}
    lines = {**labels, **named}
    return "".join(f"##{name}={value}\n" for name, value in lines.items() if value is not None) + "##END=\n"


def read(text: str, **config: int) -> Items:
    return list(jcamp.read(io.BytesIO(text.encode()), "a.jdx", ReadConfig(**config)))


def record(text: str) -> Record:
    (item,) = read(text)
    assert isinstance(item, Record), item
    return item


def infrared(text: str) -> InfraredSpectrum:
    spectrum = record(text).evidence.ir
    assert spectrum is not None
    return spectrum


def trace(text: str) -> NmrSpectrum:
    spectrum = record(text).evidence.h_nmr
    assert isinstance(spectrum, NmrSpectrum)
    return spectrum


def code(text: str, **config: int) -> str:
    (item,) = read(text, **config)
    assert isinstance(item, Rejected), item
    assert item.where.file == "a.jdx"
    assert item.where.line is not None
    assert item.hint or item.code in ("malformed_label",)
    return item.code


def test_absorbance_over_wavenumbers() -> None:
    text = block(IR, MOLFORM="C2 H6 O", CAS_REGISTRY_NO="64-17-5")
    item = record(text)
    spectrum = item.evidence.ir
    assert spectrum is not None
    assert item.evidence.id == "ethanol"
    assert str(item.evidence.formula) == "C2H6O"
    assert item.metadata["cas"] == "64-17-5"
    np.testing.assert_allclose(spectrum.wavenumber_cm1, [400, 401, 402, 403])
    np.testing.assert_allclose(spectrum.absorbance, [0.1, 0.2, 0.3, 0.4])


def test_labels_in_any_spelling_comments_and_line_ends() -> None:
    text = (
        block(IR).replace("##DATA TYPE=", "##data_type= ").replace("##XUNITS=1/CM", "##X-Units= 1/CM $$ yes")
    )
    text = "$$ a comment\n" + text.replace("400 10", "$$ another\n\n400 10 ").replace("\n", "\r\n") + "\x1a"
    np.testing.assert_allclose(infrared(text).absorbance, [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    "table",
    [
        "400 10 20\n402 30 40",
        "400+10+20+30+40",
        "400A0B0C0D0",
        "400A0J0U",
        "400A0J0J0\n402C0J0\n403D0",
    ],
)
def test_every_form_of_a_table_is_the_same_spectrum(table: str) -> None:
    np.testing.assert_allclose(
        infrared(block(IR, XYDATA=f"(X++(Y..Y))\n{table}")).absorbance, [0.1, 0.2, 0.3, 0.4]
    )


def test_abscissae_have_their_factor_and_may_fall() -> None:
    text = block(IR, FIRSTX="4000", LASTX="3997", XFACTOR="0.5", XYDATA="(X++(Y..Y))\n8000 10 20\n7996 30 40")
    spectrum = infrared(text)
    np.testing.assert_allclose(spectrum.wavenumber_cm1, [3997, 3998, 3999, 4000])
    np.testing.assert_allclose(spectrum.absorbance, [0.4, 0.3, 0.2, 0.1])


def test_points_in_pairs() -> None:
    text = block(IR, XYDATA=None, XYPOINTS="(XY..XY)\n400, 10; 410, 20;\n415, 30; 500, 40")
    spectrum = infrared(text)
    np.testing.assert_allclose(spectrum.wavenumber_cm1, [400, 410, 415, 500])
    np.testing.assert_allclose(spectrum.absorbance, [0.1, 0.2, 0.3, 0.4])


@pytest.mark.parametrize(
    ("units", "first", "last", "expected"),
    [
        ("MICROMETERS", "2.5", "10", [1000, 1333.333, 2000, 4000]),
        ("NANOMETERS", "2500", "10000", [1000, 1333.333, 2000, 4000]),
        ("cm-1", "400", "403", [400, 401, 402, 403]),
    ],
)
def test_units_of_the_axis(units: str, first: str, last: str, expected: list[float]) -> None:
    text = block(IR, XUNITS=units, FIRSTX=first, LASTX=last, XYDATA=f"(X++(Y..Y))\n{first} 10 20 30 40")
    np.testing.assert_allclose(infrared(text).wavenumber_cm1, expected, rtol=1e-6)


def test_transmittance_becomes_absorbance() -> None:
    text = block(IR, YUNITS="TRANSMITTANCE", XYDATA="(X++(Y..Y))\n400 100 10 1 50")
    item = record(text)
    assert item.evidence.ir is not None
    np.testing.assert_allclose(item.evidence.ir.absorbance, [0, 1, 2, 0.30103], atol=1e-6)
    assert item.metadata["ir_ordinate"] == "absorbance from transmittance"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"DATA TYPE": None}, "missing_label"),
        ({"XUNITS": None}, "missing_label"),
        ({"YUNITS": ""}, "missing_label"),
        ({"FIRSTX": None}, "missing_label"),
        ({"FIRSTX": "abc"}, "malformed_label"),
        ({"XFACTOR": "0"}, "malformed_label"),
        ({"XUNITS": "SECONDS"}, "unknown_x_units"),
        ({"YUNITS": "KUBELKA-MUNK"}, "unknown_y_units"),
        ({"DATA TYPE": "RAMAN SPECTRUM"}, "unsupported_data_type"),
        ({"DATA TYPE": "INFRARED INTERFEROGRAM"}, "unsupported_data_type"),
        ({"NPOINTS": "5"}, "point_count_mismatch"),
        ({"XYDATA": "(X++(Y..Y))\n"}, "point_count_mismatch"),
        ({"LASTX": "400"}, "x_check_failed"),
        ({"LASTX": "503", "XYDATA": "(X++(Y..Y))\n400 10 20\n402 30 40"}, "x_check_failed"),
        ({"FIRSTX": "503", "LASTX": "400", "XYDATA": "(X++(Y..Y))\n400 10 20 30\n503 40"}, "reversed_axis"),
        ({"XYDATA": "(X++(Y..Y))\n400A0J0\n401C0J0J0"}, "y_check_failed"),
        ({"XYDATA": "(X++(Y..Y))\n400 10 20 ? 40"}, "not_finite"),
        ({"XYDATA": "(X++(Y..Y))\n400 10 20 !! 40"}, "malformed_ordinate"),
        ({"XYDATA": "(R++(I))\n400 10 20 30 40"}, "unknown_table_form"),
        ({"XYDATA": None, "PEAK TABLE": "(XY..XY)\n400,1"}, "ir_peak_table"),
        ({"XYDATA": None}, "missing_label"),
        ({"YFACTOR": "1e+308", "XYDATA": "(X++(Y..Y))\n400 99999 20 30 40"}, "not_finite"),
    ],
)
def test_reasons_of_infrared(changes: dict[str, str | None], expected: str) -> None:
    labels = {name: value for name, value in {**IR, **changes}.items() if value is not None}
    assert code(block(labels)) == expected


def test_bounds_are_reasons() -> None:
    assert code(block(IR), max_peaks=3) == "too_many_points"
    assert code(block(IR, TITLE="t" * 200), max_id_chars=100) == "title_too_long"
    assert code(block(IR), max_record_chars=60) == "record_too_long"
    assert code(block(IR), max_line_chars=12) == "line_too_long"


def test_a_cut_file_is_told_by_its_count_or_its_end() -> None:
    text = block(IR, XYDATA="(X++(Y..Y))\n400 10 20\n402 30 40")
    assert code(text[: text.index("402")]) == "point_count_mismatch"
    without_count = text.replace("##NPOINTS=4\n", "")
    assert infrared(without_count).absorbance.size == 4
    assert code(without_count[: without_count.index("##END=")]) == "unfinished_record"


# 4000 Hz and −800 Hz at 400 MHz are 10 and −2 ppm; four points lie 4 ppm apart.
def test_axis_in_hz() -> None:
    spectrum = trace(block(NMR))
    np.testing.assert_allclose(spectrum.shift_ppm, [-2, 2, 6, 10])
    np.testing.assert_allclose(spectrum.intensity, [4, 3, 2, 1])
    assert (spectrum.nucleus, spectrum.field_mhz, spectrum.solvent) == ("1H", 400.0, None)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (
            {"XUNITS": "PPM", "FIRSTX": "10", "LASTX": "-2", "XYDATA": "(X++(Y..Y))\n10 1 2 3 4"},
            [-2, 2, 6, 10],
        ),
        # The second point of the file is at 5 ppm, so the first is at 9.
        ({".SHIFT REFERENCE": "INTERNAL, TMS, 2, 5"}, [-3, 1, 5, 9]),
        ({".SHIFT REFERENCE": "INTERNAL, TMS, 1.5, 5"}, [-5, -1, 3, 7]),
        (
            {
                **{"FIRSTX": "4800", "LASTX": "0", "XYDATA": "(X++(Y..Y))\n4800 1 2 3 4"},
                **{".SHIFT REFERENCE": "", "$OFFSET": "11"},
            },
            [-1, 3, 7, 11],
        ),
        ({".SHIFT REFERENCE": "INTERNAL, TMS, 0, 0", "$OFFSET": "11"}, [-1, 3, 7, 11]),
    ],
)
def test_references_that_a_file_states(labels: dict[str, str], expected: list[float]) -> None:
    np.testing.assert_allclose(trace(block({**NMR, **labels})).shift_ppm, expected)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({".SHIFT REFERENCE": None}, "missing_reference"),
        (
            {"FIRSTX": "4800", "LASTX": "0", "XYDATA": "(X++(Y..Y))\n4800 1 2 3 4", ".SHIFT REFERENCE": None},
            "missing_reference",
        ),
        ({".OBSERVE NUCLEUS": None}, "missing_label"),
        ({".OBSERVE NUCLEUS": "^31P"}, "unsupported_nucleus"),
        ({".OBSERVE FREQUENCY": None}, "missing_label"),
        ({".OBSERVE FREQUENCY": "-400"}, "malformed_label"),
        ({"XUNITS": "SECONDS"}, "unknown_x_units"),
        ({"DATA TYPE": "NMR FID"}, "unprocessed_fid"),
        ({".OBSERVE NUCLEUS": "^13C", ".PULSE SEQUENCE": "dept135"}, "edited_spectrum"),
        ({".OBSERVE NUCLEUS": "^13C", "$PULPROG": "<jmod>"}, "edited_spectrum"),
        ({"XYDATA": None, "PEAK TABLE": "(XYW..XYW)\n1,2,3"}, "unknown_table_form"),
    ],
)
def test_reasons_of_nmr(changes: dict[str, str | None], expected: str) -> None:
    labels = {name: value for name, value in {**NMR, **changes}.items() if value is not None}
    assert code(block(labels)) == expected


def in_hz(first: int, highest: int, **changes: str) -> str:
    """101 points 50 Hz apart, falling, flat but for lines of one point at `highest` and at 1000 Hz."""
    at = [first - 50 * i for i in range(101)]
    lines = "\n".join(f"{x} {100 if x == highest else 30 if x == 1000 else i % 2}" for i, x in enumerate(at))
    labels = {"FIRSTX": f"{at[0]}", "LASTX": f"{at[-1]}", "NPOINTS": "101", "XYDATA": f"(X++(Y..Y))\n{lines}"}
    return block({**NMR, **labels, ".SHIFT REFERENCE": "", ".OBSERVE FREQUENCY": "1000", **changes})


def test_an_axis_in_hz_without_reference_needs_a_line_that_says_where_it_is() -> None:
    """At 1000 MHz 4000 to −1000 Hz are 4 to −1 ppm, and TMS is looked for within 0.05 ppm of 0."""
    item = record(in_hz(4000, 0))
    assert item.metadata["h_nmr_reference"].startswith("TMS line found")
    assert code(in_hz(4000, 500)) == "missing_reference"
    # Centred on 0 the axis is the spectral width alone, and the line at 0 is the compound's.
    assert code(in_hz(2500, 0)) == "missing_reference"


@pytest.mark.parametrize("label", ["XYDATA", "PEAK TABLE"])
def test_a_second_table_in_one_block_is_not_dropped(label: str) -> None:
    table = "(X++(Y..Y))\n4000 1 2 3 4" if label == "XYDATA" else "(XY..XY)\n800,1"
    labels = {name: value for name, value in NMR.items() if name not in ("XYDATA", "NPOINTS")} | {
        "XUNITS": "HZ" if label == "XYDATA" else "PPM",
        label: table.replace("800", "2"),
    }
    text = block(labels)
    assert isinstance(record(text).evidence.h_nmr, NmrSpectrum if label == "XYDATA" else NmrPeaks)
    twice = text.replace("##END=", f"##{label}={table}\n##END=")
    assert code(twice) == "repeated_spectrum"


NTUPLES = """##TITLE=nt
##JCAMPDX=5.0 $$ Bruker
##DATA TYPE= NMR SPECTRUM
##.OBSERVE FREQUENCY= 100.0
##.OBSERVE NUCLEUS= ^13C
##.SOLVENT NAME= CDCl3
##$OFFSET= 200
##NTUPLES= NMR SPECTRUM
##VAR_NAME=  FREQUENCY, SPECTRUM/REAL, SPECTRUM/IMAG, PAGE NUMBER
##SYMBOL=    X,         R,             I,             N
##VAR_FORM=  AFFN,      ASDF,          ASDF,          AFFN
##VAR_DIM=   5,         5,             5,             2
##UNITS=     HZ,        ARBITRARY,     ARBITRARY,
##FIRST=     20000,     1,             9,             1
##LAST=      0,         5,             9,             2
##FACTOR=    5000,      2,             3,             1
##PAGE= N=1
##DATA TABLE= (X++(R..R)), XYDATA
4AJJ
2CJJ
##PAGE= N=2
##DATA TABLE= (X++(I..I)), XYDATA
4IIIII
##END NTUPLES= NMR SPECTRUM
##END=
"""


def test_real_part_of_ntuples() -> None:
    spectrum = record(NTUPLES).evidence.c_nmr
    assert isinstance(spectrum, NmrSpectrum)
    assert (spectrum.nucleus, spectrum.field_mhz, spectrum.solvent) == ("13C", 100.0, "CDCl3")
    np.testing.assert_allclose(spectrum.shift_ppm, [0, 50, 100, 150, 200])
    # 1 to 5 with the factor 2; TMS at 0 ppm leaves, its level is that beside it on the only side there is.
    np.testing.assert_allclose(spectrum.intensity[1:], [8, 6, 4, 2])


def test_ntuples_of_two_dimensions_or_time_are_refused() -> None:
    assert code(NTUPLES.replace("NMR SPECTRUM", "NMR FID")) == "unprocessed_fid"
    two_dimensional = NTUPLES.replace("X,         R,", "F1,        F2,").replace("X++", "F2++")
    assert code(two_dimensional) == "two_dimensional"
    assert code(NTUPLES.replace("R..R", "M..M")) == "unknown_table_form"
    assert code(NTUPLES.replace("##VAR_DIM", "##V")) == "missing_label"


def test_lists_are_read_where_there_is_no_trace() -> None:
    labels = {**NMR, "XUNITS": "PPM"}
    del labels["XYDATA"], labels["NPOINTS"]
    peaks = record(block({**labels, "PEAK TABLE": "(XY..XY)\n7.1, 1\n1.2, 3"})).evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    np.testing.assert_allclose(peaks.shift_ppm, [1.2, 7.1])
    assigned = "(XYMA)\n(1.24,1.00,T,<5>)\n(1.24,1.00,T,<4>)\n(3.73,0.54,q,<7>)"
    peaks = record(block({**labels, "PEAK ASSIGNMENTS": assigned})).evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    np.testing.assert_allclose(peaks.shift_ppm, [1.24, 3.73])
    assert peaks.multiplicity == ("t", "q")
    words = "(XYMA)\n(1.24,1.00,br. s,<5>)\n(3.73,0.54,doublet of doublets,<7>)"
    peaks = record(block({**labels, "PEAK ASSIGNMENTS": words})).evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    assert peaks.multiplicity == ("br s", "dd")
    assert code(block({**labels, "PEAK ASSIGNMENTS": "(XYMA)\n(1.24,1,zz,<5>)"})) == "unknown_multiplicity"
    carbon = {
        **labels,
        ".OBSERVE NUCLEUS": "^13C",
        "PEAK ASSIGNMENTS": "(XYMA)\n(21.4,1,Q,<1>)\n(128.4,1,D,<2>)",
    }
    peaks = record(block(carbon)).evidence.c_nmr
    assert isinstance(peaks, NmrPeaks)
    assert peaks.multiplicity == ("Q", "D")


def link(*blocks: str) -> str:
    return f"##TITLE=all\n##DATA TYPE=LINK\n##BLOCKS={len(blocks)}\n{''.join(blocks)}##END=\n"


def test_blocks_of_one_title_are_one_compound_and_of_others_others() -> None:
    structure = "##TITLE=toluene\n##JCAMP-CS=3.7\n##ATOMLIST=\n1 C\n##END=\n"
    listed = {name: value for name, value in NMR.items() if name != "XYDATA"} | {"NPOINTS": "1"}
    peaks = block(listed, XUNITS="PPM", PEAK_TABLE="(XY..XY)\n2,1")
    text = link(structure, peaks, block(NMR), block(IR, TITLE="toluene"), block(IR))
    first, second = read(text)
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.evidence.id, second.evidence.id) == ("toluene", "ethanol")
    assert isinstance(first.evidence.h_nmr, NmrSpectrum)
    assert first.evidence.ir is not None
    assert first.metadata["h_nmr_not_used"] == "a list of the same spectrum"


def test_two_formulas_under_one_title_hide_no_other_fault() -> None:
    text = block(IR, MOLFORM="C2H6O") + block(NMR, TITLE="ethanol", MOLFORM="C6H6", XYDATA="?")
    assert [item.code for item in read(text) if isinstance(item, Rejected)] == [
        "mixed_compounds",
        "unknown_table_form",
    ]


def test_blocks_of_one_title_need_not_follow_each_other() -> None:
    first, second = read(block(NMR, TITLE="a") + block(IR, TITLE="b") + block(IR, TITLE="a"))
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.evidence.id, first.evidence.present()) == ("a", ("ir", "h_nmr"))
    assert (second.evidence.id, second.evidence.present()) == ("b", ("ir",))


def test_two_compounds_in_one_table_of_points_are_refused() -> None:
    pairs = "(XY..XY)\n4000,1\n3000,2\n2000,1\n4000,2\n3000,1\n2000,3"
    labels = {name: value for name, value in IR.items() if name != "XYDATA"}
    assert code(block({**labels, "NPOINTS": "6", "XYPOINTS": pairs})) == "mixed_compounds"


def test_faults_of_one_block_leave_the_others() -> None:
    text = link(block(IR, TITLE="a"), block(IR, TITLE="b", NPOINTS="9"), block(IR, TITLE="c")) + block(
        IR, TITLE="d"
    )
    got = [item.code if isinstance(item, Rejected) else item.evidence.id for item in read(text)]
    assert got == ["a", "point_count_mismatch", "c", "d"]
    both = link(block(IR, TITLE="a"), block(NMR, TITLE="a", dot_OBSERVE_NUCLEUS="19F"))
    kept, row = read(both)
    assert isinstance(kept, Record)
    assert isinstance(row, Rejected)
    assert (kept.evidence.id, row.code, row.id) == ("a", "unsupported_nucleus", "a@17")


def test_two_spectra_or_two_formulas_under_one_title_are_named() -> None:
    kept, row = read(link(block(IR), block(IR)))
    assert isinstance(kept, Record)
    assert isinstance(row, Rejected)
    assert row.code == "repeated_spectrum"
    mixed = link(block(IR, MOLFORM="C2H6O"), block(NMR, TITLE="ethanol", MOLFORM="C7H8"))
    (row,) = [item for item in read(mixed) if isinstance(item, Rejected)]
    assert row.code == "mixed_compounds"
    assert "C2H6O and C7H8" in row.message


def test_a_block_without_title_takes_that_of_the_link_or_the_file() -> None:
    assert record(link(block(IR, TITLE=""))).evidence.id == "all"
    assert record(block(IR, TITLE="")).evidence.id == "a"


def test_text_that_belongs_to_no_block() -> None:
    for text in ("hello\n" + block(IR), "##XUNITS=1/CM\n"):
        with pytest.raises(ValueError, match="TITLE"):
            read(text)
    assert read("##TITLE=a\n##END=\n") == []
