"""`molucid compute-ir` with a stand-in for xtb: accounting, resuming, refusals."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from jobs.cli import main
from molucid.chem.identity import inchikey14
from molucid.dataset.holdout import HoldoutKeys
from molucid.errors import InputError, Rejected
from molucid.simulate import ir_xtb
from molucid.simulate.ir_table import read_table
from molucid.simulate.ir_xtb import Vibrations

CORPUS = "CCO a\nCCCN b\nCCC c\nC d\nCC.CC e\nOCC f\nCCCS g\nCCC(C)C h\nCCS i\nCCCCCCl j\n"


class StandIn:
    """xtb with known answers: one mode at 1000 cm⁻¹ times the number of letters; none for sulphur."""

    computed: list[str] = []  # noqa: RUF012  # one list for all instances: the job makes its own
    program = {"program": "xtb", "version": "0"}  # noqa: RUF012

    def __init__(self, config: object) -> None:
        pass

    def vibrations(self, smiles: str, seed: int = 0) -> Vibrations | Rejected:
        self.computed.append(smiles)
        if "S" in smiles:
            return Rejected(smiles, "xtb_failed", "got nothing, expected something")
        return Vibrations(np.array([1000.0 * len(smiles)]), np.ones(1), None, 0)


@pytest.fixture
def corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(ir_xtb, "XtbIrSimulator", StandIn)
    monkeypatch.setattr(StandIn, "computed", [])
    held_out = HoldoutKeys.from_keys([inchikey14("CCC")])
    monkeypatch.setattr(HoldoutKeys, "default", lambda: held_out)
    path = tmp_path / "corpus.smi"
    path.write_text(CORPUS)
    return path


def compute(corpus: Path, capsys: pytest.CaptureFixture[str], *more: str) -> dict[str, object]:
    out = corpus.parent / "table.jsonl"
    assert main(["compute-ir", "--corpus", str(corpus), "--out", str(out), "--json", "--quiet", *more]) == 0
    summary: dict[str, object] = json.loads(capsys.readouterr().out)
    return summary


def test_every_row_is_kept_or_rejected(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    summary = compute(corpus, capsys, "--limit", "5", "--max-heavy-atoms", "5")
    rejected = {
        "xtb_failed": 2, "held_out": 1, "too_few_atoms": 1, "several_fragments": 1,
        "duplicate_molecule": 1, "too_many_atoms": 1,
    }  # fmt: skip
    assert summary["rejected"] == rejected
    assert (summary["num_read"], summary["num_kept"]) == (10, 3)
    lines = (corpus.parent / "table.rejected.tsv").read_text().splitlines()
    assert sorted(line.split("\t")[0] for line in lines[1:]) == ["c", "d", "e", "f", "g", "i", "j"]
    rows = list(read_table(corpus.parent / "table.jsonl"))
    assert {row.id for row in rows} == {"a", "b", "g", "h", "i"}
    assert StandIn.computed == [row.smiles for row in rows]


def test_a_killed_job_goes_on(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = corpus.parent / "table.jsonl"
    compute(corpus, capsys)
    content = whole.read_bytes()
    lines = content.splitlines(keepends=True)
    whole.write_bytes(b"".join(lines[:2]) + lines[2][:20])  # killed within the third line
    StandIn.computed.clear()
    summary = compute(corpus, capsys)
    assert whole.read_bytes() == content
    assert len(StandIn.computed) == len(lines) - 2
    assert summary["num_kept"] == 4


def test_a_larger_limit_adds_to_the_table(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    first = compute(corpus, capsys, "--limit", "2")
    assert first["rejected"]["not_chosen"] == 4  # type: ignore[index]  # of six that pass the filter
    assert len(StandIn.computed) == 2
    content = (corpus.parent / "table.jsonl").read_bytes()
    compute(corpus, capsys, "--limit", "4")
    assert (corpus.parent / "table.jsonl").read_bytes().startswith(content)
    assert len(StandIn.computed) == 4


def test_another_job_may_not_write_into_the_table(corpus: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compute(corpus, capsys)
    out = str(corpus.parent / "table.jsonl")
    assert main(["compute-ir", "--corpus", str(corpus), "--out", out, "--max-heavy-atoms", "5"]) == 2
    assert "differs in filter" in capsys.readouterr().err


def test_without_xtb_the_package_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = str(tmp_path / "t.jsonl")
    typed = ["compute-ir", "--corpus", "chemicals", "--out", out, "--set", "executable=no-such-xtb"]
    assert main(typed) == 2
    assert "apt-get install xtb" in capsys.readouterr().err
    with pytest.raises(InputError):
        list(read_table(out))
