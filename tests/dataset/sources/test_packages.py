from __future__ import annotations

import gzip
import sys
import types
import zipfile
from importlib.machinery import ModuleSpec
from pathlib import Path

import pytest

from molucid.dataset.corpus import Molecule
from molucid.dataset.sources import chemicals_package, molsets_package
from molucid.dataset.sources.corpora import open_corpus
from molucid.errors import InputError, Rejected


def test_tables_of_chemicals(tmp_path: Path) -> None:
    row = "702\t64-17-5\tC2H6O\t46.07\tCCO\tC2H6O/c1-2-3\tLFQSCWFLJHTTHZ-UHFFFAOYSA-N\tethanol\n"
    for name in chemicals_package.TABLES:
        (tmp_path / name).write_text(row if "large" in name else "-1\t1-1-1\tX\t1\t\t\n")
    rows = list(chemicals_package.read_folder(tmp_path))
    assert isinstance(rows[0], Molecule)
    assert (rows[0].id, rows[0].smiles, rows[0].where.line) == ("64-17-5", "CCO", 1)
    assert [r.code for r in rows if isinstance(r, Rejected)] == ["missing_smiles"] * 2


def test_the_installed_package_of_chemicals() -> None:
    pytest.importorskip("chemicals", reason="the package `chemicals` is not installed")
    found = {m.id: m.smiles for m in chemicals_package.read() if isinstance(m, Molecule)}
    assert len(found) > 70_000
    assert found["64-17-5"] == "CCO"  # ethanol's CAS number


def make_wheel(path: Path) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, smiles in zip(molsets_package.TABLES, ("CCO", "CCN", "CCS"), strict=True):
            archive.writestr(
                f"moses/dataset/data/{name}", gzip.compress(f"SMILES,SPLIT\n{smiles},x\n".encode())
            )
    return path


def test_tables_of_a_molsets_wheel(tmp_path: Path) -> None:
    wheel = make_wheel(tmp_path / "molsets-0.3.1-py3-none-any.whl")
    rows = list(open_corpus(f"molsets:{wheel}").rows)
    assert [(m.id, m.smiles) for m in rows if isinstance(m, Molecule)] == [
        ("train.csv.gz#2", "CCO"),
        ("test.csv.gz#2", "CCN"),
        ("test_scaffolds.csv.gz#2", "CCS"),
    ]


def test_an_installed_molsets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with zipfile.ZipFile(make_wheel(tmp_path / "w.whl")) as archive:
        archive.extractall(tmp_path)
    module = types.ModuleType("moses")
    module.__spec__ = ModuleSpec("moses", None, origin=str(tmp_path / "moses" / "__init__.py"))
    monkeypatch.setitem(sys.modules, "moses", module)
    assert [m.smiles for m in open_corpus("molsets").rows if isinstance(m, Molecule)] == ["CCO", "CCN", "CCS"]


def test_what_is_missing_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(InputError, match="pip download --no-deps molsets"):
        list(open_corpus("molsets").rows)
    with pytest.raises(InputError, match="pip install chemicals"):
        list(chemicals_package.read())
    (tmp_path / "no.whl").write_bytes(b"not a zip file")
    with pytest.raises(InputError, match="wheel of molsets"):
        list(open_corpus(f"molsets:{tmp_path / 'no.whl'}").rows)
    with pytest.raises(InputError, match=r"gone\.whl"):
        list(open_corpus(f"molsets:{tmp_path / 'gone.whl'}").rows)
