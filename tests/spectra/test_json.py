from __future__ import annotations

import io
import json as standard_json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molucid.chem.formula import Formula
from molucid.errors import InputError, Rejected
from molucid.rejected import write_rejected
from molucid.spectra.formats import json, json_schema
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Evidence, InfraredSpectrum, MassSpectrum, NmrPeaks, NmrSpectrum, Record

SHIPPED = Path(json_schema.__file__).with_name(json_schema.SCHEMA_FILE_NAME)


def read(text: str, **config: int) -> list[Record | Rejected]:
    return list(json.read(io.BytesIO(text.encode()), "a.json", ReadConfig(**config)))


def document(*records: object) -> str:
    return standard_json.dumps({"format": "molucid-spectra", "version": 1, "records": records})


def full_record(id: str) -> Record:
    spectrum = MassSpectrum(
        np.array([50.1, 60.2]), np.array([1.0, 2.5]), 181.07, "[M+H]+", 20.0, None, "LC-ESI-QTOF"
    )
    evidence = Evidence(
        id,
        Formula.parse("C6H12O6"),
        (spectrum, spectrum),
        ir=InfraredSpectrum(np.array([400.0, 402.0]), np.array([0.1, 0.2])),
        h_nmr=NmrPeaks("1H", np.array([1.2, 3.4]), ("t", "q"), ((7.1,), (7.1, 2.0)), (3, 2)),
        c_nmr=NmrSpectrum("13C", np.array([10.0, 20.0]), np.array([0.5, 1.0])),
    )
    return Record(evidence, smiles="CCO", metadata={"license": "CC0"})


def test_shipped_schema_is_that_of_the_models() -> None:
    assert standard_json.loads(SHIPPED.read_text(encoding="utf-8")) == json_schema.json_schema()


def test_every_kind_of_evidence_reads_back_and_meets_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    assert json.write(path, [full_record("a"), full_record("b")]) == 2
    value = standard_json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(standard_json.loads(SHIPPED.read_text(encoding="utf-8"))).validate(value)
    first, second = read(path.read_text(encoding="utf-8"))
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert (first.where.line, second.where.line) == (2, 3)
    ours, back = full_record("a").evidence, first.evidence
    assert (back.id, back.formula, first.smiles, dict(first.metadata)) == (
        "a",
        ours.formula,
        "CCO",
        {"license": "CC0"},
    )
    for name in (
        "precursor_mz",
        "adduct",
        "collision_energy_ev",
        "normalized_collision_energy",
        "instrument",
    ):
        assert getattr(back.msms[1], name) == getattr(ours.msms[1], name)
    np.testing.assert_array_equal(back.msms[1].mz, ours.msms[1].mz)
    assert isinstance(back.ir, InfraredSpectrum)
    np.testing.assert_array_equal(back.ir.absorbance, [0.1, 0.2])
    assert isinstance(back.h_nmr, NmrPeaks)
    assert (back.h_nmr.multiplicity, back.h_nmr.coupling_hz) == (("t", "q"), ((7.1,), (7.1, 2.0)))
    assert back.h_nmr.num_hydrogens == (3, 2)
    assert isinstance(back.c_nmr, NmrSpectrum)
    assert back.c_nmr.nucleus == "13C"
    np.testing.assert_array_equal(back.c_nmr.intensity, [0.5, 1.0])
    again = tmp_path / "b.json"
    json.write(again, [first, second])
    assert again.read_bytes() == path.read_bytes()


def test_nmr_columns_are_sorted_together() -> None:
    nmr = {"kind": "peaks", "shift_ppm": [3.4, 1.2], "multiplicity": ["q", "t"], "num_hydrogens": [2, 3]}
    (record,) = read(document({"id": "a", "h_nmr": nmr}))
    assert isinstance(record, Record)
    assert isinstance(record.evidence.h_nmr, NmrPeaks)
    np.testing.assert_array_equal(record.evidence.h_nmr.shift_ppm, [1.2, 3.4])
    assert record.evidence.h_nmr.multiplicity == ("t", "q")
    assert record.evidence.h_nmr.num_hydrogens == (3, 2)


