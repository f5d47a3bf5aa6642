"""What a folder is told to be by what lies in it: a spectrometer's data, one compound, or a folder of compounds."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from molucid.errors import Rejected, Where
from molucid.spectra.clean import CleanConfig, clean_all
from molucid.spectra.inputs import read_inputs
from molucid.spectra.types import NmrSpectrum, Record

H = "# nucleus: 1H\nshift_ppm,num_hydrogens\n7.26,5\n"
C = "# nucleus: 13C\nshift_ppm\n128.4\n"
IR = "wavenumber (cm-1),absorbance\n" + "".join(f"{x},{x % 7}\n" for x in range(400, 4000, 20))
TEXT = "1H NMR (400 MHz, CDCl3) δ 7.26 (s, 5H)\n"
H_LINES = [(0.9, 1.0), (8.123, 0.3)]
C_LINES = [(14.2, 1.0), (171.3, 0.4)]


def tree(root: Path, files: dict[str, str]) -> Path:
    for name, text in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return root


def read(path: Path) -> list[Record | Rejected]:
    return list(read_inputs([path]))


def summary(items: Iterable[Record | Rejected]) -> list[tuple[str, str]]:
    """(identifier, kinds of evidence or reason code) per item."""
    return [
        (item.id, item.code)
        if isinstance(item, Rejected)
        else (item.evidence.id, " ".join(item.evidence.present()))
        for item in items
    ]


def test_one_spectrometer_folder_does_not_hide_the_compounds_beside_it(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    tree(tmp_path / "root", {"A/ir.csv": IR, "B/h.txt": TEXT})
    write_bruker(tmp_path / "root" / "A" / "10", H_LINES, processed=True)
    write_bruker(tmp_path / "root" / "A" / "11", C_LINES, nucleus="13C", processed=True)
    assert summary(read(tmp_path / "root")) == [("A", "ir h_nmr c_nmr"), ("B", "h_nmr")]
    assert summary(read(tmp_path / "root" / "A")) == [("A", "ir h_nmr c_nmr")]


def test_a_folder_of_a_spectrometer_alone_is_read_as_one(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    sample = tmp_path / "root" / "A"
    write_bruker(sample / "10", H_LINES, processed=True)
    write_bruker(sample / "12", H_LINES, processed=True)
    expected = [("A", "h_nmr"), ("A#12", "repeated_spectrum")]
    assert summary(read(sample)) == expected
    assert summary(read(sample / "10")) == [("A#10", "h_nmr")]
    assert summary(read(sample / "10" / "pdata" / "1")) == [("A#10", "h_nmr")]
    (sample / "notes.pages").write_text("?")
    assert summary(read(sample)) == [*expected, ("notes.pages", "not_read")]
    assert summary(read(tmp_path / "root")) == [
        ("A", "h_nmr"),
        ("A/12", "repeated_spectrum"),
        ("A/notes.pages", "unknown_format"),
    ]


def test_a_spectra_file_in_a_pdata_folder_does_not_cost_the_measurement(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    folder = write_bruker(tmp_path / "A" / "10", H_LINES, processed=True)
    tree(folder / "pdata" / "1", {"ir.csv": IR})
    record, *rows = read(folder / "pdata" / "1")
    assert isinstance(record, Record)
    assert (record.evidence.present(), rows) == (("ir", "h_nmr"), [])
    assert isinstance(record.evidence.h_nmr, NmrSpectrum)
    assert record.evidence.h_nmr.solvent == "CDCl3"  # which only the experiment's parameters tell
    (folder / "acqus").unlink()
    assert summary(read(folder / "pdata" / "1")) == [("1", "ir h_nmr")]


def test_files_at_the_top_of_a_measurement_are_the_compounds(
    write_bruker: Callable[..., Path], write_varian: Callable[..., Path], tmp_path: Path
) -> None:
    write_bruker(tmp_path / "root" / "A", H_LINES, processed=True)
    write_varian(tmp_path / "root" / "B", H_LINES)
    write_bruker(tmp_path / "root" / "3", H_LINES, processed=True)
    tree(tmp_path / "root", {"A/ir.csv": IR, "B/c.csv": C, "3/c.csv": C, "A/audita.txt": "##TITLE= log"})
    expected = [("3", "h_nmr c_nmr"), ("A", "ir h_nmr"), ("B", "h_nmr c_nmr")]
    assert summary(read(tmp_path / "root")) == expected
    for name, kinds in expected:
        assert summary(read(tmp_path / "root" / name)) == [(name, kinds)]


def test_files_in_and_below_an_experiment_of_a_compound_are_not_lost(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    write_bruker(tmp_path / "root" / "A" / "10", H_LINES, processed=True)
    write_bruker(tmp_path / "root" / "B" / "nmr" / "10", H_LINES, processed=True)
    tree(tmp_path / "root", {"A/10/ir.csv": IR, "A/c.csv": C, "B/nmr/c.csv": C, "B/ir.csv": IR})
    assert summary(read(tmp_path / "root")) == [("A", "ir h_nmr c_nmr"), ("B", "ir h_nmr c_nmr")]


def test_varian_measurements_side_by_side(write_varian: Callable[..., Path], tmp_path: Path) -> None:
    sample = tmp_path / "s"
    write_varian(sample / "PROTON.fid", H_LINES, samplename="x")
    write_varian(sample / "CARBON.fid", C_LINES, nucleus="C13", samplename="x")
    assert summary(read(sample)) == [("x", "h_nmr c_nmr")]
    (sample / "ir.csv").write_text(IR)
    assert summary(read(sample)) == [("s", "ir h_nmr c_nmr")]


@pytest.mark.parametrize("name", ["fid", "ser"])
def test_a_decay_without_its_parameters_is_named(
    write_bruker: Callable[..., Path], tmp_path: Path, name: str
) -> None:
    write_bruker(tmp_path / "root" / "A" / "10", H_LINES, processed=True)
    files = {f"A/11/{name}": "x", f"B/{name}": "x", "B/h.txt": TEXT, f"C/{name}": "x", f"D/10/{name}": "x"}
    tree(tmp_path / "root", files)
    items = read(tmp_path / "root")
    assert summary(items) == [
        ("A", "h_nmr"),
        ("A/11", "missing_parameter"),
        ("B", "h_nmr"),
        ("B/B", "missing_parameter"),
        ("C", "no_readable_file"),
        ("C/C", "missing_parameter"),
        ("D", "no_readable_file"),
        ("D/10", "missing_parameter"),
    ]
    assert all(
        "whole folder" in item.hint for item in items if item in items[1::2] and isinstance(item, Rejected)
    )
    assert summary(read(tmp_path / "root" / "C")) == [("C", "missing_parameter")]
    assert summary(read(tmp_path / "root" / "A")) == [("A", "h_nmr"), ("A#11", "missing_parameter")]


def test_a_folder_of_files_is_one_compound(tmp_path: Path) -> None:
    folder = tree(tmp_path / "caffeine", {"h.csv": H, "c.csv": C, "photo.png": "\x89PNG"})
    assert summary(read(folder)) == [("caffeine", "h_nmr c_nmr"), ("caffeine/photo.png", "unknown_format")]


def test_an_empty_folder_says_so(tmp_path: Path) -> None:
    (row,) = read(tree(tmp_path, {".DS_Store": "?"}))
    assert isinstance(row, Rejected)
    assert row.code == "no_compounds"
    assert "an empty folder" in row.message
    assert "check the path" in row.hint


def test_a_spectrum_refused_at_clean_up_is_a_row_of_its_compound(tmp_path: Path) -> None:
    narrow = "wavenumber (cm-1),absorbance\n" + "".join(f"{x},{x % 7}\n" for x in range(400, 700, 2))
    tree(tmp_path, {"a/ir.csv": narrow, "a/c.csv": C, "b/h.csv": H})
    items = list(clean_all(read_inputs([tmp_path]), CleanConfig()))
    assert summary(items) == [("a", "c_nmr"), ("a/ir", "narrow_window"), ("b", "h_nmr")]
    row = items[1]
    assert isinstance(row, Rejected)
    assert row.where == Where(str(tmp_path / "a" / "ir.csv"), "a")
    assert row.hint


def test_a_row_of_clean_up_names_the_file_of_its_spectrum(
    write_bruker: Callable[..., Path], tmp_path: Path
) -> None:
    spectrum = "BEGIN IONS\nTITLE={}\nPEPMASS=79.0542\n{}50 1\n77 2\nEND IONS\n"
    good, without_adduct = spectrum.format(1, "ADDUCT=[M+H]+\n"), spectrum.format(2, "")
    tree(tmp_path / "a", {"1.mgf": good, "2.mgf": without_adduct + spectrum.format(3, "ADDUCT=[M+H]+\n")})
    write_bruker(tmp_path / "a" / "10", [(7.26, 0.0)], processed=True)
    write_bruker(tmp_path / "a" / "11", C_LINES, nucleus="13C", processed=True)
    (tmp_path / "m.csv").write_text("id,msms,h_nmr,c_nmr\na,a/1.mgf; a/2.mgf,a/10,a/11\n")
    for start in (tmp_path / "a", tmp_path / "m.csv"):
        record, *rows = clean_all(read_inputs([start]), CleanConfig())
        assert isinstance(record, Record)
        assert record.evidence.present() == ("msms", "c_nmr")
        assert [(row.id, row.code, row.where) for row in rows if isinstance(row, Rejected)] == [
            ("a/msms#2", "missing_adduct", Where(str(tmp_path / "a" / "2.mgf"), "a")),
            ("a/h_nmr", "all_zero", Where(str(tmp_path / "a" / "10" / "pdata" / "1"), "a")),
        ]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("4000,0.5\n3000,0.25\n2000,0.1\n1000,0.3\n", "missing_units"),
        ("cm-1,reflectance\n4000,0.5\n3000,0.25\n2000,0.1\n1000,0.3\n", "unknown_y_units"),
        ("some words\nand others\n", "unknown_format"),
    ],
)
def test_two_columns_of_numbers_lack_their_units(tmp_path: Path, text: str, code: str) -> None:
    (tmp_path / "a.csv").write_text(text)
    (row,) = read(tmp_path / "a.csv")
    assert isinstance(row, Rejected)
    assert row.code == code
    assert row.hint


def test_an_unknown_element_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x\nFormula: C6Xx\n" + TEXT)
    (row,) = read(tmp_path / "a.txt")
    assert isinstance(row, Rejected)
    assert (row.code, bool(row.hint)) == ("unknown_element", True)
