"""Predicted fingerprints as vectors: what clusters and neighbours are computed from.

The vector of a piece of evidence is the sigmoid of the fingerprint head's logits, scaled to unit length
(arXiv 2510.23746, section on test-time tuning), so that inner products are cosines.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray

from molucid.errors import InputError
from molucid.model.assembled import Molucid
from molucid.model.inputs import collate_evidence
from molucid.spectra.types import Evidence

FloatMatrix = NDArray[np.float32]


def predict_fingerprints(model: Molucid, evidence: Iterable[Evidence], batch_size: int = 64) -> FloatMatrix:
    """Predicted bit probabilities, float32 of shape `[evidence, bits]`, in input order.

    Raises:
        InputError: the model has no fingerprint head.
    """
    if model.config.fingerprint_bits is None:
        raise InputError(
            "a model without a fingerprint head",
            "a recipe with model.fingerprint_bits set",
            hint="test-time tuning retrieves by predicted fingerprints; use a recipe that trains them",
            code="no_fingerprint_head",
        )
    rows: list[FloatMatrix] = []
    was_training = model.training
    model.eval()
    with torch.inference_mode():
        for chunk in _chunks(evidence, batch_size):
            batch = collate_evidence(chunk, model.modalities).to(model.device)
            logits_BF = model.fingerprint_logits(model.encode(batch.inputs))
            rows.append(torch.sigmoid(logits_BF.float()).cpu().numpy())
    model.train(was_training)
    if not rows:
        return np.zeros((0, model.config.fingerprint_bits), np.float32)
    return np.concatenate(rows)


def unit_vectors(matrix: FloatMatrix) -> FloatMatrix:
    """Rows of `matrix` scaled to Euclidean length 1; a row of zeros stays zero."""
    norms = np.linalg.norm(matrix, axis=1, keepdims=True)
    return (matrix / np.where(norms > 0, norms, 1)).astype(np.float32)


def _chunks(items: Iterable[Evidence], size: int) -> Iterable[Sequence[Evidence]]:
    chunk: list[Evidence] = []
    for item in items:
        chunk.append(item)
        if len(chunk) == size:
            yield chunk
            chunk = []
    if chunk:
        yield chunk
