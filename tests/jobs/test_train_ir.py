"""`molucid train-ir` on a handful of made-up vibrations: files, provenance, what is left out."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from rdkit import Chem

from jobs.cli import main
from molucid.chem.identity import inchikey14
from molucid.dataset.holdout import HoldoutKeys
from molucid.errors import Rejected
from molucid.files import sha256_file, write_json
from molucid.simulate.ir import IrSimulator, IrSimulatorConfig
from molucid.simulate.ir_table import ComputedMolecule, job_path, line_of
from molucid.simulate.ir_xtb import Vibrations
from molucid.spectra.types import InfraredSpectrum

JOB = {"corpus": "made up", "xtb": {"version": "0"}}
CHAINS = [f"{'C' * n}{end}" for n in range(2, 8) for end in ("O", "N", "F", "Cl")]


def table(folder: Path) -> Path:
    def row(smiles: str, linear: bool = False) -> ComputedMolecule:
        num_atoms = Chem.MolFromSmiles(smiles).GetNumHeavyAtoms()
        shares = None if linear else np.full((2, num_atoms), 1 / num_atoms)
        vibrations = Vibrations(np.array([1000.0, 3000.0]), np.array([50.0, 10.0]), shares, 0)
        return ComputedMolecule(smiles, smiles, inchikey14(smiles), vibrations)

    rows = [row(smiles) for smiles in CHAINS]
    rows += [row("C#CC#N", linear=True), row("C[Te]C")]
    rows.append(ComputedMolecule("x", "CS", inchikey14("CS"), Rejected("x", "xtb_timeout", "got nothing")))
    path = folder / "table.jsonl"
    path.write_text("".join(map(line_of, rows)))
    write_json(job_path(path), JOB)
    return path


@pytest.fixture
def typed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    held_out = HoldoutKeys.from_keys([inchikey14("CCO")])
    monkeypatch.setattr(HoldoutKeys, "default", lambda: held_out)
    out = str(tmp_path / "w.safetensors")
    return ["train-ir", str(table(tmp_path)), "--out", out, "--set", "epochs=3", "--json", "--quiet"]


def test_weights_and_provenance(typed: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*typed, "--seed", "4"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["command"] == "molucid train-ir table.jsonl --out w.safetensors --seed 4 --set epochs=3"
    assert printed["seed"] == printed["config"]["seed"] == 4
    data = printed["data"]
    assert data["sha256"] == sha256_file(tmp_path / "table.jsonl")
    assert data["job"] == JOB
    assert data["molecules_left_out"] == {
        "held_out": 1,
        "linear_molecule": 1,
        "unsupported_element": 1,
        "xtb_timeout": 1,
    }
    assert data["molecules"] + data["molecules_judged_on"] == len(CHAINS) - 1
    assert printed["metrics"]["molecules"] == data["molecules_judged_on"]
    simulator = IrSimulator(IrSimulatorConfig(weights=tmp_path / "w.safetensors"))
    assert isinstance(simulator.simulate("CCO"), InfraredSpectrum)
    assert simulator.provenance == {
        "form": "fast",
        **printed,
        "broadening": simulator.provenance["broadening"],
    }


def test_large_molecules_judge_what_small_ones_taught(
    typed: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*typed, "--max-heavy-atoms", "7"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["data"]["molecules_judged_on"] == 4  # the four chains of eight atoms
    assert "--max-heavy-atoms 7" in printed["command"]


def test_too_few_molecules_are_refused(typed: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main([*typed, "--max-heavy-atoms", "20"]) == 2
    assert "compute more molecules" in capsys.readouterr().err
