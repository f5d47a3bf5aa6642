from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from jobs import cli, pack
from molucid.chem.adducts import parse_adduct
from molucid.chem.identity import formula_of, inchikey14
from molucid.dataset.packed import PackedDataset
from molucid.dataset.schema import StoredSample
from molucid.dataset.shards import DatasetRoot, ShardWriter
from molucid.errors import InputError
from molucid.spectra.types import Evidence, MassSpectrum, Sample

SMALL = ("--set", "fingerprint.num_bits=256", "--num-processes", "1")


def run(capsys: pytest.CaptureFixture[str], *given: str) -> dict[str, Any]:
    parser = argparse.ArgumentParser()
    pack.add_arguments(parser)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--quiet", action="store_true")
    assert pack.run(parser.parse_args([*given, *SMALL, "--json", "--quiet"])) == 0
    summary: dict[str, Any] = json.loads(capsys.readouterr().out)
    return summary


def samples(root: Path, chains: range, first: str = "s") -> str:
    writer = ShardWriter(DatasetRoot(str(root)))
    stored = []
    for length in chains:
        smiles = "C" * length + "SC"
        precursor_mz = parse_adduct("[M+H]+").precursor_mz(formula_of(smiles))
        spectra = tuple(
            MassSpectrum(
                [49.0106, precursor_mz], [1.0, nce / 100], precursor_mz, "[M+H]+", None, nce, "orbitrap"
            )
            for nce in (20.0, 40.0, 60.0)
        )
        evidence = Evidence(f"{first}{length}", formula_of(smiles), spectra)
        stored.append(StoredSample(Sample(evidence, smiles), inchikey14(smiles), "made", "CC0", 0))
    writer.write(0, stored, [])
    writer.complete(writer.finished(), {})
    return str(root)


MGF = """\
BEGIN IONS
TITLE={title}
PEPMASS={mz}
CHARGE=1+
ADDUCT=[M+H]+
SMILES={smiles}
FOLD={fold}
29.0386 10
{mz} 40
END IONS
"""


def mgf(path: Path, *entries: tuple[str, str, str]) -> str:
    blocks = []
    for title, smiles, fold in entries:
        mz = round(parse_adduct("[M+H]+").precursor_mz(formula_of("CCO" if smiles == "?" else smiles)), 4)
        blocks.append(MGF.format(title=title, smiles=smiles, fold=fold, mz=mz))
    path.write_text("\n".join(blocks))
    return str(path)


