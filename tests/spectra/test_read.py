from __future__ import annotations

import gzip
import shutil
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from molucid.errors import InputError, Rejected
from molucid.spectra.clean import CleanConfig, clean
from molucid.spectra.read import FORMATS, read_files, read_records
from molucid.spectra.source import ReadConfig
from molucid.spectra.types import Record

DATA = Path(__file__).parent / "data"
BLOCK = "BEGIN IONS\nTITLE={}\nPEPMASS=100.5\nADDUCT=[M+H]+\n50 1\n60 2\nEND IONS\n"


def blocks(*titles: str) -> str:
    return "".join(BLOCK.format(title) for title in titles)


def ids(path: Path) -> list[str]:
    return [item.evidence.id for item in read_records(path) if isinstance(item, Record)]


def only_rejected(path: Path, **config: int) -> Rejected:
    (row,) = [item for item in read_records(path, config=ReadConfig(**config)) if isinstance(item, Rejected)]
    return row


@pytest.mark.parametrize(
    "name", ["json", "massbank.txt", "massspecgym.tsv", "mgf", "ms", "msp", "mzML", "mzXML"]
)
def test_content_decides_where_the_extension_says_nothing(name: str, tmp_path: Path) -> None:
    copy = tmp_path / "spectra.txt"
    shutil.copy(DATA / f"oxprenolol.{name}", copy)
    assert ids(copy) == ["MSBNK-Eawag-EQ312802"]


