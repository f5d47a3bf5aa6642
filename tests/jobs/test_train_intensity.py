"""`molucid train-intensity` on a handful of spectra: files, provenance, held-out molecules."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from jobs import train_intensity
from molucid.chem.identity import inchikey14
from molucid.dataset.holdout import HoldoutKeys
from molucid.simulate.msms import Conditions, MsmsSimulator, SimulatorConfig


def spectra_file(folder: Path) -> Path:
    def row(smiles: str, precursor_mz: float, fold: str, licence: str) -> dict[str, object]:
        return {
            "accession": f"{smiles}-{fold}", "flat_smiles": smiles, "inchikey14": inchikey14(smiles),
            "adduct": "[M+H]+", "precursor_mz": precursor_mz, "collision_energy": 30.0,
            "collision_energy_unit": "NCE", "instrument_type": "LC-ESI-QFT", "fragmentation_mode": "HCD",
            "license": licence, "contributor": "Somebody", "high_resolution": True, "fold": fold,
            "mzs": [precursor_mz], "intensities": [1.0],
        }  # fmt: skip

    path = folder / "spectra.parquet"
    rows = [
        row("CC(=O)Nc1ccc(O)cc1", 152.0706, "train", "CC BY"),
        row("CCO", 47.0491, "train", "CC0"),
        row("CCN", 46.0651, "train", "CC0"),
        row("CCCO", 61.0648, "val", "CC BY"),
    ]
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_weights_and_provenance(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    held_out = HoldoutKeys.from_keys([inchikey14("CCN")])
    monkeypatch.setattr(HoldoutKeys, "default", lambda: held_out)
    parser = argparse.ArgumentParser()
    train_intensity.add_arguments(parser)
    out = tmp_path / "w.safetensors"
    args = parser.parse_args(
        [str(spectra_file(tmp_path)), "--out", str(out), "--seed", "4", "--set", "epochs=2"]
    )
    args.json, args.quiet = True, True
    assert train_intensity.run(args) == 0
    printed = json.loads(capsys.readouterr().out)
    simulator = MsmsSimulator(SimulatorConfig(weights=out))
    assert simulator.provenance == printed
    assert printed["data"]["records_per_licence"] == {"CC BY": 1, "CC0": 1}
    assert printed["data"]["rows_left_out"] == {"held_out": 1}
    assert printed["seed"] == printed["config"]["seed"] == 4
    assert printed["command"] == (
        "molucid train-intensity spectra.parquet --out w.safetensors --max-atoms 45 --seed 4 --set epochs=2"
    )
    assert printed["val_metrics_max_40_atoms"]["[M+H]+"]["spectra"] == 1
    assert len(simulator.simulate("CCO", [Conditions()])) == 1
    args.json, args.quiet = False, False
    assert train_intensity.run(args) == 0
    said = capsys.readouterr()
    assert not said.out
    mean = printed["val_metrics_max_40_atoms"]["[M+H]+"]["with_precursor"]
    # the only validation spectrum has no fragment beside its precursor
    assert f"1 spectra: square-root cosine {mean:.3f} with and none without precursor" in said.err
