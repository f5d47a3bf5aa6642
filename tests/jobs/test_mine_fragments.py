"""`molucid mine-fragments` on a handful of molecules: file, provenance, held-out molecules."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from jobs.cli import main
from molucid.chem.fragments import FragmentVocabulary
from molucid.chem.identity import inchikey14
from molucid.dataset.holdout import HoldoutKeys


def test_vocabulary_and_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = HoldoutKeys.from_keys([inchikey14("CCCCI")])
    monkeypatch.setattr(HoldoutKeys, "default", lambda: held_out)
    corpus = tmp_path / "corpus.smi"
    corpus.write_text("CCO a\nCCCO b\nCCOC c\nCCCCI d\nCCCN e\nOCC f\nC[Fe]C g\nCCCBr h\n")
    out = tmp_path / "v.smarts"
    typed = ["mine-fragments", "--corpus", str(corpus), "--out", str(out), "--size", "6", "--limit", "100"]
    assert main([*typed, "--seed", "3", "--json", "--quiet"]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    vocabulary = FragmentVocabulary.load(out)
    found = json.loads(printed.out)
    assert found["size"] == vocabulary.size == 6
    assert found["sha256"] == vocabulary.sha256
    assert {k: v for k, v in found.items() if k not in ("size", "sha256")} == vocabulary.provenance
    assert vocabulary.provenance["corpora"] == "5 of corpus.smi"
    assert vocabulary.provenance["molecules"] == "5"
    left_out = "1 duplicate_molecule, 1 element_outside_alphabet, 1 held_out"
    assert vocabulary.provenance["left out"] == left_out
    assert vocabulary.provenance["command"] == (
        "molucid mine-fragments --corpus corpus.smi --out v.smarts --size 6 --limit 100 --seed 3"
    )
    assert vocabulary.provenance["excluded keys sha256"] == held_out.sha256
    assert not any("I" in pattern for pattern in vocabulary.patterns)
    assert any("Br" in pattern for pattern in vocabulary.patterns)


def test_too_few_molecules(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    corpus = tmp_path / "corpus.smi"
    corpus.write_text("CCO a\nCCCO b\n")
    assert main(["mine-fragments", "--corpus", str(corpus), "--out", str(tmp_path / "v"), "--quiet"]) == 2
    assert "smaller --size" in capsys.readouterr().err
    assert not (tmp_path / "v").exists()
