from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molucid.chem.formula import Formula
from molucid.errors import InputError, Rejected
from molucid.spectra.formats import mgf
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Evidence, InfraredSpectrum, MassSpectrum, Record


def read(text: str) -> list[Record | Rejected]:
    return list(mgf.read(io.BytesIO(text.encode()), "a.mgf", ReadConfig()))


def one(text: str) -> Record:
    (record,) = read(text)
    assert isinstance(record, Record), record
    return record


def fault(text: str) -> Rejected:
    (row,) = read(text)
    assert isinstance(row, Rejected)
    return row


def block(*headers: str, peaks: str = "50 1\n60.5 2") -> str:
    return "\n".join(["BEGIN IONS", *headers, peaks, "END IONS", ""])


@pytest.mark.parametrize(
    "header",
    [
        "PEPMASS=195.0877",
        "PEPMASS=195,0877 12345,6",
        "PRECURSOR_MZ=195.0877",
        "PrecursorMZ=195.0877",
        "PEPMASS=195.0877 1e5 1+",
        "pepmass = 195.0877",
        "PRECURSOR M/Z=+195.0877",
    ],
)
def test_precursor_spellings(header: str) -> None:
    assert one(block("TITLE=a", header)).evidence.msms[0].precursor_mz == 195.0877


@pytest.mark.parametrize("key", ["ADDUCT", "ION", "PRECURSOR_TYPE", "PRECURSORTYPE"])
@pytest.mark.parametrize("text", ["[M+H]+", "M+H", "[M+H]1+"])
def test_adduct_spellings(key: str, text: str) -> None:
    assert one(block("TITLE=a", f"{key}={text}")).evidence.msms[0].adduct == "[M+H]+"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1+", "+1"),
        ("+1", "+1"),
        ("1-", "-1"),
        ("-1", "-1"),
        ("1", "1"),
        ("2 +", "+2"),
        ("2+ and 3+", "2+ and 3+"),
        ("0", "0"),
        ("+", "+1"),
    ],
)
def test_charge_spellings(text: str, expected: str) -> None:
    assert one(block("TITLE=a", f"CHARGE={text}")).metadata["charge"] == expected


@pytest.mark.parametrize(
    ("headers", "adduct"),
    [
        (["ADDUCT=M", "IONMODE=positive"], "[M]+"),
        (["ADDUCT=M", "ION_MODE=Negative"], "[M]-"),
        (["ADDUCT=M", "POLARITY=+"], "[M]+"),
        (["ADDUCT=M", "IONMODE=negative ion mode"], "[M]-"),
        (["ADDUCT=M", "CHARGE=1-"], "[M]-"),
        (["ADDUCT=[M-H]-", "IONMODE=N", "CHARGE=1"], "[M-H]-"),
        (["ADDUCT=[M+2H]2+", "CHARGE=2+"], "[M+2H]2+"),
        # what is empty, unreadable or said to be unknown contradicts nothing
        (["ADDUCT=[M+H]+", "IONMODE=-"], "[M+H]+"),
        (["ADDUCT=[M+H]+", "IONMODE="], "[M+H]+"),
        (["ADDUCT=[M+H]+", "IONMODE=ESI"], "[M+H]+"),
        (["ADDUCT=[M+2H]2+", "CHARGE=0"], "[M+2H]2+"),
        (["ADDUCT=[M-H]-", "CHARGE=0+"], "[M-H]-"),
        (["ADDUCT=[M+2H]2+", "CHARGE=+"], "[M+2H]2+"),
        (["ADDUCT=[M+H]+", "CHARGE=2+ and 3+"], "[M+H]+"),
    ],
)
def test_ion_mode_and_charge_help_the_adduct(headers: list[str], adduct: str) -> None:
    assert one(block("TITLE=a", *headers)).evidence.msms[0].adduct == adduct


