from __future__ import annotations

import gzip
import io
from pathlib import Path

import pytest

from molucid.dataset.corpus import Molecule
from molucid.dataset.sources.smiles_file import MAX_LINE_BYTES, read, read_stream
from molucid.errors import InputError, Rejected


def molecules(path: Path) -> list[tuple[str, str, int | None]]:
    return [(m.id, m.smiles, m.where.line) for m in read(path) if isinstance(m, Molecule)]


def test_smi_with_titles_that_hold_blanks(tmp_path: Path) -> None:
    path = tmp_path / "a.smi"
    path.write_text("# from the bench\nCCO ethyl alcohol\n\nc1ccncc1\tpyridine\r\nCCN\n")
    assert molecules(path) == [
        ("ethyl alcohol", "CCO", 2),
        ("pyridine", "c1ccncc1", 4),
        ("a.smi#5", "CCN", 5),
    ]


def test_csv_with_a_header_in_any_order(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes("\ufeffName,activity,SMILES\nethanol,3,CCO\n,4,CCN\n".encode())
    assert molecules(path) == [("ethanol", "CCO", 2), ("a.csv#3", "CCN", 3)]


def test_a_header_of_white_space(tmp_path: Path) -> None:
    path = tmp_path / "a.txt"
    path.write_text("id weight smiles\nx 46.1 CCO\n")
    assert molecules(path) == [("x", "CCO", 2)]


def test_tsv_gz_without_header(tmp_path: Path) -> None:
    path = tmp_path / "a.tsv.gz"
    path.write_bytes(gzip.compress(b"CCO\tethanol\nCCN\tethylamine\n"))
    assert molecules(path) == [("ethanol", "CCO", 1), ("ethylamine", "CCN", 2)]


def test_bad_lines_are_rejected_with_their_number_and_the_rest_is_read(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    long_line = b"C" * (2 * MAX_LINE_BYTES + 10)
    path.write_bytes(b"name,smiles\nonly\n\xff\xfe,CC\n" + long_line + b"\nethanol,CCO\nempty,\n")
    rows = list(read(path))
    faults = {r.where.line: r.code for r in rows if isinstance(r, Rejected)}
    assert faults == {2: "missing_smiles", 3: "invalid_text", 4: "line_too_long", 6: "missing_smiles"}
    assert molecules(path) == [("ethanol", "CCO", 5)]
    assert len(rows) == 5


def test_a_cut_gzip_gives_its_rows_and_then_the_fault(tmp_path: Path) -> None:
    path = tmp_path / "a.smi.gz"
    whole = gzip.compress("".join(f"{'C' * (1 + i % 50)} m{i}\n" for i in range(5000)).encode())
    path.write_bytes(whole[: len(whole) // 2])
    rows = list(read(path))
    assert isinstance(rows[-1], Rejected)
    assert rows[-1].code == "truncated_file"
    assert len(rows) > 100
    assert all(isinstance(row, Molecule) for row in rows[:-1])


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.smi"):
        next(read(tmp_path / "none.smi"))


def test_an_empty_stream_has_no_rows() -> None:
    assert list(read_stream(io.BytesIO(b""), "x")) == []
