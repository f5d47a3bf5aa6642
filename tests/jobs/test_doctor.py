"""`molucid doctor`: what it finds here, and what it says of something that is missing."""

from __future__ import annotations

import importlib.metadata
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import psutil
import pytest
import torch

from jobs import doctor
from jobs.cli import main
from jobs.doctor import Finding, examine
from jobs.machine import Usable
from molucid.errors import InputError
from molucid.evaluate import mces

ROOT = Path(__file__).resolve().parents[2]


def by_subject(findings: list[Finding]) -> dict[str, Finding]:
    found = {finding.subject: finding for finding in findings}
    assert len(found) == len(findings)
    return found


def test_findings_on_this_machine() -> None:
    found = by_subject(examine("quickstart"))
    assert found["python"].found == ".".join(str(part) for part in sys.version_info[:3])
    assert found["torch"] == Finding("torch", "ok", importlib.metadata.version("torch"))
    assert found["faiss"].state == "ok"
    assert float(found["cores"].found) > 0
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
    assert "-e '.[cpu]'" in finding.advice


@pytest.mark.parametrize(
    ("module", "package", "subjects"),
    [
        ("torch", "torch", ("CUDA", "memory per batch")),
        ("psutil", "psutil", ("cores, memory", "memory per batch")),
        ("yaml", "pyyaml", ("memory per batch",)),
    ],
)
def test_every_line_is_printed_without_a_package_and_names_it(
    module: str, package: str, subjects: tuple[str, ...]
) -> None:
    program = f"import sys; sys.modules[{module!r}] = None; from jobs.cli import main; "
    program += "sys.exit(main(['doctor', '--json']))"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, cwd=ROOT)
    assert (ended.returncode, ended.stderr) == (4, "")
    found = {finding["subject"]: finding for finding in json.loads(ended.stdout)}
    for subject in subjects:
        assert found[subject]["state"] == "missing"
        assert found[subject]["advice"] == f"pip install -c constraints.txt {package}"
    assert {"python", "disk", "ray", "faiss", "solver: cbc", "compiler: g++"} < set(found)


def test_no_solver_is_a_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    assert by_subject(examine("quickstart"))["solver: cbc"].state == "ok"

    def absent() -> str:
        raise InputError("no program `cbc`", "the CBC solver", hint="pip install 'pulp[cbc]'")

    monkeypatch.setattr(mces, "cbc_path", absent)
    finding = by_subject(examine("quickstart"))["solver: cbc"]
    assert finding == Finding("solver: cbc", "missing", "no program `cbc`", "pip install 'pulp[cbc]'")


def test_a_batch_is_compared_with_the_memory_of_the_smallest_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    sizes = [80 * 2**30, 2**28]
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: len(sizes))
    monkeypatch.setattr(
        torch.cuda, "get_device_properties", lambda n: SimpleNamespace(name="G", total_memory=sizes[n])
    )
    finding = by_subject(examine("molucid"))["memory per batch"]
    assert finding.state == "note"
    assert finding.found.endswith("of 0.2 GiB on CUDA 1")
    sizes[1] = 80 * 2**30
    finding = by_subject(examine("quickstart"))["memory per batch"]
    assert finding.state == "ok"
    assert finding.found.endswith("of 80.0 GiB on CUDA 0")


def test_a_containers_limit_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "usable", lambda: Usable(1.5, 4 * 2**30, 3 * 2**30, container=True))
    found = by_subject(examine("quickstart"))
    assert (found["cores"].state, found["cores"].found) == ("note", "1.5")
    assert found["memory"].found == "3.0 of 4.0 GiB free, which is what the container allows"
    assert "of 3.0 GiB free" in found["memory per batch"].found


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