@pytest.mark.parametrize("name", ["a.mgf.gz", "a.mgf", "a.dat"])
def test_gzip_is_recognised_by_content(name: str, tmp_path: Path) -> None:
    path = tmp_path / name
    path.write_bytes(gzip.compress(blocks("a", "b").encode()))
    assert ids(path) == ["a", "b"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le-bom", "latin-1"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_byte_order_marks_and_line_ends(encoding: str, end: str, tmp_path: Path) -> None:
    text = blocks("µ-opioid", "b").replace("\n", end)
    data = b"\xff\xfe" + text.encode("utf-16-le") if encoding == "utf-16-le-bom" else text.encode(encoding)
    for name in ("a.mgf", "a.txt"):
        path = tmp_path / name
        path.write_bytes(data)
        items = list(read_records(path))
        assert [item.evidence.id for item in items if isinstance(item, Record)] == ["µ-opioid", "b"]
        assert [item.where.line for item in items] == [1, 8]


def test_missing_file_folder_and_unknown_format_are_raised_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_records(tmp_path / "none.mgf")
    assert caught.value.code == "missing_file"
    with pytest.raises(InputError) as caught:
        read_records(tmp_path)
    assert caught.value.code == "is_a_folder"
    other = tmp_path / "a.txt"
    other.write_text("hello\n")
    with pytest.raises(InputError) as caught:
        read_records(other)
    assert caught.value.code == "unknown_format"
    assert "mzml" in str(caught.value)
    with pytest.raises(InputError, match="format 'xyz'"):
        read_records(other, format="xyz")


@pytest.mark.parametrize("name", ["mgf", "msp", "mzML", "mzXML", "json", "ms"])
def test_empty_file_is_one_row_with_its_name(name: str, tmp_path: Path) -> None:
    path = tmp_path / f"empty.{name}"
    for content in (b"", gzip.compress(b"")):
        path.write_bytes(content)
        (row,) = read_records(path)
        assert isinstance(row, Rejected)
        assert row.code == "empty_file"
        assert row.where.file == str(path)
        assert row.hint


@pytest.mark.parametrize("format", [name for name in FORMATS if name not in ("bruker", "varian")])
def test_blank_file_has_no_records(format: str, tmp_path: Path) -> None:
    path = tmp_path / "blank"
    path.write_text("\n\n\n")
    (row,) = read_records(path, format)
    assert isinstance(row, Rejected)
    assert row.code in ("no_records", "broken_xml", "invalid_json")


def test_truncated_gzip_answers_what_came_before(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    titles = [f"t{i}-{rng.integers(1 << 62)}" for i in range(500)]
    packed = gzip.compress(blocks(*titles).encode())
    path = tmp_path / "cut.mgf.gz"
    path.write_bytes(packed[: len(packed) // 2])
    *kept, last = read_records(path)
    assert len(kept) > 100
    assert [item.evidence.id for item in kept if isinstance(item, Record)] == titles[: len(kept)]
    assert isinstance(last, Rejected)
    assert last.code == "truncated_gzip"
    assert titles[len(kept) - 1] in last.message
    path.write_bytes(packed[:-3])
    assert [type(item) for item in read_records(path)][-2:] == [Record, Rejected]
    path.write_bytes(packed[:-8] + b"12345678")
    assert list(read_records(path))[-1].code == "corrupt_gzip"  # type: ignore[union-attr]


@pytest.mark.parametrize("name", ["mzML", "mzXML"])
def test_broken_xml_answers_what_came_before(name: str, tmp_path: Path) -> None:
    text = (DATA / f"oxprenolol.{name}").read_text()
    path = tmp_path / f"cut.{name}"
    path.write_text(text[: text.index("</run>" if name == "mzML" else "</msRun>")])
    survey, record, rest = read_records(path)
    assert isinstance(survey, Rejected)
    assert isinstance(record, Record)
    assert isinstance(rest, Rejected)
    assert rest.code == "broken_xml"
    assert rest.where.line is not None


@pytest.mark.parametrize("name", ["mzML", "mzXML"])
def test_entities_are_refused(name: str, tmp_path: Path) -> None:
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
    text = (DATA / f"oxprenolol.{name}").read_text()
    head, body = text.split("?>", 1)
    path = tmp_path / f"bomb.{name}"
    path.write_text(head + "?>" + bomb + body)
    assert only_rejected(path).code == "xml_doctype"


def test_damaged_spectrum_does_not_end_an_mzml_file(tmp_path: Path) -> None:
    text = (DATA / "oxprenolol.mzML").read_text()
    start, end = text.index('<spectrum index="1"'), text.index("</spectrumList>")
    block = text[start:end]
    damaged = block.replace("<binary>", "<binary>!", 1).replace("EQ312802", "X")
    short = block.replace('defaultArrayLength="9"', 'defaultArrayLength="10"').replace("EQ312802", "Y")
    other = block.replace("MS:1000574", "MS:1002312").replace("zlib compression", "MS-Numpress linear")
    path = tmp_path / "damaged.mzML"
    path.write_text(text[:start] + damaged + short + other.replace("EQ312802", "Z") + block + text[end:])
    codes = [item.code if isinstance(item, Rejected) else "kept" for item in read_records(path)]
    expected = ["not_ms2", "broken_peak_array", "peak_count_mismatch", "unsupported_peak_array", "kept"]
    assert codes == expected


def test_second_use_of_an_identifier_is_rejected_with_the_first_place(tmp_path: Path) -> None:
    path = tmp_path / "a.mgf"
    path.write_text(blocks("a", "b", "a"))
    row = only_rejected(path)
    assert (row.id, row.code, row.where.line) == ("a", "duplicate_id", 15)
    assert f"{path}, line 1, record a" in row.message


def test_several_files_are_one_input(tmp_path: Path) -> None:
    first, second, empty = tmp_path / "a.mgf", tmp_path / "b.mgf", tmp_path / "c.mgf"
    first.write_text(blocks("a", "b"))
    second.write_text(blocks("b", "c"))
    empty.write_text("")
    items = list(read_files([first, tmp_path / "missing.mgf", empty, second]))
    got = [item.code if isinstance(item, Rejected) else item.evidence.id for item in items]
    assert got == ["a", "b", "missing_file", "empty_file", "duplicate_id", "c"]


def test_ten_megabyte_title_is_rejected_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "title.mgf"
    path.write_text(BLOCK.format("x" * 10_000_000) + blocks("after"))
    tracemalloc.start()
    items = list(read_records(path))
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(items[0], Rejected)
    assert items[0].code == "line_too_long"
    assert "TITLE=xxx" in items[0].message
    assert items[0].where.line == 1
    assert isinstance(items[1], Record)
    assert items[1].where.line == 8
    assert peak_bytes < 16 << 20


def test_title_beyond_an_identifier_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "title.mgf"
    path.write_text(blocks("y" * 2000))
    row = only_rejected(path)
    assert row.code == "title_too_long"
    assert len(row.id) <= 80


def test_many_headers_are_bounded(tmp_path: Path) -> None:
    path = tmp_path / "a.mgf"
    path.write_text("BEGIN IONS\n" + "".join(f"K{i}=v\n" for i in range(3000)) + "END IONS\n" + blocks("b"))
    assert only_rejected(path, max_line_chars=10_000).code == "header_too_long"


def write_many_peaks(path: Path, num_peaks: int) -> None:
    with path.open("w") as stream:
        stream.write("BEGIN IONS\nTITLE=many\nPEPMASS=5000\nADDUCT=[M+H]+\n")
        stream.writelines(f"{50 + i / 1000:.3f} 1\n" for i in range(num_peaks))
        stream.write("END IONS\n")


def test_million_peaks_are_read_and_cleaned(tmp_path: Path) -> None:
    path = tmp_path / "many.mgf"
    write_many_peaks(path, 1_000_000)
    (record,) = read_records(path)
    assert isinstance(record, Record)
    assert record.evidence.msms[0].mz.size == 1_000_000
    cleaned = clean(record, CleanConfig(max_peaks=100))
    assert isinstance(cleaned, Record)
    assert cleaned.evidence.msms[0].mz.size == 100


def test_one_peak_more_than_allowed_is_rejected(tmp_path: Path) -> None:
    path = tmp_path / "many.mgf"
    write_many_peaks(path, 101)
    assert only_rejected(path, max_peaks=100).code == "too_many_peaks"


def test_memory_per_peak_is_bounded(tmp_path: Path) -> None:
    path = tmp_path / "many.mgf"
    write_many_peaks(path, 50_000)
    tracemalloc.start()
    (record,) = read_records(path)
    peak_bytes = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert isinstance(record, Record)
    # Growing arrays and the final ones: 16 bytes each, at most a few copies at a time.
    assert peak_bytes < 80 * 50_000 + 200_000


def test_decompression_stops_at_the_bound() -> None:
    path = DATA / "oxprenolol.mzML"
    codes = [
        item.code for item in read_records(path, config=ReadConfig(max_peaks=5)) if isinstance(item, Rejected)
    ]
    assert codes == ["not_ms2", "too_many_peaks"]
