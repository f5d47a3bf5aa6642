"""Dialects and faults of the formats other than MGF."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import InputError, Rejected
from molucid.spectra.formats import massbank, massspecgym, msp, mzml, mzxml, sirius
from molucid.spectra.read import read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record

DATA = Path(__file__).parent / "data"
Items = list[Record | Rejected]


def read_msp(text: str) -> Items:
    return list(msp.read(io.BytesIO(text.encode()), "a.msp", ReadConfig()))


def read_massbank(text: str) -> Items:
    return list(massbank.read(io.BytesIO(text.encode()), "a.txt", ReadConfig()))


def read_sirius(text: str) -> Items:
    return list(sirius.read(io.BytesIO(text.encode()), "a.ms", ReadConfig()))


def read_table(text: str) -> Items:
    return list(massspecgym.read(io.BytesIO(text.encode()), "a.tsv", ReadConfig()))


def summary(items: Items) -> list[str]:
    return [item.code if isinstance(item, Rejected) else item.evidence.id for item in items]


@pytest.mark.parametrize(
    "peaks",
    [
        "Num Peaks: 3\n50 1\n60 2\n70 3\n",
        "50 1\n60 2\n70 3\n",
        'num peaks: 3\n50\t1\t"a:b;c"\n60\t2\n70 3 "x"\n',
        "Num Peaks: 3\n50 1; 60 2;\n70 3;\n",
        "Num Peaks: 3\n50:1\n60:2\n70:3\n",
        "Num Peaks: 3\n50 1 60 2 70 3\n",
        "50\t1\t60\t2\n70\t3\n",
        "Num Peaks: 3\n50:1 60:2 70:3\n",
        "Num Peaks: 3\n50 1 60 2 y1 90 9\n70 3 p+H/0.1\n",
        'Num Peaks: 3\n50 1 60 2 "80 4; 90 9"\n70 3 "x" 4\n',
        'Num Peaks: 3\n50 1 "a"; 60 2 "b"; 70,0 3e0 c\n',
    ],
)
@pytest.mark.parametrize("between", ["\n", "", "\n\n"])
def test_msp_dialects(peaks: str, between: str) -> None:
    items = read_msp("".join(f"NAME: {n}\nPRECURSORMZ: 100,5\n{peaks}{between}" for n in "ab"))
    assert summary(items) == ["a.msp#1", "a.msp#2"]
    for item in items:
        assert isinstance(item, Record)
        np.testing.assert_array_equal(item.evidence.msms[0].mz, [50, 60, 70])
        np.testing.assert_array_equal(item.evidence.msms[0].intensity, [1, 2, 3])
        assert item.evidence.msms[0].precursor_mz == 100.5
    assert [item.metadata["name"] for item in items if isinstance(item, Record)] == ["a", "b"]


@pytest.mark.parametrize("line", ["50 1 60", "50 1 60 2 70 x", "50:1 60", "60", "50 x", "50 1; 60"])
def test_msp_odd_numbers_are_rejected_by_name(line: str) -> None:
    bad, good = read_msp(f"Name: a\n40 1\n{line}\n\nName: b\n40 1\n")
    assert isinstance(bad, Rejected)
    assert bad.code == "malformed_peak"
    assert "line 3" in bad.message
    assert isinstance(good, Record)


def test_msp_numbers_that_are_not_finite_are_not_annotations() -> None:
    assert summary(read_msp("Name: a\n50 1 60 nan\n\nName: b\n50 1 1e999 2\n")) == ["not_finite"] * 2


def test_msp_comment_holds_headers_that_are_not_set_otherwise() -> None:
    comment = 'Comments: "SMILES=C=O" "InChIKey=X" "precursor_type=[M-H]-"\n'
    (record,) = read_msp("Name: a\nPrecursor_type: [M+H]+\n" + comment + "Num Peaks: 1\n50 1\n")
    assert isinstance(record, Record)
    assert record.smiles == "C=O"
    assert record.metadata["inchikey"] == "X"
    assert record.evidence.msms[0].adduct == "[M+H]+"


def test_msp_counts_are_held_to() -> None:
    text = "Name: a\nNum Peaks: 3\n50 1\n60 1\n\nName: b\nNum Peaks: 0\n\nName: c\nNum Peaks: x\n50 1\n"
    assert summary(read_msp(text)) == ["peak_count_mismatch", "a.msp#2", "invalid_num_peaks"]


def test_msp_numbers_without_header_are_a_row() -> None:
    (row,) = read_msp("50 1\n60 2\n")
    assert isinstance(row, Rejected)
    assert row.code == "text_outside_record"


def test_massbank_several_records_and_a_cut_one() -> None:
    text = (DATA / "oxprenolol.massbank.txt").read_text()
    other = text.replace("EQ312802", "OTHER")
    assert summary(read_massbank(text + other)) == ["MSBNK-Eawag-EQ312802", "MSBNK-Eawag-OTHER"]
    cut = text[: text.index("116.1071")]
    assert summary(read_massbank(cut)) == ["unfinished_record"]
    assert summary(read_massbank(cut + "\n" + other)) == ["unfinished_record", "MSBNK-Eawag-OTHER"]
    assert summary(read_massbank("garbage\n" + text)) == ["text_outside_record", "MSBNK-Eawag-EQ312802"]


@pytest.mark.parametrize("formula", ["C10H16N+", "[C10H16N]+"])
def test_massbank_formula_of_a_cation(formula: str) -> None:
    (record,) = read_massbank(
        f"ACCESSION: a\nCH$FORMULA: {formula}\nPK$PEAK: m/z int. rel.int.\n  50 1 1\n//\n"
    )
    assert isinstance(record, Record)
    assert str(record.evidence.formula) == "C10H16N"


def test_sirius_blocks_of_one_compound_become_its_spectra() -> None:
    text = ">compound a\n>parentmass 100.5\n>ionization [M-H]-\n##note\n>ms1\n1 2\n\n"
    text += ">ms2 20-40 eV\n50 1\n\n>collision 35\n60 2\n"
    (record,) = read_sirius(text + "70 3\n")
    assert isinstance(record, Record)
    first, second = record.evidence.msms
    assert (first.collision_energy_ev, second.collision_energy_ev) == (None, 35)
    assert record.metadata["collision_energies"] == "20-40 eV; 35"
    np.testing.assert_array_equal(second.mz, [60, 70])
    assert second.precursor_mz == 100.5
    assert second.adduct == "[M-H]-"


def test_sirius_faults_are_rows() -> None:
    text = ">compound a\n>ms2\n50 x\n\n>compound b\n>parentmass 5\n\n>compound c\n50 1\n\n"
    assert summary(read_sirius(text)) == ["malformed_peak", "no_peaks", "text_outside_record"]


def test_labels_do_not_lead_out_of_their_folder(tmp_path: Path) -> None:
    (tmp_path / "x.ms").write_text(">ms2\n50 1\n")
    (tmp_path / "set").mkdir()
    labels = tmp_path / "set" / "labels.tsv"
    labels.write_text("spec\tformula\n../x\tCH4\n\tCH4\nx\n")
    assert summary(list(read_records(labels))) == ["ragged_row", "ragged_row", "ragged_row"]
    labels.write_text("name\tformula\nx\tCH4\n")
    assert summary(list(read_records(labels))) == ["missing_column"]


def test_massspecgym_rows() -> None:
    head = "identifier\tmzs\tintensities\tprecursor_mz\tadduct\tcollision_energy\tparent_mass\n"
    rows = "a\t50.5,60\t1,0.5\t100\t[M+H]+\t30.0\t99\nb\t50\t1,2\t100\t\t\t\nc\t50\t1\t100\n\nd\t50,x\t1,2\t1\t\t\t\n"
    items = read_table(head + rows + 'e\t"50"\t"1"\t\t\t\t\n')
    assert summary(items) == ["a", "ragged_arrays", "ragged_row", "malformed_peak", "e"]
    first = items[0]
    assert isinstance(first, Record)
    assert first.evidence.msms[0].collision_energy_ev == 30
    assert first.where.line == 2
    with pytest.raises(InputError, match="'mzs'"):
        read_table("identifier\tx\n")


def test_massspecgym_energies_are_ev_on_an_orbitrap_too() -> None:
    head = "identifier\tmzs\tintensities\tinstrument_type\tcollision_energy\n"
    (record,) = read_table(head + "a\t50\t1\tOrbitrap\t30.0\n")
    assert isinstance(record, Record)
    (spectrum,) = record.evidence.msms
    assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == (30, None)


def test_a_bare_energy_means_the_same_in_every_format() -> None:
    """An Orbitrap shows an NCE, whatever file its number is written to."""
    massbank_text = (DATA / "oxprenolol.massbank.txt").read_text().replace("30 (nominal)", "30")
    msp_text = (DATA / "oxprenolol.msp").read_text().replace("30 NCE", "30")
    sirius_text = (DATA / "oxprenolol.ms").read_text().replace("30 NCE", "30")
    xml = (DATA / "oxprenolol.mzXML").read_text()
    xml = xml.replace("@hcd30.00", "@hcd").replace(
        'name="instrument_type" value="LC-ESI-QFT"', 'name="x" value="y"'
    )
    mzxml_items = list(mzxml.read(io.BytesIO(xml.encode()), "a.mzXML", ReadConfig()))
    for items in (read_massbank(massbank_text), read_msp(msp_text), read_sirius(sirius_text), mzxml_items):
        record = items[-1]
        assert isinstance(record, Record)
        (spectrum,) = record.evidence.msms
        assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == (None, 30)


@pytest.mark.parametrize(("mode", "expected"), [("HCD", (None, 30)), ("CID", (30, None)), ("", (30, None))])
def test_mode_decides_where_the_instrument_is_not_named(
    mode: str, expected: tuple[float | None, float | None]
) -> None:
    text = f"Name: a\nFRAGMENTATION_MODE: {mode}\nCollision_energy: 30\nNum Peaks: 1\n50 1\n"
    (record,) = read_msp(text)
    assert isinstance(record, Record)
    (spectrum,) = record.evidence.msms
    assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == expected


def test_a_ramp_is_kept_as_text_only() -> None:
    (record,) = read_msp("Name: a\nCollision_energy: 20-40 eV\nNum Peaks: 1\n50 1\n")
    assert isinstance(record, Record)
    (spectrum,) = record.evidence.msms
    assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == (None, None)
    assert record.metadata["collision_energy"] == "20-40 eV"


def test_mzml_energy_of_thermo_converters_is_nce() -> None:
    text = (DATA / "oxprenolol.mzML").read_text()
    as_ev = text.replace("MS:1000138", "MS:1000045")
    term = (
        '<cvParam accession="MS:1000512" name="filter string" value="FTMS ms2 266.1751@hcd30.00 [50-280]"/>'
    )
    for source, expected in (
        (as_ev, (30, None)),
        (as_ev.replace("<userParam", term + "<userParam"), (None, 30)),
    ):
        record = list(mzml.read(io.BytesIO(source.encode()), "a.mzML", ReadConfig()))[-1]
        assert isinstance(record, Record)
        spectrum = record.evidence.msms[0]
        assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == expected


def test_polarity_of_a_scan_is_held_against_its_adduct() -> None:
    """`[M-H]-` fits a negative scan only; the golden files are of positive mode."""
    ml, xml = (
        (DATA / name).read_text().replace("[M+H]+", "[M-H]-")
        for name in ("oxprenolol.mzML", "oxprenolol.mzXML")
    )
    negative_ml = ml.replace('"MS:1000130" name="positive scan"', '"MS:1000129" name="negative scan"')
    negative_xml = xml.replace('polarity="+"', 'polarity="-"')
    massbank_text = (DATA / "oxprenolol.massbank.txt").read_text().replace("TYPE [M+H]+", "TYPE [M-H]-")
    (of_massbank,) = read_massbank(massbank_text)
    assert isinstance(of_massbank, Rejected)
    assert of_massbank.code == "polarity_mismatch"
    for reader, wrong, right in ((mzml, ml, negative_ml), (mzxml, xml, negative_xml)):
        row = list(reader.read(io.BytesIO(wrong.encode()), "a", ReadConfig()))[-1]
        assert isinstance(row, Rejected)
        assert row.code == "polarity_mismatch"
        record = list(reader.read(io.BytesIO(right.encode()), "a", ReadConfig()))[-1]
        assert isinstance(record, Record)
        assert record.evidence.msms[0].adduct == "[M-H]-"


def test_mzml_instrument_comes_from_its_configuration() -> None:
    text = (DATA / "oxprenolol.mzML").read_text().replace("instrument_type", "other_name")
    record = list(mzml.read(io.BytesIO(text.encode()), "a.mzML", ReadConfig()))[-1]
    assert isinstance(record, Record)
    assert record.evidence.msms[0].instrument == "Q Exactive"


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ('precision="64"', 'precision="16"', "unsupported_peak_array"),
        ('contentType="m/z-int" compressionType="zlib"', 'contentType="m/z ruler"', "unsupported_peak_array"),
        (' compressionType="zlib"', "", "broken_peak_array"),
        ('peaksCount="9"', 'peaksCount="8"', "peak_count_mismatch"),
        ('msLevel="2"', 'msLevel="3"', "not_ms2"),
    ],
)
def test_mzxml_faults_are_rows(old: str, new: str, code: str) -> None:
    text = (DATA / "oxprenolol.mzXML").read_text().replace(old, new)
    row = list(mzxml.read(io.BytesIO(text.encode()), "a.mzXML", ReadConfig()))[-1]
    assert isinstance(row, Rejected)
    assert (row.code, row.where.record, row.where.line) == (code, "scan=2", 10)


def test_wrong_root_is_refused() -> None:
    with pytest.raises(InputError) as caught:
        list(mzml.read(io.BytesIO(b"<html><spectrum/></html>"), "a.mzML", ReadConfig()))
    assert caught.value.code == "wrong_xml_root"
