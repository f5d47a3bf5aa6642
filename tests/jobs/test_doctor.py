"""`molucid doctor`: what it finds here, and what it says of something that is missing."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import sys
from types import SimpleNamespace

import psutil
import pytest

from jobs import doctor
from jobs.cli import main
from jobs.doctor import Finding, examine


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    found = {finding.subject: finding for finding in findings}
    assert len(found) == len(findings)
    return found


def test_findings_on_this_machine() -> None:
    found = by_subject(examine("quickstart"))
    assert found["python"].found == ".".join(str(part) for part in sys.version_info[:3])
    assert found["torch"] == Finding("torch", "ok", importlib.metadata.version("torch"))
    assert found["faiss"].state == "ok"
    assert int(found["cores"].found) >= 1
    assert "M parameters" in found["memory per batch"].found
    assert all(finding.advice for finding in found.values() if finding.state == "missing")


def test_a_missing_package_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    version = importlib.metadata.version

    def without_rdkit(name: str) -> str:
        if name == "rdkit":
            raise importlib.metadata.PackageNotFoundError(name)
        return version(name)

    monkeypatch.setattr(doctor.importlib.metadata, "version", without_rdkit)
    assert main(["doctor"]) == 4
    printed = capsys.readouterr()
    assert printed.err == ""
    lines = printed.out.splitlines()
    (number,) = (i for i, line in enumerate(lines) if line.split()[:2] == ["missing", "rdkit"])
    assert lines[number + 1].strip() == "hint: pip install -c constraints.txt rdkit"


def test_a_broken_faiss_is_a_finding_and_no_crash(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    finding = by_subject(examine("quickstart"))["faiss"]
    assert finding.state == "missing"
    assert "molucid[cpu]" in finding.advice


def test_no_compiler_means_the_single_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    which = shutil.which
    monkeypatch.setattr(
        doctor.shutil, "which", lambda tool, path=None: None if tool == "g++" else which(tool, path=path)
    )
    finding = by_subject(examine("quickstart"))["compiler: g++"]
    assert finding.state == "missing"
    assert "--engine single" in finding.advice


def test_little_memory_and_disk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(psutil, "virtual_memory", lambda: SimpleNamespace(available=2**30, total=2**31))
    monkeypatch.setattr(doctor.shutil, "disk_usage", lambda path: SimpleNamespace(free=2**30))
    found = by_subject(examine("molucid"))
    assert found["memory"].state == "note"
    assert found["memory"].found == "1.0 of 2.0 GiB free"
    assert found["memory per batch"].state == "note"
    assert found["disk"].state == "missing"


def test_json_says_the_same(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert code == (4 if any(f["state"] == "missing" for f in found) else 0)
    assert [f["subject"] for f in found] == [f.subject for f in examine("quickstart")]
    assert {"subject", "state", "found", "advice"} == set(found[0])


def test_an_unknown_recipe_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor", "--recipe", "no-such-recipe"]) == 2
    assert "no-such-recipe" in capsys.readouterr().err
