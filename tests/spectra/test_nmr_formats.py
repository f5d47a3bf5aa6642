"""Files of NMR lists: one compound in every format, dialects, faults by name."""

from __future__ import annotations

import io
import json
from typing import Any

import numpy as np
import pytest

from molucid.errors import Rejected
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.formats import experimental_text, jcamp, nmr_peak_list, nmredata, nmrium
from molucid.spectra.formats import json as molucid_json
from molucid.spectra.nmr_window import ShiftWindowConfig
from molucid.spectra.read import read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import NmrPeaks, Record
from tests.spectra.nmr_lists import C_INFO, DATA, ETHANOL, H_INFO, READERS, nmrium_file, only, read, summary


@pytest.mark.parametrize("name", READERS)
def test_one_compound_in_every_format(name: str) -> None:
    record = only(list(read_records(DATA / name)))
    h, c = record.evidence.h_nmr, record.evidence.c_nmr
    assert isinstance(h, NmrPeaks)
    assert isinstance(c, NmrPeaks)
    np.testing.assert_allclose(h.shift_ppm, [3.91, 7.10, 8.05])
    assert h.multiplicity == ("s", "t", "dd")
    assert h.coupling_hz == ((), (8.8, 8.8), (8.8, 5.5))
    assert h.num_hydrogens == (3, 2, 2)
    np.testing.assert_allclose(c.shift_ppm, [52.2, 115.5, 126.4, 132.1, 165.7, 166.1])
    assert c.coupling_hz == ((), (22.0,), (), (9.3,), (253.9,), ())
    assert c.multiplicity is not None
    assert c.multiplicity[1:] == ("d", None, "d", "d", None)
    assert c.multiplicity[0] == (None if name.endswith("nmrium") else "Q")
    assert c.num_hydrogens is not None
    assert (c.num_hydrogens[1], c.num_hydrogens[3]) == (2, 2)
    assert h.solvent == c.solvent == "CDCl3"
    assert (h.field_mhz, c.field_mhz) == ((None, None) if name.endswith("tsv") else (400, 101))
    assert record.smiles == "COC(=O)c1ccc(F)cc1"
    if not name.endswith("nmrium"):
        assert str(record.evidence.formula) == "C8H7FO2"
        assert record.evidence.id == "Methyl 4-fluorobenzoate (3a)"
    assert isinstance(clean(record, CleanConfig()), Record)


def test_what_is_not_read_is_told() -> None:
    notes = {name: only(list(read_records(DATA / name))).metadata for name in READERS}
    assert notes["fluorobenzoate.txt"]["nuclei_not_used"] == "19F"
    assert notes["fluorobenzoate.sdf"]["spectra_not_used"] == "2D_13C_1J_1H"
    assert notes["fluorobenzoate.nmrium"]["spectra_not_used"] == "13C dept135"


def list_in_every_format(*shifts: float) -> list[tuple[Any, str]]:
    """(reader, file) with one and the same list of ¹H shifts."""
    texts = [f"{shift:g}" for shift in shifts]
    record = {"id": "a", "h_nmr": {"kind": "peaks", "shift_ppm": shifts}}
    tag = "".join(f"{text}, L=a{number}\\\n" for number, text in enumerate(texts))
    head = (
        "##TITLE=a\n##DATA TYPE=NMR PEAK TABLE\n##.OBSERVE NUCLEUS=^1H\n##XUNITS=PPM\n##PEAK TABLE=(XY..XY)\n"
    )
    picked = {"info": H_INFO, "peaks": {"values": [{"x": shift} for shift in shifts]}}
    return [
        (experimental_text, f"a\n1H NMR (CDCl3) δ {', '.join(texts)}\n"),
        (nmr_peak_list, "# nucleus: 1H\nshift_ppm\n" + "\n".join(texts)),
        (nmredata, f"{ETHANOL}>  <NMREDATA_1D_1H>\n{tag}\n$$$$\n"),
        (nmrium, nmrium_file(picked)),
        (jcamp, head + "".join(f"{text}, 1\n" for text in texts) + "##END=\n"),
        (molucid_json, json.dumps({"format": "molucid-spectra", "version": 1, "records": [record]})),
    ]


def test_a_shift_that_the_nucleus_cannot_have_is_a_row_in_every_format() -> None:
    for reader, text in list_in_every_format(7.2, 128.5, 1.3):
        (row,) = read(reader, text)
        assert isinstance(row, Rejected), reader
        assert row.code == "shift_outside_window", reader
        assert "128.5" in row.message, reader
        assert "nucleus" in row.hint, reader


def test_the_window_of_the_configuration_holds_in_every_format() -> None:
    config = ReadConfig(shift_window=ShiftWindowConfig(h_ppm=(-10.0, 130.0)))
    for reader, text in list_in_every_format(7.2, 128.5, 1.3):
        (record,) = reader.read(io.BytesIO(text.encode()), "a.x", config)
        assert isinstance(record, Record), reader
        assert isinstance(record.evidence.h_nmr, NmrPeaks)
        assert record.evidence.h_nmr.shift_ppm.tolist() == [1.3, 7.2, 128.5]