@pytest.mark.parametrize(
    ("record", "code", "said"),
    [
        ({"id": "x", "smile": "C"}, "invalid_record", "smile"),
        ({"msms": []}, "invalid_record", "id"),
        ({"id": "x", "msms": [{"mz": [50.0]}]}, "invalid_record", "intensity"),
        ({"id": "x", "msms": [{"mz": [50.0], "intensity": [1, 2]}]}, "ragged_arrays", "m/z"),
        ({"id": "x", "msms": [{"mz": ["a"], "intensity": [1]}]}, "invalid_record", "msms.0.mz.0"),
        ({"id": "x", "msms": [{"mz": [float("nan")], "intensity": [1]}]}, "not_finite", "nan"),
        ({"id": "x", "msms": [{"mz": [-1.0], "intensity": [1]}]}, "negative_mz", "-1"),
        (
            {"id": "x", "msms": [{"mz": [1.0], "intensity": [1], "adduct": "[M+Q]+"}]},
            "unknown_adduct",
            "[M+Q]+",
        ),
        ({"id": "x", "formula": "Zz2"}, "unknown_element", "Zz"),
        (
            {"id": "x", "formula": "C5H12N+", "msms": [{"mz": [1.0], "intensity": [1], "adduct": "[M+H]+"}]},
            "charged_formula",
            "C5H12N+",
        ),
        (
            {"id": "x", "h_nmr": {"kind": "peaks", "shift_ppm": [1], "multiplicity": []}},
            "ragged_arrays",
            "multiplicity",
        ),
        ({"id": "x" * 2000}, "title_too_long", "2000"),
        ([], "invalid_record", "[]"),
        (None, "invalid_record", "None"),
    ],
)
def test_a_wrong_record_is_a_row_and_the_next_is_read(record: object, code: str, said: str) -> None:
    bad, good = read(document(record, {"id": "good"}))
    assert isinstance(good, Record)
    assert isinstance(bad, Rejected)
    assert bad.code == code
    assert said in bad.message


@pytest.mark.parametrize(
    "record",
    [
        {"id": "\ud800"},
        {"id": "x", "formula": "C6\udfff"},
        {"id": "x", "smiles": "C\ud800"},
        {"id": "x", "msms": [{"mz": [50.0], "intensity": [1.0], "instrument": "\ud800"}]},
        {"id": "x", "msms": [{"mz": [50.0], "intensity": [1.0], "adduct": "[M+\ud800]+"}]},
        {"id": "x", "metadata": {"a": "\udc00\ud800"}},
        {"id": "x", "metadata": {"\ud800": "a"}},
        {"id": "x", "\ud800": "a"},
        ["\ud800"],
        "\ud800",
    ],
)
def test_half_a_surrogate_pair_is_a_row_that_can_be_written(record: object, tmp_path: Path) -> None:
    bad, good = read(document(record, {"id": "good \U0001f600"}))
    assert isinstance(bad, Rejected)
    assert bad.code == "invalid_record"
    write_rejected(tmp_path / "rejected.tsv", [bad])
    assert isinstance(good, Record)
    assert good.evidence.id == "good \U0001f600"


def test_half_a_surrogate_pair_in_the_head_or_a_key_is_refused_by_name() -> None:
    for text in ('{"\\ud800": 1, "records": []}', '{"format": "\\ud800", "version": 1, "records": []}'):
        with pytest.raises(InputError) as caught:
            read(text)
        assert caught.value.code == "wrong_json_format"
        str(caught.value).encode()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("[]", "invalid_json"),
        ("{}", "wrong_json_format"),
        ('{"format": "molucid-spectra", "version": 2, "records": []}', "wrong_json_format"),
        ('{"records": []}', "wrong_json_format"),
        ('{"format": "molucid-spectra", "version": 1}', "invalid_json"),
        ('{"format": "molucid-spectra", "version": 1, "records": [' + "[" * 100_000, "invalid_json"),
    ],
)
def test_other_json_is_refused(text: str, code: str) -> None:
    with pytest.raises(InputError) as caught:
        read(text)
    assert caught.value.code == code


def test_what_came_before_a_break_is_answered() -> None:
    text = document({"id": "a"}, {"id": "b"}, {"id": "c"})
    items = []
    with pytest.raises(InputError) as caught:
        items.extend(json.read(io.BytesIO(text[: text.index('"c"')].encode()), "a.json", ReadConfig()))
    assert caught.value.code == "invalid_json"
    assert [item.evidence.id for item in items if isinstance(item, Record)] == ["a", "b"]


def test_records_longer_than_a_chunk_and_beyond_the_bound() -> None:
    many = [float(i + 1) for i in range(40_000)]
    text = document({"id": "long", "msms": [{"mz": many, "intensity": many}]}, {"id": "b"})
    assert len(text) > 4 * (1 << 16)
    long, short = read(text)
    assert isinstance(long, Record)
    assert long.evidence.msms[0].mz.size == 40_000
    assert isinstance(short, Record)
    assert isinstance(read(text, max_peaks=39_999)[0], Rejected)
    with pytest.raises(InputError, match="more than 1000 characters"):
        read(text, max_record_chars=1000)


@settings(max_examples=60, deadline=None)
@given(st.lists(st.text(max_size=30), max_size=6), st.sampled_from(["", " ", "\n", "\t\r\n  "]))
def test_streaming_agrees_with_a_whole_parse(names: list[str], blank: str) -> None:
    records = [{"id": f"r{i}", "metadata": {"name": name}} for i, name in enumerate(names)]
    inner = f"{blank},{blank}".join(standard_json.dumps(record) for record in records)
    head = f'{blank}{{{blank}"format"{blank}:{blank}"molucid-spectra","version":1,'
    items = read(f'{head}"records"{blank}:{blank}[{blank}{inner}{blank}]{blank}}}{blank}')
    assert [item.metadata["name"] for item in items if isinstance(item, Record)] == names