@pytest.mark.parametrize(
    ("headers", "code"),
    [
        (["ADDUCT=[M+H]+", "IONMODE=Negative"], "polarity_mismatch"),
        (["ADDUCT=[M-H]-", "ION_MODE=POSITIVE"], "polarity_mismatch"),
        (["ADDUCT=[M-H]-", "POLARITY=Pos"], "polarity_mismatch"),
        (["ADDUCT=[M-H]-", "CHARGE=1+"], "polarity_mismatch"),
        (["ADDUCT=[M+H]+", "CHARGE=-1"], "polarity_mismatch"),
        (["IONMODE=positive", "CHARGE=1-"], "polarity_mismatch"),
        (["ADDUCT=[M+H]+", "CHARGE=2+"], "charge_mismatch"),
        (["ADDUCT=[M+2H]2+", "CHARGE=1"], "charge_mismatch"),
        (["ADDUCT=M", "CHARGE=2+"], "charge_mismatch"),
        (["ADDUCT=M"], "unknown_adduct"),
    ],
)
def test_ion_mode_and_charge_must_not_contradict_the_adduct(headers: list[str], code: str) -> None:
    assert fault(block("TITLE=a", *headers)).code == code


@pytest.mark.parametrize(
    ("formula", "adduct", "atoms"),
    [
        ("C10H20N+", "[M]+", "C10H20N"),
        ("[C10H20N]+", "M+", "C10H20N"),
        ("C6H6+", "[M]+*", "C6H6"),
        ("[C8H10N4O2]2+", "[M]2+", "C8H10N4O2"),
        ("C7H5O2-", "[M]-", "C7H5O2"),
        ("C8H10N4O2", "[M+H]+", "C8H10N4O2"),
        ("C10H20N", "[M]+", "C10H20N"),
        ("C10H20N+", "N/A", "C10H20N"),
    ],
)
def test_a_charged_formula_of_the_ion_itself(formula: str, adduct: str, atoms: str) -> None:
    evidence = one(block("TITLE=a", f"FORMULA={formula}", f"ADDUCT={adduct}")).evidence
    assert evidence.formula == Formula.parse(atoms)


@pytest.mark.parametrize(
    ("formula", "adduct"),
    [
        ("[C8H10N4O2]2+", "[M+H]+"),
        ("C10H20N+", "[M+H]+"),
        ("C10H20N+", "[M]-"),
        ("C10H20N+", "[M]2+"),
        ("C7H5O2-", "[M-H]-"),
        ("C7H5O2-", "[2M-H]-"),
    ],
)
def test_a_charged_formula_of_another_ion_is_rejected(formula: str, adduct: str) -> None:
    row = fault(block("TITLE=a", f"FORMULA={formula}", f"ADDUCT={adduct}"))
    assert row.code == "charged_formula"
    assert "neutral molecule" in row.hint


def test_peaks_with_decimal_commas_tabs_and_third_columns_are_sorted() -> None:
    spectrum = one(block("TITLE=a", peaks="138,0662\t10,5 1+\n  110.0713  5e1\n+60.5 0 y1")).evidence.msms[0]
    np.testing.assert_array_equal(spectrum.mz, [60.5, 110.0713, 138.0662])
    np.testing.assert_array_equal(spectrum.intensity, [0, 50, 10.5])


def test_comments_global_headers_and_smiles_with_equal_signs() -> None:
    text = "# comment\nINSTRUMENT=qTof\n\n" + block("TITLE=a", "SMILES=C=CC(=O)O", "FORMULA=C3H4O2", ";x")
    record = one(text)
    assert record.smiles == "C=CC(=O)O"
    assert record.evidence.formula == Formula({"C": 3, "H": 4, "O": 2})
    assert record.evidence.msms[0].instrument == "qTof"
    assert record.where.line == 4


