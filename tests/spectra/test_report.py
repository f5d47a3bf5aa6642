"""N_read = N_kept + N_rejected for any file, with the reason, the record's title and its line."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molucid.errors import Rejected
from molucid.spectra.clean import CleanConfig, clean_all
from molucid.spectra.read import read_records
from molucid.spectra.report import ReadReport
from molucid.spectra.types import Record

# C8H10N4O2 as [M+H]+ is at 195.0877.
GOOD = {"TITLE": "", "PEPMASS": "195.0877", "ADDUCT": "[M+H]+", "FORMULA": "C8H10N4O2", "PEAK": "110.07 5"}
FAULTS: dict[str | None, dict[str, str]] = {
    None: {},
    "malformed_peak": {"PEAK": "110.07"},
    "not_finite": {"PEAK": "nan 5"},
    "negative_mz": {"PEAK": "-110.07 5"},
    "negative_intensity": {"PEAK": "110.07 -5"},
    "unknown_adduct": {"ADDUCT": "[M+Foo]+"},
    "missing_adduct": {"ADDUCT": "N/A"},
    "missing_precursor": {"PEPMASS": "0"},
    "invalid_precursor": {"PEPMASS": "many"},
    "invalid_formula": {"FORMULA": "C8(H10)"},
    "formula_precursor_mismatch": {"FORMULA": "C8H12N4O2"},
    "element_outside_alphabet": {"FORMULA": "C8H10N4Hg"},
    "too_few_peaks": {"PEAK": "110.07 0"},
    "no_peaks": {"PEAK": ""},
    "not_ms2": {"MSLEVEL": "1"},
    "title_too_long": {"TITLE": "x" * 1500},
    "unfinished_record": {"END": ""},
}


def mgf_block(title: str, changes: dict[str, str]) -> list[str]:
    values = GOOD | {"TITLE": title} | changes
    headers = [f"{key}={value}" for key, value in values.items() if key not in ("PEAK", "END")]
    return ["BEGIN IONS", *headers, values["PEAK"], *(["END IONS"] if "END" not in values else [])]


@settings(max_examples=60, deadline=None)
@given(codes=st.lists(st.sampled_from(list(FAULTS)), min_size=1, max_size=12))
def test_every_broken_record_is_counted_under_its_reason(
    codes: list[str | None], tmp_path_factory: pytest.TempPathFactory
) -> None:
    lines: list[str] = []
    starts = []
    for i, code in enumerate(codes):
        starts.append(len(lines) + 1)
        lines += mgf_block(f"t{i}", FAULTS[code])
    path = tmp_path_factory.mktemp("report") / "a.mgf"
    path.write_text("\n".join(lines) + "\n")
    report = ReadReport()
    items = list(report.count(clean_all(read_records(path), CleanConfig())))
    assert report.num_read == report.num_kept + report.num_rejected == len(codes)
    assert [item.code if isinstance(item, Rejected) else None for item in items] == codes
    assert [item.where.line for item in items] == starts
    for i, item in enumerate(items):
        if isinstance(item, Rejected) and item.code != "title_too_long":
            assert item.id == item.where.record == f"t{i}"
            assert item.where.file == str(path)
            assert item.message


def test_summary_for_a_person(tmp_path: Path) -> None:
    path = tmp_path / "a.mgf"
    codes = [None, "not_ms2", "not_ms2", "malformed_peak"]
    path.write_text("\n".join(line for i, c in enumerate(codes) for line in mgf_block(f"t{i}", FAULTS[c])))
    report = ReadReport()
    kept = [item for item in report.count(read_records(path)) if isinstance(item, Record)]
    assert len(kept) == 1
    text = str(report)
    assert text.startswith("4 read, 1 kept, 3 rejected\n  2 × not_ms2, first at ")
    assert f"{path}, line 8, record t1" in text


def damage_nothing(text: str) -> str:
    return text


@pytest.mark.parametrize("name", ["mzML", "mzXML", "massbank.txt", "msp", "ms", "json", "massspecgym.tsv"])
@pytest.mark.parametrize("damage", [damage_nothing, lambda text: text.replace("266.1751", "x")])
def test_the_sum_holds_for_every_format(name: str, damage: Callable[[str], str], tmp_path: Path) -> None:
    source = Path(__file__).parent / "data" / f"oxprenolol.{name}"
    path = tmp_path / source.name
    path.write_text(damage(source.read_text(encoding="utf-8")), encoding="utf-8")
    report = ReadReport()
    num_items = sum(1 for _ in report.count(clean_all(read_records(path), CleanConfig())))
    num_records = 2 if name.startswith("mz") else 1
    assert report.num_read == num_items == num_records
    assert report.num_kept == (1 if damage is damage_nothing else 0)