def test_a_fraction_of_hydrogens_is_no_number_and_noted() -> None:
    text = "Title\n\n¹H NMR (400 MHz, CDCl3) δ 7.1 (s, 1H), 3.9 (s, 1.5H), 1.2 (s, 9H)"
    record = only(read(experimental_text, text))
    assert record.evidence.h_nmr.num_hydrogens == (9, None, 1)
    assert record.metadata["h_nmr_without_hydrogens"] == "1 of 3 peaks"
    signals = [{"delta": 1.0, "nbAtoms": 1.5}, {"delta": 2.0, "nbAtoms": 3}]
    spectrum = {"info": H_INFO, "ranges": {"values": [{"signals": signals}]}}
    assert only(read(nmrium, nmrium_file(spectrum))).evidence.h_nmr.num_hydrogens == (None, 3)


def test_carbon_types_are_read_in_every_format() -> None:
    pairs = [(14.1, "Q"), (29.7, "CH3"), (60.2, "T"), (128.0, "CH"), (171.0, "S"), (162.6, "d")]
    shifts, words = zip(*pairs, strict=True)
    record = {"id": "a", "c_nmr": {"kind": "peaks", "shift_ppm": shifts, "multiplicity": words}}
    tag = "".join(f"{shift}, S={word}\\\n" for shift, word in pairs)
    head = "##TITLE=a\n##DATA TYPE=NMR PEAK ASSIGNMENTS\n##.OBSERVE NUCLEUS=^13C\n##XUNITS=PPM\n"
    entries = "".join(f"({shift}, 1, {word}, <1>)\n" for shift, word in pairs)
    ranges = {
        "values": [{"signals": [{"delta": shift, "multiplicity": word} for shift, word in pairs]}],
    }
    listed = ", ".join(f"{shift} ({word})" for shift, word in pairs)
    table = "".join(f"{shift},{word}\n" for shift, word in pairs)
    for reader, text in (
        (experimental_text, f"a\n13C NMR (CDCl3) δ {listed}\n"),
        (nmr_peak_list, f"# nucleus: 13C\nshift_ppm,multiplicity\n{table}"),
        (nmredata, f"{ETHANOL}>  <NMREDATA_1D_13C>\n{tag}\n$$$$\n"),
        (nmrium, nmrium_file({"info": C_INFO, "ranges": ranges})),
        (jcamp, f"{head}##PEAK ASSIGNMENTS=(XYMA)\n{entries}##END=\n"),
        (molucid_json, json.dumps({"format": "molucid-spectra", "version": 1, "records": [record]})),
    ):
        peaks = only(read(reader, text)).evidence.c_nmr
        assert isinstance(peaks, NmrPeaks)
        assert peaks.multiplicity == ("Q", "Q", "T", "D", "d", "S"), reader


# Experimental text.

BLOCKS = """1a
1H NMR (CDCl3) δ 7.10 (s, 1H).

Compound 1b: 1H NMR (CDCl3) δ 7.10 (s, 1H

1c
1H NMR (CDCl3) δ 7.10 (s, 1H). 1H NMR (CDCl3) δ 7.20 (s, 1H).

General procedure.

1e
SMILES: CCO
SMILES: CCC
13C NMR δ 50.1

1f
13C NMR (101 MHz, CDCl3)

1g
Formula: C2H6X
13C NMR δ 50.1

13C NMR δ 51.1
"""


def test_blocks_of_a_text_are_answered_one_by_one() -> None:
    items = read(experimental_text, BLOCKS, "a.txt")
    assert summary(items) == [
        "1a",
        "unbalanced_parenthesis",
        "repeated_spectrum",
        "no_nmr_text",
        "mixed_compounds",
        "no_peaks",
        "unknown_element",
        "a.txt#8",
    ]
    rejected = items[1]
    assert isinstance(rejected, Rejected)
    assert (rejected.id, rejected.where.line, rejected.where.file) == ("Compound 1b", 4, "a.txt")


def test_words_before_the_nmr_that_repeat_are_no_names() -> None:
    text = "{}1H NMR (CDCl3) δ 7.10 (s, 1H)\n\n"
    twice = ["a.txt#1", "a.txt#2"]
    assert summary(read(experimental_text, text.format("White solid. ") * 2, "a.txt")) == twice
    assert summary(read(experimental_text, text.format("Product: ") * 2, "a.txt")) == twice
    assert summary(read(experimental_text, text.format("Yellow solid (52 mg)\n"), "a.txt")) == ["a.txt#1"]
    assert summary(read(experimental_text, text.format("Solidol. "), "a.txt")) == ["Solidol"]


