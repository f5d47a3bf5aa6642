from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
import pytest
import torch

from molucid.chem.formula import Formula
from molucid.model.assembled import Molucid, new_model
from molucid.model.batch import Batch
from molucid.model.config import ModelConfig
from molucid.model.inputs import collate_evidence
from molucid.model.modalities.registry import build_modalities
from molucid.spectra.types import Evidence, MassSpectrum

SMALL = ModelConfig(
    width=32,
    heads=2,
    encoder_layers=1,
    decoder_layers=1,
    feed_forward_width=48,
    fingerprint_bits=16,
    fingerprint_hidden=8,
    dropout=0.0,
)


def make_batch(rows: range) -> Batch:
    """Samples that are a function of their number, of different lengths."""
    evidence, targets, bits = [], [], []
    for row in rows:
        rng = np.random.default_rng(row)
        peaks = int(rng.integers(2, 12))
        spectrum = MassSpectrum(rng.uniform(50, 300, peaks), rng.uniform(0.1, 1, peaks), precursor_mz=301.0)
        evidence.append(Evidence(str(row), Formula.parse(f"C{row % 7 + 1}H4O"), (spectrum,)))
        targets.append(torch.tensor([1, *rng.integers(3, 40, int(rng.integers(2, 9))), 2]))
        bits.append(torch.from_numpy(rng.integers(0, 2, 16)).float())
    inputs = collate_evidence(evidence, build_modalities(SMALL)).inputs
    target_BT = torch.nn.utils.rnn.pad_sequence(targets, batch_first=True)
    return Batch(inputs, len(evidence), target_BT, torch.stack(bits))


class Stream:
    """A source of micro-batches over 20 samples in order, again and again."""

    num_samples = 20

    def __init__(self, batch_size: int, position: int = 0) -> None:
        self.batch_size, self.position = batch_size, position

    def __iter__(self) -> Iterator[Batch]:
        while True:
            rows = range(self.position, self.position + self.batch_size)
            self.position += self.batch_size
            yield make_batch(rows)


@pytest.fixture
def batches() -> Callable[[range], Batch]:
    return make_batch


@pytest.fixture
def stream() -> type[Stream]:
    return Stream


@pytest.fixture
def small() -> ModelConfig:
    return SMALL


@pytest.fixture
def model() -> Molucid:
    return new_model(SMALL, seed=7)
