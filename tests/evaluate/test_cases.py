from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from molucid.errors import InputError
from molucid.evaluate.cases import read_case_files, read_cases


def write(path, text):
    path.write_text(text, encoding="utf-8")
    return path


def test_label_table(tmp_path):
    path = write(
        tmp_path / "labels.tsv", "id\tsmiles\tadduct\tinstrument\na\tCCO\tM+H\tLC-ESI-QTOF\nb\tCCN\t\t\n"
    )
    cases, rejected = read_cases(path)
    assert rejected == []
    first, second = cases
    assert (first.id, first.smiles, first.adduct, first.instrument) == ("a", "CCO", "[M+H]+", "qtof")
    assert (first.inchikey14, str(first.formula)) == ("LFQSCWFLJHTTHZ", "C2H6O")
    assert (second.adduct, second.instrument) == (None, None)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("benchmark.tsv", "identifier\tmzs\tsmiles\tadduct\tfold\nX\t1,2\tCCO\t[M+Na]+\ttest\n"),
        ("diffms.tsv", "dataset\tspec\tionization\tsmiles\nc\tX\t[M+Na]+\tCCO\n"),
        ("bom.csv", "\ufeffAccession,SMILES,adduct\r\nX,CCO,[M+Na]+\r\n"),
    ],
)
def test_column_names_of_published_tables(tmp_path, name, text):
    cases, rejected = read_cases(write(tmp_path / name, text))
    assert rejected == []
    assert [(c.id, c.adduct) for c in cases] == [("X", "[M+Na]+")]


def test_every_row_is_a_case_or_a_rejected_row_with_its_line(tmp_path):
    path = write(tmp_path / "t.tsv", "id\tsmiles\nok\tCCO\nbad\tC1CC\nnone\t\nok\tCCN\n\tCC\nstar\t*C\n")
    cases, rejected = read_cases(path)
    assert [c.id for c in cases] == ["ok"]
    assert [(r.id, r.code, r.where.line) for r in rejected] == [
        ("bad", "invalid_smiles", 3),
        ("none", "missing_structure", 4),
        ("ok", "duplicate_id", 5),
        ("", "missing_id", 6),
        ("star", "invalid_smiles", 7),
    ]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
def test_the_structures_of_a_manifest_are_the_truth_also_where_spectra_cannot_be_read(tmp_path, separator):
    write(tmp_path / "ir.jdx", "no spectrum")
    text = "id,smiles,ir,fold\na,CCO,ir.jdx,test\nb,CCN,missing.jdx,val\n"
    path = write(tmp_path / "compounds.csv", text.replace(",", separator))
    cases, rejected = read_cases(path)
    assert [(c.id, c.smiles) for c in cases] == [("a", "CCO"), ("b", "CCN")]
    assert rejected == []
    assert [c.id for c in read_cases(path, "val")[0]] == ["b"]


def test_a_json_manifest_is_the_truth_with_a_row_for_what_has_no_structure(tmp_path):
    text = '[{"id": "a", "smiles": "CCO", "ir": "missing.jdx"}, {"id": "b", "ir": "missing.jdx"}]'
    cases, rejected = read_cases(write(tmp_path / "compounds.json", text))
    assert [(c.id, c.smiles) for c in cases] == [("a", "CCO")]
    assert [(r.id, r.code) for r in rejected] == [("b", "missing_structure")]


def test_the_truth_of_a_manifest_without_structures_is_in_its_files(tmp_path):
    write(tmp_path / "h.csv", "# nucleus: 1H\n# smiles: CCO\nshift_ppm\n1.2\n3.7\n")
    path = write(tmp_path / "compounds.csv", "id,h_nmr\na,h.csv\n")
    cases, rejected = read_cases(path)
    assert [(c.id, c.smiles) for c in cases] == [("a", "CCO")]
    assert rejected == []


def test_fold_of_a_parquet_table(tmp_path):
    path = tmp_path / "t.parquet"
    table = {
        "accession": ["a", "b", "c"],
        "smiles": ["CCO", "CCN", "CCC"],
        "adduct": ["[M+H]+"] * 3,
        "instrument_type": ["LC-ESI-QFT"] * 3,
        "fold": ["train", "val", "val"],
    }
    pq.write_table(pa.table(table), path)
    cases, rejected = read_cases(path, "val")
    assert [(c.id, c.instrument) for c in cases] == [("b", "orbitrap"), ("c", "orbitrap")]
    assert rejected == []
    assert len(read_cases(path)[0]) == 3
    with pytest.raises(InputError, match="train, val"):
        read_cases(path, "test")


