"""Training: reading of spectra, matching of peaks, the loss, and that something is learned."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import torch

from molucid.errors import InputError
from molucid.simulate.conditions import Conditions
from molucid.simulate.msms import MsmsSimulator, SimulatorConfig
from molucid.simulate.network import NetworkBatch, NetworkConfig
from molucid.simulate.similarity import sqrt_cosine
from molucid.simulate.train_intensity import IntensityTrainingConfig, intensity_loss, train_intensity
from molucid.simulate.training_batches import match_peaks
from molucid.simulate.training_spectra import TrainingSet, measured_conditions, read_training_spectra
from molucid.simulate.weights import save_weights

PARACETAMOL = "CC(=O)Nc1ccc(O)cc1"


def row(**changes: Any) -> dict[str, Any]:
    return {
        "accession": "A1",
        "flat_smiles": PARACETAMOL,
        "inchikey14": "RZVAJINKPMORJF",
        "adduct": "[M+H]+",
        "precursor_mz": 152.0706,
        "collision_energy": 30.0,
        "collision_energy_unit": "NCE",
        "instrument_type": "LC-ESI-QFT",
        "fragmentation_mode": "HCD",
        "license": "CC BY",
        "contributor": "X",
        "high_resolution": True,
        "fold": "train",
        "mzs": [65.0386, 110.0600, 152.0706, 153.9],
        "intensities": [10.0, 100.0, 30.0, 5.0],
        **changes,
    }


def write(folder: Path, rows: list[dict[str, Any]]) -> Path:
    path = folder / "spectra.parquet"
    pq.write_table(pa.Table.from_pylist(rows), path)
    return path


def test_rows_are_read_or_counted_by_reason(tmp_path: Path) -> None:
    rows = [
        row(),
        row(fold="val"),
        row(high_resolution=False),
        row(adduct="[M+K]+"),
        row(precursor_mz=160.0),
        row(mzs=[200.0], intensities=[1.0]),
        row(inchikey14="HELDOUTHELDOUT"),
        row(flat_smiles="C" * 65),
        row(flat_smiles="CCCCCCCCCCCC"),
    ]
    training = read_training_spectra(write(tmp_path, rows), "train", {"HELDOUTHELDOUT"}, max_atoms=11)
    assert len(training.spectra) == 1
    assert training.left_out == {
        "low_resolution": 1, "unsupported_adduct": 1, "precursor_mismatch": 1, "no_peaks": 1, "held_out": 1,
        "too_many_atoms": 1, "above_size_limit": 1,
    }  # fmt: skip
    (spectrum,) = training.spectra
    assert spectrum.mz.tolist() == [65.0386, 110.0600, 152.0706]  # without what lies above the precursor
    assert spectrum.conditions == Conditions("[M+H]+", None, 30.0, "orbitrap")
    assert spectrum.precursor_mz == pytest.approx(152.0706, abs=1e-4)


def test_a_table_without_the_columns_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "other.parquet"
    pq.write_table(pa.table({"smiles": ["C"]}), path)
    with pytest.raises(InputError, match="mzs"):
        read_training_spectra(path, "train")
    with pytest.raises(InputError) as caught:
        read_training_spectra(tmp_path / "none.parquet", "train")
    assert caught.value.code == "missing_file"


@pytest.mark.parametrize(
    ("unit", "instrument", "mode", "expected"),
    [
        ("NCE", "LC-ESI-QFT", "HCD", Conditions("[M+H]+", None, 20.0, "orbitrap")),
        ("?", "LC-ESI-QFT", "HCD", Conditions("[M+H]+", None, 20.0, "orbitrap")),
        ("?", "LC-ESI-QTOF", "CID", Conditions("[M+H]+", 20.0, None, "qtof")),
        ("eV", "LC-ESI-QTOF", "CID", Conditions("[M+H]+", 20.0, None, "qtof")),
        ("eV-ramp", "LC-ESI-QTOF", "CID", Conditions("[M+H]+", None, None, "qtof")),
        (None, "LC-ESI-QTOF", "CID", Conditions("[M+H]+", None, None, "qtof")),
        ("?", "ESI-FTICR", "CID", Conditions("[M+H]+", None, 20.0, "fticr")),
        ("NCE", "LC-ESI-ITFT", "CID", Conditions("[M+H]+", None, 20.0, "ion_trap")),
    ],
)
def test_units_of_energy(unit: str | None, instrument: str, mode: str, expected: Conditions) -> None:
    assert measured_conditions("[M+H]+", 20.0, unit, instrument, mode) == expected


def test_peaks_go_to_the_nearest_candidate_in_the_window() -> None:
    candidates = np.array([200.0, 100.0, 100.003, 50.0])
    peak, amplitude = match_peaks(
        candidates,
        np.array([50.01, 100.001, 100.0025, 100.0031, 200.0018]),
        np.array([9.0, 4, 1, 3, 16]),
        10,
        0.001,
    )
    assert peak.tolist() == [0, 1, 2]  # 50.01 is nothing's peak, 200.0018 is 9 ppm off
    np.testing.assert_allclose(amplitude, [1, 0.5, 0.5], rtol=1e-6)


def two_spectra() -> NetworkBatch:
    empty = torch.empty(0)
    fields = dict.fromkeys(NetworkBatch.__slots__, empty)
    fields["conditions"] = torch.zeros(2, 1)
    fields["peak_spectrum"] = torch.tensor([0, 0, 1, 1])
    return NetworkBatch(**fields)  # type: ignore[arg-type]  # only two fields are read


def test_loss_of_a_perfect_and_of_a_wrong_answer() -> None:
    target, is_fragment = torch.tensor([3.0, 4, 1, 0]), torch.tensor([1.0, 0, 1, 0])
    perfect = torch.tensor([3 / 7, 4 / 7, 1, 0])
    assert intensity_loss(perfect, target, is_fragment, two_spectra(), 0.5, 0).item() == pytest.approx(
        0, abs=1e-6
    )
    # first spectrum: cosine 3/5 with, 1 without precursor; second: 0 and 0
    amplitude = torch.tensor([1.0, 0, 0, 1])
    loss = intensity_loss(amplitude, target, is_fragment, two_spectra(), 0.5, 0).item()
    assert loss == pytest.approx(0.5 * (1 - 0.3) + 0.5 * (1 - 0.5), abs=1e-5)


@pytest.fixture(scope="module")
def tiny_training(tmp_path_factory: pytest.TempPathFactory) -> TrainingSet:
    rows = [
        row(collision_energy=15.0, mzs=[152.0706], intensities=[1.0]),
        row(collision_energy=90.0, mzs=[65.0386, 110.0600], intensities=[4.0, 9.0]),
        row(adduct="[M-H]-", precursor_mz=150.0561, mzs=[107.0377, 150.0561], intensities=[9.0, 1.0]),
    ]
    return read_training_spectra(write(tmp_path_factory.mktemp("tiny"), rows), "train")


def test_three_spectra_are_learned_by_heart(tiny_training: TrainingSet, tmp_path: Path) -> None:
    config = IntensityTrainingConfig(
        epochs=200, condition_dropout=0, warmup_fraction=0.1, network=NetworkConfig(dropout=0)
    )
    losses: list[float] = []
    network = train_intensity(tiny_training, config, lambda report: losses.append(report.loss))
    assert losses[-1] < 0.5 * losses[0]
    save_weights(tmp_path / "w.safetensors", {k: v.numpy() for k, v in network.state_dict().items()}, {})
    simulator = MsmsSimulator(SimulatorConfig(weights=tmp_path / "w.safetensors"))
    for spectrum in tiny_training.spectra:
        (answer,) = simulator.simulate(spectrum.smiles, [spectrum.conditions])  # type: ignore[misc]  # not Rejected
        assert sqrt_cosine(answer.mz, answer.intensity, spectrum.mz, spectrum.intensity) > 0.97


def test_training_is_a_function_of_its_seed(tiny_training: TrainingSet) -> None:
    states = [
        train_intensity(tiny_training, IntensityTrainingConfig(epochs=3, seed=seed)).state_dict()
        for seed in (5, 5, 6)
    ]
    assert all(torch.equal(states[0][name], states[1][name]) for name in states[0])
    assert not all(torch.equal(states[0][name], states[2][name]) for name in states[0])
