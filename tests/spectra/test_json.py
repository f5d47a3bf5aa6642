from __future__ import annotations

import io
import json as standard_json
from pathlib import Path

import jsonschema
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molucid.errors import InputError, Rejected
from molucid.rejected import write_rejected
from molucid.spectra.formats import json, json_schema
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import InfraredSpectrum, NmrPeaks, NmrSpectrum, Record

SHIPPED = Path(json_schema.__file__).with_name(json_schema.SCHEMA_FILE_NAME)


def read(text: str, **config: int) -> list[Record | Rejected]:
    return list(json.read(io.BytesIO(text.encode()), "a.json", ReadConfig(**config)))


def document(*records: object) -> str:
    return standard_json.dumps({"format": "molucid-spectra", "version": 1, "records": records})


FULL = {
    "id": "a",
    "formula": "C6H12O6",
    "smiles": "CCO",
    "msms": [
        {
            "mz": [60.2, 50.1],
            "intensity": [2.5, 1.0],
            "precursor_mz": 181.07,
            "adduct": "M+H",
            "collision_energy_ev": 20.0,
            "instrument": "LC-ESI-QTOF",
        }
    ],
    "ir": {"wavenumber_cm1": [402.0, 400.0], "absorbance": [0.2, 0.1]},
    "h_nmr": {
        "kind": "peaks",
        "shift_ppm": [7.26, 3.4, 1.2],
        "multiplicity": [None, "br.s", "doublet of doublets"],
        "coupling_hz": [[], [], [-2.0, 8.0]],
        "num_hydrogens": [None, 2, 3],
        "width_ppm": [0, 0.04, 0],
        "field_mhz": 400.0,
        "solvent": "chloroform-d",
    },
    "c_nmr": {
        "kind": "trace",
        "shift_ppm": [20.0, 10.0],
        "intensity": [1.0, 0.5],
        "field_mhz": 100.6,
        "solvent": "CDCl3/CD3OD 1:1",
    },
    "metadata": {"license": "CC0"},
}


def test_shipped_schema_is_that_of_the_models() -> None:
    assert standard_json.loads(SHIPPED.read_text(encoding="utf-8")) == json_schema.json_schema()


def test_every_kind_of_evidence_is_read_and_meets_the_schema() -> None:
    text = document(FULL)
    schema = standard_json.loads(SHIPPED.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema).validate(standard_json.loads(text))
    (record,) = read(text)
    assert isinstance(record, Record)
    evidence = record.evidence
    assert (evidence.id, str(evidence.formula), record.smiles) == ("a", "C6H12O6", "CCO")
    (spectrum,) = evidence.msms
    assert (spectrum.precursor_mz, spectrum.adduct) == (181.07, "[M+H]+")
    assert (spectrum.collision_energy_ev, spectrum.normalized_collision_energy) == (20.0, None)
    assert spectrum.instrument == "LC-ESI-QTOF"
    np.testing.assert_array_equal(spectrum.mz, [50.1, 60.2])
    assert isinstance(evidence.ir, InfraredSpectrum)
    np.testing.assert_array_equal(evidence.ir.absorbance, [0.1, 0.2])
    assert isinstance(evidence.c_nmr, NmrSpectrum)
    np.testing.assert_array_equal(evidence.c_nmr.intensity, [0.5, 1.0])
    assert (evidence.c_nmr.nucleus, evidence.c_nmr.field_mhz, evidence.c_nmr.solvent) == ("13C", 100.6, None)


def test_nmr_is_read_as_from_every_other_format() -> None:
    (record,) = read(document(FULL))
    assert isinstance(record, Record)
    peaks = record.evidence.h_nmr
    assert isinstance(peaks, NmrPeaks)
    np.testing.assert_array_equal(peaks.shift_ppm, [1.2, 3.4])
    assert peaks.multiplicity == ("dd", "br s")
    assert peaks.coupling_hz == ((8.0, 2.0), ())
    assert peaks.num_hydrogens == (3, 2)
    assert peaks.width_ppm is not None
    np.testing.assert_array_equal(peaks.width_ppm, [0, 0.04])
    assert (peaks.field_mhz, peaks.solvent) == (400.0, "CDCl3")
    assert dict(record.metadata) == {
        "license": "CC0",
        "h_nmr_reference": "shifts of the file",
        "h_nmr_removed": "solvent 7.26 ppm",
        "c_nmr_reference": "shifts of the file",
        "c_nmr_solvent": "CDCl3/CD3OD 1:1",
    }


def test_capitals_of_a_carbon_tell_its_hydrogens() -> None:
    lists = {
        "kind": "peaks",
        "shift_ppm": [21.4, 128.1],
        "multiplicity": ["Q", "d"],
        "coupling_hz": [[], [9.3]],
    }
    (record,) = read(document({"id": "a", "c_nmr": lists}))
    assert isinstance(record, Record)
    assert isinstance(record.evidence.c_nmr, NmrPeaks)
    assert record.evidence.c_nmr.multiplicity == ("Q", "d")


@pytest.mark.parametrize("x", [[*range(400, 460), *range(400, 460)], [n // 2 for n in range(800, 920)]])
@pytest.mark.parametrize(
    ("slot", "axis", "values", "kind"),
    [
        ("ir", "wavenumber_cm1", "absorbance", {}),
        ("h_nmr", "shift_ppm", "intensity", {"kind": "trace"}),
    ],
)
def test_two_spectra_in_one_axis_are_refused(
    x: list[int], slot: str, axis: str, values: str, kind: dict[str, str]
) -> None:
    (row,) = read(document({"id": "a", slot: {axis: x, values: [1.0] * len(x), **kind}}))
    assert isinstance(row, Rejected)
    assert row.code == "mixed_compounds"


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
        (
            {"id": "x", "h_nmr": {"kind": "peaks", "shift_ppm": [1], "multiplicity": ["zz"]}},
            "unknown_multiplicity",
            "zz",
        ),
        ({"id": "x", "h_nmr": {"kind": "peaks", "shift_ppm": []}}, "no_peaks", "1H"),
        ({"id": "x", "c_nmr": {"kind": "peaks", "shift_ppm": [20, 900]}}, "shift_outside_window", "900"),
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