def test_fold_asked_of_a_table_without_folds(tmp_path):
    path = write(tmp_path / "t.tsv", "id\tsmiles\na\tCCO\n")
    with pytest.raises(InputError, match="a table with folds"):
        read_cases(path, "val")


def test_every_file_must_have_the_fold(tmp_path):
    one = write(tmp_path / "one.tsv", "id\tsmiles\tfold\na\tCCO\tval\nb\tCCN\ttrain\n")
    two = write(tmp_path / "two.tsv", "id\tsmiles\nc\tCCC\n")
    assert [c.id for c in read_case_files([one], "val")[0]] == ["a"]
    with pytest.raises(InputError, match="a table with folds") as caught:
        read_case_files([one, two], "val")
    assert caught.value.where.file == str(two)


def test_structures_of_a_spectra_file(tmp_path):
    header = "BEGIN IONS\nTITLE=one\nPEPMASS=47.049\nADDUCT=[M+H]+\nFORMULA=C2H6O\nSMILES=CCO\n"
    text = header + "29.04 10\n47.05 5\nEND IONS\n"
    cases, rejected = read_cases(write(tmp_path / "s.mgf", text))
    assert rejected == []
    assert [(c.smiles, c.adduct) for c in cases] == [("CCO", "[M+H]+")]


@pytest.mark.parametrize(
    ("name", "text", "code"), [("t.tsv", "id\tinchi\n", "missing_column"), ("t.csv", "", "missing_column")]
)
def test_table_without_the_columns(tmp_path, name, text, code):
    with pytest.raises(InputError) as caught:
        read_cases(write(tmp_path / name, text))
    assert caught.value.code == code


def test_missing_file(tmp_path):
    with pytest.raises(InputError) as caught:
        read_cases(tmp_path / "absent.tsv")
    assert caught.value.code == "missing_file"


def test_massbank_fold(data_folder):
    cases, rejected = read_cases(data_folder / "massbank_msms.parquet", "val")
    table = pq.read_table(data_folder / "massbank_msms.parquet", columns=["accession", "inchikey14", "fold"])
    expected = {r["accession"]: r["inchikey14"] for r in table.to_pylist() if r["fold"] == "val"}
    assert {c.id: c.inchikey14 for c in cases} == expected
    assert rejected == []


@pytest.mark.parametrize("name", ["t.tsv", "t.txt"])
def test_table_that_is_not_utf8_is_told_with_its_line(tmp_path, name):
    path = tmp_path / name
    path.write_bytes("id\tsmiles\na\tCCO\nbär\tCCN\n".encode("latin-1"))
    with pytest.raises(InputError) as caught:
        read_cases(path)
    assert (caught.value.code, caught.value.where.file, caught.value.where.line) == (
        "invalid_text",
        str(path),
        3,
    )


def test_cell_beyond_what_a_table_may_hold(tmp_path):
    path = write(tmp_path / "t.tsv", "id\tsmiles\na\tCCO\nb\t" + "C" * (1 << 24) + "C\n")
    with pytest.raises(InputError) as caught:
        read_cases(path)
    assert (caught.value.code, caught.value.where.line) == ("invalid_table", 3)


def test_massbank_record_is_no_table_though_it_is_named_txt(tmp_path):
    source = Path(__file__).parents[1] / "spectra/data/oxprenolol.massbank.txt"
    path = write(tmp_path / "MSBNK-one.txt", source.read_text(encoding="utf-8"))
    (case,), rejected = read_cases(path)
    assert rejected == []
    assert (case.id, str(case.formula), case.adduct) == (
        source.read_text().split()[1],
        "C15H23NO3",
        "[M+H]+",
    )


def test_txt_with_named_columns_is_a_table(tmp_path):
    cases, rejected = read_cases(write(tmp_path / "t.txt", "id\tsmiles\nNAME: x\tCCO\n"))
    assert ([c.id for c in cases], rejected) == (["NAME: x"], [])
    with pytest.raises(InputError) as caught:
        read_cases(write(tmp_path / "u.txt", "id\tstructure\na\tCCO\n"))
    assert caught.value.code == "missing_column"