@pytest.mark.parametrize("text", ["N/A", "", "unknown", "[M+?]+", "nan"])
def test_what_is_said_to_be_unknown_is_absent(text: str) -> None:
    spectrum = one(
        block("TITLE=a", f"ADDUCT={text}", f"COLLISION_ENERGY={text}", "PEPMASS=0.0")
    ).evidence.msms[0]
    assert spectrum.adduct is None
    assert spectrum.precursor_mz is None
    assert spectrum.collision_energy_ev is None


@pytest.mark.parametrize(
    ("headers", "peaks", "code", "said"),
    [
        (["PEPMASS=abc"], "50 1", "invalid_precursor", "'abc'"),
        (["PEPMASS=-5"], "50 1", "invalid_precursor", "-5"),
        (["PEPMASS=nan"], "50 1", None, ""),
        (["PEPMASS=inf"], "50 1", "not_finite", "inf"),
        (["PEPMASS=1,234.5"], "50 1", "invalid_precursor", "1,234.5"),
        (["PEPMASS=100", "PEPMASS=200"], "50 1", "invalid_precursor", "100;"),
        (["ADDUCT=[M+Xx]+"], "50 1", "unknown_adduct", "[M+Xx]+"),
        (["FORMULA=C6H12Qq"], "50 1", "unknown_element", "Qq"),
        (["FORMULA=C6H12(OH)2"], "50 1", "invalid_formula", "C6H12(OH)2"),
        (["MSLEVEL=1"], "50 1", "not_ms2", "level 1"),
        (["MSLEVEL=3"], "50 1", "not_ms2", "level 3"),
        (["NUM PEAKS=3"], "50 1\n60 1", "peak_count_mismatch", "2 peaks"),
        ([], "nan 1", "not_finite", "line 3"),
        ([], "50 1\n60 inf", "not_finite", "line 4"),
        ([], "50 1\n-60 5", "negative_mz", "-60"),
        ([], "0 5", "negative_mz", "0"),
        ([], "50 -1", "negative_intensity", "-1"),
        ([], "50 1\n60", "malformed_peak", "line 4"),
        ([], "50 1\n6_0 5", "malformed_peak", "6_0"),
        ([], "50 1e999", "not_finite", "1e999"),
        ([], "50 1\nhello world", "malformed_peak", "'hello'"),
    ],
)
def test_faults_name_record_line_and_value(
    headers: list[str], peaks: str, code: str | None, said: str
) -> None:
    items = read(block("TITLE=bad", *headers, peaks=peaks) + block("TITLE=good"))
    first, second = items
    assert isinstance(second, Record)
    if code is None:
        assert isinstance(first, Record)
        return
    assert isinstance(first, Rejected)
    assert (first.id, first.code, first.where.record, first.where.line) == ("bad", code, "bad", 1)
    assert said in first.message
    assert first.where.file == "a.mgf"


def test_unfinished_blocks_are_rejected_and_the_next_is_read() -> None:
    items = read("BEGIN IONS\nTITLE=a\n50 1\n" + block("TITLE=b") + "BEGIN IONS\nTITLE=c\n50 1\n")
    codes = [item.code if isinstance(item, Rejected) else item.evidence.id for item in items]
    assert codes == ["unfinished_record", "b", "unfinished_record"]


def test_text_outside_of_blocks_is_one_row_per_run() -> None:
    items = read("hello\nworld\n" + block("TITLE=a") + "END IONS\nagain\n")
    codes = [
        (item.code, item.where.line) if isinstance(item, Rejected) else item.evidence.id for item in items
    ]
    assert codes == [("text_outside_record", 1), "a", ("text_outside_record", 8)]


@pytest.mark.parametrize(
    ("headers", "id"),
    [
        (["TITLE=t", "SPECTRUMID=s"], "t"),
        (["SPECTRUMID=CCMSLIB1", "SCANS=1"], "CCMSLIB1"),
        (["FEATURE_ID=7", "SCANS=12"], "7:12"),
        (["FEATURE_ID=7", "SCANS=7"], "7"),
        (["SCANS=12"], "scan:12"),
        ([], "a.mgf#1"),
    ],
)
def test_identifiers_of_the_dialects(headers: list[str], id: str) -> None:
    assert one(block(*headers)).evidence.id == id