def test_samples_become_rows(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = run(capsys, samples(tmp_path / "s", range(3, 8)), "--out", str(tmp_path / "p"))
    assert (summary["rows"], summary["molecules"], summary["records_read"]) == (15, 5, 5)
    dataset = PackedDataset(tmp_path / "p", verify=True)
    assert dataset.num_bits == 256
    assert dataset[4].evidence.id == "s4"
    assert dataset[4].evidence.msms[0].normalized_collision_energy == 40
    np.testing.assert_allclose(dataset[4].evidence.msms[0].intensity, [1, 0.4], rtol=1e-6)
    assert dataset.manifest["provenance"]["inputs"][0]["name"] == "s"


def test_a_molecule_of_two_simulated_corpora_is_packed_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    one, two = samples(tmp_path / "a", range(3, 8)), samples(tmp_path / "b", range(5, 10), "t")
    summary = run(capsys, one, two, "--out", str(tmp_path / "p"))
    assert summary["rejected"] == {"duplicate_molecule": 3}
    assert summary["molecules"] == 7


def test_measured_spectra_keep_all_records_of_a_molecule(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = mgf(tmp_path / "l.mgf", ("a", "CCO", "train"), ("b", "CCO", "train"), ("c", "CCCN", "val"))
    assert run(capsys, file, "--out", str(tmp_path / "all"))["rows"] == 3
    summary = run(capsys, file, "--fold", "train", "--out", str(tmp_path / "train"))
    assert (summary["rows"], summary["molecules"]) == (2, 1)


def test_limit_split_and_exclude(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root = samples(tmp_path / "s", range(3, 43))
    assert run(capsys, root, "--limit", "7", "--out", str(tmp_path / "limited"))["records_read"] == 7
    share = ("--set", "splits.val_fraction=0.4")
    val = run(capsys, root, "--split", "val", *share, "--out", str(tmp_path / "val"))
    train = run(capsys, root, "--split", "train", *share, "--out", str(tmp_path / "train"))
    test = run(capsys, root, "--split", "test", *share, "--out", str(tmp_path / "test"))
    assert val["molecules"] + train["molecules"] + test["molecules"] == 40
    assert val["molecules"] > 5
    (tmp_path / "keys.txt").write_text(inchikey14("CCCSC") + "\n")
    summary = run(capsys, root, "--exclude", str(tmp_path / "keys.txt"), "--out", str(tmp_path / "ex"))
    assert summary["rejected"] == {"held_out": 1}


def test_packing_the_same_again_says_so_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    root, file = samples(tmp_path / "s", range(3, 8)), mgf(tmp_path / "l.mgf", ("a", "CCCN", "train"))
    (tmp_path / "keys.txt").write_text(inchikey14("CCCSC") + "\n")
    given = (
        root,
        file,
        "--exclude",
        str(tmp_path / "keys.txt"),
        "--limit",
        "6",
        "--out",
        str(tmp_path / "p"),
    )
    first = run(capsys, *given)
    assert first["rejected"] == {"held_out": 1}
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in (tmp_path / "p").iterdir()}
    monkeypatch.setattr("molucid.dataset.packing.pack", None)
    assert run(capsys, *given) == first
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in before} == before


def test_a_folder_packed_from_something_else_is_refused_by_what_differs(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = mgf(tmp_path / "l.mgf", ("a", "CCO", "train"), ("b", "CCCN", "val")), str(tmp_path / "p")
    (tmp_path / "keys.txt").write_text(inchikey14("CCCSC") + "\n")
    first = run(capsys, file, "--out", out)
    for changes, name in (
        (("--fold", "val"), "fold"),
        (("--limit", "1"), "limit"),
        (("--split", "train"), "split"),
        (("--exclude", str(tmp_path / "keys.txt")), "excluded_sha256"),
        (("--set", "clean.max_peaks=7"), "clean"),
    ):
        with pytest.raises(InputError, match=f"packed with other {name},.*\nhint: choose another") as caught:
            run(capsys, file, "--out", out, *changes)
        assert caught.value.code == "folder_exists"
        assert str(tmp_path / "p") in str(caught.value)
    mgf(tmp_path / "l.mgf", ("a", "CCO", "train"), ("b", "CCCCN", "val"))
    with pytest.raises(InputError, match="packed with other inputs,"):
        run(capsys, file, "--out", out)
    with pytest.raises(InputError, match="not with packed samples"):
        run(capsys, file, "--out", samples(tmp_path / "s", range(3, 5)))
    mgf(tmp_path / "l.mgf", ("a", "CCO", "train"), ("b", "CCCN", "val"))
    assert run(capsys, file, "--out", out) == first
    (tmp_path / "p" / "mz.npy").write_bytes(b"")
    with pytest.raises(InputError, match=r"mz\.npy"):
        run(capsys, file, "--out", out)


def test_inputs_that_cannot_be_packed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    there = mgf(tmp_path / "l.mgf", ("a", "CCO", "train"))
    gone = [str(tmp_path / name) for name in ("gone.mgf", "lost.msp")]
    with pytest.raises(InputError, match=r"gone\.mgf.*lost\.msp") as caught:
        run(capsys, there, *gone, "--out", str(tmp_path / "p"))
    assert caught.value.code == "missing_file"
    assert "l.mgf" not in str(caught.value)
    (tmp_path / "half" / "entries").mkdir(parents=True)
    (tmp_path / "half" / "entries" / "part-00000.json").write_text("{}")
    with pytest.raises(InputError, match="run its command again"):
        run(capsys, there, str(tmp_path / "half"), "--out", str(tmp_path / "p"))
    with pytest.raises(InputError, match="did you mean"):
        run(capsys, there, "--out", str(tmp_path / "p"), "--set", "fingreprint.num_bits=8")
    assert not (tmp_path / "p").exists()


def test_faulty_files_are_rows_and_identifiers_are_unique_over_all_files(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "empty.mgf").write_text("")
    (tmp_path / "notes.txt").write_text("no spectra at all\n")
    files = (
        mgf(tmp_path / "one.mgf", ("a", "CCO", "train"), ("a", "CCO", "train"), ("b", "CCO", "train")),
        str(tmp_path / "empty.mgf"),
        str(tmp_path / "notes.txt"),
        mgf(tmp_path / "two.mgf", ("b", "CCCN", "train"), ("c", "CCCN", "train")),
    )
    summary = run(capsys, *files, "--out", str(tmp_path / "p"))
    assert summary["rejected"] == {"duplicate_id": 2, "empty_file": 1, "unknown_format": 1}
    assert (summary["records_read"], summary["records_kept"]) == (7, 3)
    assert [PackedDataset(tmp_path / "p").row_id(i) for i in range(3)] == ["a", "b", "c"]
    rejected = (tmp_path / "p" / "rejected.tsv").read_text().splitlines()
    assert [line.split("\t")[1] for line in rejected[1:]] == [
        "duplicate_id", "empty_file", "unknown_format", "duplicate_id"
    ]  # fmt: skip
    assert str(tmp_path / "two.mgf") in rejected[4]


def test_nothing_packed_is_exit_code_3_with_the_reasons_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    given = mgf(tmp_path / "l.mgf", ("a", "CCO", "train"), ("a", "CCO", "train"), ("b", "?", "train"))
    out = str(tmp_path / "p")
    (tmp_path / "keys.txt").write_text(inchikey14("CCO") + "\n")
    refused = ["pack", given, "--exclude", str(tmp_path / "keys.txt"), "--out", out, *SMALL]
    assert cli.main([*refused, "--quiet"]) == 3
    printed = capsys.readouterr()
    assert printed.out == ""
    assert "0 of 3 records to keep (duplicate_id 1, held_out 1, no_structure 1)" in printed.err
    assert not (tmp_path / "p" / "manifest.json").exists()
    assert cli.main(["pack", given, "--fold", "trian", "--out", out, *SMALL, "--quiet"]) == 3
    # A second use of an identifier is known before the fold is asked for.
    assert "0 of 1 records to keep (duplicate_id 1)" in capsys.readouterr().err
    assert run(capsys, given, "--out", out)["rows"] == 1


SPECTRA = Path(__file__).parents[1] / "spectra" / "data"


@pytest.mark.parametrize("name", ["diffms", "diffms/labels.tsv"])
def test_a_diffms_folder_is_packed_by_its_labels(
    name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copytree(SPECTRA / "diffms", tmp_path / "diffms")
    given = str(tmp_path / name)
    summary = run(capsys, given, "--out", str(tmp_path / "p"))
    # The table lists a second file that is not there.
    assert summary["rejected"] == {"missing_file": 1}
    assert (summary["records_read"], summary["molecules"]) == (2, 1)
    dataset = PackedDataset(tmp_path / "p")
    assert (dataset[0].evidence.id, dataset[0].smiles) == ("spec_1", "C=CCOc1ccccc1OCC(O)CNC(C)C")
    assert run(capsys, given, "--out", str(tmp_path / "p")) == summary
    file = tmp_path / "diffms" / "spec_files" / "spec_1.ms"
    file.write_text(file.read_text().replace(">compound", "#comment more\n>compound", 1) + "\n")
    with pytest.raises(InputError, match="packed with other inputs,"):
        run(capsys, given, "--out", str(tmp_path / "p"))


def test_massspecgym_is_known_by_its_header(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table = (SPECTRA / "oxprenolol.massspecgym.tsv").read_text()
    (tmp_path / "official.txt").write_text(table)
    own = "\n".join(line.replace("MSBNK-", "mine-") for line in table.splitlines())
    (tmp_path / "own.tsv").write_text(own.replace("\tinchikey\t", "\tfull_key\t", 1))
    summary = run(
        capsys, str(tmp_path / "official.txt"), str(tmp_path / "own.tsv"), "--out", str(tmp_path / "p")
    )
    assert summary["licences"] == {"MIT": 1, "not given": 1}
    assert summary["rejected"] == {}


def test_the_validation_fold_of_the_real_table(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(data_folder / "massbank_msms.parquet")
    summary = run(capsys, file, "--fold", "val", "--limit", "400", "--out", str(tmp_path / "p"))
    assert summary["records_read"] == 400 == summary["records_kept"] + sum(summary["rejected"].values())
    assert summary["records_kept"] > 380
    assert sum(summary["licences"].values()) == summary["rows"]
