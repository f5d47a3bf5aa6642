"""Evidence → model inputs: the one place where modalities are applied to a batch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch

from molucid.model.batch import Batch
from molucid.model.modalities.base import Modality
from molucid.spectra.types import Evidence


def collate_evidence(evidence: Sequence[Evidence], modalities: Mapping[str, Modality]) -> Batch:
    """A batch without targets, on the CPU: every modality's arrays, padded, in the order of `evidence`."""
    inputs = {}
    for name, modality in modalities.items():
        arrays = modality.collate([modality.featurize(item) for item in evidence])
        inputs[name] = {key: torch.from_numpy(array) for key, array in arrays.items()}
    return Batch(inputs, num_samples=len(evidence))
