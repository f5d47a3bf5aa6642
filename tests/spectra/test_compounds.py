"""Several files of one compound: merged, contradicted, or answered without the file that is broken."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from molucid.errors import InputError, Rejected
from molucid.spectra.compound_manifest import is_manifest
from molucid.spectra.compounds import read_compounds
from molucid.spectra.report import ReadReport
from molucid.spectra.types import InfraredSpectrum, NmrPeaks, Record

H = "# nucleus: 1H\nshift_ppm,num_hydrogens\n7.26,5\n"
C = "# nucleus: 13C\nshift_ppm\n128.4\n"
IR = "wavenumber (cm-1),absorbance\n" + "".join(f"{x},{x % 7}\n" for x in range(400, 4000, 20))
MGF = "BEGIN IONS\nTITLE={}\nPEPMASS=79.0542\nADDUCT=[M+H]+\nFORMULA={}\n50 1\n77 2\nEND IONS\n"


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def summary(items: list[Record | Rejected]) -> list[tuple[str, str]]:
    return [
        (item.id, item.code) if isinstance(item, Rejected) else (item.evidence.id, "record") for item in items
    ]


def test_the_files_of_a_folder_become_one_record(tmp_path: Path) -> None:
    files = {
        "a/h.csv": H,
        "a/c.csv": C,
        "a/ir.csv": IR,
        "a/m.mgf": MGF.format("x", "C6H6"),
        "a/.DS_Store": "?",
    }
    (record,) = read_compounds(tree(tmp_path, files))
    assert isinstance(record, Record)
    evidence = record.evidence
    assert (evidence.id, str(evidence.formula)) == ("a", "C6H6")
    assert isinstance(evidence.h_nmr, NmrPeaks)
    assert isinstance(evidence.c_nmr, NmrPeaks)
    assert isinstance(evidence.ir, InfraredSpectrum)
    assert len(evidence.msms) == 1
    assert record.metadata["files"] == "c.csv; h.csv; ir.csv; m.mgf"
    assert record.where.file == str(tmp_path / "a")


def test_a_faulty_file_is_a_row_and_the_rest_is_answered(tmp_path: Path) -> None:
    files = {
        "a/h.csv": H,
        "a/c.csv": "# nucleus: 13C\nshift_ppm\n",
        "b/m.mgf": MGF.format("1", "C6H6") + MGF.format("2", "C6H6").replace("77 2", "77 x"),
        "b/photo.png": "\x89PNG",
        "c/c.csv": "# nucleus: 13C\nshift_ppm\n400\n",
        "d/note/x.txt": "",
        "e/t.txt": "x\n1H NMR δ 7.26 (s, 5H\n",
        "loose.mgf": MGF.format("3", "C6H6"),
    }
    report = ReadReport()
    items = list(report.count(read_compounds(tree(tmp_path, files))))
    assert summary(items) == [
        ("a", "record"),
        ("a/c.csv", "no_peaks"),
        ("b", "record"),
        ("b/m.mgf", "malformed_peak"),
        ("b/photo.png", "unknown_format"),
        ("c", "no_readable_file"),
        ("c/c.csv", "shift_outside_window"),
        ("d", "no_readable_file"),
        ("d/note", "is_a_folder"),
        ("e", "no_readable_file"),
        ("e/t.txt", "unbalanced_parenthesis"),
        ("loose.mgf", "stray_file"),
    ]
    assert (report.num_read, report.num_kept, report.num_rejected) == (12, 2, 10)
    first = items[0]
    assert isinstance(first, Record)
    assert first.metadata["rejected_files"] == "a/c.csv"
    for item in items:
        if isinstance(item, Rejected):
            assert item.where.file is not None
            assert item.hint


@pytest.mark.parametrize(
    ("files", "code", "named"),
    [
        ({"a/1.csv": C, "a/2.csv": C}, "repeated_spectrum", ("1.csv", "2.csv", "c_nmr")),
        (
            {"a/1.mgf": MGF.format("1", "C6H6"), "a/2.mgf": MGF.format("2", "C7H8")},
            "mixed_compounds",
            ("C6H6", "1.mgf", "C7H8", "2.mgf"),
        ),
        (
            {"a/1.csv": "# smiles: C1=CC=CC=C1\n" + C, "a/2.csv": "# smiles: CCO\n" + H},
            "mixed_compounds",
            ("structure", "1.csv", "2.csv"),
        ),
        (
            {"a/1.mgf": MGF.format("1", ""), "a/2.mgf": MGF.format("2", "").replace("79.0542", "93.0699")},
            "mixed_compounds",
            ("[M+H]+ 79.0542", "1.mgf", "93.0699", "2.mgf"),
        ),
        (
            {"a/t.txt": "Ethyl benzoate\n1H NMR δ 7.26 (s, 5H)\n\nToluene\n13C NMR δ 128.4\n"},
            "mixed_compounds",
            ("Ethyl benzoate", "Toluene", "t.txt"),
        ),
        (
            {"a/t.csv": "id,nucleus,shift_ppm\nA,1H,7.26\nB,13C,128.4\n"},
            "mixed_compounds",
            ("A in t.csv", "B in t.csv"),
        ),
        ({"a/.x": ""}, "no_readable_file", ("no file",)),
    ],
)
def test_contradictions_reject_the_compound_by_name(
    files: dict[str, str], code: str, named: tuple[str, ...], tmp_path: Path
) -> None:
    bad, good = read_compounds(tree(tmp_path, files | {"b/h.csv": H}))
    assert isinstance(bad, Rejected)
    assert (bad.id, bad.code) == ("a", code)
    assert all(name in bad.message for name in named)
    (place,) = files if code == "mixed_compounds" and len(files) == 1 else ("a",)
    assert bad.where.file == str(tmp_path / place)
    assert isinstance(good, Record)


def test_titles_of_mass_spectra_and_records_without_a_name_contradict_nothing(tmp_path: Path) -> None:
    files = {
        "a/1.mgf": MGF.format("scan 1", "C6H6") + MGF.format("scan 2", "C6H6"),
        "b/t.txt": "1H NMR δ 7.26 (s, 5H)\n\n13C NMR δ 128.4\n",
    }
    first, *others = read_compounds(tree(tmp_path, files))
    assert isinstance(first, Record)
    assert len(first.evidence.msms) == 2
    assert [(item.evidence.id, item.evidence.present()) for item in others if isinstance(item, Record)] == [
        ("b", ("h_nmr", "c_nmr"))
    ]


def test_two_spellings_of_one_structure_agree(tmp_path: Path) -> None:
    files = {"a/1.csv": "# smiles: C1=CC=CC=C1\n" + C, "a/2.csv": "# smiles: c1ccccc1\n" + H}
    (record,) = read_compounds(tree(tmp_path, files))
    assert isinstance(record, Record)
    assert record.smiles == "C1=CC=CC=C1"


def test_a_folder_of_a_spectrometer_counts_as_one_file(tmp_path: Path) -> None:
    """It is handed over as it is; here it has no data, so that its row names it."""
    files = {"a/acqus": "##END=", "b/10/acqus": "##END=", "b/h.csv": H}
    rows = summary(list(read_compounds(tree(tmp_path, files))))
    assert rows[0] == ("a", "no_readable_file")
    assert rows[1][0] == "a/a"
    assert rows[2] == ("b", "record")
    assert rows[3][0] == "b/10"
    assert len(rows) == 4


MANIFEST = """id,formula,smiles,msms,ir,h_nmr,c_nmr
a,C6H6,c1ccccc1,m/1.mgf; m/2.mgf,ir.csv,h.csv,c.csv
b,C6H6,,,,both.txt,both.txt
c,,,,,both.txt,
d,,,,ir.csv,c.csv,
e,C7H8,,m/1.mgf,,,
a,,,,,h.csv,
,,,,,h.csv,
f,,,,,gone.csv,c.csv
g,,,,,../h.csv,
h,C6X6,,,,h.csv,
i,h.csv
"""
FILES = {
    "m/1.mgf": MGF.format("1", "C6H6"),
    "m/2.mgf": MGF.format("2", "C6H6"),
    "ir.csv": IR,
    "h.csv": H,
    "c.csv": C,
    "both.txt": "x\n1H NMR δ 7.26 (s, 5H). 13C NMR δ 128.4\n",
}
EXPECTED = [
    ("a", "record"),
    ("b", "record"),
    ("c", "record"),
    ("d", "record"),
    ("d/c.csv", "wrong_column"),
    ("e", "mixed_compounds"),
    ("a", "duplicate_id"),
    ("manifest.csv#8", "missing_id"),
    ("f", "record"),
    ("f/gone.csv", "missing_file"),
    ("g", "unsafe_path"),
    ("h", "unknown_element"),
    ("manifest.csv#12", "ragged_row"),
]


@pytest.mark.parametrize("delimiter", [",", "\t"])
def test_a_manifest_is_answered_line_by_line(tmp_path: Path, delimiter: str) -> None:
    tree(tmp_path, FILES)
    path = tmp_path / "manifest.csv"
    path.write_text(MANIFEST.replace(",", delimiter))
    assert is_manifest(path)
    items = list(read_compounds(path))
    assert summary(items) == EXPECTED
    first, second, third = items[:3]
    assert isinstance(first, Record)
    assert isinstance(second, Record)
    assert isinstance(third, Record)
    assert len(first.evidence.msms) == 2
    assert first.evidence.ir is not None
    assert first.evidence.h_nmr is not None
    assert first.evidence.c_nmr is not None
    assert (first.smiles, first.where.line) == ("c1ccccc1", 2)
    assert second.evidence.h_nmr is not None
    assert second.evidence.c_nmr is not None
    assert third.evidence.c_nmr is None
    assert third.metadata["not_used"] == "c_nmr of both.txt"


def test_a_manifest_in_json(tmp_path: Path) -> None:
    tree(tmp_path, FILES)
    path = tmp_path / "manifest.json"
    rows = [{"id": "a", "msms": ["m/1.mgf", "m/2.mgf"], "h_nmr": None, "c_nmr": "c.csv"}, {"id": 3}, "x"]
    path.write_text(json.dumps(rows))
    assert is_manifest(path)
    items = list(read_compounds(path))
    assert summary(items) == [
        ("a", "record"),
        ("manifest.json#2", "invalid_record"),
        ("manifest.json#3", "ragged_row"),
    ]
    first = items[0]
    assert isinstance(first, Record)
    assert len(first.evidence.msms) == 2


@pytest.mark.parametrize(
    ("name", "text", "code"),
    [
        ("m.csv", "id,hnmr,msms\na,b,c\n", "unknown_column"),
        ("m.csv", "id,hnmr\na,b\n", "unknown_column"),
        ("m.csv", "id,mass\na,180\n", "no_compounds"),
        ("m.csv", "id,msms\n", "no_records"),
        ("m.json", '[{"id": "a", "ir": ""', "invalid_json"),
        ("m.mgf", "BEGIN IONS", "no_compounds"),
        ("m.csv", "id,name\na,b\n", "no_compounds"),
    ],
)
def test_what_is_no_manifest(tmp_path: Path, name: str, text: str, code: str) -> None:
    (tmp_path / name).write_text(text)
    with pytest.raises(InputError) as fault:
        read_compounds(tmp_path / name)
    assert fault.value.code == code


def test_an_unknown_key_costs_its_own_compound_and_a_foreign_column_nothing(tmp_path: Path) -> None:
    tree(tmp_path, FILES)
    rows = [
        {"id": "a", "h_nmr": "h.csv"},
        {"id": "b", "hnmr": "h.csv"},
        {"id": "c", "comment": "x", "ir": "ir.csv"},
    ]
    (tmp_path / "m.json").write_text(json.dumps(rows))
    good, near, far = read_compounds(tmp_path / "m.json")
    assert isinstance(good, Record)
    assert isinstance(near, Rejected)
    assert isinstance(far, Rejected)
    assert (near.id, near.code, far.id, far.code) == ("b", "unknown_column", "c", "unknown_column")
    assert "'h_nmr'" in near.hint
    assert "remove it" in far.hint
    assert "did you mean" not in far.hint
    (tmp_path / "m.csv").write_text("id,comment,h_nmr\na,from the drawer,h.csv\n")
    (record,) = read_compounds(tmp_path / "m.csv")
    assert isinstance(record, Record)
    assert record.metadata["columns_not_used"] == "comment"


@pytest.mark.parametrize(("one", "other"), [("CCO", "c1ccc"), ("c1ccc", "CCO")])
def test_a_structure_that_cannot_be_read_is_told_and_not_compared(
    tmp_path: Path, one: str, other: str
) -> None:
    files = {"a/1.csv": f"# smiles: {one}\n{C}", "a/2.csv": f"# smiles: {other}\n{H}"}
    (record,) = read_compounds(tree(tmp_path, files))
    assert isinstance(record, Record)
    assert record.smiles == "CCO"
    assert record.metadata["unreadable_smiles"].startswith("c1ccc in ")


def test_what_is_no_folder_of_compounds(tmp_path: Path) -> None:
    for path, code in ((tmp_path, "no_compounds"), (tmp_path / "gone", "missing_file")):
        with pytest.raises(InputError) as fault:
            read_compounds(path)
        assert fault.value.code == code
        assert fault.value.hint


CELLS = st.sampled_from(
    ["", "a", "h.csv", "c.csv", "../x", "/etc/passwd", "m/1.mgf;m/2.mgf", '"', "\0", "..", ".", "é"]
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.lists(st.lists(CELLS, min_size=1, max_size=8), max_size=5),
    ending=st.sampled_from([".csv", ".json"]),
)
def test_no_manifest_raises_anything_else(
    rows: list[list[str]], ending: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    root = tree(tmp_path_factory.mktemp("m"), FILES)
    path = root / f"manifest{ending}"
    header = ["id", "formula", "smiles", "msms", "ir", "h_nmr", "c_nmr"]
    if ending == ".json":
        path.write_text(json.dumps([dict(zip(header, row, strict=False)) for row in rows]))
    else:
        path.write_text("\n".join(",".join(row) for row in [header, *rows]), encoding="utf-8")
    try:
        items = list(read_compounds(path))
    except InputError:
        return
    assert all(isinstance(item, Record | Rejected) for item in items)
    assert len(items) >= sum(any(cell.strip() for cell in row) for row in rows) * (ending == ".json")
