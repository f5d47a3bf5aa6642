"""`molucid train-shifts` on a handful of molecules: folds, held-out molecules, files, provenance."""

from __future__ import annotations

import argparse
import gzip
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from rdkit import Chem

from jobs import train_shifts
from molucid.chem.identity import inchikey14
from molucid.dataset.holdout import HoldoutKeys
from molucid.simulate.nmr import NmrConfig, NmrSimulator, SimulatedNmr


def data_files(folder: Path) -> tuple[Path, Path]:
    """Ethanol and acetone with atoms, propanal as a list; the validation fold is methanol."""
    assigned = folder / "assigned"
    assigned.mkdir()
    blocks, cleaned = [], ["mol_id,atom_index,Shift,atom_type"]
    molecules = {
        "1": ("CCO", "18.1;0.0Q;0|58.0;0.0T;1|", "1.2;0.0t;0|3.7;0.0q;1|"),
        "2": ("CC(C)=O", "30.6;0.0Q;0|206.7;0.0S;1|30.6;0.0Q;2|", "2.17;0.0s;0|"),
        "3": ("CO", "50.0;0.0Q;0|", "3.4;0.0s;0|"),
        "4": ("CCN", "19.0;0.0Q;0|36.9;0.0T;1|", "1.1;0.0t;0|"),
    }
    structures = []
    for name, (smiles, carbon, hydrogen) in molecules.items():
        molecule = Chem.MolFromSmiles(smiles)
        molecule.SetProp("_Name", name)
        text = Chem.MolToMolBlock(molecule)
        structures.append(f"{text}$$$$\n")
        properties = {"nmrshiftdb2 ID": name, "Spectrum 13C 0": carbon, "Spectrum 1H 0": hydrogen}
        lines = "".join(f">  <{key}>\n{value}\n\n" for key, value in properties.items())
        blocks.append(f"{text}{lines}$$$$\n")
    cleaned.append("2,1,206.5,6")
    for file, content in {
        "NMR8K.sdf.gz": "".join(blocks),
        "Exp5K_FF.sdf.gz": "".join(structures),
        "DFT8K_FF.sdf.gz": "".join(structures),
        "Exp5K.csv.gz": "\n".join(cleaned) + "\n",
        "DFT8K.csv.gz": "mol_id,atom_index,Shift,atom_type\n1,0,17.0,6\n",
    }.items():
        with gzip.open(assigned / file, "wt") as stream:
            stream.write(content)
    rows = [
        {
            "nmrshiftdb_id": number, "smiles": smiles, "inchikey14": inchikey14(smiles), "nucleus": "13C",
            "solvent": None, "field_mhz": None, "calculated": calculated, "shifts_ppm": shifts,
            "multiplicity": types, "fold": fold,
        }
        for number, (smiles, shifts, types, fold, calculated) in enumerate(
            [
                ("CCC=O", [5.2, 36.7, 202.7], ["Q", "T", "D"], "train", False),
                ("CO", [49.9], ["Q"], "val", False),
                ("CCO", [18.0, 57.9], ["Q", "T"], "train", False),
                ("CC(C)=O", [30.6, 206.6], ["Q", "S"], "train", False),
                ("CCN", [19.0, 36.9], ["Q", "T"], "train", True),
            ]
        )
    ]  # fmt: skip
    table = folder / "lists.parquet"
    pq.write_table(pa.Table.from_pylist(rows), table)
    return assigned, table


def test_weights_and_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = HoldoutKeys.from_keys([inchikey14("CCN")])
    monkeypatch.setattr(HoldoutKeys, "default", lambda: held_out)
    assigned, table = data_files(tmp_path)
    parser = argparse.ArgumentParser()
    train_shifts.add_arguments(parser)
    out = tmp_path / "w.safetensors"
    options = ["--seed", "4", "--set", "epochs=2", "--set", "assigned_epochs=1", "--set", "network.width=16"]
    args = parser.parse_args([str(assigned), str(table), "--out", str(out), *options])
    args.json, args.quiet = True, True
    assert train_shifts.run(args) == 0
    printed = json.loads(capsys.readouterr().out)
    simulator = NmrSimulator(NmrConfig(weights=out))
    assert simulator.provenance == printed
    left_out = printed["data"]["rows_left_out"]
    assert left_out["held_out"] == 2
    assert left_out["cleaned_in_exp5k"] == 1
    assert left_out["calculated_shifts"] == 1
    assert printed["data"]["molecules"] == 3
    assert set(printed["data"]["files"]) == {*train_shifts.CASCADE_FILES, "lists.parquet"}
    assert printed["seed"] == printed["config"]["seed"] == 4
    assert printed["command"] == (
        "molucid train-shifts assigned lists.parquet --out w.safetensors --seed 4 --set epochs=2 "
        "--set assigned_epochs=1 --set network.width=16"
    )
    metrics = printed["val_metrics"]
    assert metrics["13C CASCADE NMR8K"]["shifts"] == metrics["1H CASCADE NMR8K"]["shifts"] == 1
    assert metrics["13C nmrshiftdb2, matched"]["shifts"] == 1
    assert isinstance(simulator.simulate("CCO"), SimulatedNmr)


def test_no_molecule_is_in_two_folds(data_folder: Path) -> None:
    folds = train_shifts.read_folds(data_folder / "nmr_assigned", data_folder / "nmrshiftdb2.parquet")
    keys = {
        name: {row.inchikey14 for row in data.assigned} | {row.inchikey14 for row in data.lists}
        for name, data in folds.items()
    }
    assert all(len(found) > 500 for found in keys.values())
    assert not keys["train"] & keys["val"]
    assert not keys["train"] & keys["calibration"]
    assert not keys["val"] & keys["calibration"]