POSITIVE = st.floats(1e-6, 1e12)


@settings(deadline=None, max_examples=40)
@given(
    mz=st.lists(st.floats(0.001, 5000), min_size=1, max_size=6),
    data=st.data(),
    precursor_mz=st.none() | st.floats(1, 5000),
    adduct=st.sampled_from([None, "[M+H]+", "[M-H]-", "[M+Na]+"]),
    energies=st.sampled_from([(None, None), (20.5, None), (None, 35.0), (12.0, 35.0), (1e-7, 2e16)]),
    instrument=st.sampled_from([None, "LC-ESI-QTOF"]),
    title=st.text("abc=[]+;#/ ü", min_size=1, max_size=12).filter(
        lambda t: t.strip() == t and " " * 2 not in t
    ),
)
def test_written_records_read_back_equal(
    mz: list[float],
    data: st.DataObject,
    precursor_mz: float | None,
    adduct: str | None,
    energies: tuple[float | None, float | None],
    instrument: str | None,
    title: str,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    intensity = data.draw(st.lists(st.just(0.0) | POSITIVE, min_size=len(mz), max_size=len(mz)))
    spectrum = MassSpectrum(np.array(mz), np.array(intensity), precursor_mz, adduct, *energies, instrument)
    formula = Formula.parse("C6H12O6")
    path = tmp_path_factory.mktemp("mgf") / "a.mgf"
    record = Record(
        Evidence(title, formula, (spectrum,)), smiles="C=C", metadata={"name": "x=y", "license": "CC0"}
    )
    assert mgf.write(path, [record]) == 1
    (back,) = mgf.read(io.BytesIO(path.read_bytes()), "a.mgf", ReadConfig())
    assert isinstance(back, Record)
    (other,) = back.evidence.msms
    assert (back.evidence.id, back.evidence.formula, back.smiles) == (title, formula, "C=C")
    np.testing.assert_array_equal(other.mz, spectrum.mz)
    np.testing.assert_array_equal(other.intensity, spectrum.intensity)
    for name in (
        "precursor_mz",
        "adduct",
        "collision_energy_ev",
        "normalized_collision_energy",
        "instrument",
    ):
        assert getattr(other, name) == getattr(spectrum, name)
    assert back.metadata["name"] == "x=y"
    assert back.metadata["license"] == "CC0"


def test_both_energies_are_written_as_nist_writes_them(tmp_path: Path) -> None:
    path = tmp_path / "a.mgf"
    spectrum = MassSpectrum(
        np.array([50.0]), np.array([1.0]), collision_energy_ev=12.0, normalized_collision_energy=35.0
    )
    mgf.write(path, [Record(Evidence("a", msms=(spectrum,)))])
    assert "COLLISION_ENERGY=NCE=35.0% 12.0eV\n" in path.read_text()
    back = one(path.read_text()).evidence.msms[0]
    assert (back.collision_energy_ev, back.normalized_collision_energy) == (12, 35)


def test_several_spectra_are_numbered_and_other_evidence_is_refused(tmp_path: Path) -> None:
    spectrum = MassSpectrum(np.array([50.0]), np.array([1.0]))
    path = tmp_path / "a.mgf"
    assert mgf.write(path, [Record(Evidence("a", msms=(spectrum, spectrum)))]) == 2
    assert [item.evidence.id for item in read(path.read_text()) if isinstance(item, Record)] == ["a#1", "a#2"]
    before = path.read_bytes()
    ir = InfraredSpectrum(np.array([1.0]), np.array([1.0]))
    good, bad = Record(Evidence("b", msms=(spectrum,))), Record(Evidence("c", msms=(spectrum,), ir=ir))
    with pytest.raises(InputError) as caught:
        mgf.write(path, [good, bad])
    assert caught.value.code == "not_mgf"
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]