def test_name_and_nuclei_in_paragraphs_of_their_own_are_one_compound() -> None:
    one = "{}\n\n1H NMR (CDCl3) δ 7.10 (s, 1H)\n\n13C NMR δ 51.1\n\n19F NMR δ -110.2\n\nHRMS (ESI) calcd 9.1\n\n"
    items = read(experimental_text, one.format("Methyl A (1a)") + one.format("Methyl B (1b)"), "a.txt")
    assert summary(items) == ["Methyl A (1a)", "Methyl B (1b)"]
    for item in items:
        assert isinstance(item, Record)
        assert item.evidence.present() == ("h_nmr", "c_nmr")
        assert item.metadata["nuclei_not_used"] == "19F"
    # A second list of a nucleus is another compound, and so is another formula.
    blocks = ("1H NMR δ 7.1 (s, 1H)", "Formula: CH4\n1H NMR δ 7.2 (s, 1H)", "Formula: C2H6\n13C NMR δ 51")
    items = read(experimental_text, "\n\n".join(blocks), "a.txt")
    assert summary(items) == ["a.txt#1", "a.txt#2", "a.txt#3"]


def test_an_empty_section_costs_its_nucleus_only() -> None:
    text = "1a\n1H NMR (CDCl3) δ 7.10 (s, 1H). 13C NMR (101 MHz, CDCl3)\n"
    record, row = read(experimental_text, text, "a.txt")
    assert isinstance(record, Record)
    assert isinstance(row, Rejected)
    assert record.evidence.present() == ("h_nmr",)
    assert (row.id, row.code, bool(row.hint)) == ("1a/c_nmr", "no_peaks", True)


def test_lines_of_the_solvent_leave_a_carbon_list() -> None:
    record = only(read(experimental_text, "x\n13C NMR (CDCl3) δ 128.1, 77.2, 50.1\n"))
    assert isinstance(record.evidence.c_nmr, NmrPeaks)
    np.testing.assert_allclose(record.evidence.c_nmr.shift_ppm, [50.1, 128.1])
    assert "77.2" in record.metadata["c_nmr_removed"]


# NMReDATA.


def test_an_assignment_alone_is_read() -> None:
    text = (
        ETHANOL + "> <NMREDATA_ASSIGNMENT>\na, 18.1, 1\nb, 58.2, 2\nha, 1.22, H1\noh, 777.777, H3\n\n$$$$\n"
    )
    evidence = only(read(nmredata, text)).evidence
    assert isinstance(evidence.h_nmr, NmrPeaks)
    assert isinstance(evidence.c_nmr, NmrPeaks)
    assert (evidence.h_nmr.shift_ppm.tolist(), evidence.h_nmr.num_hydrogens) == ([1.22], None)
    assert (evidence.c_nmr.shift_ppm.tolist(), evidence.c_nmr.num_hydrogens) == ([18.1, 58.2], (1, 1))


def test_line_breaks_inside_of_a_tag_mean_nothing() -> None:
    tag = ">  <NMREDATA_1D_1H>\nLarmor=400.13\\\n1.22\n00, S=t, J=7.00\\\n3.6900-3.6500, S=q\\\n;9.9, L=x\\\n\n$$$$\n"
    peaks = only(read(nmredata, ETHANOL + tag.replace("1.22\n00", "1.2200,\n L=a"))).evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    np.testing.assert_allclose(peaks.shift_ppm, [1.22, 3.67])
    assert peaks.width_ppm is not None
    np.testing.assert_allclose(peaks.width_ppm, [0, 0.04])
    assert peaks.field_mhz == 400.13


def test_records_of_an_sd_file_are_answered_one_by_one() -> None:
    spectrum = ">  <NMREDATA_1D_13C>\n{}\\\n\n$$$$\n"
    records = [
        ETHANOL + spectrum.format("18.1, L=a"),
        ETHANOL.replace("ethanol", "plain") + "$$$$\n",
        ETHANOL.replace("ethanol", "far") + spectrum.format("1810.0, L=a"),
        ETHANOL.replace("ethanol", "empty") + spectrum.format("Larmor=100.6"),
        ETHANOL.replace("ethanol", "odd") + spectrum.format("18.1, S=foo"),
        ETHANOL.replace("ethanol", "cut") + spectrum.format("18.1, L=a").replace("$$$$\n", ""),
    ]
    items = read(nmredata, "".join(records))
    expected = [
        "no_nmredata",
        "shift_outside_window",
        "no_peaks",
        "unknown_multiplicity",
        "unfinished_record",
    ]
    assert summary(items) == ["ethanol", *expected]
    assert [item.id for item in items if isinstance(item, Rejected)] == [
        "plain",
        "far",
        "empty",
        "odd",
        "cut",
    ]


def test_a_structure_that_cannot_be_read_is_told_and_the_spectrum_answered() -> None:
    text = ETHANOL.replace(" O   0", " Q9  0") + ">  <NMREDATA_1D_13C>\n18.1\\\n\n$$$$\n"
    record = only(read(nmredata, text))
    assert record.smiles is None
    assert "structure" in record.metadata["structure_not_read"]
