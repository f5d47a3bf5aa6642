from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from molucid.adapt.index import NeighbourIndex
from molucid.adapt.replica import Replica
from molucid.adapt.tuning import PerClusterConfig, SequentialConfig, TuneConfig
from molucid.chem.adducts import parse_adduct
from molucid.chem.fingerprints import FingerprintConfig, fingerprints
from molucid.chem.identity import formula_of
from molucid.dataset.pack_config import PackConfig
from molucid.dataset.packed import PackedDataset
from molucid.dataset.packing import pack
from molucid.generate.chemistry import rdkit_chemistry
from molucid.generate.generator import GenerateConfig
from molucid.model.assembled import Molucid
from molucid.model.config import ModelConfig
from molucid.model.objective import Objective, ObjectiveConfig
from molucid.spectra.types import Evidence, MassSpectrum, Record

TRAINING = (
    "CCO",
    "CCCO",
    "CCCCO",
    "CCN",
    "CCCN",
    "c1ccccc1",
    "Cc1ccccc1",
    "Oc1ccccc1",
    "Nc1ccccc1",
    "CC(=O)O",
)
BITS = 64
MODEL = ModelConfig(
    width=32,
    heads=2,
    encoder_layers=1,
    decoder_layers=1,
    feed_forward_width=48,
    fingerprint_bits=BITS,
    fingerprint_hidden=16,
    dropout=0.1,
)
TUNE = TuneConfig(
    mode="per_cluster",
    batch_size=4,
    learning_rate=3e-3,
    dark_below_cosine=0.0,
    kmeans_iterations=20,
    sequential=SequentialConfig(num_clusters=3, refresh_every=2),
    per_cluster=PerClusterConfig(spectra_per_cluster=2, steps_per_cluster=6, neighbours_per_cluster=5),
)


def make_evidence(smiles: str, identifier: str) -> Evidence:
    formula = formula_of(smiles)
    precursor_mz = parse_adduct("[M+H]+").precursor_mz(formula)
    generator = np.random.default_rng(len(smiles))
    mz = np.append(generator.uniform(15, precursor_mz, 4), precursor_mz)
    spectrum = MassSpectrum(mz, generator.uniform(0.1, 1, 5), precursor_mz, "[M+H]+", 20.0)
    return Evidence(identifier, formula, (spectrum,))


@pytest.fixture
def evidence() -> list[Evidence]:
    return [make_evidence(s, f"query-{s}") for s in ("CCCCN", "Clc1ccccc1", "CCOC", "CC(N)=O", "CCCCCO")]


@pytest.fixture
def dataset(tmp_path: Path) -> PackedDataset:
    records = [Record(make_evidence(s, s), s) for s in TRAINING]
    pack(records, tmp_path / "packed", PackConfig(fingerprint=FingerprintConfig(num_bits=BITS)), {})
    return PackedDataset(tmp_path / "packed")


@pytest.fixture
def replica(dataset: PackedDataset) -> Replica:
    return build_replica(MODEL, dataset)


def build_replica(config: ModelConfig, dataset: PackedDataset) -> Replica:
    """A replica of a model with random weights, and the index of the data set by its vectors."""
    torch.manual_seed(0)
    model = Molucid(config)
    decoding = GenerateConfig(num_beams=4, num_candidates=3, num_finished=6, max_length=24)
    made = Replica(
        model,
        Objective(ObjectiveConfig()),
        rdkit_chemistry(FingerprintConfig(num_bits=BITS)),
        decoding,
        TUNE,
        dataset,
        None,
        2,
        seed=5,
    )
    rows = np.arange(len(dataset))
    samples = [dataset[int(row)] for row in rows]
    made.index = NeighbourIndex.build(
        made.vectors([s.evidence for s in samples]),
        rows,
        [s.inchikey14 for s in samples],
        [s.smiles for s in samples],
        lambda many: fingerprints(many, FingerprintConfig()),
        {},
    )
    return made
