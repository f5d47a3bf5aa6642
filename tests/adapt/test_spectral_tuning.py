"""Sequential test-time tuning of a model that reads infrared and NMR."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from molucid.adapt.replica import Replica
from molucid.chem.fingerprints import FingerprintConfig
from molucid.chem.identity import formula_of
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack
from molucid.model.config import ModelConfig
from molucid.spectra.grids import IR_GRID
from molucid.spectra.types import Evidence, InfraredSpectrum, NmrPeaks, Record

from .conftest import BITS, MODEL, TRAINING, build_replica

SPECTRAL = ModelConfig.from_mapping(
    {
        **MODEL.model_dump(),
        "modalities": ["ir", "h_nmr", "c_nmr"],
        "h_nmr": {"form": "peaks"},
        "c_nmr": {"form": "peaks"},
    }
)


def compound(smiles: str, identifier: str, kinds: tuple[str, ...]) -> Evidence:
    """Spectra of `kinds` that depend on the molecule only."""
    rng = np.random.default_rng(sum(map(ord, smiles)))
    band_cm1 = rng.uniform(700, 3400)
    absorbance = np.exp(-(((IR_GRID.axis - band_cm1) / 30) ** 2))
    given = {
        "ir": InfraredSpectrum(IR_GRID.axis, absorbance),
        "h_nmr": NmrPeaks("1H", rng.uniform(0.5, 9, 3), num_hydrogens=(1, 2, 3)),
        "c_nmr": NmrPeaks("13C", rng.uniform(5, 200, 4)),
    }
    return Evidence(identifier, formula_of(smiles), **{kind: given[kind] for kind in kinds})


ALL = ("ir", "h_nmr", "c_nmr")
COMPOUNDS = [
    compound("CCCCN", "all three", ALL),
    compound("CCOC", "infrared", ("ir",)),
    compound("CC(N)=O", "carbons", ("c_nmr",)),
    compound("Clc1ccccc1", "both nuclei", ("h_nmr", "c_nmr")),
]


@pytest.fixture
def spectral(tmp_path: Path) -> Replica:
    records = [Record(compound(smiles, smiles, ALL), smiles) for smiles in TRAINING]
    pack(records, tmp_path / "packed", PackConfig(fingerprint=FingerprintConfig(num_bits=BITS)), {})
    return build_replica(SPECTRAL, PackedDataset(tmp_path / "packed"))


def test_compounds_with_any_of_the_spectra_are_tuned_for_and_leave_no_trace(spectral: Replica) -> None:
    before = {name: tensor.clone() for name, tensor in spectral.model.state_dict().items()}
    untuned = spectral.answer(COMPOUNDS).decoded
    tuned = spectral.answer_sequentially(COMPOUNDS).decoded
    after = spectral.model.state_dict()
    assert all(torch.equal(after[name], before[name]) for name in before)

    # three clusters, a step of four training samples for each
    expected = {"mode": "sequential", "dark": False, "steps": 3, "samples": 12}
    assert [{name: item.tuning[name] for name in expected} for item in tuned] == [expected] * len(COMPOUNDS)
    for item, evidence in zip(tuned, COMPOUNDS, strict=True):
        assert item.candidates
        assert {str(formula_of(c.smiles)) for c in item.candidates} == {str(evidence.formula)}
    moved = [
        abs(item.candidates[0].log_likelihood - base.candidates[0].log_likelihood)
        for item, base in zip(tuned, untuned, strict=True)
    ]
    assert min(moved) > 0.01
    again = spectral.answer_sequentially(COMPOUNDS).decoded
    assert [item.candidates for item in again] == [item.candidates for item in tuned]
